"""One key for all spellings of a term: subjects, qualities, competences."""

import re
import unicodedata

from ledger.text import matching_key

_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")


def spelling_key(text: str) -> str:
    """Return the key by which two spellings of a term are the same.

    Case does not count, nor on which vowel of a word the tone stands (Toán = Tóan), nor i and y
    (Vật lý = Vật lí); `&` reads `và`, and punctuation goes. Not for names of people, in which i
    and y differ.
    """
    words = re.split(r"[\W_]+", matching_key(text).replace("&", " và "))
    return "".join(map(_tone_last, words))


def _tone_last(word: str) -> str:
    letters = unicodedata.normalize("NFD", word)
    bare = "".join(letter for letter in letters if letter not in _TONES).replace("y", "i")
    tone = "".join(letter for letter in letters if letter in _TONES)
    return unicodedata.normalize("NFC", bare) + tone
