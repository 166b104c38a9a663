"""Text in old Vietnamese encodings, or broken on its way: found and read, never changed.

Four kinds are told apart: TCVN3 (fonts .VnTime, .VnArial) and VNI-Windows, whose bytes were
taken for Latin-1; UTF-8 taken for Latin-1 (mojibake); and letters lost to a replacement
character or a question mark. A person decides about the proposed reading. Byte maps: domain
reference, section 6 (TCVN3 checked against an outside table, VNI from memory).
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Kind = Literal["tcvn3", "vni", "mojibake", "replacement"]


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What a text seems to be, and how it would then read (None where letters are lost)."""

    kind: Kind
    reading: str | None


_TCVN3_LETTERS = (
    "A1Ă A2Â A7Đ A3Ê A4Ô A5Ơ A6Ư A8ă A9â AAê ABô ACơ ADư AEđ B5à B6ả B7ã B8á B9ạ BBằ BCẳ BDẵ "
    "BEắ C6ặ C7ầ C8ẩ C9ẫ CAấ CBậ CCè CEẻ CFẽ D0é D1ẹ D2ề D3ể D4ễ D5ế D6ệ D7ì D8ỉ DCĩ DDí DEị "
    "DFò E1ỏ E2õ E3ó E4ọ E5ồ E6ổ E7ỗ E8ố E9ộ EAờ EBở ECỡ EDớ EEợ EFù F1ủ F2ũ F3ú F4ụ F5ừ F6ử "
    "F7ữ F8ứ F9ự FAỳ FBỷ FCỹ FDý FEỵ"
)
_TCVN3: Mapping[int, str] = MappingProxyType(
    {int(pair[:2], 16): pair[2] for pair in _TCVN3_LETTERS.split()}
)
# Signs that stand in no name: adjacent to a letter they prove TCVN3.
_SIGNS = "".join(chr(code) for code in (*range(0xA1, 0xAF), 0xB5, 0xB6, 0xB7, *range(0xB8, 0xBF)))
_SIGN_IN_WORD = re.compile(rf"[^\W\d_][{_SIGNS}]|[{_SIGNS}][^\W\d_]")

# VNI: a letter is followed by a character for its tone, its shape or both. Code point of the
# character -> combining marks (grave, acute, hook above, tilde, dot below; circumflex, breve).
_CIRCUMFLEX, _BREVE, _HORN = "\u0302", "\u0306", "\u031b"
_GRAVE, _ACUTE, _HOOK, _TILDE, _DOT = "\u0300", "\u0301", "\u0309", "\u0303", "\u0323"
_VNI_MARKS: Mapping[int, str] = {
    **{0xF9: _ACUTE, 0xF8: _GRAVE, 0xFB: _HOOK, 0xF5: _TILDE, 0xEF: _DOT, 0xE2: _CIRCUMFLEX},
    **{0xE1: _CIRCUMFLEX + _ACUTE, 0xE0: _CIRCUMFLEX + _GRAVE, 0xE5: _CIRCUMFLEX + _HOOK},
    **{0xE3: _CIRCUMFLEX + _TILDE, 0xE4: _CIRCUMFLEX + _DOT, 0xEA: _BREVE},
    **{0xE9: _BREVE + _ACUTE, 0xE8: _BREVE + _GRAVE, 0xFA: _BREVE + _HOOK},
    **{0xFC: _BREVE + _TILDE, 0xEB: _BREVE + _DOT},
}
# Single characters of VNI: o-horn, u-horn, d-stroke, the toned i and y with dot below.
_VNI_SINGLE: Mapping[int, str] = {
    **{0xF4: "o" + _HORN, 0xF6: "u" + _HORN, 0xF1: "đ", 0xED: "i" + _ACUTE, 0xEC: "i" + _GRAVE},
    **{0xE6: "i" + _HOOK, 0xF3: "i" + _TILDE, 0xF2: "i" + _DOT, 0xEE: "y" + _DOT},
}

_ONSET = "ngh|ng|nh|gh|gi|kh|ph|th|tr|ch|qu|[bcdđghklmnpqrstvx]"
_NUCLEUS = (
    "oai|oay|oao|oeo|uây|uya|uyê|uyu|iêu|yêu|ươi|ươu|uôi|uao|"
    "ia|iê|yê|ya|ua|uô|ưa|ươ|oa|oă|oe|oo|uâ|uê|uơ|uy|"
    "ai|ao|au|ay|âu|ây|eo|êu|iu|oi|ôi|ơi|ui|ưi|ưu|[aăâeêioôơuưy]"
)
_SYLLABLE = re.compile(rf"(?:{_ONSET})?(?:{_NUCLEUS})(ch|ng|nh|[cmnpt])?")
_STOPS = frozenset({"c", "ch", "p", "t"})
_TONES = frozenset({_GRAVE, _ACUTE, _HOOK, _TILDE, _DOT})

# A word may hold the signs above, the multiplication and division signs and a soft hyphen.
_WORDS = re.compile(rf"(?:[^\W\d_]|[{_SIGNS}\u00d7\u00f7])+")
_LOST_LETTER = re.compile(r"\ufffd|[^\W\d_]\?[^\W\d_]")


def detect(text: str) -> Suspicion | None:
    """Return what is suspicious about a name or short text, or None for sound text.

    Call it on the text as received, before cleaning. Foreign names with Latin-1 letters are
    sound: an old encoding is suspected only where its reading gives Vietnamese syllables, or
    where a sign such as the plus-minus or the pilcrow stands inside a word.
    """
    if _LOST_LETTER.search(text):
        return Suspicion("replacement", None)
    repaired = _utf8_of(text)
    if repaired is not None:
        return Suspicion("mojibake", repaired)
    text = unicodedata.normalize("NFC", text)
    if text.isascii() or _has_unicode_vietnamese(text) or _reads_well(text, text):
        return None
    readings: tuple[tuple[Kind, Callable[[str], str]], ...] = (("vni", _vni), ("tcvn3", _tcvn3))
    for kind, read in readings:
        reading = read(text)
        if reading != text and _reads_well(reading, text):
            return Suspicion(kind, reading)
    return Suspicion("tcvn3", _tcvn3(text)) if _SIGN_IN_WORD.search(text) else None


def _utf8_of(text: str) -> str | None:
    """Return the UTF-8 text whose bytes were taken for Latin-1 or Windows-1252."""
    if text.isascii():
        return None
    try:
        return b"".join(map(_single_byte, text)).decode("utf-8")
    except UnicodeError:
        return None


def _single_byte(char: str) -> bytes:
    # Windows-1252 leaves five bytes undefined; readers pass them through as control characters.
    return char.encode("latin-1" if ord(char) < 0x100 else "cp1252")


def _has_unicode_vietnamese(text: str) -> bool:
    """Whether a letter is present that Vietnamese has and Latin-1 has not."""
    return any(0x1EA0 <= ord(char) <= 0x1EF9 or char in "ăĂđĐĩĨũŨơƠưƯ" for char in text)


def _tcvn3(text: str) -> str:
    return text.translate(_TCVN3)


def _vni(text: str) -> str:
    out: list[str] = []
    for char in text:
        code = ord(char.lower())
        base = out[-1] if out else ""
        if code in _VNI_MARKS and base and base[0].lower() in "aeouy":
            out[-1] = base + _VNI_MARKS[code]
        elif code in _VNI_SINGLE:
            letter = _VNI_SINGLE[code]
            out.append(letter[0].upper() + letter[1:] if char.isupper() else letter)
        else:
            out.append(char)
    return unicodedata.normalize("NFC", "".join(out))


def _reads_well(reading: str, original: str) -> bool:
    """Whether every word not plain ASCII in `original` is a Vietnamese syllable in `reading`.

    The readings never join or split words, so the two lists run in step.
    """
    before, after = _WORDS.findall(original), _WORDS.findall(reading)
    if len(before) != len(after):
        return False
    touched = [new for old, new in zip(before, after, strict=True) if not old.isascii()]
    return bool(touched) and all(map(_is_syllable, touched))


def _is_syllable(word: str) -> bool:
    """Whether `word` could be a Vietnamese syllable: onset, nucleus, coda, at most one tone.

    A syllable closed by a stop takes only the tones sắc and nặng.
    """
    decomposed = unicodedata.normalize("NFD", word.casefold())
    tones = [char for char in decomposed if char in _TONES]
    letters = unicodedata.normalize("NFC", "".join(c for c in decomposed if c not in _TONES))
    match = _SYLLABLE.fullmatch(letters)
    if match is None or len(tones) > 1:
        return False
    return match[1] not in _STOPS or tones in ([_ACUTE], [_DOT])
