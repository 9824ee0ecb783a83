"""What an engine tells the lead of its rows: sums so far, and what is new since it was last asked. No frame travels.

Times are ns of the engine's own session clock; the lead, which knows how the clocks lie, turns them into its own.
"""

from __future__ import annotations

from typing import Any

from tui_app.model import Row


class Deltas:
    """A listener of the engine's log. `take` gives what there is to tell and begins anew; the sums go on."""

    def __init__(self) -> None:
        self.sums: dict[str, int] = dict.fromkeys(
            ("rows", "received", "sent", "requests", "connects", "runs", "ok", "wrong", "unfinished", "with_tools", "violated"), 0
        )
        self.first_wrong = ""
        self._tools: dict[str, bool] = {}
        self._wrong: set[str] = set()
        self._begin()

    def _begin(self) -> None:
        self._samples: dict[str, list[float]] = {}
        self._late: dict[str, int] = {}
        self._tainted: dict[str, int] = {}
        self._joined: list[tuple[str, str, str]] = []
        self._came: list[tuple[str, int, int]] = []
        self._went: list[tuple[int, int]] = []
        self._made: list[tuple[str, str, str]] = []
        self._tidied: list[tuple[str, str]] = []
        self._lag_ms = 0.0
        self._usage: dict[str, Any] = {}

    def listen(self, row: Row) -> None:
        """Take one row of the log, acting or derived."""
        sums, kind = self.sums, row.kind
        sums["rows"] = row.seq
        if kind == "frame":
            sums["received" if row.dir == "in" else "sent"] += 1
        elif kind == "http":
            sums["requests"] += row.dir == "out"
        elif kind == "sample":
            self._samples.setdefault(row.type, []).append(round(row.ms or 0.0, 3))
            if row.flag:
                self._tainted[row.type] = self._tainted.get(row.type, 0) + 1
            if '"late":true' in row.text:
                self._late[row.type] = self._late.get(row.type, 0) + 1
        elif kind == "run":
            self._run(row)
        elif kind == "step":
            if row.type == "begin" and '"agent-run"' in row.text:
                body = row.body
                sums["runs"] += 1
                expects = body.get("expects")
                self._tools[str(body.get("request"))] = bool(expects.get("tools", True)) if isinstance(expects, dict) else True
        elif kind == "conn":
            if row.type == "welcome" and row.user:
                self._came.append((row.user, row.conn, row.t))
            elif row.type in ("closed", "refused"):
                self._went.append((row.conn, row.t))
            elif row.type == "dialing":
                sums["connects"] += 1
        elif kind == "user" and row.type == "ready":
            body = row.body
            self._joined.append((row.user, str(body.get("sub") or ""), str(body.get("name") or "")))
        elif kind == "created":
            self._created(row)
        elif kind == "lag":
            self._lag_ms = max(self._lag_ms, row.ms or 0.0)
        elif kind == "client" and row.type == "usage":
            body = row.body
            self._usage = {key: body.get(key) for key in ("cpu_s", "rss_mb", "lag_p99_ms")}

    def _created(self, row: Row) -> None:
        """What stays on the target if this engine is lost; a run ends by itself."""
        body = row.body
        thing, name = str(body.get("thing")), str(body.get("id"))
        if row.type == "made" and thing != "run":
            self._made.append((thing, name, str(body.get("owner") or "")))
        elif row.type == "tidied":
            self._tidied.append((thing, name))

    def _run(self, row: Row) -> None:
        body = row.body
        state, request = str(body.get("state")), str(body.get("request"))
        if state == "running":
            return
        if request in self._tools:
            self.sums[state] += 1
            self.sums["with_tools"] += self._tools.pop(request) and state != "unfinished"
        if body.get("rules") and state != "unfinished" and request not in self._wrong:
            self._wrong.add(request)
            self.sums["violated"] += 1
            self.first_wrong = self.first_wrong or f"{row.user}: {body.get('why')}"

    def take(self) -> dict[str, Any]:
        """What is new, and the sums."""
        told: dict[str, Any] = {"sums": dict(self.sums)}
        if self.first_wrong:
            told["first_wrong"] = self.first_wrong
        for name, value in (
            ("samples", self._samples), ("late", self._late), ("tainted", self._tainted), ("joined", self._joined),
            ("came", self._came), ("went", self._went), ("made", self._made), ("tidied", self._tidied), ("usage", self._usage),
            ("lag_ms", round(self._lag_ms, 3)),
        ):  # fmt: skip
            if value:
                told[name] = value
        self._begin()
        return told
