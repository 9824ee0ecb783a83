"""`python -m tui_app.cluster.child PARENT ARGUMENT...`: become `python ARGUMENT...`, and die with the parent where Linux can see to it.

An engine ends with its standard input anyway; this is for one that cannot read just then.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Final

PR_SET_PDEATHSIG: Final = 1


def main() -> None:
    """Set the death signal (prctl(2); it survives an exec), then become the engine."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != int(parent):  # it went in between
            sys.exit(1)
    os.execv(sys.executable, [sys.executable, *command])


if __name__ == "__main__":
    main()
