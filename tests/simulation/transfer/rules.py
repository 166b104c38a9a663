"""Each rule of the protocol, how to leave it out, and which story or schedule then goes wrong."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from ledger.case import Case
from ledger.fence import Fence, Standing
from ledger.notary import Notary
from ledger.plan import Plan
from ledger.queries import queries
from ledger.reader import Reader
from tests.simulation.memory.statements import STATEMENTS, Answer, Parameters, Statement
from tests.simulation.memory.tables import Journal, Store
from tests.simulation.memory.transfer_queries import due_row
from tests.simulation.transfer import test_traces as traces
from tests.simulation.transfer import test_traces_of_restores as restores
from tests.simulation.transfer.world import World
from transfer import (
    acceptance,
    answers,
    arbitration,
    conversation,
    effects,
    inbox,
    parts,
    problems,
    reconciling,
    recovery,
    recovery_state,
    supplement_restoration,
)
from transfer import recall as recalling
from transfer.held import DatabaseHeld
from transfer.message import Header

LeaveOut = Callable[[pytest.MonkeyPatch], None]
Story = Callable[[World], None]


@dataclass(frozen=True)
class Rule:
    """A rule, how to leave it out, and the story or the schedules that go wrong without it."""

    name: str
    leave_out: LeaveOut
    story: Story | None
    seeds: tuple[str, ...]

    def __str__(self) -> str:
        return self.name


RULES: list[Rule] = []


def rule(
    name: str, *, story: Story | None = None, seeds: tuple[str, ...] = ()
) -> Callable[[LeaveOut], LeaveOut]:
    """Puts a rule into the table."""

    def register(leave_out: LeaveOut) -> LeaveOut:
        RULES.append(Rule(name, leave_out, story, seeds))
        return leave_out

    return register


@rule(
    "a transfer that is decided repeats its answer whatever comes",
    story=traces.test_a_recall_is_answered_by_the_one_decision_and_takes_nothing_back_by_itself,
)
def decision_first(patch: pytest.MonkeyPatch) -> None:
    _query(patch, "decision", lambda store, p: [])


@rule("a transfer is decided once", story=traces.test_accepted_is_never_rejected)
def decided_once(patch: pytest.MonkeyPatch) -> None:
    def put(store: Store, p: Parameters) -> Answer:
        store.decisions.put(p["case"], (p["decision"], p["message"]))
        return 1

    _query(patch, "put_decision", put)
    patch.setattr(conversation, "require_case", _undecided)
    patch.setattr(acceptance, "require_case", _undecided)


@rule(
    "time moves no custody",
    story=traces.test_an_expired_dossier_that_was_never_taken_is_issued_again,
)
def time_moves_nothing(patch: pytest.MonkeyPatch) -> None:
    _problem_is(patch, "reject", code="expired")
    _query(patch, "decision", lambda store, p: [])


@rule(
    "a problem is no rejection",
    story=traces.test_a_damaged_copy_is_no_rejection_and_the_good_one_is_taken_in,
    seeds=("2/rules/79",),
)
def problem_moves_nothing(patch: pytest.MonkeyPatch) -> None:
    _problem_is(patch, "reject", code=None)


@rule(
    "a message is sent until it is answered, and no longer",
    story=traces.test_an_answer_is_true_for_ever,
    seeds=("2/0/0",),
)
def until_answered(patch: pytest.MonkeyPatch) -> None:
    _query(patch, "answered", lambda store, p: 0)


@rule(
    "a question asked again gets its answer again",
    story=traces.test_a_file_handed_in_again_has_the_lost_answer_sent_again,
)
def answers_repeated(patch: pytest.MonkeyPatch) -> None:
    _query(patch, "repeat_answers", lambda store, p: 0)


@rule(
    "only who has custody releases",
    story=traces.test_a_pupil_is_released_to_one_ledger_alone,
    seeds=("2/rules/28",),
)
def custody_required(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(conversation, "require_custody", lambda pupil: None)


@rule(
    "a record goes on with one history",
    story=traces.test_an_open_release_is_not_overtaken_by_another_history,
)
def one_history(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(acceptance, "_require_one_history", lambda reader, own, dossier: None)


@rule(
    "an acceptance covers what was released", story=traces.test_a_file_out_of_date_is_written_anew
)
def acceptance_covers(patch: pytest.MonkeyPatch) -> None:
    true = acceptance.joined

    def joined(*args: Any) -> Any:
        *links, accepted = true(*args)
        return [*links, accepted.model_copy(update={"covered": ()})]

    patch.setattr(acceptance, "joined", joined)


@rule(
    "an acceptance takes copies of everything",
    story=traces.test_a_file_out_of_date_is_written_anew,
    seeds=("2/0/0",),
)
def copies_taken(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(acceptance, "_copy", lambda reader, plan, dossier, entries: None)


@rule(
    "the ways a record has come travel on",
    story=traces.test_there_and_back_and_on_to_a_third_ledger,
    seeds=("2/rules/10",),
)
def hops_kept(patch: pytest.MonkeyPatch) -> None:
    _query(patch, "put_hops", lambda store, p: 0)


@rule(
    "a rejection gives custody back",
    story=traces.test_an_answer_is_true_for_ever,
    seeds=("3/rules/11",),
)
def custody_back(patch: pytest.MonkeyPatch) -> None:
    true = answers._on_decision

    def on_decision(*args: Any) -> Plan:
        plan = true(*args)
        plan.drafts = [d for d in plan.drafts if type(d.event).__name__ != "ReleaseUndone"]
        return plan

    patch.setattr(answers, "_on_decision", on_decision)


@rule("a step is taken as a whole or not at all", seeds=("2/rules/28", "3/rules/29"))
def all_or_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Journal, "undo", lambda self, mark: None)


@rule(
    "the dossier is sealed to the key of the request, which is kept until the end",
    story=traces.test_an_answer_is_true_for_ever,
    seeds=("2/0/1",),
)
def key_kept(patch: pytest.MonkeyPatch) -> None:
    text = queries("ledger", "vault.sql")["put_secret"]
    true = STATEMENTS[text][1]
    forgets: Statement = lambda store, p: (  # noqa: E731
        0 if p["name"].startswith("request/") else true(store, p)
    )
    patch.setitem(STATEMENTS, text, ("vault.put_secret", forgets))


@rule(
    "what comes goes on from the copies that are here",
    story=traces.test_a_log_turned_back_with_its_file_and_written_on_is_not_taken_in,
)
def copies_continue(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(DatabaseHeld, "check_copies", lambda self, dossier: None)


@rule(
    "a log shows one root for one size",
    story=traces.test_a_log_turned_back_with_its_file_shows_another_root_for_one_size,
)
def one_root(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(DatabaseHeld, "roots", lambda self, ledger, sizes, incarnation: {})


@rule("a message is taken once", story=traces.test_a_message_that_comes_again_adds_nothing)
def taken_once(patch: pytest.MonkeyPatch) -> None:
    _query(patch, "seen", lambda store, p: [])


@rule(
    "what waited for a clock that ran ahead goes out",
    story=traces.test_a_clock_that_ran_ahead_holds_no_message_up,
)
def clocks_lie(patch: pytest.MonkeyPatch) -> None:
    def due(store: Store, p: Parameters) -> Answer:
        found = [r for r in store.outbox.values() if r.state in ("sealed", "sent")]
        ready = [row for row in found if row.next_at <= store.now]
        return [due_row(row, p["most"]) for row in ready]

    _query(patch, "due", due)


@rule(
    "of one proposal is decided once",
    story=traces.test_two_supplements_of_one_transfer_are_both_taken_the_second_first,
)
def proposals_remembered(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Reader, "decisions", lambda self, pupil: {})


@rule(
    "a recall is answered by a decision that is on record",
    story=traces.test_a_recall_is_answered_by_the_one_decision_and_takes_nothing_back_by_itself,
)
def recall_decides(patch: pytest.MonkeyPatch) -> None:
    true = conversation.rejection
    patch.setattr(recalling, "rejection", lambda *a, **k: Plan(outgoing=true(*a, **k).outgoing))


def _a_ruling(court: World) -> None:
    traces.test_a_ruling_leaves_one_custodian_in_whatever_order_it_comes(0, True, court)


@rule("a ruling is obeyed by both sides", story=_a_ruling)
def rulings_obeyed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(arbitration, "plan_ruling", lambda *a: (Plan(), False))


@rule(
    "a restored ledger is fenced",
    story=restores.test_an_origin_restored_after_its_release_writes_nothing_while_the_receiver_takes_in,
)
def fenced(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Fence, "standing", lambda self, connection: Standing("open"))


@rule(
    "the file beside the database is written before anything is sent",
    story=restores.test_an_origin_restored_after_its_release_writes_nothing_while_the_receiver_takes_in,
)
def guard_first(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Notary, "_keep", lambda self, made: None)


@rule(
    "what a lost incarnation sent is refused",
    story=restores.test_what_a_lost_incarnation_sent_is_refused,
)
def incarnations_checked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(DatabaseHeld, "check_incarnation", lambda self, sender, incarnation: None)
    patch.setattr(inbox, "_still", lambda header: lambda connection, first: None)


@rule(
    "every other ledger is asked after a restore",
    story=restores.test_a_restored_ledger_stays_fenced_while_one_peer_has_not_answered,
)
def everybody_asked(patch: pytest.MonkeyPatch) -> None:
    for module in (recovery, recovery_state):
        true = module.others
        patch.setattr(module, "others", lambda office, true=true: true(office)[1:])


@rule(
    "what a ledger decided about proposals before a restore it decides again",
    story=restores.test_what_a_restored_ledger_decided_about_proposals_it_decides_again,
)
def decided_as_before(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(supplement_restoration, "restore", lambda office, *, who: False)


@rule(
    "what a ledger proposed before a restore comes back to its place",
    story=restores.test_what_a_restored_ledger_proposed_stands_in_its_place_again,
)
def proposals_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(parts, "put_supplement_back", lambda *a: [])


@rule(
    "the ministry has its rulings back from those who obeyed them",
    story=restores.test_a_restored_ministry_is_told_again_what_it_registered_and_ruled,
)
def rulings_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(parts, "put_rulings_back", lambda *a: None)


@rule(
    "the custody register is told again after the ministry was restored",
    story=restores.test_a_restored_ministry_is_told_again_what_it_registered_and_ruled,
)
def register_told_again(patch: pytest.MonkeyPatch) -> None:
    _query(patch, "register_again", lambda store, p: 0, file="recovery.sql")


@rule(
    "another ledger's incarnation is an entry",
    story=restores.test_a_backup_made_before_another_ledger_was_restored_is_fenced,
)
def incarnations_written(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reconciling, "keep_incarnation", lambda reader, plan, header: None)


def _query(
    patch: pytest.MonkeyPatch, name: str, instead: Statement, *, file: str = "transfer.sql"
) -> None:
    text = queries("transfer", file)[name]
    patch.setitem(STATEMENTS, text, (STATEMENTS[text][0], instead))


def _problem_is(patch: pytest.MonkeyPatch, kind: str, *, code: str | None) -> None:
    """A problem (of one code) is understood as another answer."""
    true = problems.on_problem

    def on_problem(reader: Reader, case: Case | None, header: Header, content: Any) -> Plan:
        if code in (None, content.get("code")):
            return answers.on_answer(reader, case, header.model_copy(update={"kind": kind}), {})
        return true(reader, case, header, content)

    patch.setattr(effects, "on_problem", on_problem)


def _undecided(reader: Reader, case: Any) -> Case:
    """A decided transfer looks as if its dossier had just come."""
    found = reader.case(case)
    assert found is not None
    again = found.side == "receiver" and found.state in ("accepted", "rejected")
    return found.model_copy(update={"state": "received"}) if again else found
