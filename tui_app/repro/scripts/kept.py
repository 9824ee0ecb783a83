"""What was asked and what was answered have to stand in the history, read over a new connection."""

from __future__ import annotations

from tui_app.repro.scripts.common import (
    Unclear,
    address,
    answer_of,
    client,
    connected,
    finish,
    forget_thread,
    marker,
    new_thread,
    run,
    sign_in,
    tried,
)  # fmt: skip

ROUNDS, READS = 3, 4


async def show() -> str:
    """A thread, a run in it, its messages."""
    token = await sign_in(1)
    for _ in range(ROUNDS):
        mark = marker()
        thread = await new_thread(token, f"repro {mark}")
        try:
            async with connected(token) as socket:
                answer = answer_of(await run(socket, f"What did I spend this month? Quote my reference {mark}.", thread))
            if not answer:
                raise Unclear("the run gives no answer, so there is none to keep")
            written = marker()
            async with client(token) as http:
                posted = await http.post(f"{address('backend')}/api/threads/{thread}/messages", json={"message": f"note {written}"})
            if not posted.is_success:
                return f"a message is answered with {posted.status_code}"
            for number in range(1, READS + 1):
                async with client(token) as http:
                    got = await http.get(f"{address('backend')}/api/threads/{thread}/messages")
                if not got.is_success:
                    return f"the history is answered with {got.status_code}"
                found = got.json()
                kept = [str(one.get("content")) for one in (found.get("messages", []) if isinstance(found, dict) else found)]
                for what, text in (("the message", written), ("the question", mark)):
                    if not any(text in one for one in kept):
                        return f"{what} is not in the history at read {number}"
            if not any(answer in one for one in kept):
                return "the answer is not in the history"
            tried()
        finally:
            await forget_thread(token, thread)
    return ""


if __name__ == "__main__":
    finish(show)
