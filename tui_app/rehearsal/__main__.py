"""`python -m tui_app.rehearsal` serves the rehearsal staging."""

import sys

from tui_app.rehearsal import serve

if __name__ == "__main__":
    sys.exit(serve(sys.argv[1:]))
