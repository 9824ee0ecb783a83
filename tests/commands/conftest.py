"""Real terminals and processes, with a home of each test's own."""

from tests.terminal.conftest import home, terminal

__all__ = ["home", "terminal"]
