"""When a message goes out again, what a durable must be like, how counters are told."""

import random
from dataclasses import replace

import pytest
from nats.js.api import AckPolicy, ConsumerConfig

from services.embedded.nats_config import Mailbox
from services.embedded.nats_streams import consumer_settings
from transfer import metrics, relay
from transfer.mailbox import TERMS
from transfer.metrics import Metrics


def test_a_message_waits_twice_as_long_each_time_up_to_an_hour_with_jitter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: (low + high) / 2)
    assert [relay.resend_wait(n) for n in (0, 1, 2, 7, 1000)] == [30, 60, 120, 3600, 3600]
    monkeypatch.undo()
    waits = {relay.resend_wait(0) for _ in range(50)}
    assert len(waits) > 1
    assert all(24 <= wait <= 36 for wait in waits)


def test_what_provisioning_makes_is_what_the_worker_expects() -> None:
    made = consumer_settings(Mailbox(sender="A", receiver="B"))
    assert TERMS.differences(made) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"ack_policy": AckPolicy.NONE},
        {"ack_wait": 2.0},
        {"backoff": [1.0]},
        {"max_deliver": -1},
        {"max_ack_pending": 511},
        {"deliver_subject": "x"},
        {"pause_until": "2030-01-01T00:00:00Z"},
    ],
)
def test_every_setting_that_differs_is_named(wrong: dict[str, object]) -> None:
    made = consumer_settings(Mailbox(sender="A", receiver="B"))
    different: ConsumerConfig = replace(made, **wrong)  # type: ignore[arg-type]
    (told,) = TERMS.differences(different)
    assert next(iter(wrong)).split("_")[0] in told or "pushes" in told or "paused" in told


def test_counters_are_told_in_the_text_format_of_prometheus() -> None:
    first, second = Metrics("31"), Metrics('2"2\n')
    first.sent("dossier", again=False, known=True)
    first.sent("dossier", again=True, known=False)
    second.received("request", "done")
    second.received("request", "done")
    lines = metrics.text([first, second]).splitlines()
    assert 'hocba_transfer_sent_total{kind="dossier",ledger="31"} 1' in lines
    assert 'hocba_transfer_resent_total{kind="dossier",ledger="31"} 1' in lines
    assert 'hocba_transfer_duplicates_total{kind="dossier",ledger="31"} 1' in lines
    told = 'hocba_transfer_received_total{kind="request",ledger="2\\"2\\n",outcome="done"} 2'
    assert told in lines
    assert lines.count("# TYPE hocba_transfer_sent_total counter") == 1
