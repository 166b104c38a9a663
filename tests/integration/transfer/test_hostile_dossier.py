"""Every failure code has a dossier that earns it. The true one is made once, from a real ledger."""

import re
from collections.abc import Collection, Iterator
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
from signing import certificates
from signing.certificates import Purpose
from signing.jws import FileSigner
from signing.note import NoteSigner
from signing.trust import Revocation, TrustBundle, public_key
from signing.truststore import TrustStore
from tests.integration.homes import REPOSITORY
from tests.integration.transfer import forged_histories, forged_messages
from tests.integration.transfer.conftest import open_sides
from tests.integration.transfer.files import released_to_file
from tests.integration.transfer.forge import Forger, forger
from tests.integration.transfer.forgeries import Forge
from tests.integration.transfer.story import LAST_DAY, at_origin, at_receiver
from tests.school import YEAR, numbered, sound
from transfer import checks, message
from transfer.errors import CheckFailed
from transfer.held import DatabaseHeld

DAY = timedelta(days=1)
FORGERIES = [*forged_messages.FORGERIES, *forged_histories.FORGERIES]


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
        _, data = released_to_file(origin, leaver, to=receiver)
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


def store(tmp_path: Path, made: Forger, **changed: Any) -> TrustStore:
    """The home's bundle with some fields changed, in a folder of its own."""
    key = Ed25519PrivateKey.generate()
    bundle = made.trust.latest()
    values = {name: getattr(bundle, name) for name in TrustBundle.model_fields}
    values |= {"version": 1, "signers": (public_key(key),), "threshold": 1, **changed}
    return TrustStore.create(tmp_path / "trust", TrustBundle.model_validate(values), [key])


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
