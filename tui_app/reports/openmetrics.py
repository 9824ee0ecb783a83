"""The session's figures as OpenMetrics: the same that `vigil run --metrics-file` writes while it runs."""

from __future__ import annotations

from collections.abc import Iterator

from tui_app.metrics import missing
from tui_app.reports.facts import Facts


def write(facts: Facts) -> Iterator[str]:
    """The text, to its end mark. Raises ValueError where the library for it is not installed."""
    if wanting := missing():
        raise ValueError(wanting)
    from tui_app.metrics.collector import RecordingCollector

    with RecordingCollector(facts.path, facts.result) as collector:
        yield collector.text()
