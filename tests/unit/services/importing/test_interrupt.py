"""Ctrl-C: the first lets the transaction end, the second does not wait."""

import os
import signal

import pytest

from services.commands.importing import stop_at_interrupt


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_the_first_interrupt_is_noted_and_the_second_stops_at_once() -> None:
    before = signal.getsignal(signal.SIGINT)
    with stop_at_interrupt() as pressed:
        assert not pressed
        press()
        assert pressed
        with pytest.raises(KeyboardInterrupt):
            press()
    assert signal.getsignal(signal.SIGINT) is before
