"""Every sentence with which a transfer refuses something has its Vietnamese."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.refusals import CODES, SENTENCES, in_vietnamese, sentence
from services.words import STATES
from transfer.errors import CaseRefused, CheckFailed

HOUSE = Path(__file__).parents[3]


def said() -> Iterator[str]:
    """The sentences in the code, with `{}` where something is named."""
    for folder in ("transfer", "services"):
        for module in (HOUSE / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(module.read_text("utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "CaseRefused":
                    yield _text(node.args[0])


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        parts = (p.value if isinstance(p, ast.Constant) else "{}" for p in node.values)
        return "".join(map(str, parts))
    return str(ast.literal_eval(node))


def test_every_refusal_of_a_transfer_is_known_in_vietnamese() -> None:
    assert set(said()) == set(SENTENCES)


@pytest.mark.parametrize("english", SENTENCES)
def test_a_sentence_is_found_with_what_it_names(english: str) -> None:
    named = [f"31-{number}" for number in range(english.count("{}"))]
    told = sentence(english.format(*named))
    assert told == SENTENCES[english].format(*named)
    assert SENTENCES[english].count("{}") == len(named)


def test_a_state_is_told_in_the_words_of_the_screens() -> None:
    told = in_vietnamese(CaseRefused("the case is released; there is nothing to hold"))
    assert told is not None
    assert STATES["released"][0] in told
    assert "released" not in told


def test_a_failed_check_names_its_step() -> None:
    told = in_vietnamese(CheckFailed(9, "altered_entry", "stream x, version 3"))
    assert told is not None
    assert told.startswith("kiểm tra 9: ")


def test_what_is_not_known_stays_english() -> None:
    assert in_vietnamese(CaseRefused("something new")) is None
    assert in_vietnamese(ValueError("x")) is None
    assert all(words.strip() for words in CODES.values())
