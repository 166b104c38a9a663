"""The configuration of a NATS server with one account for each ledger, as plain data.

Each account has its own JetStream stream of what it *sends*. A receiver reaches its own durable
consumer in a sender's account, and nothing else there, through three exported services that only
its account may import: ask for the next message, ask for the consumer's settings, acknowledge.
So the server, not good manners, decides who writes as whom and who reads whose mail.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from services.errors import ServiceError

SYSTEM_ACCOUNT = "SYS"
SYSTEM_USER = "system"
_ACCOUNT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True)
class NatsCredentials:
    """A user of the NATS server and its password."""

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Account:
    """One ledger's account: its worker's user, and the user that provisions streams."""

    name: str
    worker: NatsCredentials
    administrator: NatsCredentials


class Place(Protocol):
    """Where mail of one sender to one receiver lies."""

    @property
    def stream(self) -> str:
        """The sender's stream."""

    @property
    def durable(self) -> str:
        """The receiver's durable consumer in it."""

    @property
    def prefix(self) -> str:
        """The JetStream API prefix under which the receiver reaches it."""

    @property
    def subjects(self) -> str:
        """The subjects of this mail."""


@dataclass(frozen=True)
class Mailbox:
    """Where one receiver fetches what one sender has for it.

    Bind with ``nc.jetstream(prefix=mailbox.prefix).pull_subscribe_bind(mailbox.durable,
    stream=mailbox.stream)``; messages keep their subject, acknowledgements go back by themselves.
    """

    sender: str
    receiver: str

    @property
    def stream(self) -> str:
        """The sender's stream."""
        return stream_name(self.sender)

    @property
    def durable(self) -> str:
        """The receiver's durable consumer in the sender's stream."""
        return f"to_{self.receiver}"

    @property
    def prefix(self) -> str:
        """The JetStream API prefix under which the receiver sees the sender's exports."""
        return f"from.{self.sender}"

    @property
    def subjects(self) -> str:
        """The subjects of this mail: ``hb.v1.<sender>.<receiver>.<kind>.<message id>``."""
        return f"hb.v1.{self.sender}.{self.receiver}.>"


def stream_name(account: str) -> str:
    """Return the name of the stream that holds what an account sends."""
    return f"HB_{account}"


def check_account_name(name: str) -> str:
    """Return the name if it can be a subject token, stream name and account at once.

    Raises:
        ServiceError: it cannot.
    """
    if not _ACCOUNT.fullmatch(name) or name == SYSTEM_ACCOUNT:
        raise ServiceError(
            f"{name!r} cannot be a NATS account: use 1 to 64 of A-Z a-z 0-9 _ -, a ledger id "
            "in hexadecimal for instance"
        )
    return name


def accounts_section(accounts: Sequence[Account], system: NatsCredentials) -> dict[str, Any]:
    """Return the ``accounts`` section: every account linked with every other."""
    names = sorted(account.name for account in accounts)
    section: dict[str, Any] = {
        SYSTEM_ACCOUNT: {"users": [{"user": system.user, "password": system.password}]}
    }
    for account in sorted(accounts, key=lambda one: one.name):
        others = [name for name in names if name != account.name]
        section[account.name] = {
            "jetstream": "enabled",
            "users": [
                {"user": account.administrator.user, "password": account.administrator.password},
                {
                    "user": account.worker.user,
                    "password": account.worker.password,
                    "permissions": worker_permissions(account.name, others),
                },
            ],
            "exports": exports(account.name, others),
            "imports": imports(account.name, others),
        }
    return section


def exports(sender: str, receivers: Sequence[str]) -> list[dict[str, Any]]:
    """Return what a sender's account opens, each service to one receiver's account only."""
    found: list[dict[str, Any]] = []
    for receiver in receivers:
        box = Mailbox(sender=sender, receiver=receiver)
        for subject in _services(box):
            found.append({"service": subject, "accounts": [receiver]})
        found[-3]["response_type"] = "stream"  # one request for a batch has many answers
    return found


def imports(receiver: str, senders: Sequence[str]) -> list[dict[str, Any]]:
    """Return what a receiver's account takes from each sender's."""
    found: list[dict[str, Any]] = []
    for sender in senders:
        box = Mailbox(sender=sender, receiver=receiver)
        following, info, ack = _services(box)
        for subject in (following, info):
            local = subject.replace("$JS.API", box.prefix, 1)
            found.append({"service": {"account": sender, "subject": subject}, "to": local})
        # Acknowledgements go to the reply subject the sender's server wrote: no renaming.
        found.append({"service": {"account": sender, "subject": ack}})
    return found


def worker_permissions(account: str, others: Sequence[str]) -> dict[str, Any]:
    """Return what a ledger's worker may do in its account: send as itself, fetch its own mail.

    It may not make, change or delete a stream or consumer: that is provisioning.
    """
    fetch = [f"{Mailbox(sender=other, receiver=account).prefix}.CONSUMER.>" for other in others]
    acks = [_services(Mailbox(sender=other, receiver=account))[2] for other in others]
    own = [
        f"hb.v1.{account}.*.>",
        "$JS.API.INFO",
        f"$JS.API.STREAM.INFO.{stream_name(account)}",
        f"$JS.API.CONSUMER.INFO.{stream_name(account)}.*",
    ]
    return {
        "publish": {"allow": [*own, *fetch, *acks]},
        "subscribe": {"allow": ["_INBOX.>", "$JS.EVENT.ADVISORY.>"]},
    }


def server_config(
    *,
    folder: str,
    accounts: Sequence[Account],
    system: NatsCredentials,
    limits: Mapping[str, int],
) -> dict[str, Any]:
    """Return the whole configuration of an embedded server whose files lie in ``folder``.

    It listens on loopback ports of the system's choice, written to ``folder/ports``.
    """
    return {
        "server_name": "hocba-embedded",
        "listen": "127.0.0.1:-1",
        "http": "127.0.0.1:-1",
        "pid_file": f"{folder}/nats.pid",
        "ports_file_dir": f"{folder}/ports",
        "logtime_utc": True,
        # A courier that loses acknowledged mail in a power cut is no courier: sync every write.
        "jetstream": {"store_dir": f"{folder}/store", "sync_interval": "always", **limits},
        "system_account": SYSTEM_ACCOUNT,
        "accounts": accounts_section(accounts, system),
    }


def _services(box: Mailbox) -> tuple[str, str, str]:
    where = f"{box.stream}.{box.durable}"
    return (
        f"$JS.API.CONSUMER.MSG.NEXT.{where}",
        f"$JS.API.CONSUMER.INFO.{where}",
        f"$JS.ACK.{where}.>",
    )
