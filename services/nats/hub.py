"""Who may do what on a server that ledgers share: a hub account, and an account for each ledger.

The streams lie in the hub; a ledger's account has no JetStream. It reaches the hub by imports, and
the server compares one token of the imported subject with the importing account's public key
(`account_token_position`). So a ledger can send only under its own name and pull only its own
durables, whatever its users may do and whoever holds its account's key. The ledger's name in
subjects, streams and durables *is* that public key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.embedded.nats_config import stream_name

PREFIX = "hub"
"""The JetStream API prefix under which a ledger sees the hub."""
UNLIMITED = -1


@dataclass(frozen=True, slots=True)
class HubBox:
    """What one ledger has for another in the hub: stream, durable, subjects, API prefix."""

    sender: str
    receiver: str

    @property
    def stream(self) -> str:
        """The sender's stream."""
        return stream_name(self.sender)

    @property
    def durable(self) -> str:
        """The receiver's durable: its public key alone, which the server compares."""
        return self.receiver

    @property
    def prefix(self) -> str:
        """The API prefix."""
        return PREFIX

    @property
    def subjects(self) -> str:
        """The subjects of this mail."""
        return f"hb.v1.{self.sender}.{self.receiver}.>"


def hub_claims(accounts: list[str]) -> dict[str, Any]:
    """The hub's account. What concerns a sender's own stream needs a token of the hub, for the
    stream's name is not the bare key. No export lies within another: the server would take either.
    """
    exports = [
        # (subject, position of the importing account's key, how a service answers)
        _service("hb.v1.*.>", 3, "Singleton"),
        _service("$JS.API.CONSUMER.MSG.NEXT.*.*", 7, "Stream"),
        _service("$JS.API.CONSUMER.INFO.*.*", 6, "Singleton"),
        _service("$JS.ACK.*.*.>", 4, "Singleton"),
    ]
    for account in sorted(accounts):
        for kind, subject in own_subjects(account).items():
            exports.append({"name": subject, "subject": subject, "type": kind, "token_req": True})
    return {"limits": _limits(storage=UNLIMITED), "exports": exports}


def ledger_claims(
    account: str, *, hub: str, activations: Mapping[str, str], revocations: Mapping[str, int]
) -> dict[str, Any]:
    """A ledger's account. `activations` holds the hub's tokens for :func:`activation_claims`, by
    kind; `revocations` maps a user's key, or ``*``, to the second up to which its tokens are void.
    """
    own = own_subjects(account)
    imports = [
        _import(hub, f"hb.v1.{account}.>", None),
        _import(hub, f"$JS.API.CONSUMER.MSG.NEXT.*.{account}", f"CONSUMER.MSG.NEXT.$1.{account}"),
        _import(hub, f"$JS.API.CONSUMER.INFO.*.{account}", f"CONSUMER.INFO.$1.{account}"),
        _import(hub, f"$JS.ACK.*.{account}.>", None),
        {
            **_import(hub, own["service"], f"STREAM.INFO.{stream_name(account)}"),
            "token": activations["service"],
        },
        {
            "name": own["stream"],
            "account": hub,
            "subject": own["stream"],
            "type": "stream",
            "token": activations["stream"],
        },
    ]
    claims: dict[str, Any] = {"limits": _limits(storage=0), "imports": imports}
    if revocations:
        claims["revocations"] = dict(revocations)
    return claims


def own_subjects(account: str) -> dict[str, str]:
    """What one account alone may use, by kind: a look at its own stream (a service), and what the
    server tells of its consumers, as that a delivery was given up (a stream)."""
    stream = stream_name(account)
    return {
        "service": f"$JS.API.STREAM.INFO.{stream}",
        "stream": f"$JS.EVENT.ADVISORY.CONSUMER.*.{stream}.*",
    }


def activation_claims(account: str, kind: str) -> dict[str, Any]:
    """The hub's leave for one account to use what :func:`own_subjects` names."""
    return {"subject": own_subjects(account)[kind], "kind": kind}


def worker_claims(account: str) -> dict[str, Any]:
    """A ledger's worker: sends as itself, pulls and acknowledges its own mail, and nothing else."""
    return _user(
        publish=[
            f"hb.v1.{account}.*.>",
            f"{PREFIX}.CONSUMER.MSG.NEXT.*.{account}",
            f"{PREFIX}.CONSUMER.INFO.*.{account}",
            f"{PREFIX}.STREAM.INFO.{stream_name(account)}",
            f"$JS.ACK.*.{account}.>",
        ],
        subscribe=["_INBOX.>", "$JS.EVENT.ADVISORY.>"],
    )


def administrator_claims() -> dict[str, Any]:
    """Who makes streams and durables in the hub; it may delete neither, and sends no mail."""
    return _user(
        publish=[
            "$JS.API.INFO",
            "$JS.API.STREAM.CREATE.*",
            "$JS.API.STREAM.UPDATE.*",
            "$JS.API.STREAM.INFO.*",
            "$JS.API.CONSUMER.>",
        ],
        subscribe=["_INBOX.>"],
        deny=["$JS.API.CONSUMER.MSG.NEXT.>", "$JS.API.CONSUMER.DELETE.>"],
    )


def system_claims() -> dict[str, Any]:
    """Who hands accounts to the servers and sees their settings, in the system account."""
    return _user(
        publish=["$SYS.REQ.CLAIMS.UPDATE", "$SYS.REQ.SERVER.PING.>"], subscribe=["_INBOX.>"]
    )


def system_account_claims() -> dict[str, Any]:
    """The system account; NATS keeps its own mail there."""
    return {"limits": _limits(storage=0)}


def _user(
    *, publish: list[str], subscribe: list[str], deny: list[str] | None = None
) -> dict[str, Any]:
    allowed: dict[str, Any] = {"allow": publish}
    if deny:
        allowed["deny"] = deny
    return {
        "pub": allowed,
        "sub": {"allow": subscribe},
        "subs": UNLIMITED,
        "data": UNLIMITED,
        "payload": UNLIMITED,
        # No MQTT, WebSocket or leaf node, even where a server has them.
        "allowed_connection_types": ["STANDARD"],
    }


def _limits(*, storage: int) -> dict[str, Any]:
    return {
        "subs": UNLIMITED,
        "data": UNLIMITED,
        "payload": UNLIMITED,
        "imports": UNLIMITED,
        "exports": UNLIMITED,
        "wildcards": True,
        "disallow_bearer": True,
        "conn": UNLIMITED,
        "leaf": 0,
        "mem_storage": 0,
        "disk_storage": storage,
        "streams": UNLIMITED,
        "consumer": UNLIMITED,
    }


def _service(subject: str, position: int, response: str) -> dict[str, Any]:
    return {
        "name": subject,
        "subject": subject,
        "type": "service",
        "account_token_position": position,
        "response_type": response,
    }


def _import(hub: str, subject: str, local: str | None) -> dict[str, Any]:
    found = {"name": subject, "account": hub, "subject": subject, "type": "service"}
    if local is not None:
        found["local_subject"] = f"{PREFIX}.{local}"
    return found
