"""A province in the middle that alters what came before it, and an origin that gives one record
away twice: what the file alone gives away, what the receiver's memory does, and what nothing does
until there is a register of custody."""

import base64
import copy
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from ledger.events.pupil import ReleaseUndone
from ledger.ids import uuid7
from ledger.record import leaf
from signing import canonical, hashing, merkle
from signing.errors import MerkleError
from tests.dossiers import Payload, dossier, sealed, simple, trust_of
from tests.provinces import NOW, Province
from transfer.checks import Report
from transfer.completeness import records_root
from transfer.dossier import CarriedEntry
from transfer.verifier import verify

pytestmark = pytest.mark.unit


@dataclass(frozen=True)
class Way:
    """Hải Phòng, Quảng Ninh, Hà Nội: the pupil goes from the first to the third."""

    first: Province
    middle: Province
    third: Province
    payload: Payload

    def check(self, payload: Payload) -> Report:
        """What the third finds, of what the middle sealed."""
        return verify(
            sealed(payload, self.middle, self.third),
            trust=trust_of(self.first, self.middle, self.third),
            key=self.third.encryption,
            now=NOW,
        )


def go_on(first: Province, middle: Province, third: Province) -> Payload:
    """The pupil's record from the first over the middle to the third."""
    theirs, ours = uuid7(), uuid7()
    first.fill(1)
    first.register(theirs)
    year = first.enrol(theirs)
    marks = [first.mark(year, theirs, slot=slot) for slot in ("TX1", "TX2", "GK")]
    closing = first.close(year, theirs)
    came = first.release(theirs, middle.id, case=uuid7())
    hop = first.hop(came)
    middle.fill(3)
    middle.register(ours)
    own = middle.enrol(ours)
    written = middle.mark(own, ours, slot="TX3")
    gone = middle.release(ours, third.id, case=uuid7(), earlier=first.about(theirs)[:-1])
    return dossier(
        [(first, theirs), (middle, ours)],
        [hop, middle.hop(gone)],
        to=third.id,
        sheets=[first.sheet(mark) for mark in marks] + [middle.sheet(written)],
        closings=[first.closing(closing, signer=first.seal)],
    )


@pytest.fixture(scope="module")
def way() -> Way:
    first, middle, third = Province("31"), Province("22"), Province("01")
    return Way(first, middle, third, go_on(first, middle, third))


Alter = Callable[[Way, Payload], None]


def stream_of(way: Way, payload: Payload) -> dict[str, Any]:
    """The first province's year of the pupil."""
    return next(
        stream
        for stream in payload["streams"]
        if stream["ledger"] == str(way.first.id)
        and any("MarkEntered" in entry["record"]["topic"] for entry in stream["entries"])
    )


def rewrite(entry: dict[str, Any], **facts: Any) -> None:
    """Other facts in an entry, its hash made to fit."""
    body = canonical.loads(base64.b64decode(entry["body"]))
    body["facts"] |= facts
    stored = canonical.dumps(body)
    entry["body"] = base64.b64encode(stored).decode()
    entry["record"]["entry_hash"] = hashing.entry_hash(stored).hex()


def mark_of(way: Way, payload: Payload) -> dict[str, Any]:
    return next(
        entry
        for entry in stream_of(way, payload)["entries"]
        if "MarkEntered" in entry["record"]["topic"]
    )


def an_entry(way: Way, payload: Payload) -> None:
    rewrite(mark_of(way, payload), value="10.0")


def an_entry_under_its_old_hash(way: Way, payload: Payload) -> None:
    entry = mark_of(way, payload)
    known = entry["record"]["entry_hash"]
    rewrite(entry, value="10.0")
    entry["record"]["entry_hash"] = known


def the_instant_of_an_entry(way: Way, payload: Payload) -> None:
    mark_of(way, payload)["record"]["recorded_at"] = "2024-09-01T00:00:00.500000Z"


def the_release(way: Way, payload: Payload) -> None:
    rewrite(payload["hops"][0]["release"], last_day="2025-02-01")


def whom_it_was_released_to(way: Way, payload: Payload) -> None:
    rewrite(payload["hops"][0]["release"], to_ledger=str(way.third.id))


def the_root_of_the_hop(way: Way, payload: Payload) -> None:
    payload["hops"][0]["root"] = "00" * 32


def the_root_and_the_release(way: Way, payload: Payload) -> None:
    hop = payload["hops"][0]
    hop["root"] = "00" * 32
    rewrite(hop["release"], root="00" * 32)


def entry_root_and_release_together(way: Way, payload: Payload) -> None:
    rewrite(mark_of(way, payload), value="10.0")
    hop = payload["hops"][0]
    entries = [
        CarriedEntry.model_validate(entry)
        for stream in payload["streams"]
        for entry in stream["entries"]
        if stream["ledger"] == str(way.first.id)
    ]
    entries.sort(key=lambda entry: entry.record.position)
    hop["root"] = records_root(entries).hex()
    rewrite(hop["release"], root=hop["root"])


def a_whole_log_of_its_own(way: Way, payload: Payload) -> None:
    """Everything coherent, down to a log that holds it: only the log's key is not theirs."""
    entry_root_and_release_together(way, payload)
    hop = payload["hops"][0]
    release = CarriedEntry.model_validate(hop["release"])
    leaves = way.first.leaves(release.record.position)
    leaves.append(leaf(release.record.recorded_at, release.record.canonical))
    size = len(leaves)
    proof = merkle.inclusion_proof(size - 1, size, merkle.subtree_of(leaves))
    hop["inclusion"] = {
        "checkpoint": way.middle.checkpoint_note(size, root=merkle.root_of(leaves)),
        "index": size - 1,
        "proof": [part.hex() for part in proof],
    }


def the_proof(way: Way, payload: Payload) -> None:
    proof = payload["hops"][0]["inclusion"]["proof"]
    proof[0] = "00" * 32


def the_index(way: Way, payload: Payload) -> None:
    payload["hops"][0]["inclusion"]["index"] -= 1


def the_checkpoint(way: Way, payload: Payload) -> None:
    inclusion = payload["hops"][0]["inclusion"]
    size = inclusion["checkpoint"].split("\n")[1]
    inclusion["checkpoint"] = inclusion["checkpoint"].replace(f"\n{size}\n", "\n99\n", 1)


def the_checkpoint_by_one_of_its_own(way: Way, payload: Payload) -> None:
    payload["hops"][0]["inclusion"]["checkpoint"] = way.middle.checkpoint_note()


def the_order_of_the_hops(way: Way, payload: Payload) -> None:
    payload["hops"].reverse()


def the_order_of_entries(way: Way, payload: Payload) -> None:
    entries = stream_of(way, payload)["entries"]
    entries[1], entries[2] = entries[2], entries[1]


def the_last_entry_left_out(way: Way, payload: Payload) -> None:
    stream_of(way, payload)["entries"].pop()


def a_stream_left_out(way: Way, payload: Payload) -> None:
    payload["streams"].remove(stream_of(way, payload))


def the_hop_left_out(way: Way, payload: Payload) -> None:
    payload["hops"].pop(0)


def the_author_of_the_entries(way: Way, payload: Payload) -> None:
    stream_of(way, payload)["ledger"] = str(way.middle.id)


def the_school_of_the_first(way: Way, payload: Payload) -> None:
    payload["references"][str(way.first.id)]["units"]["S1"]["name"] = "THCS Chu Văn An"


def the_school_and_what_was_sealed_of_it(way: Way, payload: Payload) -> None:
    the_school_of_the_first(way, payload)
    sealed_names = payload["hops"][0]["naming"]["references"]
    sealed_names["units"]["S1"]["name"] = "THCS Chu Văn An"


def the_names_left_out(way: Way, payload: Payload) -> None:
    del payload["references"][str(way.first.id)]


def the_names_by_its_own_seal(way: Way, payload: Payload) -> None:
    naming = way.middle.naming(CarriedEntry.model_validate(payload["hops"][0]["release"]))
    payload["hops"][0]["naming"] = naming.model_dump(mode="json")


def a_sheet_of_the_first(way: Way, payload: Payload) -> None:
    payload["sheets"][0]["statement"]["root"] = "00" * 32


def the_closing_of_the_first(way: Way, payload: Payload) -> None:
    payload["closings"][0]["signature"]["signed_at"] = "2025-01-01T00:00:00.000000Z"


@pytest.mark.parametrize(
    ("alter", "step", "code"),
    [
        (an_entry, 9, "wrong_root"),
        (an_entry_under_its_old_hash, 9, "altered_entry"),
        (the_instant_of_an_entry, 9, "wrong_root"),
        (the_release, 9, "altered_entry"),
        (whom_it_was_released_to, 8, "broken_custody_chain"),
        (the_root_of_the_hop, 8, "truncated"),
        (the_root_and_the_release, 9, "wrong_root"),
        (entry_root_and_release_together, 9, "altered_entry"),
        (a_whole_log_of_its_own, 9, "altered_entry"),
        (the_proof, 10, "not_in_log"),
        (the_index, 10, "not_in_log"),
        (the_checkpoint, 10, "bad_checkpoint"),
        (the_checkpoint_by_one_of_its_own, 10, "bad_checkpoint"),
        (the_order_of_the_hops, 8, "broken_custody_chain"),
        (the_order_of_entries, 8, "reordered"),
        (the_last_entry_left_out, 8, "truncated"),
        (a_stream_left_out, 8, "missing_entry"),
        (the_hop_left_out, 8, "extra_entry"),
        (the_author_of_the_entries, 9, "altered_entry"),
        (the_school_of_the_first, 9, "altered_entry"),
        (the_school_and_what_was_sealed_of_it, 9, "altered_entry"),
        (the_names_left_out, 9, "altered_entry"),
        (the_names_by_its_own_seal, 9, "altered_entry"),
        (a_sheet_of_the_first, 11, "bad_sheet"),
        (the_closing_of_the_first, 11, "bad_sheet"),
    ],
)
def test_the_middle_can_alter_nothing_of_the_first(
    way: Way, alter: Alter, step: int, code: str
) -> None:
    payload = copy.deepcopy(way.payload)
    alter(way, payload)
    failure = way.check(payload).failure
    assert failure is not None, "the forgery passed"
    assert (failure.step, failure.code) == (step, code)


@pytest.mark.parametrize(
    "alter", [the_release, entry_root_and_release_together, a_whole_log_of_its_own]
)
def test_without_the_sealed_names_the_log_gives_it_away(way: Way, alter: Alter) -> None:
    """The names are sealed for one release, so that they fail first; they are not what holds."""
    payload = copy.deepcopy(way.payload)
    alter(way, payload)
    payload["hops"][0]["naming"] = None
    failure = way.check(payload).failure
    assert failure is not None
    assert failure.code in ("not_in_log", "bad_checkpoint")


def test_the_true_way_passes_and_tells_what_is_signed(way: Way) -> None:
    report = way.check(way.payload)
    assert report.failure is None
    assert [(found.part, found.state) for found in report.evidence if found.part != "sheet"] == [
        ("naming", "signed"),
        ("naming", "signed"),
        ("closing", "signed"),
    ]


def test_sealed_names_can_be_left_out_and_that_is_told(way: Way) -> None:
    """What is not detected: names told without a seal are believed, and shown as unsigned."""
    payload = copy.deepcopy(way.payload)
    payload["hops"][0]["naming"] = None
    the_school_of_the_first(way, payload)
    report = way.check(payload)
    assert report.ok
    names = next(found for found in report.evidence if found.ledger == way.first.id)
    assert (names.part, names.state) == ("naming", "unsigned")


def twice(to: UUID, then: UUID, *, hidden: bool = False) -> tuple[Province, list[Payload]]:
    """An origin that releases one record to one ledger and to another; `hidden`: the second time
    from a log in which the first release never was."""
    origin = Province("31")
    pupil = uuid7()
    origin.register(pupil)
    origin.mark(origin.enrol(pupil), pupil)
    before, versions = list(origin.log), dict(origin.versions)
    payloads = []
    for number, receiver in enumerate((to, then)):
        if hidden and number:
            origin.log, origin.versions = before, versions
            origin.fill(1)
        release = origin.release(pupil, receiver, case=uuid7())
        payloads.append(dossier([(origin, pupil)], [origin.hop(release)], to=receiver))
    return origin, payloads


def received(origin: Province, receiver: Province, payload: Payload) -> Report:
    return verify(
        sealed(payload, origin, receiver),
        trust=trust_of(origin, receiver),
        key=receiver.encryption,
        now=NOW,
    )


def test_a_second_release_shows_the_first_one_in_the_same_stream() -> None:
    """Whoever gets the second file sees it, whether or not it knows of the first."""
    one, other = Province("22"), Province("01")
    origin, payloads = twice(one.id, other.id)
    assert received(origin, one, payloads[0]).ok
    failure = received(origin, other, payloads[1]).failure
    assert failure is not None
    assert (failure.step, failure.code) == (8, "broken_custody_chain")


def test_a_second_release_from_another_log_passes_alone_and_convicts_beside_the_first() -> None:
    """What is not detected by either receiver alone: each file is true under a checkpoint. Side by
    side they are two contents of one log, signed by its key; a register of custody, or a witness
    who has seen one of the two, finds it out."""
    one, other = Province("22"), Province("01")
    origin, payloads = twice(one.id, other.id, hidden=True)
    first = received(origin, one, payloads[0])
    second = received(origin, other, payloads[1])
    assert first.ok
    assert second.ok
    logs = [report.shown[0].checkpoint for report in (first, second)]
    assert logs[0].origin == logs[1].origin
    small, large = sorted(logs, key=lambda log: log.size)
    honest = origin.consistency(small.size, large.size)
    with pytest.raises(MerkleError):
        merkle.verify_consistency(
            size1=small.size,
            size2=large.size,
            root1=small.root,
            root2=large.root,
            proof=[bytes.fromhex(part) for part in honest.proof],
        )


def test_a_dossier_that_is_honest_about_a_return_is_no_second_release() -> None:
    """Rejected, the record is the origin's again, and may be released anew."""
    origin, receiver = Province("31"), Province("22")
    pupil = uuid7()
    origin.register(pupil)
    origin.mark(origin.enrol(pupil), pupil)
    case = uuid7()
    origin.release(pupil, receiver.id, case=case)
    origin.write(pupil, ReleaseUndone(effective_on=date(2025, 3, 1), case=case), person=pupil)
    again = origin.release(pupil, receiver.id, case=uuid7())
    payload = dossier([(origin, pupil)], [origin.hop(again)], to=receiver.id)
    assert received(origin, receiver, payload).ok


def test_every_dossier_of_these_provinces_is_true_to_begin_with() -> None:
    origin, receiver = Province("31"), Province("22")
    assert received(origin, receiver, simple(origin, receiver)).ok
