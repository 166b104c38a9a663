"""The configuration of a NATS server that ledgers share, as plain data without a secret."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Terms:
    """What the server is to be like. `server_folder` and `store` are paths as the server sees them.

    `listen` is HOST:PORT for clients, `monitor` the same for the monitoring pages (loopback).
    """

    hosts: tuple[str, ...]
    listen: str
    monitor: str
    server_folder: str
    store: str
    days: int
    """How long credentials and certificates hold."""


def server_config(
    terms: Terms, *, operator: str, system: str, accounts: Mapping[str, str], pins: Sequence[str]
) -> dict[str, Any]:
    """The configuration, in JSON, which NATS reads too. It holds no secret.

    With an operator the server takes users by signed token only: `verify_and_map` would be ignored
    there, and `no_auth_user` refused. MQTT, WebSocket, leaf nodes and profiling are off by absence.
    """
    host, _, port = terms.listen.rpartition(":")
    return {
        "server_name": "hocba",
        "listen": f"{host}:{port}",
        "http": terms.monitor,
        "logtime_utc": True,
        "max_payload": 1_048_576,
        "tls": {
            "cert_file": f"{terms.server_folder}/server.pem",
            "key_file": f"{terms.server_folder}/server.key",
            "ca_file": f"{terms.server_folder}/ca.pem",
            "verify": True,
            # A certificate taken off this list is refused from the next reload on.
            "pinned_certs": sorted(set(pins)),
            "min_version": "1.3",
            # Nothing is said in clear text, so nobody on the way can take "TLS required" out.
            "handshake_first": True,
        },
        # A courier that loses acknowledged mail in a power cut is no courier: sync every write.
        "jetstream": {"store_dir": terms.store, "sync_interval": "always"},
        "operator": operator,
        "system_account": system,
        "resolver": {
            "type": "full",
            "dir": f"{terms.store}/accounts",
            "allow_delete": False,
            "interval": "2m",
        },
        "resolver_preload": dict(sorted(accounts.items())),
    }
