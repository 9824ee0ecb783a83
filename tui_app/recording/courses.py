"""Folds what takes its course over a session: load levels, soak blocks, drift, iterations, recoveries part by part."""

from __future__ import annotations

from typing import Any

from tui_app.model import Row
from tui_app.recording.state import TIMES_KEPT, BlockView, DriftView, IterationsView, IterationView, LevelView, RecoveryView, SessionState

KINDS = ("level", "block", "drift", "iteration")


def fold_course(state: SessionState, row: Row, body: dict[str, Any]) -> None:
    """Take one row of `KINDS` into the state."""
    {"level": _level, "block": _block, "drift": _drift, "iteration": _iteration}[row.kind](state, row, body)


def _level(state: SessionState, row: Row, body: dict[str, Any]) -> None:
    number = _whole(body, "number")
    ended = body.get("ended")
    state.levels[number] = LevelView(
        number=number, of=_whole(body, "of"), users=_whole(body, "users"), state=row.type, sockets=_whole(body, "sockets"),
        runs=_whole(body, "runs"), overlap=_whole(body, "overlap"), asked=_whole(body, "asked"), completed=_whole(body, "completed"),
        failed=_whole(body, "failed"), throttled=_whole(body, "throttled"), late=_whole(body, "late"),
        first_p50=_real(body, "first_p50_ms"), first_p95=_real(body, "first_p95_ms"), run_p50=_real(body, "run_p50_ms"),
        run_p95=_real(body, "run_p95_ms"), ping_p95=_real(body, "ping_p95_ms"), control_p95=_real(body, "control_p95_ms"),
        began=_whole(body, "began"), ended=ended if isinstance(ended, int) else None, knee=body.get("knee") is True,
        why=_text(body, "why"), lost=_whole(body, "lost"), errors=_whole(body, "errors"), rate=_real(body, "rate"), seq=row.seq,
    )  # fmt: skip


def _block(state: SessionState, row: Row, body: dict[str, Any]) -> None:
    number = _whole(body, "number")
    series = {
        str(name): (_whole(one, "n"), _real(one, "median"), _real(one, "p95"))
        for name, one in _table(body, "series").items()
        if isinstance(one, dict)
    }
    recovered = body.get("recovered_ms")
    state.blocks[number] = BlockView(
        number=number, of=_whole(body, "of"), began=_whole(body, "began"), seconds=_real(body, "seconds") or 0.0, state=row.type,
        series=series, rates=_reals(body, "rates"), planned=_whole(body, "planned"), unexpected=_whole(body, "unexpected"),
        recovered=tuple(float(one) for one in recovered if isinstance(one, int | float)) if isinstance(recovered, list) else (),
        own=_reals(body, "own"), why=_text(body, "why"), seq=row.seq,
    )  # fmt: skip


def _drift(state: SessionState, row: Row, body: dict[str, Any]) -> None:
    what = _text(body, "what")
    state.drifts[what] = DriftView(
        what=what, unit=_text(body, "unit"), word=row.type, blocks=_whole(body, "blocks"), slope=_real(body, "slope"),
        low=_real(body, "low"), high=_real(body, "high"), detectable=_real(body, "detectable"), limit=_real(body, "limit"),
        reason=_text(body, "reason"), seq=row.seq,
    )  # fmt: skip


def _iteration(state: SessionState, row: Row, body: dict[str, Any]) -> None:
    view = state.iterations.setdefault(row.check, IterationsView(check=row.check))
    view.of = _whole(body, "of")
    view.done += 1
    view.words[row.type] = view.words.get(row.type, 0) + 1
    view.kind = _text(body, "class") or view.kind
    view.low, view.high = _real(body, "low"), _real(body, "high")
    if len(view.times) < TIMES_KEPT:
        view.times.append(
            IterationView(
                number=_whole(body, "number"),
                word=row.type,
                ms=row.ms,
                reason=_text(body, "reason"),
                signature=_text(body, "signature"),
                build=_text(body, "build"),
                instance=_text(body, "instance"),
                cold=cold if isinstance(cold := body.get("cold"), bool) else None,
                began=_whole(body, "began"),
                seq=row.seq,
                guilty=_text(body, "guilty"),
                first=_whole(body, "first"),
                last=_whole(body, "last"),
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


def _text(body: dict[str, Any], key: str) -> str:
    value = body.get(key)
    return "" if value is None else str(value)[:2_000]


def _real(body: dict[str, Any], key: str) -> float | None:
    value = body.get(key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _whole(body: dict[str, Any], key: str) -> int:
    value = body.get(key)
    return value if isinstance(value, int) else 0
