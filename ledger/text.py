"""Vietnamese text: cleaning, display form, matching keys and the parts of a name.

A legal name is stored as it was given, cleaned; everything else here is derived from it and
never replaces it (domain reference, section 6).
"""

import re
import unicodedata
from typing import NamedTuple

# Straight, right and left single quotation marks and the modifier letter apostrophe.
_APOSTROPHES = dict.fromkeys(map(ord, "\u2019\u02bc\u2018"), "'")
# U+00AD (soft hyphen) is not removed here: in TCVN3 text it is the letter u-horn.
_ZERO_WIDTH = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff"))
_ODD_SPELLINGS = _ZERO_WIDTH | _APOSTROPHES
_ODD = re.compile(f"[{''.join(map(chr, _ODD_SPELLINGS))}]")

_WORD = re.compile(r"[^\W\d_]+")
_LETTER_AHEAD = r"(?![^\W\d_])"
_OLD_OA_OE = re.compile(rf"([òóỏõọ])([ae]){_LETTER_AHEAD}")
_OLD_UY = re.compile(rf"(?<!q)([ùúủũụ])y{_LETTER_AHEAD}")


_CODE = re.compile(r"[0-9A-Za-z._/-]{1,24}")

LOOKALIKES = {0xD0: "Đ"}
"""Letters that stand for others in text typed with old keyboards: Icelandic eth for Đ."""


class NameParts(NamedTuple):
    """A full name in parts: họ, chữ đệm, tên. An absent part is the empty string."""

    family: str
    middle: str
    given: str


def clean(text: str) -> str:
    """Return `text` in NFC, trimmed, white space collapsed, apostrophes made one.

    No-break and other spaces become a space, zero-width characters go. Look for legacy
    encodings (`ledger.legacy_text`) *before* cleaning: they use the same code points.
    """
    if _ODD.search(text):  # rare, and translating costs more than looking
        text = text.translate(_ODD_SPELLINGS)
    return " ".join(unicodedata.normalize("NFC", text).split())


def display_name(text: str) -> str:
    """Return a cleaned name, title-cased only where that is safe.

    A name all in capitals or all in small letters gets a capital at each word, also after a
    hyphen. A name with mixed case or an apostrophe (H' Nuê, K'Đức) is kept as it was written:
    which of its letters are capitals cannot be told from the outside.
    """
    name = clean(text)
    return name if "'" in name else proposed_casing(name) or name


def proposed_casing(text: str) -> str | None:
    """Return how a name all in capitals or all in small letters is probably written, else None.

    For a person to decide, so names with an apostrophe are proposed too (KSOR H'BIA: Ksor H'Bia).
    None where there is nothing to mend: mixed case, or a name of single capitals (Y).
    """
    name = clean(text)
    if not (name.isupper() or name.islower()):
        return None
    proposed = _WORD.sub(lambda word: word[0][:1].upper() + word[0][1:].lower(), name)
    return proposed if proposed != name else None


def matching_key(text: str) -> str:
    """Return the key by which two spellings of one name are the same.

    Case and tone placement in the open rhymes oa, oe, uy do not count (hòa = hoà, thủy =
    thuỷ); i and y stay different, because in names they are.
    """
    key = unicodedata.normalize("NFC", clean(text).casefold())
    key = _OLD_OA_OE.sub(lambda m: "o" + _move_tone(m[1], m[2]), key)
    return _OLD_UY.sub(lambda m: "u" + _move_tone(m[1], "y"), key)


def _move_tone(toned: str, bare: str) -> str:
    tone = unicodedata.normalize("NFD", toned)[1:]
    return unicodedata.normalize("NFC", bare + tone)


def strip_accents(text: str) -> str:
    """Return `text` without tone and letter marks; đ, which has no decomposition, becomes d."""
    decomposed = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def split_name(full_name: str) -> NameParts:
    """Split a full name into family name, middle names and given name.

    The given name is the last word, the family name the first; a single word is a given name.
    """
    words = clean(full_name).split(" ")
    if len(words) == 1:
        return NameParts("", "", words[0])
    return NameParts(words[0], " ".join(words[1:-1]), words[-1])


def code_and_words(code: str | None, words: str | None) -> tuple[str | None, str | None]:
    """What of the two is a code, which an entry keeps in clear for ever, and what is words,
    which are personal: a reason written out where a code is asked for joins the words."""
    if code is None or _CODE.fullmatch(code):
        return code, words
    return None, f"{code}; {words}" if words else code
