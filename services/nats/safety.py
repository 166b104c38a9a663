"""What a server must be like before mail is entrusted to it, and how a found one differs."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from nats.js.api import ConsumerConfig, StreamConfig

from services.embedded.nats_config import Place
from services.embedded.nats_streams import consumer_settings, stream_settings

LEAST_VERSION: Final = (2, 14)
LEAST_ACK_PENDING: Final = 512
"""Twice the chunks of the largest batch (64 MB in chunks of 256 KB): less, and it never ends."""
_STREAM_EXACT: Final = (
    "subjects",
    "retention",
    "storage",
    "discard",
    "max_age",
    "duplicate_window",
    "deny_delete",
    "deny_purge",
    "allow_direct",
    "allow_atomic",
)
_STREAM_UNSET: Final = ("mirror", "sources", "republish", "subject_transform", "no_ack", "sealed")
_STREAM_UNLIMITED: Final = ("max_msgs", "max_msgs_per_subject", "max_msg_size")
_CONSUMER_EXACT: Final = ("ack_policy", "ack_wait", "max_deliver", "deliver_policy")
_CONSUMER_UNSET: Final = ("backoff", "deliver_subject", "headers_only", "mem_storage")


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that is not as it must be; `found` and `wanted` are for people."""

    where: str
    setting: str
    found: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.where}: {self.setting} is {self.found}, it must be {self.wanted}"


@dataclass(frozen=True, slots=True)
class Found:
    """What was seen of a server by one ledger. None: could not be seen, or is not there.

    `varz` is the monitoring page of that name; `boxes` holds the durables that are there.
    """

    version: tuple[int, int]
    account: str
    stream: StreamConfig | None
    boxes: Sequence[tuple[Place, ConsumerConfig]]
    varz: Mapping[str, Any] | None


def drift(found: Found) -> list[Difference]:
    """Every difference between what was found and what provisioning would make."""
    differences = _version(found.version)
    if found.stream is None:
        name = str(stream_settings(found.account).name)
        differences.append(Difference(f"stream {name}", "presence", "absent", "provisioned"))
    else:
        differences += stream_drift(found.stream, account=found.account)
    for box, config in found.boxes:
        differences += consumer_drift(config, box)
    if found.varz is not None:
        differences += server_drift(found.varz)
    return differences


def stream_drift(found: StreamConfig, *, account: str) -> list[Difference]:
    """The differences of a sender's stream. Replicas and size are the operator's to choose."""
    wanted = stream_settings(account)
    where = f"stream {wanted.name}"
    differences = _unequal(where, found, wanted, _STREAM_EXACT)
    differences += _set(where, found, _STREAM_UNSET)
    for name in _STREAM_UNLIMITED:
        if (getattr(found, name) or -1) > 0:
            differences.append(Difference(where, name, str(getattr(found, name)), "unlimited"))
    if (found.max_bytes or -1) <= 0:
        # One sender could fill the disk of all.
        differences.append(Difference(where, "max_bytes", "unlimited", "limited"))
    if _plain(found.persist_mode) == "async":
        differences.append(Difference(where, "persist_mode", "async", "default"))
    return differences


def consumer_drift(found: ConsumerConfig, box: Place) -> list[Difference]:
    """The differences of a receiver's durable consumer."""
    wanted = consumer_settings(box)
    where = f"consumer {box.durable} of {box.stream}"
    differences = _unequal(where, found, wanted, _CONSUMER_EXACT)
    differences += _set(where, found, _CONSUMER_UNSET)
    filters = found.filter_subjects or [found.filter_subject or ">"]
    if filters != [box.subjects]:
        differences.append(Difference(where, "filter", _shown(filters), box.subjects))
    if (found.max_ack_pending or 0) < LEAST_ACK_PENDING:
        differences.append(
            Difference(
                where,
                "max_ack_pending",
                str(found.max_ack_pending),
                f"at least {LEAST_ACK_PENDING}",
            )
        )
    return differences


def server_drift(varz: Mapping[str, Any]) -> list[Difference]:
    """The differences that the monitoring page ``/varz`` shows."""
    where = f"server {varz.get('server_name', '')}".strip()
    differences = []
    stores = (varz.get("jetstream") or {}).get("config") or {}
    if stores.get("sync_always") is not True:
        found = str(stores.get("sync_interval", "unknown"))
        differences.append(Difference(where, "sync_interval", found, "always"))
    if varz.get("auth_required") is not True:
        differences.append(Difference(where, "auth_required", "false", "true"))
    for name in ("mqtt", "websocket"):
        if (varz.get(name) or {}).get("port"):
            differences.append(Difference(where, name, "on", "off"))
    return differences


def is_loopback(url: str) -> bool:
    """Whether a server's URL names this machine, so that nobody is on the way."""
    host = urlsplit(url if "://" in url else f"nats://{url}").hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _version(found: tuple[int, int]) -> list[Difference]:
    if found >= LEAST_VERSION:
        return []
    least = ".".join(map(str, LEAST_VERSION))
    return [Difference("server", "version", ".".join(map(str, found)), f"{least} or newer")]


def _unequal(where: str, found: object, wanted: object, names: Sequence[str]) -> list[Difference]:
    differences = []
    for name in names:
        ours, theirs = _plain(getattr(wanted, name)), _plain(getattr(found, name))
        if ours != theirs:
            differences.append(Difference(where, name, _shown(theirs), _shown(ours)))
    return differences


def _set(where: str, found: object, names: Sequence[str]) -> list[Difference]:
    values = [(name, getattr(found, name)) for name in names]
    return [Difference(where, name, _shown(value), "unset") for name, value in values if value]


def _plain(value: object) -> object:
    """nats-py gives an answer's enumerations as text."""
    return getattr(value, "value", value)


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return (
        "unset" if value is None else str(value).lower() if value in (True, False) else str(value)
    )
