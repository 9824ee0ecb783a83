"""The result as JSON, schema `vigil.session/1`: what `vigil run --json` wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tui_app.reports.facts import Facts


def write(facts: Facts) -> Iterator[str]:
    """The document."""
    yield json.dumps(facts.result, indent=1, ensure_ascii=False) + "\n"
