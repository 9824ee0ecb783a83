"""The rehearsal, and a file of every secret that it issued or was given: `python issuing.py FILE [options of rehearse]`."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any


def main(argv: list[str]) -> int:
    from tui_app.rehearsal import passwords, serve
    from tui_app.rehearsal.tokens import Tokens

    lock = threading.Lock()
    issue, hashed, matches = Tokens.issue, passwords.hashed, passwords.matches

    def note(kind: str, value: str) -> None:
        with lock, Path(argv[0]).open("a", encoding="utf-8") as out:
            out.write(f"{kind} {value}\n")

    def issued(self: Tokens, user: dict[str, Any], kind: Any, lifetime_s: int, sid: str = "") -> Any:
        token, claims = issue(self, user, kind, lifetime_s, sid)
        note(kind, token)
        return token, claims

    def chosen(password: str) -> str:
        note("password", password)
        return hashed(password)

    def tried(password: str, stored: str) -> bool:
        note("password", password)
        return matches(password, stored)

    Tokens.issue, passwords.hashed, passwords.matches = issued, chosen, tried  # type: ignore[method-assign]
    return serve(argv[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
