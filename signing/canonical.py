"""Canonical JSON (RFC 8785) for a closed subset, and the strict parser that goes with it.

The subset: objects with string keys, arrays, strings, integers within +-(2**53 - 1), booleans and
null. Floating-point numbers are refused, because ``8.0`` and ``8`` would collapse: decimals travel
as strings.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from typing import Any, Final, NoReturn

import rfc8785
from pydantic_core import from_json

from signing.errors import CanonicalError

MAX_INTEGER: Final = 2**53 - 1
"""Largest magnitude every JSON reader keeps exact (RFC 7493 section 2.2)."""

DEFAULT_MAX_BYTES: Final = 64 * 1024 * 1024
DEFAULT_MAX_DEPTH: Final = 32
MAX_MEMBERS: Final = 10_000
"""Members of one object that is parsed: models name each one that they do not know."""
_DUMP_MAX_DEPTH: Final = 64

_PLAIN: Final = frozenset({str, bool, type(None)})
_LEAVES: Final = _PLAIN | {int}
_encode: Final = json.JSONEncoder(
    ensure_ascii=False,
    check_circular=False,
    allow_nan=False,
    sort_keys=True,
    separators=(",", ":"),
).encode


def dumps(value: Any) -> bytes:
    """Return the RFC 8785 bytes of ``value``.

    Raises :class:`CanonicalError` naming the path of the first value outside the subset
    (code ``type``, ``number``, ``depth`` or ``surrogate``).
    """
    try:
        # Where keys are ASCII the standard encoder gives the same bytes four times faster:
        # code point order equals the UTF-16 order of RFC 8785 section 3.2.3, and the escapes are
        # those of section 3.2.2.2. A property test holds the two together.
        if _inspect(value, "$", 0):
            return _encode(value).encode()
        return rfc8785.dumps(value)
    except UnicodeEncodeError:
        raise CanonicalError(
            "a string holds a lone surrogate, which UTF-8 cannot carry; remove it",
            code="surrogate",
        ) from None
    except rfc8785.CanonicalizationError as error:
        raise CanonicalError(f"the value has no canonical form: {error}", code="type") from None


def dumps_flat(value: dict[str, str | int]) -> bytes:
    """Return the same bytes for an object whose ASCII keys the caller wrote and whose values are
    strings and integers that were read from canonical JSON: nothing is inspected."""
    return _encode(value).encode()


quoted: Final[Callable[[str], str]] = json.encoder.encode_basestring
"""The canonical form of one string: for objects that are written member by member."""


def _inspect(value: Any, path: str, depth: int) -> bool:
    """Refuse what lies outside the subset; return whether all keys below are ASCII."""
    if isinstance(value, dict):
        return _inspect_object(value, path, depth)
    if isinstance(value, list | tuple):
        if depth >= _DUMP_MAX_DEPTH:
            _refuse_depth(path)
        if _PLAIN.issuperset(map(type, value)):
            return True
        ascii_keys = True
        for number, item in enumerate(value):
            # Every member is inspected, also after one with a non-ASCII key.
            ascii_keys &= _inspect(item, f"{path}[{number}]", depth + 1)
        return ascii_keys
    _inspect_scalar(value, path)
    return True


def _inspect_object(value: dict[Any, Any], path: str, depth: int) -> bool:
    if depth >= _DUMP_MAX_DEPTH:
        _refuse_depth(path)
    try:
        ascii_keys = "".join(value).isascii()
    except TypeError:
        raise CanonicalError(
            f"{path} has a key that is not a string; use string keys", code="type"
        ) from None
    if _PLAIN.issuperset(map(type, value.values())):
        return ascii_keys
    for key, item in value.items():
        kind = type(item)
        if kind in _PLAIN:
            continue
        if kind is int:
            if not -MAX_INTEGER <= item <= MAX_INTEGER:
                _inspect_scalar(item, f"{path}.{key}")
        else:
            ascii_keys &= _inspect(item, f"{path}.{key}", depth + 1)
    return ascii_keys


def _inspect_scalar(value: Any, path: str) -> None:
    if value is None or isinstance(value, str | bool):
        return
    if type(value) is int:
        if -MAX_INTEGER <= value <= MAX_INTEGER:
            return
        raise CanonicalError(
            f"{path} is an integer beyond 2**53 - 1; write it as a string", code="number"
        )
    if isinstance(value, float):
        raise CanonicalError(
            f"{path} is a floating-point number; write decimals as strings", code="number"
        )
    raise CanonicalError(
        f"{path} is a {type(value).__name__}, which JSON does not have; convert it first",
        code="type",
    )


def _refuse_depth(path: str) -> NoReturn:
    # The tail of so long a path would only repeat itself.
    raise CanonicalError(
        f"{path[:80]} is nested deeper than {_DUMP_MAX_DEPTH} levels", code="depth"
    )


def loads(
    data: bytes,
    *,
    max_bytes: int = DEFAULT_MAX_BYTES,
    max_depth: int = DEFAULT_MAX_DEPTH,
    max_items: int | None = None,
) -> Any:
    """Parse strict JSON; white space and key order are free, everything else is the subset's.

    Raises :class:`CanonicalError` with the code ``size``, ``utf8``, ``syntax``, ``duplicate_key``,
    ``number``, ``depth``, ``surrogate`` or ``not_nfc``. ``max_depth`` counts objects and arrays on
    the way down; ``max_items`` bounds objects, arrays and members in all, before any is made:
    three bytes of text make an array of sixty.
    """
    if len(data) > max_bytes:
        raise CanonicalError(
            f"the JSON text has {len(data)} bytes, the limit is {max_bytes}", code="size"
        )
    if max_items is not None and sum(map(data.count, (b"{", b"[", b","))) > max_items:
        raise CanonicalError(f"the JSON text has more than {max_items} items", code="size")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CanonicalError(
            f"the JSON text is not UTF-8 at byte {error.start}", code="utf8"
        ) from None
    try:
        value = _decode(text)
    except json.JSONDecodeError as error:
        raise CanonicalError(
            f"the JSON text breaks at line {error.lineno}, column {error.colno}: {error.msg}",
            code="syntax",
        ) from None
    except RecursionError:
        _refuse_parsed_depth(max_depth)
    # Brackets bound the depth from above, so that small texts need no walk.
    if text.count("{") + text.count("[") > max_depth:
        _check_depth(value, max_depth)
    _check_text(text, value)
    return value


def reread(data: bytes) -> Any:
    """Parse what `loads` or `dumps` has passed before, as the digest kept of it says.

    Looks for nothing again that the subset forbids, which is three times as fast.

    Raises :class:`CanonicalError` (code ``syntax``) for what is no JSON at all.
    """
    try:
        return from_json(data, allow_inf_nan=False)
    except ValueError:
        raise CanonicalError("the bytes are not JSON", code="syntax") from None


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MAX_MEMBERS:
        raise CanonicalError(f"an object has more than {MAX_MEMBERS} members", code="size")
    found = dict(pairs)
    if len(found) != len(pairs):
        # The key itself may be somebody's name, so it stays out of the message.
        raise CanonicalError("an object has the same key twice; keep one", code="duplicate_key")
    return found


def _integer(digits: str) -> int:
    if len(digits) <= 17:
        value = int(digits)
        if -MAX_INTEGER <= value <= MAX_INTEGER and digits != "-0":
            return value
    raise CanonicalError(
        "an integer lies beyond 2**53 - 1 or is minus zero; send it as a string", code="number"
    )


def _no_float(_: str) -> NoReturn:
    raise CanonicalError(
        "a number has a fraction, an exponent or no value; send decimals as strings",
        code="number",
    )


_decode: Final = json.JSONDecoder(
    object_pairs_hook=_pairs,
    parse_int=_integer,
    parse_float=_no_float,
    parse_constant=_no_float,
).decode


def _check_depth(value: Any, max_depth: int) -> None:
    level = [value]
    for _ in range(max_depth):
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                item = item.values()
            if not _LEAVES.issuperset(map(type, item)):
                inner.extend(found for found in item if type(found) not in _LEAVES)
        level = inner
        if not level:
            return
    _refuse_parsed_depth(max_depth)


def _refuse_parsed_depth(max_depth: int) -> NoReturn:
    raise CanonicalError(f"the JSON text is nested deeper than {max_depth} levels", code="depth")


_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def _check_text(text: str, value: Any) -> None:
    """Refuse lone surrogates and strings that are not NFC (Unicode Standard Annex 15)."""
    if "\\u" in text:
        # Escapes hide both from a look at the raw text; rare enough to pay for a walk.
        for string in _strings(value):
            if _SURROGATE.search(string):
                raise CanonicalError("a string holds a lone surrogate", code="surrogate")
            if not unicodedata.is_normalized("NFC", string):
                _refuse_form()
    # A quotation mark neither composes nor reorders, so the text is NFC iff each string is.
    elif not text.isascii() and not unicodedata.is_normalized("NFC", text):
        _refuse_form()


def _refuse_form() -> NoReturn:
    raise CanonicalError(
        "a string is not in Unicode normalisation form C; normalise before sending",
        code="not_nfc",
    )


def _strings(value: Any) -> list[str]:
    found: list[str] = []
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, list):
            pending.extend(item)
        elif isinstance(item, dict):
            found.extend(item)
            pending.extend(item.values())
    return found
