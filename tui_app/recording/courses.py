"""Folds what takes its course over a session: load levels, soak blocks, drift, iterations, recoveries part by part."""

from __future__ import annotations

from typing import Any

from tui_app.model import Row
from tui_app.recording.kept import count, real, text
from tui_app.recording.state import TIMES_KEPT, BlockView, DriftView, IterationsView, IterationView, LevelView, RecoveryView, SessionState

KINDS = ("level", "block", "drift", "iteration")


def fold_course(state: SessionState, row: Row, body: dict[str, Any]) -> None:
    """Take one row of `KINDS` into the state."""
    {"level": _level, "block": _block, "drift": _drift, "iteration": _iteration}[row.kind](state, row, body)


def _level(state: SessionState, row: Row, body: dict[str, Any]) -> None:
    number = count(body, "number")
    ended = body.get("ended")
    state.levels[number] = LevelView(
        number=number, of=count(body, "of"), users=count(body, "users"), state=row.type, sockets=count(body, "sockets"),
        runs=count(body, "runs"), overlap=count(body, "overlap"), asked=count(body, "asked"), completed=count(body, "completed"),
        failed=count(body, "failed"), throttled=count(body, "throttled"), late=count(body, "late"),
        first_p50=real(body.get("first_p50_ms")), first_p95=real(body.get("first_p95_ms")), run_p50=real(body.get("run_p50_ms")),
        run_p95=real(body.get("run_p95_ms")), ping_p95=real(body.get("ping_p95_ms")), control_p95=real(body.get("control_p95_ms")),
        began=count(body, "began"), ended=ended if isinstance(ended, int) else None, knee=body.get("knee") is True,
        why=text(body, "why"), lost=count(body, "lost"), errors=count(body, "errors"), rate=real(body.get("rate")), seq=row.seq,
    )  # fmt: skip


def _block(state: SessionState, row: Row, body: dict[str, Any]) -> None:
    number = count(body, "number")
    series = {
        str(name): (count(one, "n"), real(one.get("median")), real(one.get("p95")))
        for name, one in _table(body, "series").items()
        if isinstance(one, dict)
    }
    recovered = body.get("recovered_ms")
    state.blocks[number] = BlockView(
        number=number, of=count(body, "of"), began=count(body, "began"), seconds=real(body.get("seconds")) or 0.0, state=row.type,
        series=series, rates=_reals(body, "rates"), planned=count(body, "planned"), unexpected=count(body, "unexpected"),
        recovered=tuple(float(one) for one in recovered if isinstance(one, int | float)) if isinstance(recovered, list) else (),
        own=_reals(body, "own"), why=text(body, "why"), seq=row.seq,
    )  # fmt: skip


def _drift(state: SessionState, row: Row, body: dict[str, Any]) -> None:
    what = text(body, "what")
    state.drifts[what] = DriftView(
        what=what, unit=text(body, "unit"), word=row.type, blocks=count(body, "blocks"), slope=real(body.get("slope")),
        low=real(body.get("low")), high=real(body.get("high")), detectable=real(body.get("detectable")), limit=real(body.get("limit")),
        reason=text(body, "reason"), seq=row.seq,
    )  # fmt: skip


def _iteration(state: SessionState, row: Row, body: dict[str, Any]) -> None:
    view = state.iterations.setdefault(row.check, IterationsView(check=row.check))
    view.of = count(body, "of")
    view.done += 1
    view.words[row.type] = view.words.get(row.type, 0) + 1
    view.kind = text(body, "class") or view.kind
    view.low, view.high = real(body.get("low")), real(body.get("high"))
    if len(view.times) < TIMES_KEPT:
        view.times.append(
            IterationView(
                number=count(body, "number"),
                word=row.type,
                ms=row.ms,
                reason=text(body, "reason"),
                signature=text(body, "signature"),
                build=text(body, "build"),
                instance=text(body, "instance"),
                cold=cold if isinstance(cold := body.get("cold"), bool) else None,
                began=count(body, "began"),
                seq=row.seq,
                guilty=text(body, "guilty"),
                first=count(body, "first"),
                last=count(body, "last"),
                evidence=_rows(body, "evidence"),
            )
        )


def fold_recovery(state: SessionState, row: Row) -> None:
    """Take one sample of recovery, or of a part of one: the parts of a user's recovery come before the sample that ends it."""
    if row.ms is None:
        return
    whose = (row.check, row.user)
    if row.type == "recovery":
        state.recoveries.append(RecoveryView(*whose, row.t, row.ms, state.recovering.pop(whose, {}), row.seq))
    elif row.type == "recovery_catch_up" and whose not in state.recovering:
        done = next((one for one in reversed(state.recoveries) if (one.check, one.user) == whose), None)
        if done is not None:
            done.parts.setdefault(row.type, row.ms)
    else:
        state.recovering.setdefault(whose, {})[row.type] = row.ms


def _table(body: dict[str, Any], key: str) -> dict[str, Any]:
    value = body.get(key)
    return value if isinstance(value, dict) else {}


def _reals(body: dict[str, Any], key: str) -> dict[str, float]:
    return {str(name): float(value) for name, value in _table(body, key).items() if isinstance(value, int | float)}


def _rows(body: dict[str, Any], key: str) -> tuple[int, ...]:
    """Numbers of rows, from pairs of engine and number."""
    value = body.get(key)
    pairs = value[:16] if isinstance(value, list) else []
    return tuple(pair[1] for pair in pairs if isinstance(pair, list) and len(pair) == 2 and isinstance(pair[1], int))
