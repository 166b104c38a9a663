"""Every failure code has a dossier that earns it. The true one is made once, from a real ledger."""

import base64
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.ids import uuid7
from ledger.reader import Reader
from ledger.year_commands import decision
from ledger.year_lines import YearLine, write_years
from services.embedded import Servers
from signing import canonical, certificates, compression, jws
from signing.certificates import Purpose
from signing.jws import FileSigner
from signing.note import NoteSigner
from signing.sealing import KeyPair
from signing.trust import Revocation, TrustBundle, public_key
from signing.truststore import TrustStore
from tests.integration.homes import REPOSITORY
from tests.integration.transfer.conftest import open_sides
from tests.integration.transfer.forge import Forger, Payload, body_of, forger, put_body
from tests.integration.transfer.story import LAST_DAY, TODAY, at_origin, at_receiver
from tests.school import YEAR, numbered, sound
from transfer import by_file, checks, message
from transfer.errors import CheckFailed
from transfer.held import DatabaseHeld

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def honest(transfer_servers: Servers) -> Iterator[Forger]:
    """A true dossier of the origin, and its keys."""
    with open_sides(transfer_servers, "31", "22") as (_, (origin, receiver)):
        leaver = at_origin(origin)
        close = decision(
            kind="close_semester_1", subject=None, value=None, legal_ground=None, on=LAST_DAY
        )
        line = YearLine(
            pupil=leaver, school_year=YEAR, decide=close, needs_results=True, on=LAST_DAY
        )
        sound(origin.office.ledger.carry_out(write_years, numbered([line]), who=origin.who))
        _, data = by_file.export(
            origin.office,
            pupil=leaver,
            to_ledger=receiver.office.ledger.id,
            last_day=LAST_DAY,
            today=TODAY,
            who=origin.who,
        )
        frame = message.read_frame(data)
        opened = message.parse(frame, message.unseal(frame, receiver.office.encryption))
        made = forger(origin, receiver, opened.payload)
        at_receiver(receiver)
        assert made.verify(data).ok
        yield made


@dataclass
class KnowsNothing:
    """A receiver's database that has no objection; each test spoils one answer."""

    spoilt: str = ""
    failure: CheckFailed = field(default_factory=lambda: CheckFailed(0, "", ""))

    def _ask(self, name: str) -> None:
        if name == self.spoilt:
            raise self.failure

    def check_known(self, frame: message.Frame) -> None:
        self._ask("known")

    def check_incarnation(self, sender: UUID, incarnation: int) -> None:
        self._ask("incarnation")

    def check_requested(self, opened: message.Opened) -> None:
        self._ask("requested")

    def roots(self, ledger: UUID, sizes: Collection[int], incarnation: int) -> dict[int, bytes]:
        return {} if self.spoilt != "checkpoint" else dict.fromkeys(sizes, b"\x02" * 32)

    def check_copies(self, dossier: object) -> None:
        self._ask("copies")


def failed(made: Forger, frame: bytes, **how: Any) -> tuple[int, str]:
    """(step, code) of the failure; the steps told agree with it."""
    report = made.verify(frame, **how)
    assert report.failure is not None, "the forgery passed"
    step = report.failure.step
    assert [s.n for s in report.steps] == list(range(1, 14))
    assert [s.n for s in report.steps if s.ok is False] == [step]
    assert all(s.ok is None for s in report.steps if s.n > step)
    return step, report.failure.code


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


def store(tmp_path: Path, made: Forger, **changed: Any) -> TrustStore:
    """The home's bundle with some fields changed, in a folder of its own."""
    key = Ed25519PrivateKey.generate()
    bundle = made.trust.latest()
    values = {name: getattr(bundle, name) for name in TrustBundle.model_fields}
    values |= {"version": 1, "signers": (public_key(key),), "threshold": 1, **changed}
    return TrustStore.create(tmp_path / "trust", TrustBundle.model_validate(values), [key])


def other_seal(made: Forger, **changed: Any) -> FileSigner:
    """A seal from an authority that nobody trusts."""
    now = datetime.now(UTC)
    span = {"not_before": now - DAY, "not_after": now + DAY}
    authority = certificates.make_authority("Nobody", **span)
    given: dict[str, Any] = {"purpose": Purpose.SEAL, **span, **changed}
    seal = certificates.issue_seal(
        authority, common_name="Nobody", ledger_id=made.address.sender, **given
    )
    return FileSigner(seal.key, seal.chain)


Forge = Callable[[Forger], bytes]
FORGERIES: list[tuple[int, str, str, Forge]] = []


def forgery(step: int, code: str) -> Callable[[Forge], Forge]:
    """Registers a forgery with the step and code it must earn."""

    def register(forge: Forge) -> Forge:
        FORGERIES.append((step, code, forge.__name__, forge))
        return forge

    return register


@forgery(1, "malformed")
def no_frame(made: Forger) -> bytes:
    return b"%PDF-1.7 a school report"


@forgery(1, "malformed")
def header_without_a_member(made: Forger) -> bytes:
    return made.frame().replace(b'"issue":1,', b"", 1)


@forgery(1, "malformed")
def header_not_canonical(made: Forger) -> bytes:
    frame = made.frame()
    length = int.from_bytes(frame[4:8], "big")
    header = frame[8 : 8 + length].replace(b'"v":1', b'"v": 1')
    return frame[:4] + len(header).to_bytes(4, "big") + header + frame[8 + length :]


@forgery(1, "malformed")
def header_with_a_key_twice(made: Forger) -> bytes:
    frame = made.frame()
    length = int.from_bytes(frame[4:8], "big")
    header = frame[8 : 8 + length].replace(b'"v":1', b'"v":1,"v":1')
    return frame[:4] + len(header).to_bytes(4, "big") + header + frame[8 + length :]


@forgery(1, "unsupported_version")
def later_frame(made: Forger) -> bytes:
    return b"HBT2" + made.frame()[4:]


@forgery(1, "unsupported_version")
def later_header(made: Forger) -> bytes:
    return made.frame().replace(b'"v":1', b'"v":2', 1)


@forgery(1, "unsupported_version")
def unknown_suite(made: Forger) -> bytes:
    return made.frame().replace(b"AES-256-GCM", b"AES-128-GCM", 1)


@forgery(3, "wrong_addressee")
def to_another_ledger(made: Forger) -> bytes:
    return made.frame(receiver=made.address.sender)


@forgery(3, "unknown_sender")
def from_nobody(made: Forger) -> bytes:
    return made.frame(sender=uuid7())


@forgery(3, "expired")
def after_its_time(made: Forger) -> bytes:
    return made.frame(not_after=datetime.now(UTC) - timedelta(seconds=1))


@forgery(4, "cannot_decrypt")
def sealed_to_another_key(made: Forger) -> bytes:
    return made.frame(public_key=KeyPair.generate().public_bytes())


@forgery(4, "cannot_decrypt")
def header_changed_after_sealing(made: Forger) -> bytes:
    return made.frame().replace(b'"issue":1', b'"issue":7', 1)


@forgery(4, "cannot_decrypt")
def a_bit_of_the_ciphertext(made: Forger) -> bytes:
    frame = bytearray(made.frame())
    frame[-100] ^= 1
    return bytes(frame)


@forgery(5, "decompression_limit")
def no_zstd(made: Forger) -> bytes:
    return made.raw_frame(b"plain text")


@forgery(5, "decompression_limit")
def declares_a_terabyte(made: Forger) -> bytes:
    # RFC 8878 3.1.1: magic, descriptor (8-byte size, single segment), the size, no block.
    return made.raw_frame(b"\x28\xb5\x2f\xfd\xe0" + (1 << 40).to_bytes(8, "little"))


@forgery(5, "bad_json")
def no_jws(made: Forger) -> bytes:
    return made.raw_frame(compression.compress(b'{"payload": 1}'))


def _signed(made: Forger, payload: bytes) -> bytes:
    return made.raw_frame(compression.compress(jws.sign(payload, [made.seal])), payload)


@forgery(5, "bad_json")
def key_twice(made: Forger) -> bytes:
    return _signed(made, canonical.dumps(made.payload).replace(b'"v":1', b'"v":1,"v":1', 1))


@forgery(5, "bad_json")
def not_a_number(made: Forger) -> bytes:
    return _signed(made, canonical.dumps(made.payload).replace(b'"ext":{}', b'"ext":{"a":NaN}'))


@forgery(5, "bad_json")
def a_float(made: Forger) -> bytes:
    return _signed(made, canonical.dumps(made.payload).replace(b'"ext":{}', b'"ext":{"a":8.0}'))


@forgery(5, "bad_json")
def not_normalised(made: Forger) -> bytes:
    plain = canonical.dumps(made.payload)
    return _signed(made, plain.replace(b'"ext":{}', '"ext":{"a":"To\u0300a\u0301n"}'.encode()))


@forgery(5, "bad_json")
def nested_without_end(made: Forger) -> bytes:
    deep = b"[" * 5000 + b"]" * 5000
    return _signed(made, canonical.dumps(made.payload).replace(b'"ext":{}', b'"ext":' + deep))


@forgery(5, "bad_json")
def a_list(made: Forger) -> bytes:
    return _signed(made, b"[]")


@forgery(5, "bad_json")
def without_hops(made: Forger) -> bytes:
    return made.frame(made.changed(lambda p: p.update(hops=[])))


@forgery(5, "bad_json")
def without_a_field(made: Forger) -> bytes:
    return made.frame(made.changed(lambda p: p.pop("digest")))


@forgery(5, "bad_json")
def with_a_field_more(made: Forger) -> bytes:
    return made.frame(made.changed(lambda p: p.update(surprise=1)))


@forgery(5, "bad_json")
def of_another_version(made: Forger) -> bytes:
    return made.frame(made.changed(lambda p: p.update(v=2)))


@forgery(5, "bad_json")
def another_kind(made: Forger) -> bytes:
    return made.frame(kind="receipt")


@forgery(5, "bad_json")
def header_of_another_payload(made: Forger) -> bytes:
    plain = jws.sign(canonical.dumps(made.payload), [made.seal])
    return made.raw_frame(compression.compress(plain), b"another")


@forgery(6, "bad_signature")
def signed_by_another_key(made: Forger) -> bytes:
    other = other_seal(made)
    payload = canonical.dumps(made.payload)
    signed = canonical.loads(jws.sign(payload, [made.seal]))
    signed["signatures"][0]["signature"] = canonical.loads(jws.sign(payload, [other]))[
        "signatures"
    ][0]["signature"]
    return made.raw_frame(compression.compress(canonical.dumps(signed)), payload)


@forgery(6, "untrusted_signer")
def sealed_by_a_stranger(made: Forger) -> bytes:
    return made.frame(seal=other_seal(made))


@forgery(6, "untrusted_signer")
def sealed_by_another_ledger_of_the_bundle(made: Forger) -> bytes:
    keys = made.receiver.ledgers.keys(made.receiver.profile).seal
    return made.frame(seal=FileSigner(keys.key, keys.chain))


@forgery(6, "untimed_signature")
def before_the_certificate(made: Forger) -> bytes:
    return made.frame(created_at=datetime(2001, 1, 1, tzinfo=UTC))


@forgery(7, "wrong_addressee")
def sealed_anew_to_another_receiver(made: Forger) -> bytes:
    aud = {"ledger": str(made.address.sender), "school": None}
    return made.frame(made.changed(lambda p: p.update(aud=aud)))


@forgery(7, "wrong_addressee")
def in_another_name(made: Forger) -> bytes:
    return made.frame(made.changed(lambda p: p.update(iss=str(made.address.receiver))))


@forgery(7, "not_requested")
def of_another_transfer(made: Forger) -> bytes:
    return made.frame(case=uuid7())


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


@pytest.mark.parametrize(
    ("step", "code", "forge"),
    [pytest.param(step, code, forge, id=f"{step}-{name}") for step, code, name, forge in FORGERIES],
)
def test_a_forgery_is_refused_with_its_step_and_code(
    honest: Forger, step: int, code: str, forge: Forge
) -> None:
    assert failed(honest, forge(honest)) == (step, code)


def test_the_true_dossier_passes_every_step(honest: Forger) -> None:
    report = honest.verify(honest.frame(), held=KnowsNothing())
    assert report.failure is None
    assert [(s.n, s.ok) for s in report.steps] == [(n, True) for n in range(1, 14)]


def test_a_rebuilt_but_unchanged_dossier_passes(honest: Forger) -> None:
    """What `rebuilt` makes is coherent: else the forgeries would fail for another reason."""
    assert honest.verify(honest.frame(honest.rebuilt(lambda p: None))).ok


def test_a_frame_above_the_limit_is_not_looked_at(
    honest: Forger, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = honest.frame()
    monkeypatch.setattr(message, "MAX_FRAME", len(frame) - 1)
    assert failed(honest, frame) == (1, "too_large")


def test_an_older_incarnation_of_the_sender_is_refused(honest: Forger, tmp_path: Path) -> None:
    ledgers = tuple(
        known.model_copy(update={"incarnation": 2}) if known.id == honest.address.sender else known
        for known in honest.trust.latest().ledgers
    )
    trust = store(tmp_path, honest, ledgers=ledgers)
    assert failed(honest, honest.frame(), trust=trust) == (3, "old_incarnation")
    assert honest.verify(honest.frame(incarnation=2), trust=trust).ok


def test_a_revoked_seal_signs_nothing_any_more(honest: Forger, tmp_path: Path) -> None:
    serial = honest.seal.chain[0].serial_number
    revoked = (Revocation(serial=f"{serial:x}", at=datetime.now(UTC) + DAY),)
    trust = store(tmp_path, honest, revoked=revoked)
    assert failed(honest, honest.frame(), trust=trust) == (6, "revoked_signer")


def test_a_certificate_for_another_purpose_seals_nothing(honest: Forger, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    span = {"not_before": now - DAY, "not_after": now + DAY}
    authority = certificates.make_authority("School board", **span)
    person = certificates.issue_seal(
        authority,
        common_name="Head",
        ledger_id=honest.address.sender,
        purpose=Purpose.PERSON,
        **span,
    )
    root = certificates.dump_pem([authority.certificate])
    ledgers = tuple(
        known.model_copy(update={"seal_root": root}) if known.id == honest.address.sender else known
        for known in honest.trust.latest().ledgers
    )
    trust = store(tmp_path, honest, ledgers=ledgers)
    frame = honest.frame(seal=FileSigner(person.key, person.chain))
    assert failed(honest, frame, trust=trust) == (6, "wrong_purpose")


def test_where_witnesses_are_asked_for_a_checkpoint_without_them_is_refused(
    honest: Forger, tmp_path: Path
) -> None:
    witness = NoteSigner.generate("witness").verifier.vkey
    trust = store(tmp_path, honest, witnesses=(witness,), quorum=1)
    assert failed(honest, honest.frame(), trust=trust) == (10, "not_witnessed")


@pytest.mark.parametrize(
    ("spoilt", "step", "code"),
    [
        ("known", 2, "equivocation"),
        ("incarnation", 3, "old_incarnation"),
        ("requested", 7, "not_requested"),
        ("checkpoint", 10, "rollback"),
        ("copies", 13, "conflicting_copy"),
    ],
)
def test_what_the_receiver_knows_is_asked_at_its_step(
    honest: Forger, spoilt: str, step: int, code: str
) -> None:
    held = KnowsNothing(spoilt, CheckFailed(step, code, "of the database"))
    assert failed(honest, honest.frame(), held=held) == (step, code)


def with_database(honest: Forger, frame: bytes, *, by_file: bool) -> tuple[int, str] | None:
    """The checks against the receiver's real database."""
    office = honest.receiver.office
    with office.ledger.database.connection() as connection:
        reader = Reader(connection, office.ledger.keyring, office.ledger.id)
        report = honest.verify(frame, held=DatabaseHeld(connection, reader, by_file=by_file))
    return (report.failure.step, report.failure.code) if report.failure else None


def test_over_the_network_a_dossier_must_have_been_asked_for(honest: Forger) -> None:
    assert with_database(honest, honest.frame(), by_file=False) == (7, "not_requested")
    assert with_database(honest, honest.frame(), by_file=True) is None


def _insert(honest: Forger, query: str, values: tuple[Any, ...]) -> None:
    with honest.receiver.office.ledger.database.connection() as connection:
        connection.execute(query.encode(), values)


def test_one_message_id_has_one_content_for_ever(honest: Forger) -> None:
    other = replace(honest.address, message_id=uuid7())
    _insert(
        honest,
        "INSERT INTO ledger.inbox (sender, message, case_id, kind, payload_sha256, frame, state)"
        " VALUES (%s, %s, %s, 'dossier', %s, '', 'done')",
        (other.sender, other.message_id, other.case, b"\x01" * 32),
    )
    frame = honest.frame(message_id=other.message_id)
    assert with_database(honest, frame, by_file=True) == (2, "equivocation")


def test_a_log_that_showed_another_root_for_the_same_size_is_a_rollback(honest: Forger) -> None:
    payload = honest.rebuilt(lambda p: None)
    size = payload["hops"][0]["inclusion"]["index"] + 1
    _insert(
        honest,
        "INSERT INTO ledger.peer_checkpoint (ledger, size, root) VALUES (%s, %s, %s)",
        (honest.address.sender, size, b"\x02" * 32),
    )
    assert with_database(honest, honest.frame(payload), by_file=True) == (10, "rollback")


def _codes_of(table: str) -> set[str]:
    single = "malformed|expired|equivocation|reordered|truncated|rollback"
    return set(re.findall(rf"[a-z]+(?:_[a-z]+)+|{single}", table))


def test_every_code_of_the_checks_has_a_forgery() -> None:
    table = re.findall(r"^ +\d+ \w[\w ]+? {2,}(.*(?:\n {24,}\w.*)*)", checks.__doc__ or "", re.M)
    listed = _codes_of(" ".join(table))
    elsewhere = {
        *("too_large", "old_incarnation", "revoked_signer", "wrong_purpose", "not_witnessed"),
        *("equivocation", "rollback", "conflicting_copy"),
    }
    assert len(listed) >= 30
    assert listed == {code for _, code, _, _ in FORGERIES} | elsewhere


def test_the_reference_lists_the_same_codes_at_the_same_steps() -> None:
    page = (REPOSITORY / "docs" / "reference" / "dossier.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+) \| (\w+) \| (`.*`) \|$", page, re.M)
    assert [name for _, name, _ in rows] == list(checks.STEPS)
    told = {(int(n), code) for n, _, codes in rows for code in re.findall(r"`(\w+)`", codes)}
    assert {(step, code) for step, code, _, _ in FORGERIES} <= told
    found = re.findall(r"^ +(\d+) \w[\w ]+? {2,}(.*(?:\n {24,}\w.*)*)", checks.__doc__ or "", re.M)
    assert told == {(int(n), code) for n, codes in found for code in _codes_of(codes)}
