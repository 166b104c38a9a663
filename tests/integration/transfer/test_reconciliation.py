"""Two ledgers compare their books; a restored one shows how far its recovery is."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ledger.identity_check import vietnamese_day
from services.commands.recover import recover
from services.commands.status import status
from services.commands.transfers import transfer
from services.embedded import Servers
from services.workplace import Workplace
from tests.integration.transfer.restores import Site, carry_mail, open_sites
from tests.integration.transfer.story import rows
from tests.integration.transfer.test_restores import Story
from transfer import asking


class Here(Workplace):
    """A command's place on the servers of the tests."""

    running: Servers

    @contextmanager
    def servers(self) -> Iterator[Servers]:
        yield self.running


def run(site: Site, command: Any, *arguments: str, form: str = "json") -> tuple[int, str]:
    """A command of this ledger's operator: exit code and standard output."""
    site.close()
    here = Here(
        home=site.ledgers.home,
        account="operator",
        database=None,
        nats=None,
        ledger=site.name,
        format=form,
        lang="en",
    )
    object.__setattr__(here, "running", site.servers)
    done = CliRunner().invoke(command, list(arguments), obj=here, standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.return_value, done.stdout


@pytest.fixture
def story(transfer_servers: Servers) -> Iterator[Story]:
    with open_sites(transfer_servers, "31", "22") as (origin, receiver):
        begun = Story(origin, receiver)
        begun.ask()
        yield begun


def ask_each_other(story: Story) -> None:
    for site, other in ((story.origin, story.receiver), (story.receiver, story.origin)):
        asking.ask_for_report(site.office, [other.id], who=site.who)
    story.carry()


def test_books_are_equal_after_a_transfer_and_count_it_on_its_day(story: Story) -> None:
    story.release()
    story.carry()
    story.accept()
    story.carry()
    ask_each_other(story)
    today = vietnamese_day(datetime.now(UTC)).isoformat()
    code, out = run(story.origin, transfer, "reconcile", "--on", today)
    (pair,) = json.loads(out)["pairs"]
    assert (code, pair["equal"], pair["with"]) == (0, True, "22")
    assert pair["ours"]["out"]["accepted"] == pair["theirs"]["out"]["accepted"] == 1
    assert pair["ours"]["in"]["sent"] == pair["theirs"]["in"]["sent"] == 0
    assert run(story.origin, transfer, "reconcile", form="csv")[1].count("\n") == 5


def test_a_case_that_is_closed_here_and_open_there_is_a_difference(story: Story) -> None:
    story.release()
    story.carry()
    story.accept()
    ask = story.origin.id
    asking.ask_for_report(story.receiver.office, [ask], who=story.receiver.who)
    # The acceptance is lost on its way; the question and its answer are not.
    with story.receiver.office.ledger.database.connection() as connection:
        connection.execute(
            "UPDATE ledger.outbox SET next_at = now() + interval '1 day' WHERE kind = 'accept'"
        )
    story.carry()
    code, out = run(story.receiver, transfer, "reconcile", "--with", "31")
    (pair,) = json.loads(out)["pairs"]
    assert (code, pair["equal"]) == (4, False)
    assert [one["kind"] for one in pair["differences"]] == ["closed_here"]


def test_a_ledger_that_has_not_answered_is_not_asked_a_second_time(story: Story) -> None:
    for _ in range(3):
        asking.ask_for_report(story.origin.office, [story.receiver.id], who=story.origin.who)
    assert len(rows(story.origin.side, "SELECT 1 FROM ledger.ask")) == 1
    story.carry()
    asking.ask_daily(story.origin.office, who=story.origin.who)
    assert len(rows(story.origin.side, "SELECT 1 FROM ledger.ask")) == 1
    asking.ask_for_report(story.origin.office, [story.receiver.id], who=story.origin.who)
    story.carry()
    assert len(rows(story.origin.side, "SELECT 1 FROM ledger.statement")) == 1


def test_the_command_recovers_and_shows_who_is_awaited(story: Story) -> None:
    origin, receiver = story.origin, story.receiver
    origin.backup()
    story.release()
    story.carry()
    origin.restore()
    code, out = run(origin, status)
    assert json.loads(out)["fence"]["state"] == "fenced"
    code, out = run(origin, recover)
    answer = json.loads(out)
    assert (code, answer["ended"], answer["waiting_for"]) == (4, False, ["22"])
    receiver.exchange()
    code, out = run(origin, recover)
    assert (code, json.loads(out)["ended"]) == (0, True)
    code, out = run(origin, status)
    shown = json.loads(out)
    assert (shown["fence"], shown["incarnation"]) == ({"state": "open", "reason": None}, 2)
    assert shown["moved"] is None
    assert (Path(origin.ledgers.home.path) / "places" / "31").exists()
    assert carry_mail(origin, receiver) is not None
