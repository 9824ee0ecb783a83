"""How many files may be open at once, against the sockets that a session opens."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from typing import Final

from tui_app.doctor.findings import Finding, Place, ok, warn

BESIDE: Final = 128
"""Files of the engine's own: recording, libraries, pipes, HTTP connections."""


def look(place: Place) -> Iterator[Finding]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    sockets = place.profile.limits.sockets if place.profile is not None else 120
    need = sockets + BESIDE
    if soft != resource.RLIM_INFINITY and soft < need:
        most = "unlimited" if hard == resource.RLIM_INFINITY else str(hard)
        yield warn("open files", f"{soft}, and a session with {sockets} sockets needs {need} (at most {most} here)", f"ulimit -n {need}")
    else:
        yield ok("open files", f"{'unlimited' if soft == resource.RLIM_INFINITY else soft}; a session with {sockets} sockets needs {need}")
