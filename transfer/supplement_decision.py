"""Deciding about a supplement: copies, the decision in the pupil's own stream, and the answers, in
one transaction."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from uuid import UUID

from ledger.case import Case, Supplement
from ledger.errors import Refused
from ledger.event import Event, Who
from ledger.events.pupil import PupilLinked, SupplementDecided
from ledger.events.supplement import SupplementAnswered
from ledger.plan import Copied, Draft, Outgoing, Plan
from ledger.proposal import Decided, Decisions
from ledger.pupil import Pupil
from ledger.reader import Reader
from ledger.registration import pupil_ref
from transfer.acceptance import stream_ref
from transfer.bodies import SupplementBody
from transfer.build import record_of
from transfer.cases import case_ref, message, require_case
from transfer.dossier import ReadEntry
from transfer.errors import CaseRefused
from transfer.holding import require_free
from transfer.office import Office
from transfer.reasons import require_code
from transfer.supplement import Choice, is_author, require_pupil
from transfer.supplement_proofs import Proof, keep_proofs
from transfer.supplement_review import Gathered, Proposal, Review, gather, review
from transfer.understanding import data_key


def look(office: Office, case_id: UUID, *, today: date) -> Review:
    """The proposals of a case, on either side of it. Reads only.

    Raises:
        NotFound: `unknown_case`.
        CaseRefused: no pupil is confirmed in it.
        CheckFailed: a supplement no longer passes its checks.
    """
    with office.ledger.database.connection() as connection:
        reader = Reader(connection, office.ledger.keyring, office.ledger.id)
        case = require_case(reader, case_id)
        pupil = require_pupil(reader, case)
        return review(reader, pupil, gather(office, reader, case, pupil), today=today)


def decide(office: Office, case_id: UUID, *, choice: Choice, today: date, who: Who) -> Review:
    """Decides about every open proposal of a case; where none is open nothing happens. What was
    decided before a restore, and comes again, is not open.

    Raises:
        NotFound: `unknown_case`.
        Refused: `unknown_proposal`, `unknown_reason`, `proposal_depends`.
        CaseRefused: custody is not here, or the case is held.
        CheckFailed: a supplement no longer passes its checks.
    """
    require_code(choice.reason, "not_accepted", "already_there")
    outcome: Review | None = None

    def act(reader: Reader) -> Plan:
        nonlocal outcome
        case = require_case(reader, case_id)
        pupil = require_pupil(reader, case)
        if is_author(case, pupil):
            raise CaseRefused("this ledger proposes in this case; the other one decides")
        if pupil.released is not None:
            raise CaseRefused(f"the record was released in transfer {pupil.released[0]}")
        require_free(case)
        gathered = gather(office, reader, case, pupil)
        seen = review(reader, pupil, gathered, today=today).proposals
        lost = {(a.ledger, one) for a in case.awaited if not a.here for one in a.proposals}
        open_ = [o for o in seen if o.decided is None and (o.offered.author, o.id) not in lost]
        accepted = choice.accepts([one.id for one in open_])
        _require_grounds(open_, accepted)
        said = {one.id: None if one.id in accepted else choice.reason for one in open_}
        made = _decisions(case, open_, said, today)
        outcome = review(reader, pupil, gathered, today=today, decision=made)
        plan = Plan()
        if made:
            _take_in(office, reader, plan, case, pupil, gathered, accepted, today)
            plan.add(pupil_ref(reader, pupil.id), made)
            tell(reader, plan, case, {**reader.decisions(pupil), **_said(made)}, today=today)
        return plan

    office.ledger.desk.run(act, who=who)
    assert outcome is not None
    return outcome


def decide_as_said(
    office: Office,
    case_id: UUID,
    said_before: Callable[[SupplementBody], dict[UUID, str | None]],
    *,
    today: date,
    who: Who,
    recovery: bool,
) -> None:
    """Decides, by rule, those open proposals of a case about which this ledger had said something
    before it was restored, in the same way.

    Raises:
        CheckFailed: a supplement no longer passes its checks.
        CaseRefused: no pupil is confirmed in the case.
    """

    def act(reader: Reader) -> Plan:
        case = require_case(reader, case_id)
        pupil = require_pupil(reader, case)
        plan = Plan()
        if is_author(case, pupil) or pupil.released is not None:
            return plan
        gathered = gather(office, reader, case, pupil)
        said = {
            (came.body.iss, proposal): reason
            for came in gathered.mails
            for proposal, reason in said_before(came.body).items()
        }
        open_ = [
            one
            for one in review(reader, pupil, gathered, today=today).proposals
            if one.decided is None and (one.offered.author, one.id) in said
        ]
        again = {one.id: said[one.offered.author, one.id] for one in open_}
        made = _decisions(case, open_, again, today)
        if made:
            accepted = [one for one, reason in again.items() if reason is None]
            _take_in(office, reader, plan, case, pupil, gathered, accepted, today)
            plan.add(pupil_ref(reader, pupil.id), made)
            tell(reader, plan, case, {**reader.decisions(pupil), **_said(made)}, today=today)
        return plan

    office.ledger.desk.run(act, who=who, recovery=recovery)


def _require_grounds(open_: Sequence[Proposal], accepted: Sequence[UUID]) -> None:
    """A correction of a mark that is itself proposed cannot be accepted without it.

    Raises:
        Refused: `proposal_depends`.
    """
    refused = {
        (one.offered.stream, one.effect.subject, one.effect.what.split(" ", 1)[1])
        for one in open_
        if one.effect.what.startswith("mark ") and one.id not in accepted
    }
    for one in open_:
        kind, _, place = one.effect.what.partition(" ")
        mark = (one.offered.stream, one.effect.subject, place)
        if kind == "correction" and one.id in accepted and mark in refused:
            raise Refused(
                "proposal_depends",
                f"proposal {one.id} corrects a mark that is proposed and not accepted",
                field="--accept",
                suggestion="accept both or none",
            )


def _decisions(
    case: Case, open_: Sequence[Proposal], said: Mapping[UUID, str | None], today: date
) -> list[SupplementDecided]:
    """One entry for each author; `said` is by proposal the reason of its refusal, None where it is
    accepted."""
    by_author: dict[UUID, list[UUID]] = {}
    for one in open_:
        by_author.setdefault(one.offered.author, []).append(one.id)
    newest = {one.ledger: one.number for one in case.supplements}
    return [
        SupplementDecided(
            effective_on=today,
            case=case.id,
            author=author,
            number=newest.get(author, 0),
            accepted=tuple(one for one in theirs if said[one] is None),
            refused=tuple((one, reason) for one in theirs if (reason := said[one]) is not None),
        )
        for author, theirs in by_author.items()
    ]


def _said(made: Iterable[SupplementDecided]) -> dict[tuple[UUID, UUID], Decided]:
    """What these entries say; where they stand is nobody's question here."""
    said: dict[tuple[UUID, UUID], Decided] = {}
    for event in made:
        said |= {(event.author, one): Decided(None, 0) for one in event.accepted}
        said |= {(event.author, one): Decided(reason, 0) for one, reason in event.refused}
    return said


def _take_in(
    office: Office,
    reader: Reader,
    plan: Plan,
    case: Case,
    pupil: Pupil,
    gathered: Gathered,
    accepted: Sequence[UUID],
    today: date,
) -> None:
    """What an acceptance needs beside the decision: copies, the link to the author's record of the
    pupil, keys, and the proofs that travel on."""
    offers = [
        (came, offer)
        for came in gathered.mails
        for offer in came.body.proposals
        if offer.proposal in accepted
    ]
    streams = {offer.stream for _, offer in offers}
    _copy(reader, plan, [entry for entry in gathered.entries if entry.stream in streams])
    linked = {pupil.id, *(link.pupil for link in pupil.links)}
    for other, author in {came.body.pupil: came.body.iss for came, _ in offers}.items():
        if other not in linked:
            link = PupilLinked(
                effective_on=today, other=other, other_ledger=author, case=case.id, statutory=None
            )
            plan.add(pupil_ref(reader, pupil.id), [link])
    # A key that what we hold was sealed under is here, or was destroyed here and stays so.
    about = record_of(reader.connection, pupil, size=reader.size)
    held = {sealed.key_id for entry in about for sealed in entry.envelope.personal.values()}
    sent = {key.key_id: key for came, _ in offers for key in came.body.keys}
    keys = {key_id: key for key_id, key in sent.items() if key_id not in held}
    proofs: list[Proof] = [
        (came.body.iss, offer.stream, offer.version, offer.inclusion) for came, offer in offers
    ]
    if keys:
        adopted = [(data_key(k), k.person, k.ledger, k.category) for k in keys.values()]
        plan.extra.append(lambda connection, _: office.ledger.keyring.adopt(connection, adopted))
    plan.extra.append(lambda connection, first: keep_proofs(connection, proofs, known_from=first))


def _copy(reader: Reader, plan: Plan, entries: Sequence[ReadEntry]) -> None:
    """Verbatim copies of what is not here yet."""
    by_stream: dict[UUID, list[ReadEntry]] = {}
    for entry in sorted(entries, key=lambda entry: entry.version):
        by_stream.setdefault(entry.stream, []).append(entry)
    for stream, found in by_stream.items():
        ref = stream_ref(stream, found[0])
        held = reader.track(ref)
        for entry in found[held:]:
            record = entry.carried.record
            copied = Copied(
                version=entry.version,
                body=entry.carried.stored,
                entry_hash=bytes.fromhex(record.entry_hash),
                position=record.position,
                recorded_at=record.recorded_at,
            )
            plan.drafts.append(Draft(ref, entry.event, copied=copied))


def tell(reader: Reader, plan: Plan, case: Case, decided: Decisions, *, today: date) -> None:
    """Answers every supplement that came and is decided whole, where it has no answer yet."""
    events: list[Event] = []
    for came in case.supplements:
        said = answer_of(case, came, decided)
        if came.outcome is None and said is not None:
            answered = SupplementAnswered(
                effective_on=today, case=case.id, number=came.number, outcome="decided", code=None
            )
            events.append(answered)
            plan.outgoing.append(said)
    plan.add(case_ref(reader, case.id, case.pupil), events)


def answer_of(case: Case, came: Supplement, decided: Decisions) -> Outgoing | None:
    """The answer to a supplement; None while a proposal of it is open."""
    known = {one: decided.get((came.ledger, one)) for one in came.proposals}
    if any(one is None for one in known.values()):
        return None
    content = {
        "number": came.number,
        "accepted": [str(one) for one, said in known.items() if said and said.accepted],
        "refused": [[str(one), said.reason] for one, said in known.items() if said and said.reason],
    }
    return message(case.id, came.ledger, "supplement_answer", issue=came.number, content=content)
