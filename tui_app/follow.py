"""A session as plain text, one line per happening, in the words of the screens: for a log, a pipe or a screen reader.

Nothing moves the cursor. Colour is there only on a terminal that wants it, and repeats what a word says.

    01:02.3  u3  run 7f2a  tool_executing  lookup
    01:04.0  PASS tool-isolation: 0 leaks in 310 probes
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, TextIO

from tui_app import now
from tui_app.model import CRITICAL_EVENTS, SECOND, Row
from tui_app.recording import sessions
from tui_app.recording.fold import Fold
from tui_app.recording.reader import Reader
from tui_app.recording.sessions import SessionEntry
from tui_app.screens.row_words import clock_time, describe, short_id
from tui_app.screens.safe import clean
from widgets.glyphs import ASCII, UNICODE, glyphs, terminal_wants_ascii, use_ascii

KINDS: Final = (
    "session", "target", "phase", "check", "step", "user", "conn", "frame", "created", "control", "client", "level", "block", "drift",
    "iteration", "finding", "verdict",
)  # fmt: skip
TOLD_ONE_BY_ONE: Final = 6
"""Frames of one moment that are told one by one: more come faster than they are read, and become one line."""
MOMENT_NS: Final = SECOND // 2
LOOK_S: Final = 0.1
LONGEST: Final = 300
QUIET_NS: Final = 10 * SECOND
"""After so long without a line, one says what is awaited."""
COLOURS: Final = {"good": "32", "bad": "31", "warn": "33", "accent": "36", "dim": "2"}
MARKS: Final = frozenset(
    "".join(one.word(word) for one in (UNICODE, ASCII) for word in ("PASS", "FAIL", "INCONCLUSIVE", "BLOCKED", "SKIPPED"))
)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _say_beside(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


@contextmanager
def follower(*, beside: bool = False) -> Iterator[Follow]:
    """What tells a session on standard output, or on standard error `beside` what goes there; what it still keeps is told at the end."""
    use_ascii(terminal_wants_ascii())
    found = Follow(_say_beside if beside else _say, colour=wants_colour(sys.stderr if beside else sys.stdout))
    yield found
    found.finish()


def follow_session(entry: SessionEntry) -> int:
    """Tell a session from its start until it has ended, then its verdicts on standard output; who only watches decides no exit code."""
    from tui_app.verdict.table import verdict_table

    with Reader(entry.path) as reader, follower() as follow:
        fold = Fold(reader.header)
        alive = True
        while alive:
            alive = sessions.alive(entry.session)
            while fold.catch_up(reader):
                pass
            follow.look(reader, fold)
            if alive:
                time.sleep(LOOK_S)
        result = reader.result()
    if result is None:
        _say(f"session {entry.session} was interrupted: the engine has gone; `vigil cleanup {entry.session}` finishes its tidying")
    else:
        sys.stdout.write(verdict_table(result) + "\n")
    return 0


def wants_colour(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a stream is a terminal that is not told to go without colours."""
    return stream.isatty() and not environment.get("NO_COLOR") and environment.get("TERM", "dumb") not in ("", "dumb")


class Follow:
    """Tells what a recording has gained since it was last looked at, a line each, to `say`."""

    def __init__(self, say: Callable[[str], None], *, colour: bool = False) -> None:
        self.say = say
        self.colour = colour
        self.seq = 0
        """The last row that was told."""
        self._frames: list[Row] = []
        self._words: dict[str, str] = {}
        self._spoke = 0

    def look(self, reader: Reader, fold: Fold | None = None) -> int:
        """Tell what is new; how many rows were looked at. After the last look, `finish`."""
        before, count = len(self._frames), 0
        for row in reader.rows(self.seq, KINDS):
            self.seq = row.seq
            count += 1
            if row.kind == "frame":
                if is_told(row):
                    if self._frames and row.t // MOMENT_NS != self._frames[0].t // MOMENT_NS:
                        self.finish()
                    self._frames.append(row)
                continue
            told = self._told(row)
            if told:
                self.finish()
                self._line(row, *told)
        if len(self._frames) == before:
            self.finish()
        if fold is not None:
            self._awaited(fold)
        return count

    def finish(self) -> None:
        """Tell the frames that were kept, since more of their moment might have come."""
        frames, self._frames = self._frames, []
        if len(frames) <= TOLD_ONE_BY_ONE:
            for row in frames:
                kind, text, tone = describe(row)
                self._line(row, f"{kind}  {text}" if text else kind, tone)
            return
        names = Counter(clean(row.type[:40]) or "frame" for row in frames)
        runs = len({row.run for row in frames if row.run})
        said = ", ".join(f"{count} {name}" for name, count in names.most_common(6))
        bad = any(row.type in ("error", "malformed") for row in frames)
        self._line(frames[0], f"{len(frames)} events of {runs} run{'s' * (runs != 1)}: {said}", "warn" if bad else "", whose=False)

    def _told(self, row: Row) -> tuple[str, str] | None:
        """A row's words and tone, or None where the row is no news for a person."""
        body = row.body
        if row.kind == "verdict":
            if self._words.get(row.check) == row.type:
                return None
            self._words[row.check] = row.type
            _, text, tone = describe(row)
            decide = body.get("to_decide")
            todo = f"; to decide: {clean(str(decide))}" if decide and row.type != "PASS" else ""
            return unmarked(text) + todo, tone
        if row.kind == "finding":
            if row.flag == "info":
                return None  # what a verdict rests on; nothing that was found wrong
            _, text, tone = describe(row)
            seen = [str(pair[1]) for pair in body.get("evidence") or () if isinstance(pair, list) and len(pair) == 2]
            where = f"; look at row{'s' * (len(seen) > 1)} {', '.join(seen[:4])}" if seen else ""
            return f"finding  {text}{where}", tone
        if row.kind == "step" and (row.type == "begin" or body.get("outcome", "done") == "done") and body.get("intent") != "fault":
            return None
        if row.kind == "conn" and (row.type in ("dialing", "open", "welcome") or body.get("by") == "us"):
            return None
        if row.kind == "created" and row.type != "left":
            return None
        if row.kind == "client" and row.type == "usage":
            return None
        if row.kind == "check" and row.type == "end" and body.get("outcome") in ("driven", None, ""):
            return None
        if row.kind in ("level", "block", "iteration", "drift"):
            return _course(row)
        kind, text, tone = describe(row)
        if row.kind == "session" and row.type == "round":
            return f"round {body.get('round')} begins", "accent"
        return (text if kind in ("check", "phase", "session", "user") else f"{kind}  {text}"), tone

    def _line(self, row: Row, text: str, tone: str, *, whose: bool = True) -> None:
        self._spoke = row.t
        parts = [clock_time(row.t)[:7]]
        if whose and row.user and row.kind != "user":
            parts.append(clean(row.user[:20]))
        if whose and row.run and row.kind == "frame":
            parts.append(f"run {short_id(row.run)}")
        text = clean(text)
        parts.append(text if len(text) <= LONGEST else text[: LONGEST - 1] + glyphs().ellipsis)
        line = "  ".join(parts)
        code = COLOURS.get(tone, "") if self.colour else ""
        self.say(f"\x1b[{code}m{line}\x1b[0m" if code else line)

    def _awaited(self, fold: Fold) -> None:
        """After a silence: what is awaited, since when, of how long."""
        state = fold.state
        if state.ended or state.t - self._spoke < QUIET_NS:
            return
        self._spoke = state.t
        self.say(f"{clock_time(state.t)[:7]}  now  {now.sentence(state)}")


def is_told(row: Row) -> bool:
    """Whether a frame is a happening: the agent's own events, refusals, and what cannot be read; not the pulse of the line."""
    return row.dir == "in" and row.flag != "control" and (row.type in CRITICAL_EVENTS or row.type in ("error", "malformed"))


def unmarked(text: str) -> str:
    """A verdict's words without its sign, which a screen reader would spell out."""
    return text[2:] if text[:1] in MARKS and text[1:2] == " " else text


def _course(row: Row) -> tuple[str, str] | None:
    """A load level, a soak block, a drift or one time of a repeated check, once it is over."""
    body, word = row.body, clean(row.type)
    if row.kind == "level":
        if row.type not in ("done", "stopped"):
            return None
        why = f": {clean(str(body.get('why')))}" if body.get("why") else ""
        text = (
            f"level {body.get('number')} of {body.get('of')} with {body.get('users')} users {word}, {body.get('completed')} runs completed"
        )
        return f"{text}, {body.get('failed')} failed{why}", "warn" if row.type == "stopped" else ""
    if row.kind == "block":
        return f"block {body.get('number')} of {body.get('of')} {word}", ""
    if row.kind == "iteration":
        if row.type == "PASS":
            return None
        return f"{word} {clean(row.check)}: time {body.get('number')} of {body.get('of')}: {clean(str(body.get('reason') or ''))}", "warn"
    return (
        (f"{word} drift of {clean(str(body.get('what')))}: {clean(str(body.get('reason') or ''))}", "bad") if row.type == "FAIL" else None
    )
