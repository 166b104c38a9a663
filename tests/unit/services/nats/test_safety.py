"""Every setting that could lose or leak mail is named, and none else."""

from dataclasses import replace
from typing import Any

import pytest
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    PersistMode,
    RePublish,
    StreamConfig,
    StreamSource,
)

from services.embedded.nats_config import Mailbox
from services.embedded.nats_streams import consumer_settings, stream_settings
from services.nats.hub import HubBox
from services.nats.safety import (
    Found,
    consumer_drift,
    drift,
    is_loopback,
    server_drift,
    stream_drift,
)

BOX = HubBox("a", "b")
SAFE_SERVER: dict[str, Any] = {
    "server_name": "n1",
    "auth_required": True,
    "jetstream": {"config": {"sync_always": True}},
    "mqtt": {},
    "websocket": {},
}


def _found(**changed: Any) -> Found:
    found = Found(
        version=(2, 14),
        account="b",
        stream=stream_settings("b"),
        boxes=[(BOX, consumer_settings(BOX))],
        varz=SAFE_SERVER,
    )
    return replace(found, **changed)


def test_what_provisioning_makes_does_not_differ() -> None:
    assert drift(_found()) == []
    assert drift(_found(varz=None)) == []
    assert drift(_found(stream=stream_settings("b", replicas=3, max_bytes=1))) == []
    other = Mailbox(sender="a", receiver="b")
    assert drift(_found(boxes=[(other, consumer_settings(other))])) == []


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("subjects", ["hb.v1.>"]),
        ("retention", "workqueue"),
        ("storage", "memory"),
        ("discard", "old"),
        ("max_age", 60.0),
        ("max_bytes", -1),
        ("max_msgs", 10),
        ("max_msgs_per_subject", 1),
        ("max_msg_size", 1000),
        ("duplicate_window", 120.0),
        ("deny_delete", False),
        ("deny_purge", False),
        ("allow_direct", True),
        ("allow_atomic", None),
        ("no_ack", True),
        ("sealed", True),
        ("mirror", StreamSource(name="x")),
        ("sources", [StreamSource(name="x")]),
        ("republish", RePublish(src=">", dest="elsewhere.>")),
        ("persist_mode", PersistMode.ASYNC),
    ],
)
def test_a_stream_that_was_changed_is_named(setting: str, value: Any) -> None:
    changed: StreamConfig = stream_settings("b").evolve(**{setting: value})
    assert [one.setting for one in stream_drift(changed, account="b")] == [setting]


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("ack_policy", AckPolicy.NONE),
        ("ack_wait", 2.0),
        ("max_deliver", -1),
        ("deliver_policy", DeliverPolicy.NEW),
        ("backoff", [2.0, 10.0]),
        ("deliver_subject", "push"),
        ("headers_only", True),
        ("mem_storage", True),
        ("max_ack_pending", 511),
    ],
)
def test_a_consumer_that_was_changed_is_named(setting: str, value: Any) -> None:
    changed: ConsumerConfig = consumer_settings(BOX).evolve(**{setting: value})
    assert [one.setting for one in consumer_drift(changed, BOX)] == [setting]


@pytest.mark.parametrize("changed", [{"filter_subject": "hb.v1.a.c.>"}, {"filter_subject": None}])
def test_a_consumer_of_other_mail_is_named(changed: dict[str, Any]) -> None:
    config = consumer_settings(BOX).evolve(**changed)
    (difference,) = consumer_drift(config, BOX)
    assert (difference.setting, difference.wanted) == ("filter", "hb.v1.a.b.>")


@pytest.mark.parametrize(
    ("setting", "changed"),
    [
        ("sync_interval", {"jetstream": {"config": {"sync_interval": 120_000_000_000}}}),
        ("sync_interval", {"jetstream": None}),
        ("auth_required", {"auth_required": False}),
        ("mqtt", {"mqtt": {"port": 1883}}),
        ("websocket", {"websocket": {"port": 443}}),
    ],
)
def test_a_server_that_is_unsafe_is_named(setting: str, changed: dict[str, Any]) -> None:
    assert [one.setting for one in server_drift(SAFE_SERVER | changed)] == [setting]


def test_an_old_server_and_a_missing_stream_are_named() -> None:
    differences = drift(_found(version=(2, 13), stream=None))
    assert [str(one) for one in differences] == [
        "server: version is 2.13, it must be 2.14 or newer",
        "stream HB_b: presence is absent, it must be provisioned",
    ]


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("nats://127.0.0.1:4222", True),
        ("nats://u:p@localhost:4222", True),
        ("nats://[::1]:4222", True),
        ("127.0.0.1:4222", True),
        ("nats://nats:4222", False),
        ("nats://10.0.0.1:4222", False),
        ("nats://127.0.0.1.example:4222", False),
    ],
)
def test_only_this_machine_may_be_spoken_to_in_clear_text(url: str, ours: bool) -> None:
    assert is_loopback(url) is ours
