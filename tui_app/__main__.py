"""`python -m tui_app` is `vigil`; the engine and the rehearsal are spawned this way, too."""

from tui_app.cli import main

if __name__ == "__main__":
    main()
