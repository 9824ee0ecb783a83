"""The named places at which a fault may take hold, with the value that passes there and the facts beside it.

A service that gets a new place adds its line here; `Seeded.apply` with a name that is not listed is a defect, and a test finds it.
"""

from __future__ import annotations

from typing import Final

PLACES: Final[dict[str, str]] = {
    "token.expired": "bool, whether an expired token is to be refused. Facts: claims.",
    "message.taken": "Taken, what becomes of a client's message. Facts: message, user_id.",
    "message.refused": "Taken, what becomes of something that cannot be served. Facts: code, user_id.",
    "socket.opening": "list of frames that follow the welcome, none by default. Facts: user_id.",
    "run.script": "tuple[Line, ...], recited in place of an agent's work, none by default. Facts: run.",
    "run.stop": "str, what a stop by the run's owner does: 'cancel', 'tell' (confirm it only) or '' (nothing). Facts: run.",
    "answer.text": "str, the answer, before it is told and kept. Facts: run.",
    "event.close": "tuple[int, str] | None, code and reason to close the asking socket with after an event. Facts: run, frame.",
    "event.route": "list[Delivery], who gets an event of a run. Facts: run (a `RunFacts`), frame, others (other users' open sockets).",
}
