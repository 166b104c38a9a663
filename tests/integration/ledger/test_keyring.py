"""The keyring of a process that lasts: bounded, and safe between threads."""

from threading import Event, Thread
from uuid import uuid4

import pytest

from ledger import vault
from ledger.ledger import Ledger
from ledger.newest import Newest


def test_a_rollback_of_one_thread_leaves_the_new_keys_of_another(ledger: Ledger) -> None:
    keyring, person, other = ledger.keyring, uuid4(), uuid4()
    made, settled = Event(), Event()
    stored: list[bytes] = []

    def works() -> None:
        key = keyring.key_for(person, "statutory")
        made.set()
        settled.wait(10)
        with ledger.database.connection() as connection:
            with connection.transaction():
                keyring.store_pending(connection)
            keyring.settle(committed=True)
            stored.append(key.key)

    thread = Thread(target=works)
    thread.start()
    assert made.wait(10)
    keyring.key_for(other, "statutory")
    keyring.settle(committed=False)
    settled.set()
    thread.join()
    with ledger.database.connection() as connection:
        keyring.load(connection, [person])
        kept = [key.key for key, *_ in keyring.keys_about(connection, [person])]
    assert kept == stored == [keyring.key_for(person, "statutory").key]


def test_keys_in_hand_outlive_what_is_remembered(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault, "MOST_KEYS", 2)
    keyring = vault.Keyring(ledger=ledger.id, kek=ledger.keyring._kek)
    persons = [uuid4() for _ in range(5)]
    with ledger.database.connection() as connection:
        made = {person: keyring.key_for(person, "statutory") for person in persons}
        keyring.store_pending(connection)
        keyring.settle(committed=True)
        assert len(keyring._by_id) == len(keyring._by_person) == 2
        keyring.fetch(connection, [key.id for key in made.values()])
        assert [keyring.key(key.id) for key in made.values()] == list(made.values())
        keyring.load(connection, persons)
    assert [keyring.key_for(person, "statutory") for person in persons] == list(made.values())


def test_what_was_not_used_for_longest_is_forgotten_first() -> None:
    held: Newest[str, int] = Newest(2)
    held.put("a", 1)
    held.put("b", 2)
    assert held.get("a") == 1
    held.put("c", 3)
    assert (held.get("a"), held.get("b"), held.get("c"), len(held)) == (1, None, 3, 2)
