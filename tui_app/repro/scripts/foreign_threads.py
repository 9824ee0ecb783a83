"""A thread of one user's, asked for by another one: it has to stay closed."""

from __future__ import annotations

from tui_app.repro.scripts.common import Unclear, address, agreed, client, finish, forget_thread, marker, new_thread, tried, two


async def show() -> str:
    """Read it, its messages; then, on a thread of this script's own, try to write to it, to rename and to archive it."""
    agreed("this tries what must be refused")
    owner, stranger = await two()
    thread = await new_thread(owner, f"repro {marker()}")
    url = f"{address('backend')}/api/threads/{thread}"
    try:
        async with client(owner) as http:
            if not (await http.get(url)).is_success:
                raise Unclear("its owner cannot open it either")
        async with client(stranger) as http:
            own = await http.get(f"{address('backend')}/api/threads?limit=1")
            if not own.is_success:
                raise Unclear(f"user 2's own threads are answered with {own.status_code}, so a refusal says nothing")
            for method, path, body in (
                ("GET", "", None),
                ("GET", "/messages", None),
                ("POST", "/messages", {"message": "written by a stranger"}),
                ("PUT", "", {"title": "taken"}),
                ("DELETE", "", None),
            ):
                answer = await http.request(method, url + path, json=body)
                if answer.is_success:
                    return f"{method} /api/threads/{{id}}{path} of another user's thread is answered with {answer.status_code}"
                if answer.status_code not in (401, 403, 404):
                    raise Unclear(f"{method} /api/threads/{{id}}{path} is neither refused nor done: {answer.status_code}")
                tried()
    finally:
        await forget_thread(owner, thread)
    return ""


if __name__ == "__main__":
    finish(show)
