"""Routes with users' data: each has to refuse a caller who brings no token. The good token opens each of them first."""

from __future__ import annotations

from tui_app.repro.scripts.common import FACTS, Unclear, address, agreed, client, finish, forget_thread, marker, new_thread, sign_in, tried


async def show() -> str:
    """The recorded routes; of a thread, one of this script's own."""
    agreed("this asks what must be refused")
    token = await sign_in(1)
    thread = await new_thread(token, f"repro {marker()}")
    try:
        for path in FACTS["paths"]:
            url = address("backend") + path.replace("{id}", thread)
            async with client(token) as http:
                mine = await http.get(url)
            if not mine.is_success:
                raise Unclear(f"{path} is answered with {mine.status_code} for a good token, so a refusal says nothing")
            async with client() as http:
                answer = await http.get(url)
            if answer.is_success:
                return f"{path} answers a caller without a token with {answer.status_code}"
            if answer.status_code not in (401, 403):
                raise Unclear(f"{path} neither refuses nor answers a caller without a token: {answer.status_code}")
            tried()
    finally:
        await forget_thread(token, thread)
    return ""


if __name__ == "__main__":
    finish(show)
