"""Dossiers truly sealed around a forged history: steps 8 to 12."""

import base64
from typing import Any

from ledger.ids import uuid7
from signing.note import NoteSigner
from tests.integration.transfer.forge import Forger, Payload, body_of, put_body
from tests.integration.transfer.forgeries import Forgeries, registering

FORGERIES: Forgeries = []
forgery = registering(FORGERIES)


def year_stream(payload: Payload) -> dict[str, Any]:
    """The pupil-year of the dossier."""
    return next(s for s in payload["streams"] if s["id"] != payload["pupil"])


def pupil_stream(payload: Payload) -> dict[str, Any]:
    """The pupil's own stream."""
    return next(s for s in payload["streams"] if s["id"] == payload["pupil"])


def first_mark(payload: Payload) -> dict[str, Any]:
    """The first mark of the dossier."""
    return next(
        entry
        for entry in year_stream(payload)["entries"]
        if entry["record"]["topic"] == "ledger.MarkEntered.v1"
    )


def change_mark(payload: Payload, **facts: Any) -> None:
    entry = first_mark(payload)
    body = body_of(entry)
    body["facts"] |= facts
    put_body(entry, body)


@forgery(8, "missing_entry")
def a_mark_left_out(made: Forger) -> bytes:
    return made.frame(made.changed(lambda p: year_stream(p)["entries"].pop(3)))


@forgery(8, "missing_entry")
def a_year_left_out(made: Forger) -> bytes:
    return made.frame(made.changed(lambda p: p["streams"].remove(year_stream(p))))


@forgery(8, "truncated")
def the_last_mark_left_out(made: Forger) -> bytes:
    return made.frame(made.changed(lambda p: year_stream(p)["entries"].pop()))


@forgery(8, "truncated")
def counts_that_do_not_add_up(made: Forger) -> bytes:
    return made.frame(made.rebuilt(lambda p: None, release={"entries": 3}))


@forgery(8, "truncated")
def a_hop_that_says_other_than_its_release(made: Forger) -> bytes:
    return made.frame(made.changed(lambda p: p["hops"][0].update(root="00" * 32)))


@forgery(8, "extra_entry")
def an_entry_more(made: Forger) -> bytes:
    def add(payload: Payload) -> None:
        entries = year_stream(payload)["entries"]
        entry = {**entries[-1], "record": {**entries[-1]["record"]}}
        entry["record"]["version"] += 1
        entries.append(entry)

    return made.frame(made.changed(add))


@forgery(8, "extra_entry")
def a_stream_more(made: Forger) -> bytes:
    def add(payload: Payload) -> None:
        payload["streams"].append({**year_stream(payload), "id": str(uuid7())})

    return made.frame(made.changed(add))


@forgery(8, "extra_entry")
def a_stream_twice(made: Forger) -> bytes:
    return made.frame(made.changed(lambda p: p["streams"].append(year_stream(p))))


@forgery(8, "reordered")
def two_marks_exchanged(made: Forger) -> bytes:
    def swap(payload: Payload) -> None:
        entries = year_stream(payload)["entries"]
        entries[2], entries[3] = entries[3], entries[2]

    return made.frame(made.changed(swap))


@forgery(8, "broken_custody_chain")
def released_to_another(made: Forger) -> bytes:
    return made.frame(made.rebuilt(lambda p: None, release={"to_ledger": str(uuid7())}))


@forgery(8, "broken_custody_chain")
def a_release_of_another_transfer(made: Forger) -> bytes:
    return made.frame(made.rebuilt(lambda p: None, release={"case": str(uuid7())}))


@forgery(8, "broken_custody_chain")
def a_mark_for_a_release(made: Forger) -> bytes:
    return made.frame(made.changed(lambda p: p["hops"][0].update(release=first_mark(p))))


@forgery(8, "broken_custody_chain")
def a_hop_of_another_ledger(made: Forger) -> bytes:
    return made.frame(
        made.changed(lambda p: p["hops"][0].update(ledger=str(made.address.receiver)))
    )


@forgery(9, "altered_entry")
def a_better_mark(made: Forger) -> bytes:
    return made.frame(made.changed(lambda p: change_mark(p, value="10.0")))


@forgery(9, "altered_entry")
def an_entry_under_another_stream(made: Forger) -> bytes:
    return made.frame(made.changed(lambda p: first_mark(p)["record"].update(stream=str(uuid7()))))


@forgery(9, "wrong_root")
def a_record_with_another_instant(made: Forger) -> bytes:
    when = "2025-01-01T00:00:00.000000Z"
    return made.frame(made.changed(lambda p: first_mark(p)["record"].update(recorded_at=when)))


@forgery(9, "wrong_root")
def a_better_mark_with_its_hash(made: Forger) -> bytes:
    rebuilt = made.rebuilt(lambda p: change_mark(p, value="10.0"))
    return made.frame({**made.payload, "streams": rebuilt["streams"], "closings": []})


@forgery(10, "not_in_log")
def a_release_outside_its_log(made: Forger) -> bytes:
    root = b"\x07" * 32

    def forge(payload: Payload) -> None:
        inclusion = payload["hops"][0]["inclusion"]
        inclusion["checkpoint"] = made.note(inclusion["index"] + 1, root)

    return made.frame(made.changed(forge))


@forgery(10, "not_in_log")
def a_proof_of_another_position(made: Forger) -> bytes:
    return made.frame(made.changed(lambda p: p["hops"][0]["inclusion"].update(index=0)))


@forgery(10, "not_in_log")
def a_closing_that_is_not_there(made: Forger) -> bytes:
    return made.frame(made.changed(lambda p: p["closings"][0].update(version=999)))


@forgery(10, "not_in_log")
def a_closing_with_the_proof_of_another_entry(made: Forger) -> bytes:
    return made.frame(
        made.changed(lambda p: p["closings"][0].update(inclusion=p["hops"][0]["inclusion"]))
    )


@forgery(10, "not_in_log")
def a_rewritten_history_under_the_old_checkpoint(made: Forger) -> bytes:
    rebuilt = made.rebuilt(lambda p: change_mark(p, value="10.0"))
    rebuilt["hops"][0]["inclusion"] = made.payload["hops"][0]["inclusion"]
    return made.frame(rebuilt)


@forgery(10, "bad_checkpoint")
def a_checkpoint_by_another_key(made: Forger) -> bytes:
    other = NoteSigner.generate(made.checkpoint.name)

    def forge(payload: Payload) -> None:
        inclusion = payload["hops"][0]["inclusion"]
        inclusion["checkpoint"] = made.note(99, b"\x01" * 32, signer=other)

    return made.frame(made.changed(forge))


@forgery(10, "bad_checkpoint")
def a_checkpoint_that_is_none(made: Forger) -> bytes:
    return made.frame(made.changed(lambda p: p["hops"][0]["inclusion"].update(checkpoint="root")))


@forgery(11, "unknown_topic")
def an_entry_of_tomorrow(made: Forger) -> bytes:
    def forge(payload: Payload) -> None:
        entry = first_mark(payload)
        put_body(entry, body_of(entry) | {"topic": "ledger.MarkEntered.v9"})
        entry["record"]["topic"] = "ledger.MarkEntered.v9"

    return made.frame(made.rebuilt(forge))


@forgery(11, "unknown_topic")
def bytes_that_are_no_entry(made: Forger) -> bytes:
    return made.frame(made.rebuilt(lambda p: put_body(first_mark(p), {"v": 1})))


@forgery(11, "unknown_topic")
def bytes_of_another_author(made: Forger) -> bytes:
    def forge(payload: Payload) -> None:
        entry = first_mark(payload)
        put_body(entry, body_of(entry) | {"author": str(made.address.receiver)})

    return made.frame(made.rebuilt(forge))


@forgery(11, "unknown_topic")
def a_year_that_was_never_opened(made: Forger) -> bytes:
    def forge(payload: Payload) -> None:
        entries = year_stream(payload)["entries"]
        entries[:] = entries[1:]
        for version, entry in enumerate(entries, 1):
            entry["record"]["version"] = version

    return made.frame(made.rebuilt(forge))


@forgery(11, "unknown_topic")
def a_dossier_without_its_pupil(made: Forger) -> bytes:
    return made.frame(made.rebuilt(lambda p: p["streams"].remove(pupil_stream(p))))


@forgery(11, "unknown_topic")
def a_dossier_of_another_pupil(made: Forger) -> bytes:
    return made.frame(made.changed(lambda p: p.update(pupil=str(uuid7()))))


@forgery(11, "wrong_key")
def another_key_under_the_same_id(made: Forger) -> bytes:
    key = base64.b64encode(b"\x05" * 32).decode()
    return made.frame(made.changed(lambda p: p["keys"][0].update(key=key)))


@forgery(11, "wrong_key")
def a_short_key(made: Forger) -> bytes:
    return made.frame(made.changed(lambda p: p["keys"][0].update(key="AAAA")))


@forgery(11, "wrong_key")
def a_key_planted_for_later(made: Forger) -> bytes:
    planted = {
        "key_id": str(uuid7()),
        "person": str(uuid7()),
        "ledger": str(made.address.receiver),
        "category": "voluntary",
        "key": base64.b64encode(b"\x05" * 32).decode(),
    }
    return made.frame(made.changed(lambda p: p["keys"].append(planted)))


@forgery(11, "wrong_key")
def a_key_in_the_name_of_the_receiver(made: Forger) -> bytes:
    ledger = str(made.address.receiver)
    return made.frame(made.changed(lambda p: p["keys"][0].update(ledger=ledger)))


@forgery(11, "wrong_key")
def a_key_twice(made: Forger) -> bytes:
    return made.frame(made.changed(lambda p: p["keys"].append(p["keys"][0])))


@forgery(11, "unknown_code")
def a_form_nobody_knows(made: Forger) -> bytes:
    return made.frame(made.rebuilt(lambda p: change_mark(p, form="stars")))


@forgery(11, "bad_sheet")
def a_better_mark_in_the_old_sheet(made: Forger) -> bytes:
    return made.frame(made.rebuilt(lambda p: change_mark(p, value="10.0")))


@forgery(11, "bad_sheet")
def a_sheet_of_another_subject(made: Forger) -> bytes:
    return made.frame(made.changed(lambda p: p["sheets"][0]["statement"].update(subject="GDTC")))


@forgery(11, "bad_sheet")
def a_sheet_for_a_mark_that_is_not_there(made: Forger) -> bytes:
    return made.frame(made.changed(lambda p: p["sheets"][0].update(version=1)))


@forgery(12, "digest_differs")
def another_digest(made: Forger) -> bytes:
    value = "sha256:" + "00" * 32
    return made.frame(made.changed(lambda p: p["digest"].update(value=value)))


@forgery(12, "digest_differs")
def a_rewritten_year_with_the_old_digest(made: Forger) -> bytes:
    def forge(payload: Payload) -> None:
        change_mark(payload, value="10.0")
        payload["sheets"] = []

    return made.frame(made.rebuilt(forge))


@forgery(12, "digest_differs")
def a_year_that_no_calendar_has(made: Forger) -> bytes:
    def forge(payload: Payload) -> None:
        payload["sheets"] = []
        change_mark(payload, slot="TXX")

    return made.frame(made.rebuilt(forge))
