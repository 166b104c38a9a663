"""The version of the current states follows the shapes of their models."""

import hashlib
import json
from typing import Any

import pytest

from ledger.errors import OtherVersion
from ledger.folds import FOLDS, STATES
from ledger.states import refuse_newer, require_current

WORDS = ("title", "description")


def plain(schema: Any) -> Any:
    """A JSON schema without the words about it; a *field* called `title` keeps its schema."""
    if isinstance(schema, dict):
        items = schema.items()
        return {k: plain(v) for k, v in items if not (k in WORDS and isinstance(v, str))}
    return [plain(part) for part in schema] if isinstance(schema, list) else schema


def shape() -> str:
    schemas = {kind: plain(model.model_json_schema()) for kind, (model, _) in FOLDS.items()}
    return hashlib.sha256(json.dumps(schemas, sort_keys=True).encode()).hexdigest()


def test_a_changed_shape_of_a_state_needs_a_new_version() -> None:
    assert shape() == STATES.shape, (
        f"a state's model has changed: in ledger/folds.py raise the number of STATES "
        f'(if it was released) and set its shape to "{shape()}"'
    )


def test_words_about_a_field_are_no_part_of_the_shape_but_a_field_of_that_name_is() -> None:
    field = {"title": "Title", "type": "string", "description": "what it is called"}
    assert plain({"properties": {"title": field}}) == {"properties": {"title": {"type": "string"}}}


def test_only_this_programs_own_version_is_decided_from() -> None:
    require_current(STATES)
    newer = STATES._replace(number=STATES.number + 1)
    older = STATES._replace(number=STATES.number - 1)
    for refuse in (refuse_newer, require_current):
        with pytest.raises(OtherVersion) as refused:
            refuse(newer)
        assert refused.value.code == "newer_states"
    refuse_newer(older)
    for other in (older, STATES._replace(shape="x")):
        with pytest.raises(OtherVersion) as refused:
            require_current(other)
        assert refused.value.code == "older_states"
