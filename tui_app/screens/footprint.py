"""A footprint in words: what a session will do to its target, before it does it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tui_app.screens.plan_model import LOAD_USERS, PlanModel
from tui_app.screens.safe import clean
from widgets.lines import Line, Span, fit, wrap


def minutes_text(value: Any) -> str:
    """Minutes, or seconds where they are few."""
    minutes = float(value)
    return f"{minutes:.0f} min" if minutes >= 1.5 else f"{max(minutes * 60, 1):.0f} s"


def span_text(seconds: float) -> str:
    """A length of time as a person says it: 10 min, 2 h."""
    return f"{seconds / 3600:g} h" if seconds >= 3600 else f"{seconds / 60:g} min"


def added_line(model: PlanModel, *, hint: bool = False) -> Line:
    """What a plan has, or leaves out, beside its checks: load, a soak, repeats; each with its key."""
    parts = (
        (f"{model.users} users" if model.load else f"{LOAD_USERS} users", model.load, "L"),
        (f"soak {span_text(model.duration_s)}" if model.duration_s else "soak", model.duration_s > 0, "d"),
    )
    left_out = [(text, key) for text, there, key in parts if not there]
    added = [(text, key) for text, there, key in parts if there]
    spans: list[Span] = []
    for name, shown, tone in (("left out", left_out, "dim"), ("added", added, "warn")):
        if shown:
            spans.append((fit(name, 13) if not spans else f"{name}  ", "dim"))
            for text, key in shown:
                spans += [(text, tone), (" [", "dim"), (key, "key"), ("]   ", "dim")]
    return (*spans, ("press to change", "dim")) if hint else tuple(spans)


EFFECTS = {"negative": "negative (sends bad tokens)", "fault": "fault (cuts own connections)", "load": "load (many users at once)"}
"""What agreeing to an effect means; the word itself is what `--consent` takes."""


def effect_words(effects: Iterable[object]) -> str:
    """Effects for a person, in the order given."""
    return ", ".join(EFFECTS.get(str(effect), clean(str(effect))) for effect in effects)


def footprint_wrapped(cost: Mapping[str, Any], width: int) -> list[Line]:
    """The same in a pane: what is too long goes on below."""
    lines: list[Line] = []
    for (name, tone), (text, shade) in footprint_lines(cost):
        for index, part in enumerate(wrap(text, max(width - len(name), 10))):
            lines.append(((name if index == 0 else " " * len(name), tone), (part, shade)))
    return lines


def footprint_lines(cost: Mapping[str, Any]) -> list[Line]:
    """A footprint as rows of name and number."""
    if not cost:
        return []
    limit = f", stops at {cost['agent_runs_limit']}" if cost.get("agent_runs_limit") else ""
    pace = f", at most {cost['connects_per_minute']} a minute" if cost.get("connects_per_minute") else ""
    made = cost.get("creates") or {}
    creates = ", ".join(f"{count} {clean(str(name))}" for name, count in made.items()) if isinstance(made, Mapping) else clean(str(made))
    rows = (
        ("agent runs", f"about {cost.get('agent_runs', 0)}{limit} (each may call a paid model)"),
        ("connections", f"about {cost.get('connects', 0)}{pace}, {cost.get('sockets', 0)} at once"),
        ("creates", f"{creates}; threads are archived"),
        ("bad tokens", f"{cost.get('bad_tokens', 0)}, a known-good one after each"),
        *((("looks", clean(str(cost["looks"]))),) if cost.get("looks") else ()),
        ("effects", effect_words(cost.get("effects", ())) or "read"),
        ("takes", f"about {minutes_text(cost.get('minutes', 0))}"),
    )
    warned = [((fit("sign-in", 13), "dim"), (clean(str(text)), "warn")) for text in cost.get("warnings", ())]
    return [*(((fit(name, 13), "dim"), (text, "plain")) for name, text in rows), *warned]
