"""Sessions made by hand for the screens' tests and the gallery: nothing here happened, every number is chosen."""

from __future__ import annotations

from datetime import UTC, datetime

from tui_app.model import SECOND
from tui_app.recording.state import (
    CellView,
    CheckView,
    CriterionView,
    FindingView,
    RunView,
    SeriesView,
    SessionState,
    UserView,
    Waiting,
)
from tui_app.screens.view import View

NOON = datetime(2026, 11, 12, 17, 5, 7, tzinfo=UTC)

CHECKS = (
    ("1", "1.1", "health-live", "Every service says by its body that it lives"),
    ("1", "1.1", "health-tiers", "Three tiers answer for themselves"),
    ("1", "1.2", "sign-in-triangle", "One identity in token, auth service and socket"),
    ("1", "1.2", "token-matrix", "Bad tokens are refused everywhere"),
    ("2", "2.1", "five-events", "The five critical events of every run"),
    ("2", "2.1", "events-order", "They come in order, paired and once"),
    ("2", "2.2", "ai-value", "An answer that an echo cannot give"),
    ("2", "2.3", "isolation-rest", "Another user's thread stays closed over REST"),
    ("2", "2.3", "isolation-cells", "Another user's thread stays closed over the socket"),
    ("2", "2.3", "tool-isolation", "Customers never see each other's tool results"),
    ("3", "3.1", "recovery-cut", "A cut connection recovers"),
    ("3", "3.2", "message-latency", "Messages travel fast"),
    ("3", "3.2", "connect-time", "Connections open fast"),
    ("4", "4.1", "golden-path", "Sign-in to history, one traced journey"),
    ("4", "4.2", "tiers-persist", "A message is read back on a fresh connection"),
)


def checks_json() -> list[dict[str, object]]:
    """The catalogue as the plan screen reads it, in the shape of `vigil checks --json`."""
    effects = {"token-matrix": ["read", "negative"], "recovery-cut": ["read", "write", "fault"]}
    return [
        {
            "id": check,
            "phase": phase,
            "suite": suite,
            "title": title,
            "proves": f"{title}: every frame carries its owner's marker and no other's.",
            "impact": "Customers can rely on what they see being theirs.",
            "strategy": [f"tests/mission_critical/test_{check.replace('-', '_')}_suite.py"],
            "answered_by": "",
            "effects": effects.get(check, ["read", "write"]),
            "needs": ["2 users"] if suite == "2.3" else [],
            "exclusive": check.startswith("recovery"),
            "catches": [] if suite == "1.1" else ["tool-result-swap", "late-tool-frame"],
            "measurable": True,
            "required": True,
        }
        for phase, suite, check, title in CHECKS
    ]


def planned(users: int = 5) -> SessionState:
    """A session that has just begun."""
    state = SessionState(
        session="7c1e0a9b3d42",
        target="staging",
        environment="staging",
        build="beta-14 rev 213",
        preset="quick",
        host="operator@console",
        started="2026-11-12T17:02:53Z",
        phases={"1": "waiting", "2": "waiting", "3": "waiting", "4": "waiting"},
        runs_limit=60,
        seq=1,
    )
    for phase, suite, check, title in CHECKS:
        state.checks[check] = CheckView(check, phase, suite, title, proves=title, impact="Customers can rely on it.")
    for k in range(1, users + 1):
        label = f"u{k}"
        state.users[label] = UserView(label, sub=f"6f0c{k:04x}-1111-4222-8333-0123456789ab", name=f"user {k}")
    for source in state.users:
        for observer in state.users:
            state.cells[source, observer] = CellView(source, observer)
    return state


def _series(state: SessionState) -> None:
    rows = (
        ("connect", 2000.0, (41, 38, 55, 40, 61, 44), 59, 88.0, None),
        ("ping", 100.0, (1.1, 1.0, 0.9, 3.2, 1.3, 1.0), 208, 2.0, 4.0),
        ("first", None, (38, 41, 60, 44, 80, 39), 24, 61.0, None),
        ("run", 30000.0, (1910, 2044, 1800, 2400, 1700, 2100), 24, 2400.0, None),
    )
    for name, limit, values, n, p95, p99 in rows:
        series = SeriesView(name, limit_ms=limit, n=n, last=float(values[-1]), p95=p95, p99=p99, p50=float(values[0]), max=p95 * 1.3)
        for index in range(60):
            series.recent.append((index * 2 * SECOND, float(values[index % len(values)]) * (1 + (index % 7) / 20)))
        state.series[name] = series
    state.series["recovery"] = SeriesView("recovery", limit_ms=5000.0)


def running(users: int = 5) -> SessionState:
    """A session in mid-run, with one leak found."""
    state = planned(users)
    state.t, state.seq = 134 * SECOND, 4812
    state.phases.update({"1": "done", "2": "running"})
    for check in state.checks.values():
        if check.phase == "1":
            check.word, check.reason = "PASS", "all answers agree"
    state.checks["five-events"].word = "RUNNING"
    state.checks["events-order"].word = "PASS"
    state.checks["ai-value"].word = "RUNNING"
    leak = state.checks["tool-isolation"]
    leak.word, leak.reason = "FAIL", "2 leaks in 310 probes, limit 0"
    leak.findings.append(FindingView("critical", "u4 saw u3's marker in tool_completed", [(1, 4377)], 4377))
    leak.verdict_seq, leak.to_decide = 4380, "a new build shows 0 leaks in 299 probes"
    lamps = ("sssss", "sss..", "s....", "ssxss", "ss...")
    words = ("ok", "running", "running", "wrong", "running")
    for index in range(9):
        user = f"u{(3, 1, 5, 2, 4)[index % 5]}"
        state.runs[f"7f{index:02x}"] = RunView(
            key=f"7f{index:02x}",
            user=user,
            check="tool-isolation",
            seq=4300 + index,
            t=(126 + index) * SECOND,
            lamps=lamps[index % 5],
            state=words[index % 5],
            ms=1900.0 + 100 * index if words[index % 5] != "running" else None,
            why="no tool_executing" if words[index % 5] == "wrong" else "",
        )
    state.runs_total = 18
    for (source, observer), cell in state.cells.items():
        cell.probes, cell.state = 15, "clean"
        if source == observer:
            cell.probes, cell.state = 15, "clean"
    if users >= 4:
        hot = state.cells["u3", "u4"]
        hot.leaks, hot.state, hot.seq = 2, "leak", 4377
    if users >= 5:
        for observer in ("u1", "u2", "u3"):
            state.cells["u4", observer].probes, state.cells["u4", observer].state = 0, "unproven"
        state.cells["u1", "u5"].probes, state.cells["u1", "u5"].state = 6, "measuring"
    for index, user in enumerate(state.users.values()):
        user.sockets, user.sockets_total = 1, 2
        user.own_seen, user.denied = 15, 8
        user.foreign_seen = 2 if index == 3 else 0
    _series(state)
    state.waiting[41] = Waiting("tool-isolation", "u3", "agent-run", 127 * SECOND, 30_000)
    state.sockets = users
    state.word = "FAIL"
    return state


def failed() -> SessionState:
    """The same session at its end."""
    state = running()
    for check in state.checks.values():
        if check.word in ("", "RUNNING"):
            check.word, check.reason = "PASS", "as expected in every sample"
    state.checks["tiers-persist"].word = "BLOCKED"
    state.checks["tiers-persist"].reason = "one tier of three does not answer"
    state.checks["tiers-persist"].to_decide = "the analytics tier answers again"
    state.checks["token-matrix"].word, state.checks["token-matrix"].reason = "SKIPPED", "consent for negative was declined"
    state.checks["message-latency"].word, state.checks["message-latency"].reason = "INCONCLUSIVE", "93 samples do not decide p95"
    state.checks["message-latency"].to_decide = "31 more samples"
    _criteria(state)
    state.waiting.clear()
    for run in state.runs.values():
        if run.state == "running":
            run.state, run.lamps, run.ms = "ok", "sssss", 2000.0
    state.phases = dict.fromkeys(state.phases, "done")
    state.ended, state.end_reason, state.word = True, "complete", "FAIL"
    state.made, state.tidied, state.left = 12, 12, 0
    state.t, state.seq = 242 * SECOND, 9120
    return state


def passed() -> SessionState:
    """A rehearsal in which all went well."""
    state = failed()
    state.target, state.environment, state.build = "rehearsal", "rehearsal", "rehearsal-1"
    for check in state.checks.values():
        check.word, check.reason, check.to_decide = "PASS", "as expected in every sample", ""
        check.findings.clear()
    for criterion in state.criteria.values():
        if criterion.word not in ("PASS", "SKIPPED"):
            criterion.word, criterion.reason = "PASS", ""
    for cell in state.cells.values():
        cell.leaks, cell.probes, cell.state = 0, 15, "clean"
    for user in state.users.values():
        user.foreign_seen = 0
    state.word = "PASS"
    return state


def _criteria(state: SessionState) -> None:
    rows = (
        ("T1", "Five critical events delivered", "5 of 5", "5 of 5", 24, "PASS", ""),
        ("T2", "Connection established, p95", "2,000 ms", "88 ms", 59, "PASS", ""),
        ("T3", "Agent execution end to end", "30 s", "2.4 s", 24, "PASS", ""),
        ("T4", "No cross-contamination", "0", "2 leaks", 310, "FAIL", "u4 saw u3's marker in 2 of 310 probes"),
        ("T5", "Authentication with real JWT validation", "all", "-", None, "SKIPPED", "consent for negative was declined"),
        ("T6", "Persistence across all tiers", "3 of 3", "2 of 3", None, "BLOCKED", "one tier of three does not answer"),
        ("B1", "Golden path journey", "all steps", "9 of 9", 1, "PASS", ""),
        ("B2", "Substantive AI value", "rubric", "4 of 4", 4, "PASS", ""),
        ("B3", "Enterprise multi-user features", "all", "2 of 3", 3, "FAIL", "tool-isolation fails"),
        ("B4", "Revenue-protecting functionality", "all", "all", 6, "PASS", ""),
        ("B5", "Production parity", "all", "5 of 5", 5, "PASS", ""),
        ("P1", "Message latency, p95", "100 ms", "2 ms", 93, "INCONCLUSIVE", "31 more samples would decide"),
        ("P2", "Agent response, mean", "15 s", "2.0 s", 24, "PASS", ""),
        ("P3", "50 concurrent users", "50", "-", None, "SKIPPED", "not in this plan"),
        ("P4", "Stable for 2 h", "2 h", "-", None, "SKIPPED", "not in this plan"),
        ("P5", "Recovery", "5 s", "1.2 s", 10, "PASS", ""),
    )
    for row in rows:
        state.criteria[row[0]] = CriterionView(*row)


def view_of(state: SessionState, role: str = "driving") -> View:
    """A view on a hand-made state, its clock standing at noon of the session."""
    view = View(state=state, clock=lambda: NOON)
    view.role = role  # type: ignore[assignment]
    view.about = "04:00"
    return view
