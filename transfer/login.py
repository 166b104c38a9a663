"""What a client says and asks for when it connects to NATS on a route."""

import logging
import ssl
from typing import Any
from urllib.parse import urlsplit

from transfer.errors import CourierUnavailable
from transfer.mailbox import Route

# nats-py begins TLS on a plain stream; asyncio then remarks on every end of a connection.
logging.getLogger("asyncio").addFilter(lambda record: "eof_received()" not in str(record.msg))


def login(route: Route) -> dict[str, Any]:
    """The options of `nats.connect` that say who we are and whom we believe.

    With certificates, or a URL of ``tls://``, TLS 1.3 comes before the first word
    (`tls_handshake_first`): nats-py follows the server's `tls_required`, which stands in clear
    text, so that somebody on the way could take it out and read on.

    Raises:
        CourierUnavailable: a file cannot be read or used; it is named.
    """
    options: dict[str, Any] = {}
    if route.credentials is None:
        options.update(user=route.user, password=route.password)
    elif route.credentials.is_file():
        options["user_credentials"] = route.credentials
    else:
        raise CourierUnavailable(f"the NATS credentials {route.credentials} are not there")
    if encrypted(route):
        options.update(tls=_context(route), tls_handshake_first=True)
    return options


def encrypted(route: Route) -> bool:
    """Whether nothing is said on this route before TLS stands."""
    return bool(route.tls_ca or route.tls_cert) or urlsplit(route.url).scheme == "tls"


def _context(route: Route) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=route.tls_ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        if route.tls_cert is not None:
            context.load_cert_chain(route.tls_cert, route.tls_key)
    except OSError as error:  # ssl.SSLError is one
        files = ", ".join(str(f) for f in (route.tls_ca, route.tls_cert, route.tls_key) if f)
        reason = error.strerror or type(error).__name__
        raise CourierUnavailable(f"the TLS files {files} cannot be used: {reason}") from error
    return context
