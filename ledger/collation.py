"""Vietnamese order of words and of class lists.

The database has no Vietnamese collation and names are decrypted before they are sorted, so the
key is made here. Levels as in the Unicode Collation Algorithm: the letters of the whole text,
then its tones, then case. Order: a ă â b c d đ e ê g ... y, tones ngang, huyền, hỏi, ngã, sắc,
nặng (domain reference, section 6; the published order is ma mà mả mã má mạ mă mâ).
"""

import unicodedata
from datetime import date
from functools import lru_cache

from ledger.text import clean, matching_key, split_name

SortKey = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], str]
Weights = tuple[int, int, int]
"""Of one character: letter, tone, case."""
ClassListKey = tuple[SortKey, SortKey, SortKey, str, str]

_ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_LETTER = {letter: 200 + i for i, letter in enumerate(_ALPHABET)}
_DIGIT = {digit: 100 + i for i, digit in enumerate("0123456789")}
_SPACE, _PUNCTUATION, _OTHER = 1, 2, 1000
# Combining grave, hook above, tilde, acute, dot below; no tone is 0.
_TONE = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}
# Combining breve, circumflex and horn make other letters of the alphabet.
_SHAPES = frozenset("\u0306\u0302\u031b")
_UNKNOWN_BIRTH = "9999"


def sort_key(text: str) -> SortKey:
    """Return a key that orders texts as a Vietnamese dictionary does; a space comes first."""
    text = clean(text)
    if not text:
        return (), (), (), text
    weights: list[Weights] = []
    for char in text:
        known = _weights_of(char)
        if known is None:  # a mark that composes with nothing: the clusters have to be found
            weights = [_weights(base, marks) for base, marks in _clusters(text)]
            break
        weights.append(known)
    letters, tones, cases = zip(*weights, strict=True)
    return letters, tones, cases, text


@lru_cache(maxsize=4096)
def _weights_of(char: str) -> Weights | None:
    """The weights of one composed character; None for a mark, or what falls into several."""
    clusters = _clusters(char)
    if len(clusters) != 1 or unicodedata.combining(clusters[0][0]):
        return None
    return _weights(*clusters[0])


def _weights(base: str, marks: str) -> Weights:
    shape = "".join(mark for mark in marks if mark in _SHAPES)
    letter = unicodedata.normalize("NFC", base.lower() + shape)
    tone = max((_TONE.get(mark, 0) for mark in marks), default=0)
    return _letter_weight(letter, base.lower()), tone, int(base.isupper())


def _clusters(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for char in unicodedata.normalize("NFD", text):
        if unicodedata.combining(char) and found:
            base, marks = found[-1]
            found[-1] = (base, marks + char)
        else:
            found.append((char, ""))
    return found


def _letter_weight(letter: str, base: str) -> int:
    if letter in _LETTER:
        return _LETTER[letter]
    if base in _LETTER:
        return _LETTER[base]
    if base in _DIGIT:
        return _DIGIT[base]
    if base == " ":
        return _SPACE
    return _OTHER + ord(base[0]) if base.isalnum() else _PUNCTUATION


@lru_cache(maxsize=8192)
def _part_key(part: str) -> SortKey:
    # Some hundred family, middle and given names are shared by nearly everybody; kept are those
    # words, never whose they are.
    return sort_key(matching_key(part))


def class_list_key(
    full_name: str, birth_date: date | str | None, *, sort_name: str | None = None
) -> ClassListKey:
    """Return the key of a class list: given name, family name, middle names, birth date.

    Case and tone placement do not count between names. `birth_date` is a date or its ISO text,
    which may be a year or a month only; unknown comes last. `sort_name`, where given, stands in
    the place of the given name (names whose last word is not the given name).
    """
    family, middle, given = split_name(full_name)
    if isinstance(birth_date, date):
        birth_date = birth_date.isoformat()
    return (
        _part_key(sort_name or given),
        _part_key(family),
        _part_key(middle),
        birth_date or _UNKNOWN_BIRTH,
        clean(full_name),
    )
