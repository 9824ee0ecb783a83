"""A session's figures for a monitoring system (OpenMetrics 1.0): read from the recording when they are asked for.

`collector` reads rows and makes metric families, `exporting` writes a file or answers on loopback while a session runs. Both need
`prometheus-client`, the extra `vigil[metrics]`; nothing here is imported before somebody asks for it. The engine knows of none of this.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

MISSING: Final = (
    "prometheus-client is not installed, which metrics are written with; it belongs to the extra vigil[metrics]: "
    "python -m pip install -e '.[metrics]' in Vigil's folder"
)


def missing() -> str:
    """What to install first; '' where all is there."""
    return "" if find_spec("prometheus_client") else MISSING
