"""Canonical JSON: the same bytes as RFC 8785's reference, and a parser that takes no less."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from signing import canonical
from signing.errors import CanonicalError

pytestmark = pytest.mark.unit


def nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


TEXT = st.text(st.characters(codec="utf-8"))
NFC_TEXT = TEXT.map(nfc)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-canonical.MAX_INTEGER, canonical.MAX_INTEGER)
    | NFC_TEXT
    | st.sampled_from(["\u2028", "\x7f", '"\\/', "\b\f\n\r\t\x1f", "\U0001f602", "Nguyễn"])
)
ASCII_KEYS = st.text(st.characters(max_codepoint=127))


def values(keys: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        SCALARS,
        lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(keys, inner),
        max_leaves=20,
    )


@settings(print_blob=True, max_examples=300)
@given(values(ASCII_KEYS))
def test_fast_path_gives_the_bytes_of_rfc8785(value: Any) -> None:
    assert canonical.dumps(value) == rfc8785.dumps(value)


@settings(print_blob=True, max_examples=300)
@given(values(ASCII_KEYS | TEXT))
def test_keys_beyond_ascii_give_the_bytes_of_rfc8785(value: Any) -> None:
    assert canonical.dumps(value) == rfc8785.dumps(value)


@settings(print_blob=True, max_examples=200)
@given(values(NFC_TEXT))
def test_canonical_bytes_of_nfc_text_parse_back(value: Any) -> None:
    data = canonical.dumps(value)
    assert canonical.dumps(canonical.loads(data)) == data


@settings(print_blob=True, max_examples=200)
@given(TEXT | st.text(alphabet="ae=<\u0301\u0323\u0338\u1100\u1161\u11a8"))
def test_a_string_is_read_exactly_when_it_is_nfc(text: str) -> None:
    for data in (canonical.dumps({"k": [text]}), json.dumps({"k": [text]}).encode()):
        if unicodedata.is_normalized("NFC", text):
            assert canonical.loads(data) == {"k": [text]}
        else:
            with pytest.raises(CanonicalError) as caught:
                canonical.loads(data)
            assert caught.value.code == "not_nfc"


def test_keys_sort_by_utf16_code_units() -> None:
    # U+1F602 is D83D DE02 in UTF-16 and so comes before U+FB33 (RFC 8785 section 3.2.3).
    assert canonical.dumps({"\ufb33": 1, "\U0001f602": 2}).startswith('{"\U0001f602"'.encode())


@pytest.mark.parametrize(
    ("value", "code", "path"),
    [
        ({"a": {"b": 1.0}}, "number", r"\$\.a\.b"),
        ({"a": [1, 2.5]}, "number", r"\$\.a\[1\]"),
        ({"ắ": [{"c": 1.5}]}, "number", r"\$\.ắ\[0\]\.c"),
        ([{"ắ": 1}, float("nan")], "number", r"\$\[1\]"),
        (2**53, "number", r"\$"),
        ({"a": -(2**53)}, "number", r"\$\.a"),
        ({"a": b"x"}, "type", r"\$\.a"),
        ({"a": {1: 2}}, "type", r"\$\.a"),
        ({"a": {1, 2}}, "type", r"\$\.a"),
    ],
)
def test_what_lies_outside_the_subset_is_refused_with_its_path(
    value: Any, code: str, path: str
) -> None:
    with pytest.raises(CanonicalError, match=path) as caught:
        canonical.dumps(value)
    assert caught.value.code == code


@pytest.mark.parametrize("value", ["\ud800", {"a": "\udfff"}, {"\ud800": 1}, {"ă": "\ud800"}])
def test_lone_surrogates_are_not_written(value: Any) -> None:
    with pytest.raises(CanonicalError):
        canonical.dumps(value)


def test_a_value_that_contains_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(CanonicalError) as caught:
        canonical.dumps(loop)
    assert caught.value.code == "depth"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"a":1,"a":2}', "duplicate_key"),
        (b'[{"b":{"a":1,"a":1}}]', "duplicate_key"),
        (b'{"a":1,"\\u0061":2}', "duplicate_key"),
        (b"NaN", "number"),
        (b"[-Infinity]", "number"),
        (b"1.0", "number"),
        (b"1e2", "number"),
        (b"-0", "number"),
        (b"9007199254740992", "number"),
        (b"1" * 5000, "number"),
        (b'"\xff"', "utf8"),
        (b'"\xed\xa0\x80"', "utf8"),
        (b'"\\ud800"', "surrogate"),
        (b'{"\\udc00":1}', "surrogate"),
        ('"a\u0301"'.encode(), "not_nfc"),
        (b'"a\\u0301"', "not_nfc"),
        ('{"a\u0301":1}'.encode(), "not_nfc"),
        (b"", "syntax"),
        (b"{", "syntax"),
        (b"1 2", "syntax"),
        (b"\xef\xbb\xbf1", "syntax"),
        (b'"\n"', "syntax"),
        (b"01", "syntax"),
        (b"[" * 33 + b"]" * 33, "depth"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "depth"),
        (b"[" * 100_000, "depth"),
    ],
)
def test_strict_parser_refuses(data: bytes, code: str) -> None:
    with pytest.raises(CanonicalError) as caught:
        canonical.loads(data)
    assert caught.value.code == code


def test_strict_parser_limits() -> None:
    assert canonical.loads(b"[" * 32 + b"]" * 32) is not None
    assert canonical.loads(b"[[1],[2],[3]]", max_depth=2) == [[1], [2], [3]]
    assert canonical.loads(b"12345", max_bytes=5) == 12345
    with pytest.raises(CanonicalError) as caught:
        canonical.loads(b"12345", max_bytes=4)
    assert caught.value.code == "size"


def test_escapes_of_sound_text_are_read() -> None:
    assert canonical.loads(b'{"\\u00e1":"\\ud83d\\ude02"}') == {"á": "\U0001f602"}


@settings(print_blob=True, max_examples=200)
@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:0123eE.-\\u nultrfase', max_size=40))
def test_the_parser_answers_or_raises_its_own_error(data: bytes | str) -> None:
    raw = data.encode() if isinstance(data, str) else data
    try:
        value = canonical.loads(raw)
    except CanonicalError:
        return
    assert json.loads(raw) == value
