"""`dask scheduler|worker ... --no-dashboard --preload tui_app.cluster.closed`: no HTTP port.

Without a dashboard Dask still serves health, metrics and information pages over HTTP: unencrypted, and on a scheduler at port 8787 of
every address. This closes that port as soon as the process is set up.
"""

from __future__ import annotations

from typing import Any


def dask_setup(server: Any) -> None:
    """Dask calls this with the scheduler or worker once it is set up."""
    http = getattr(server, "http_server", None)
    if http is not None:
        http.stop()
