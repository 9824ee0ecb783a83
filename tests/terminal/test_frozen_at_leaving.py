"""A terminal that is not read while the application is left: read again it is as it was before, and if it never is, nobody waits."""

from __future__ import annotations

from collections.abc import Callable

from tests.terminal.terminals import Terminal, until


def frozen(terminal: Callable[..., Terminal]) -> Terminal:
    """The first screen on a terminal whose buffer is full: whole pictures have been asked for, and nobody reads them."""
    vigil = terminal()
    vigil.sees("rehearsal", "starts at once")

    def full() -> bool:
        vigil.press("\x0c")  # Ctrl-L: the whole screen anew
        return vigil.full()

    until(full, "a terminal that takes no more")
    return vigil


def test_read_again_within_the_time_it_gets_it_is_restored(terminal: Callable[..., Terminal]) -> None:
    vigil = frozen(terminal)
    vigil.press("q")
    assert vigil.ends() == 0
    vigil.assert_restored()
    assert "Traceback" not in vigil.tail()


def test_never_read_again_it_ends_all_the_same(terminal: Callable[..., Terminal]) -> None:
    vigil = frozen(terminal)
    vigil.press("q")
    assert vigil.ends_unread() == 0
