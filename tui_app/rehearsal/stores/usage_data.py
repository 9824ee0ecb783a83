"""The usage data an account starts with: deterministic by (seed, user id), for the month that it is made in and the three before."""

from __future__ import annotations

import random
from datetime import date

from tui_app.rehearsal.stores.relational import UsageRow

MODELS: dict[str, float] = {"atlas-large": 1.2, "atlas-mini": 0.09, "borealis-pro": 0.85, "borealis-lite": 0.14, "embed-core": 0.02}
"""Price in US cents per thousand tokens."""
TEAMS = ("support", "search", "analytics")


def months_back(today: date, count: int) -> list[str]:
    """The `count` months before today's month and then that one itself, oldest first, as YYYY-MM."""
    first = today.year * 12 + today.month - 1 - count
    return [f"{n // 12:04d}-{n % 12 + 1:02d}" for n in range(first, first + count + 1)]


def usage_of(seed: int, user_id: str, today: date) -> list[UsageRow]:
    """Rows of (month, model, team, requests, tokens, cents)."""
    draw = random.Random(f"usage:{seed}:{user_id}")
    models = draw.sample(sorted(MODELS), draw.randint(3, len(MODELS)))
    base = {(model, team): draw.randint(800, 60_000) for model in models for team in TEAMS if draw.random() < 0.75}
    if not base:
        base = {(models[0], TEAMS[0]): draw.randint(800, 60_000)}
    per_request = {model: draw.randint(350, 2_600) for model in models}
    rows: list[UsageRow] = []
    for month in months_back(today, 3):
        for (model, team), typical in base.items():
            requests = max(1, round(typical * draw.uniform(0.7, 1.35)))
            tokens = round(requests * per_request[model] * draw.uniform(0.9, 1.1))
            rows.append((month, model, team, requests, tokens, max(1, round(tokens / 1000 * MODELS[model]))))
    return rows
