"""A restore is a fork of oneself: fenced, asked about, put back. The traces that broke an earlier
protocol, on real PostgreSQL; one goes over NATS, the others carry their mail by hand."""

import base64
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import inspection, log
from ledger.database import Connection
from ledger.errors import Conflict, Refused
from ledger.ids import uuid7
from services import case_acts
from services.cases import case_answer
from services.embedded import Servers
from services.ledgers import Ledgers
from signing.certificates import Purpose, dump_pem, issue_seal, make_authority
from signing.hashing import entry_hash
from signing.jws import FileSigner
from signing.note import NoteSigner
from signing.sealing import KeyPair
from signing.trust import EncryptionKey, Label, LedgerTrust
from tests.integration.transfer.restores import (
    Letter,
    Site,
    carry_mail,
    hand_over,
    letters,
    open_sites,
    recover,
    recover_by_hand,
)
from tests.integration.transfer.story import (
    SECOND_TERM_LATER,
    TODAY,
    ask,
    at_origin,
    at_receiver,
    case_of,
    cases,
    count,
    enter,
    let_go,
    pupil_state,
    record,
    rows,
    take_in,
    transcript,
)
from tests.school import find
from transfer import (
    arbitration,
    asking,
    conversation,
    file_courier,
    holding,
    reconciling,
    recovery,
    recovery_state,
    returning,
)
from transfer.certificate import DeadLedger, sign_certificate
from transfer.completeness import release_of
from transfer.entries import carried
from transfer.errors import CaseRefused
from transfer.inbox import Taken
from transfer.message import read_frame
from transfer.putting_back import prove
from transfer.statement import ReconcileBody

LATE = [("NGUVAN", 2, "TX2", "9", date(2025, 2, 20))]


class Story:
    """A pupil of the origin who goes to the receiver."""

    def __init__(self, origin: Site, receiver: Site) -> None:
        self.origin = origin
        self.receiver = receiver
        self.leaver = at_origin(origin.side)
        self.arrival = at_receiver(receiver.side)
        self.case = UUID(int=0)

    def ask(self) -> None:
        self.case = ask(self.receiver.side, self.arrival, self.origin.side)
        self.carry()

    def carry(self) -> list[Taken]:
        return carry_mail(self.origin, self.receiver)

    def release(self) -> None:
        let_go(self.origin.side, self.case, self.leaver)

    def accept(self) -> None:
        take_in(self.receiver.side, self.case, self.arrival)

    def reject(self) -> None:
        conversation.reject(
            self.receiver.office,
            self.case,
            reason="unreadable",
            today=TODAY,
            who=self.receiver.who,
        )

    @property
    def states(self) -> tuple[str, str]:
        return (
            case_of(self.origin.side, self.case).state,
            case_of(self.receiver.side, self.case).state,
        )

    @property
    def custodians(self) -> list[str]:
        """Whose school manages the record now."""
        found = []
        if pupil_state(self.origin.side, self.leaver).released is None:
            found.append("origin")
        state = pupil_state(self.receiver.side, self.arrival)
        if self.case in state.accepted and state.released is None:
            found.append("receiver")
        return found


@pytest.fixture
def sites(transfer_servers: Servers) -> Iterator[tuple[Site, Site]]:
    with open_sites(transfer_servers, "31", "22") as (origin, receiver):
        yield origin, receiver


@pytest.fixture
def story(sites: tuple[Site, Site]) -> Story:
    """A request that has reached the origin."""
    begun = Story(*sites)
    begun.ask()
    return begun


def require_sound(site: Site) -> None:
    """The log of a ledger is what it says, tree, states and look-ups too."""
    notary = site.office.notary
    with site.office.ledger.database.connection() as connection:
        found = inspection.inspect(notary, connection, lambda done, total: None)
    assert found.failures == []


def written(site: Site, pupil: UUID) -> dict[tuple[UUID, int], object]:
    """A pupil's entries as they are known anywhere."""
    return {(e.stream.id, e.version): (e.body, e.record) for e in record(site.side, pupil)}


def test_a_receiver_restored_to_before_the_import_accepts_again_what_the_origin_has_closed(
    sites: tuple[Site, Site],
) -> None:
    origin, receiver = sites
    story = Story(origin, receiver)
    story.case = ask(receiver.side, story.arrival, origin.side)
    receiver.exchange()
    origin.exchange()
    receiver.backup()
    story.release()
    origin.exchange()
    receiver.exchange()
    story.accept()
    receiver.exchange()
    origin.exchange()
    digest = transcript(receiver.side, story.arrival, TODAY).digest
    assert story.states == ("accepted", "accepted")
    receiver.restore()
    with pytest.raises(Conflict, match="hocba recover"):
        enter(receiver.side, story.arrival, "7B2", SECOND_TERM_LATER)
    with pytest.raises(Conflict, match="hocba recover"):
        receiver.exchange()
    found = recover(receiver, origin)
    assert found.ended, found
    assert story.states == ("accepted", "accepted")
    assert story.custodians == ["receiver"]
    assert transcript(receiver.side, story.arrival, TODAY).digest == digest
    assert count(receiver.side, "CaseDecided") == 1
    enter(receiver.side, story.arrival, "7B2", SECOND_TERM_LATER)
    assert rows(origin.side, "SELECT 1 FROM ledger.inbox WHERE state = 'quarantined'") == []
    require_sound(receiver)


def test_a_hold_that_was_lifted_after_the_backup_stops_no_recovery(story: Story) -> None:
    origin, receiver = story.origin, story.receiver
    holding.hold(
        receiver.office, story.case, document="15/CV", words=None, on=TODAY, who=receiver.who
    )
    receiver.backup()
    holding.lift(receiver.office, story.case, document="16/CV", on=TODAY, who=receiver.who)
    story.release()
    story.carry()
    story.accept()
    story.carry()
    assert story.states == ("accepted", "accepted")
    receiver.restore()
    assert recover_by_hand(receiver, origin).ended
    assert story.states == ("accepted", "accepted")
    assert story.custodians == ["receiver"]


def test_an_origin_restored_to_before_the_release_cannot_write_on_and_gets_its_release_back(
    story: Story,
) -> None:
    origin, receiver = story.origin, story.receiver
    origin.backup()
    enter(origin.side, story.leaver, "7A1", LATE)
    before = written(origin, story.leaver)
    story.release()
    story.carry()
    released = case_of(origin.side, story.case)
    origin.restore()
    with pytest.raises(Conflict) as caught:
        story.release()
    assert caught.value.code == "fenced"
    found = recover_by_hand(origin, receiver)
    assert found.ended, found
    assert story.custodians == []
    restored = case_of(origin.side, story.case)
    assert (restored.state, restored.pupil) == ("released", story.leaver)
    assert (restored.root, restored.digest) == (released.root, released.digest)
    assert before.items() <= written(origin, story.leaver).items()
    story.accept()
    story.carry()
    assert story.states == ("accepted", "accepted")
    assert story.custodians == ["receiver"]
    require_sound(origin)


def test_what_came_back_is_proven_in_the_new_log_by_the_next_release(story: Story) -> None:
    origin, receiver = story.origin, story.receiver
    origin.backup()
    enter(origin.side, story.leaver, "7A1", LATE)
    story.release()
    story.carry()
    origin.restore()
    assert recover_by_hand(origin, receiver).ended
    conversation.reject(
        receiver.office, story.case, reason="unreadable", today=TODAY, who=receiver.who
    )
    story.carry()
    assert story.custodians == ["origin"]
    enter(origin.side, story.leaver, "7A1", [("NGUVAN", 2, "TX3", "8", date(2025, 2, 21))])
    story.ask()
    marked = count(receiver.side, "PeerRestored")
    asking.ask_for_report(origin.office, [receiver.id], who=origin.who)
    story.carry()
    assert (marked, count(receiver.side, "PeerRestored")) == (1, 1), "the new case lost nothing"
    story.release()
    story.carry()
    story.accept()
    story.carry()
    assert story.states == ("accepted", "accepted")
    originals = written(origin, story.leaver)
    copies = {
        (e.stream.id, e.version): (e.body, e.record)
        for e in record(receiver.side, story.arrival)
        if e.stream.ledger == origin.id
    }
    assert copies.items() <= originals.items()
    notes = rows(origin.side, "SELECT note FROM ledger.checkpoint ORDER BY size DESC LIMIT 1")
    assert str(notes[0][0]).startswith(f"hocba/ledger/{origin.id}/2\n")


def test_an_acceptance_on_its_way_when_its_ledger_is_restored_is_refused_by_the_origin(
    story: Story,
) -> None:
    origin, receiver = story.origin, story.receiver
    story.release()
    story.carry()
    receiver.backup()
    story.accept()
    (on_its_way,) = letters(receiver)
    receiver.restore()
    assert recover_by_hand(receiver, origin).ended
    assert story.states == ("released", "received")
    taken = hand_over(origin, on_its_way)
    assert taken is not None
    assert taken.failure is not None
    assert taken.failure.code == "old_incarnation"
    story.reject()
    story.carry()
    assert story.states == ("rejected", "rejected")
    assert story.custodians == ["origin"]


def test_a_dossier_on_its_way_when_its_ledger_is_restored_is_refused_and_released_anew(
    story: Story,
) -> None:
    origin, receiver = story.origin, story.receiver
    origin.backup()
    story.release()
    (on_its_way,) = letters(origin)
    origin.restore()
    assert recover_by_hand(origin, receiver).ended
    taken = hand_over(receiver, on_its_way)
    assert taken is not None
    assert taken.failure is not None
    assert taken.failure.code == "old_incarnation"
    assert case_of(receiver.side, story.case).restored == 2
    assert story.custodians == ["origin"]
    enter(origin.side, story.leaver, "7A1", LATE)
    story.release()
    story.carry()
    story.accept()
    story.carry()
    assert story.custodians == ["receiver"]


def test_a_rejection_that_was_lost_stays_a_rejection(story: Story) -> None:
    origin, receiver = story.origin, story.receiver
    story.release()
    story.carry()
    receiver.backup()
    story.reject()
    story.carry()
    assert story.states == ("rejected", "rejected")
    receiver.restore()
    assert recover_by_hand(receiver, origin).ended
    assert story.states == ("rejected", "rejected")
    with pytest.raises(CaseRefused):
        story.accept()
    assert story.custodians == ["origin"]
    assert rows(receiver.side, "SELECT decision FROM ledger.decision") == [("rejected",)]


def test_a_pupil_sent_back_after_the_backup_is_not_held_twice(story: Story) -> None:
    origin, receiver = story.origin, story.receiver
    story.release()
    story.carry()
    story.accept()
    story.carry()
    receiver.backup()
    enter(receiver.side, story.arrival, "7B2", SECOND_TERM_LATER)
    back = returning.give_back(
        receiver.office,
        story.case,
        reason="withdrawn",
        last_day=date(2025, 5, 20),
        today=TODAY,
        who=receiver.who,
    )
    story.carry()
    take_in(origin.side, back, story.leaver)
    story.carry()
    assert story.custodians == ["origin"]
    before = written(receiver, story.arrival)
    receiver.restore()
    found = recover_by_hand(receiver, origin)
    assert found.ended, found
    assert story.custodians == ["origin"]
    assert case_of(receiver.side, back).state == "accepted"
    ours = {key for key, _ in written(receiver, story.arrival).items()}
    assert before.keys() <= ours
    require_sound(receiver)


def test_a_request_that_was_lost_comes_back_with_its_dossier_sealed_to_the_ledger(
    sites: tuple[Site, Site],
) -> None:
    origin, receiver = sites
    story = Story(origin, receiver)
    receiver.backup()
    story.ask()
    story.release()
    (lost,) = letters(origin)
    assert lost.receiver == receiver.id
    receiver.restore()
    found = recover_by_hand(receiver, origin)
    assert found.ended, found
    assert case_of(receiver.side, story.case).pupil == story.arrival
    story.carry()
    assert story.states == ("released", "received")
    story.accept()
    story.carry()
    assert story.states == ("accepted", "accepted")


def test_a_pupil_whose_registration_was_lost_too_waits_for_a_person_and_is_not_invented(
    sites: tuple[Site, Site],
) -> None:
    origin, receiver = sites
    receiver.backup()
    story = Story(origin, receiver)
    story.ask()
    story.release()
    story.carry()
    story.accept()
    story.carry()
    receiver.restore()
    found = recover_by_hand(receiver, origin)
    assert found.ended, found
    assert [code for code, _ in found.listed] == ["needs_person"]
    case = case_of(receiver.side, story.case)
    assert (case.state, case.bound, case.pupil) == ("received", "accepted", None)
    assert count(receiver.side, "PupilRegistered") == 0
    with pytest.raises(CaseRefused, match="accepted it before"):
        story.reject()
    assert case_answer(receiver.office, story.case)["waiting_for"] == "identify"
    again = at_receiver(receiver.side)
    accept = partial(
        case_acts.accept,
        receiver.office,
        story.case,
        list_=None,
        class_code=None,
        today=TODAY,
        who=receiver.who,
    )
    with pytest.raises(Refused, match="lost which pupil it is"):
        accept()
    assert accept(pupil=again)["pupil"] == str(again)
    story.carry()
    assert case_of(receiver.side, story.case).state == "accepted"
    assert rows(origin.side, "SELECT 1 FROM ledger.inbox WHERE state = 'quarantined'") == []


def test_a_ledger_restored_a_second_time_in_the_middle_recovers_all_the_same(
    story: Story,
) -> None:
    origin, receiver = story.origin, story.receiver
    origin.backup()
    enter(origin.side, story.leaver, "7A1", LATE)
    before = written(origin, story.leaver)
    story.release()
    story.carry()
    origin.restore()
    origin.begin_recovery()
    for letter in letters(origin):
        hand_over(receiver, letter)
    origin.restore()
    found = recover_by_hand(origin, receiver)
    assert (found.ended, found.incarnation) == (True, 3), found
    assert before.items() <= written(origin, story.leaver).items()
    assert case_of(origin.side, story.case).state == "released"


def test_while_a_ledger_recovers_it_takes_in_no_other_mail_and_sends_none(story: Story) -> None:
    origin, receiver = story.origin, story.receiver
    story.release()
    story.carry()
    origin.backup()
    story.accept()
    accepted = letters(receiver)
    for letter in accepted:
        hand_over(origin, letter)
    enter(origin.side, find(origin.office.ledger, ["P1"])[0], "7A1", LATE)
    with origin.office.ledger.database.connection() as connection:
        origin.office.notary.checkpoint(connection)
    origin.restore()
    origin.begin_recovery()
    assert [hand_over(origin, letter) for letter in accepted] == [None] * len(accepted)
    with pytest.raises(Conflict, match="waits for what other ledgers know"):
        enter(origin.side, story.leaver, "7A1", LATE)
    sent = {origin_kind(letter) for letter in letters(origin)}
    assert sent == {"reconcile"}


def origin_kind(letter: Letter) -> str:
    return read_frame(letter.frame).header.kind


def test_a_guard_that_is_lost_fences_until_somebody_answers_for_the_database(
    story: Story,
) -> None:
    origin = story.origin
    story.release()
    story.carry()
    guard = origin.ledgers.home.path / "checkpoints" / origin.name
    guard.unlink()
    origin.close()
    other = find(origin.office.ledger, ["P1"])[0]
    with pytest.raises(Conflict, match="not kept beside the database"):
        enter(origin.side, other, "7A1", LATE)
    with pytest.raises(Conflict, match="not kept beside the database"):
        file_courier.export_case(origin.office, story.case)
    assert not guard.exists(), "sealing would have made another guard"
    recovery.adopt(origin.office)
    enter(origin.side, other, "7A1", LATE)
    with pytest.raises(Conflict, match="nothing to recover"):
        origin.begin_recovery()


def test_a_program_that_runs_on_while_its_database_is_restored_is_stopped_for_good(
    story: Story,
) -> None:
    origin = story.origin
    other = find(origin.office.ledger, ["P1"])[0]
    fence = origin.office.ledger.desk.fence
    assert fence is not None
    enter(origin.side, other, "7A1", LATE)
    with origin.office.ledger.database.connection() as connection:
        fence.check(connection, 1, 1)  # read by a thread before another one appended
        connection.execute("RESET ROLE")
        with connection.transaction(force_rollback=True):
            connection.execute("UPDATE ledger.head SET size = size - 1")  # what a restore leaves
            with pytest.raises(Conflict, match="restored while this program ran"):
                fence.check(connection, *begin(connection))
        with pytest.raises(Conflict, match="start it again"):
            fence.check(connection, *begin(connection))


def begin(connection: Connection) -> tuple[int, int]:
    head = log.head(connection)
    return head.incarnation, head.size


def test_one_ledger_that_has_not_answered_keeps_the_fence_up_until_it_is_certified_dead(
    transfer_servers: Servers,
) -> None:
    with open_sites(transfer_servers, "31", "22", "01") as (origin, receiver, third):
        story = Story(origin, receiver)
        story.ask()
        origin.backup()
        story.release()
        story.carry()
        origin.restore()
        found = recover_by_hand(origin, receiver)
        assert not found.ended
        assert found.waiting_for == (third.id,)
        with pytest.raises(Conflict, match="waits for"):
            enter(origin.side, find(origin.office.ledger, ["P1"])[0], "7A1", LATE)
        certificate = certify(origin.ledgers, dead=third.id, restored=origin.id, incarnation=2)
        with pytest.raises(Exception, match="another ledger"):
            recovery.leave_out(origin.office, receiver.id, certificate, who=origin.who)
        recovery.leave_out(origin.office, third.id, certificate, who=origin.who)
        origin.advance()
        last = recovery_state.newest(origin.office)
        assert last is not None
        assert last.ended
        enter(origin.side, find(origin.office.ledger, ["P1"])[0], "7A1", LATE)
        assert case_of(origin.side, story.case).state == "released"
        assert len(cases(origin.side)) == 1


def test_a_ruling_that_was_lost_is_taken_in_again_and_settles_decisions_that_differ(
    transfer_servers: Servers,
) -> None:
    with open_sites(transfer_servers, "31", "22", None) as (origin, receiver, ministry):
        story = Story(origin, receiver)
        story.ask()
        story.release()
        story.carry()
        story.accept()
        story.carry()
        receiver.backup()
        ruling = arbitration.rule(
            ministry.office,
            ministry.ledgers.arbiter(ministry.profile),
            case_id=story.case,
            origin=origin.id,
            receiver=receiver.id,
            custodian=origin.id,
            number="12/QĐ",
            ground="receiver_denies",
            today=TODAY,
            who=ministry.who,
        )
        for site in (origin, receiver):
            arbitration.take_ruling(site.office, ruling, today=TODAY, who=site.who)
        with receiver.office.ledger.database.connection() as connection:
            receiver.office.notary.checkpoint(connection)
        receiver.restore()
        found = recover_by_hand(receiver, origin)
        assert ([code for code, _ in found.blocked], found.ended) == (["decisions_differ"], False)
        arbitration.take_ruling(receiver.office, ruling, today=TODAY, who=receiver.who)
        assert recover_by_hand(receiver, origin).ended
        assert story.custodians == ["origin"]
        assert rows(receiver.side, "SELECT decision FROM ledger.decision") == [("accepted",)]


def test_an_answer_that_comes_twice_asks_nothing_a_second_time(story: Story) -> None:
    origin, receiver = story.origin, story.receiver
    asking.ask_for_report(origin.office, [receiver.id], who=origin.who)
    for letter in letters(origin):
        hand_over(receiver, letter)
    answers = [letter for letter in letters(receiver) if origin_kind(letter) == "reconcile"]
    assert answers
    came = [hand_over(origin, letter) for letter in [*answers, *answers]]
    outcomes = [taken.outcome for taken in came if taken is not None]
    assert outcomes == ["done"] * len(answers) + ["repeated"] * len(answers)
    assert letters(origin) == []


def certify(ledgers: Ledgers, *, dead: UUID, restored: UUID, incarnation: int) -> bytes:
    """Names a ministry in the home's bundle, and has its arbiter certify a ledger dead."""
    now = datetime.now(UTC).replace(microsecond=0)
    span = {"not_before": now - timedelta(days=1), "not_after": now + timedelta(days=1)}
    root = make_authority("Ministry", **span)
    ministry = uuid7()
    ledgers.trust.add_ledger(
        LedgerTrust(
            id=ministry,
            name="BO",
            labels=(Label(name="Bộ", code="00", start=date(2024, 8, 1)),),
            checkpoint_key=NoteSigner.generate(f"hocba/ledger/{ministry}").verifier.vkey,
            seal_root=dump_pem([root.certificate]),
            nats_account=ministry.hex,
            encryption_key=EncryptionKey.of(KeyPair.generate().public_bytes()),
            incarnation=1,
            first_checkpoint=None,
        ),
        [Ed25519PrivateKey.from_private_bytes((ledgers.home.keys / "trust-root.key").read_bytes())],
        issued_at=now,
        ministry=True,
    )
    arbiter = issue_seal(
        root, common_name="Arbiter", ledger_id=ministry, purpose=Purpose.ARBITER, **span
    )
    certificate = DeadLedger(
        v=1,
        kind="dead_ledger",
        dead=dead,
        restored=restored,
        incarnation=incarnation,
        number="12/QĐ-BGDĐT",
        issued_at=now,
    )
    return sign_certificate(certificate, FileSigner(arbiter.key, arbiter.chain))


def test_entries_that_no_release_of_ours_proves_are_not_put_back(story: Story) -> None:
    origin, receiver = story.origin, story.receiver
    origin.backup()
    since = log_end(origin)
    enter(origin.side, story.leaver, "7A1", LATE)
    story.release()
    story.carry()
    with receiver.office.ledger.database.connection() as connection:
        told = reconciling.payload(
            receiver.office,
            connection,
            uuid7(),
            origin.id,
            {"dossier": str(story.case), "since": since.isoformat()},
        )
    (honest,) = ReconcileBody.model_validate(told).records
    origin.restore()
    with origin.office.ledger.database.connection() as connection:
        streams = [entry.record.stream for entry in honest.entries]
        streams += [stream for stream, _ in release_of(honest.hops[0]).streams]
        known = log.of_streams(connection, streams, size=None)
    held = {(e.stream.id, e.version): carried(e) for e in known}
    assert len(prove(origin.office, honest, held).entries) == len(honest.entries) + 1
    better = honest.entries[0]
    body = better.stored.replace(b'"value":"9.0"', b'"value":"10.0"')
    assert body != better.stored
    forged_record = better.record.model_copy(update={"entry_hash": entry_hash(body).hex()})
    forged = better.model_copy(
        update={"body": base64.b64encode(body).decode(), "record": forged_record}
    )
    altered = honest.model_copy(update={"entries": (forged, *honest.entries[1:])})
    found = prove(origin.office, altered, held)
    assert (found.entries, found.unproven) == ({}, len(honest.entries))
    without = honest.model_copy(update={"hops": ()})
    assert prove(origin.office, without, held).entries == {}


def log_end(site: Site) -> datetime:
    with site.office.ledger.database.connection() as connection:
        return log.recorded_at(connection, log.head(connection).size - 1)
