"""A rehearsal that calls itself by the name of another environment, in its answers and in its tokens: `posing.py docker OPTIONS`.

What a target is said to be is checked before anything is sent, so one that is compared as Docker or as staging has to say so.
"""

from __future__ import annotations

import sys
from typing import Any

import jwt

from tui_app.rehearsal import frames, serve

if __name__ == "__main__":
    name, encode = sys.argv[1], jwt.encode

    def renamed(payload: dict[str, Any], *given: Any, **options: Any) -> str:
        return encode({**payload, "env": name} if payload.get("env") == "rehearsal" else payload, *given, **options)

    frames.ENVIRONMENT = name
    jwt.encode = renamed
    sys.exit(serve(sys.argv[2:]))
