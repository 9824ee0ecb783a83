"""The named places at which a fault may take hold, with the value that passes there and the facts beside it.

A service that gets a new place adds its line here; `Seeded.apply` with a name that is not listed is a defect, and a test finds it.
"""

from __future__ import annotations

from typing import Final

PLACES: Final[dict[str, str]] = {
    "token.expired": "bool, whether an expired token is to be refused. Facts: claims.",
    "event.route": (
        "list[Delivery], who gets an event of a run. Facts: run (a `RunFacts`), frame, others (other users' open sockets, newest last), "
        "siblings (the user's own other open sockets), seed (of the rehearsal)."
    ),
    "notice.route": "list[Delivery], who gets a notice about a thread that its owner changed over REST. Facts: user_id, others.",
    "logout.closes": "list[Receiver], whose sockets are closed by a sign-out. Facts: user_id, everybody (all open sockets).",
    "socket.opened": "list[Frame], what a socket is sent right after its welcome. Facts: user_id, receiver.",
    "access.denied": "bool, whether a user is kept from what another owns. Facts: user_id, owner, thing (thread, run), id, action.",
    "denial.text": "str, what whoever was kept out is told. Facts: user_id, owner.",
    "list.owner": "str or None, whose things a list holds (None: everybody's). Facts: user_id, what (threads, chat).",
    "thread.kept": "bool, whether a message goes into the thread that it names. Facts: user_id.",
    "agent.memory": "list[str], what the agent knows to have been said in the thread before. Facts: run.",
    "tool.parameters": "dict, with what a tool is said to be called. Facts: run.",
    "run.wait": "float, seconds after which a run asks again whether it may begin; 0: now. Facts: run, busy (runs of others in flight).",
}
