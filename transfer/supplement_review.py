"""What was proposed about a pupil, as the person who decides sees it: before, after, conflicts, and
the results of the year with it and without."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from ledger import envelope
from ledger.case import Case
from ledger.contribution import Contribution
from ledger.database import Connection
from ledger.envelope import DataKey
from ledger.event import Event, Sealed, StreamKind
from ledger.events.pupil import SupplementDecided
from ledger.events.pupil_year import Proposed
from ledger.folds import evolve
from ledger.ledger import SealedPart
from ledger.proposal import Decisions, unfold
from ledger.proposal_effect import Effect, effect_of
from ledger.pupil import Pupil
from ledger.pupil_year import PupilYear
from ledger.queries import queries
from ledger.reader import Reader
from ledger.year_record import YearRecord, assess
from projections.history import FoldEntry, History, fold_history
from signing.certificates import Purpose
from transfer import checks
from transfer import message as mail
from transfer.bodies import SupplementBody
from transfer.build import fold_entry, record_of
from transfer.dossier import ReadEntry
from transfer.held import DatabaseHeld
from transfer.office import Office
from transfer.supplement import is_author, own_proposals
from transfer.supplement_checks import Checked, check_supplement
from transfer.understanding import data_key

_SQL = queries("transfer", "transfer.sql")
_NEWEST = 2**62
"""A version after every other: what is about to be appended."""


@dataclass(frozen=True, slots=True)
class Offered:
    """One proposal: who proposes what, at which place of which stream; its text where it opens."""

    author: UUID
    stream: UUID
    version: int
    proposed: Proposed
    text: str | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """The same as the person sees it. `decided` is accepted, the reason of the refusal, or None."""

    offered: Offered
    year: str
    effect: Effect
    decided: str | None

    @property
    def id(self) -> UUID:
        """The proposal's id."""
        return self.offered.proposed.proposal


@dataclass(frozen=True, slots=True)
class Review:
    """The proposals of a case in their order; `before` and `after` are the results of the years
    they are about, by school year, without and with what is accepted (all, while undecided)."""

    proposals: Sequence[Proposal]
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is proposed in a case: the supplements that came, and what all of them offer."""

    case: UUID
    mails: Sequence[Checked]
    offered: Sequence[Offered]

    @property
    def entries(self) -> list[ReadEntry]:
        """Every entry that came, once."""
        found = {(e.stream, e.version): e for came in self.mails for e in came.entries}
        return list(found.values())


def gather(office: Office, reader: Reader, case: Case, pupil: Pupil) -> Gathered:
    """The proposals of a case: those that came, and our own where nobody else can decide them.

    Raises:
        CheckFailed: a supplement no longer passes its checks.
    """
    authors = is_author(case, pupil)
    offered: dict[tuple[UUID, UUID], Offered] = {}
    mails = []
    rows = reader.connection.execute(_SQL["supplement_frames"], {"case": case.id}).fetchall()
    for frame, received_at in rows:
        came = _reopen(office, reader, frame, received_at)
        mails.append(came)
        keys = {key.key_id: data_key(key) for key in came.body.keys}
        for entry in came.offered:
            proposed = entry.event
            assert isinstance(proposed, Proposed)
            place = (entry.ledger, entry.stream)
            text = _text(office, reader.connection, place, proposed, keys)
            one = Offered(entry.ledger, entry.stream, entry.version, proposed, text)
            offered.setdefault((entry.ledger, proposed.proposal), one)
    if authors or pupil.released is None:
        for own in own_proposals(reader, pupil):
            proposed = own.event
            assert isinstance(proposed, Proposed)
            place = (reader.ledger, own.stream.id)
            text = _text(office, reader.connection, place, proposed, {})
            one = Offered(reader.ledger, own.stream.id, own.version, proposed, text)
            offered.setdefault((reader.ledger, proposed.proposal), one)
    return Gathered(case.id, mails, list(offered.values()))


def _reopen(office: Office, reader: Reader, data: bytes, received_at: datetime) -> Checked:
    """A supplement that is here, opened and checked again. It was in time when it came."""
    frame = mail.read_frame(data)
    sender = checks.check_addressed(frame, office.trust, office.ledger.id, None, received_at)
    opened = mail.parse(frame, mail.unseal(frame, office.encryption))
    checks.check_signed(opened, sender, office.trust, Purpose.SEAL)
    body = SupplementBody.model_validate(opened.payload)
    held = DatabaseHeld(reader.connection, reader, by_file=True)
    return check_supplement(reader, frame.header, body, trust=office.trust, held=held)


def _text(
    office: Office,
    connection: Connection,
    place: tuple[UUID, UUID],
    proposed: Proposed,
    keys: Mapping[UUID, DataKey],
) -> str | None:
    """The free text of a proposal at (author, stream), by the keys that came with it or our own;
    None where it has none or its key was destroyed."""
    sealed = proposed.statutory
    if not isinstance(sealed, Sealed):
        return None
    part = SealedPart(sealed, *place, Proposed.TOPIC)
    if sealed.key_id in keys:
        clear = envelope.unseal(
            sealed, author=place[0], stream=place[1], topic=Proposed.TOPIC, keys=_Carried(keys)
        )
    else:
        (clear,) = office.ledger.reveal(connection, [part])
    return clear.get("text") if clear else None


@dataclass(frozen=True, slots=True)
class _Carried:
    """The keys that came with a supplement."""

    keys: Mapping[UUID, DataKey]

    def key(self, key_id: UUID) -> DataKey | None:
        """The key by id."""
        return self.keys.get(key_id)


def review(
    reader: Reader,
    pupil: Pupil,
    gathered: Gathered,
    *,
    today: date,
    decision: Sequence[SupplementDecided] | None = None,
) -> Review:
    """Every proposal with its effect, and the results before and after `decision` (None: after the
    acceptance of all that is open)."""
    entries = _entries(reader, pupil, gathered)
    decided = reader.decisions(pupil)
    now = fold_history(entries, pupil=pupil.id, on=today)
    shown = _proposals(gathered, entries, now, decided)
    if decision is None:
        open_ = [one for one in shown if one.decided is None]
        authors = dict.fromkeys(one.offered.author for one in open_)
        decision = [
            SupplementDecided(
                effective_on=today,
                case=gathered.case,
                author=author,
                number=0,
                accepted=tuple(one.id for one in open_ if one.offered.author == author),
                refused=(),
            )
            for author in authors
        ]
    extra = [
        FoldEntry(reader.ledger, pupil.id, _NEWEST + place, event)
        for place, event in enumerate(decision)
    ]
    then = fold_history([*entries, *extra], pupil=pupil.id, on=today)
    years = sorted({one.year for one in shown})
    return Review(shown, _results(now, years, today), _results(then, years, today))


def _entries(reader: Reader, pupil: Pupil, gathered: Gathered) -> list[FoldEntry]:
    """What the log holds about the pupil, and what came and is not there yet."""
    held = [fold_entry(e) for e in record_of(reader.connection, pupil, size=reader.size)]
    known = {(entry.stream, entry.version) for entry in held}
    return held + [
        FoldEntry(came.ledger, came.stream, came.version, came.event)
        for came in gathered.entries
        if (came.stream, came.version) not in known
    ]


def _proposals(
    gathered: Gathered, entries: Iterable[FoldEntry], now: History, decided: Decisions
) -> list[Proposal]:
    """Each open proposal is looked at as if those before it in its stream were accepted."""
    frames = {entry.stream: entry.event for entry in entries if entry.version == 1}
    states: dict[UUID, PupilYear] = {}
    found = []
    for offered in sorted(gathered.offered, key=lambda one: (one.stream, one.version)):
        frame = evolve(StreamKind.PUPIL_YEAR, None, frames[offered.stream], 1)
        assert isinstance(frame, PupilYear)
        parts = now.years.get(frame.school_year, [])
        mine, others = _of_author(parts, offered.author, frame)
        state = states.setdefault(offered.stream, mine or frame)
        fact = unfold(offered.proposed)
        effect = effect_of(fact, state, others)
        known = decided.get((offered.author, offered.proposed.proposal))
        said = None if known is None else (known.reason or "accepted")
        if said is None:
            states[offered.stream] = _with(state, fact, offered.version)
        else:
            effect = Effect(effect.subject, effect.what, effect.before, effect.after, None)
        found.append(Proposal(offered, frame.school_year, effect, said))
    return found


def _of_author(
    parts: Sequence[Contribution], author: UUID, frame: PupilYear
) -> tuple[PupilYear | None, list[Contribution]]:
    mine = [p for p in parts if (p.ledger, p.year.pupil) == (author, frame.pupil)]
    return (mine[0].year if mine else None), [part for part in parts if part not in mine]


def _with(state: PupilYear, fact: Event, version: int) -> PupilYear:
    after = evolve(StreamKind.PUPIL_YEAR, state, fact, version)
    assert isinstance(after, PupilYear)
    return after


def _results(history: History, years: Iterable[str], on: date) -> dict[str, Any]:
    return {
        year: _summary(assess(history.years[year], on=on))
        for year in years
        if year in history.years
    }


def _summary(record: YearRecord) -> dict[str, Any]:
    """Averages and levels of a year, as a clerk compares them."""
    return {
        "subjects": {
            subject.subject: {
                **{f"HK{number}": term.result for number, term in subject.semesters.items()},
                "CN": subject.reassessed or subject.year,
            }
            for subject in record.subjects
        },
        "study": dict(record.study),
        "conduct": dict(record.conduct),
        "promotion": record.promotion,
        "missing": list(record.missing),
    }
