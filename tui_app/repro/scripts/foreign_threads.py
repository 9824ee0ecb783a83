"""A thread of one user's, asked for by another one: it has to stay closed."""

from __future__ import annotations

from tui_app.repro.scripts.common import TRIED, Unclear, address, agreed, client, finish, forget_thread, marker, new_thread, two_users


async def show() -> str:
    """Read it, its messages; then, on a thread of this script's own, try to rename and to archive it."""
    agreed("this tries what must be refused")
    owner, stranger = await two_users()
    thread = await new_thread(owner, f"repro {marker()}")
    url = f"{address('backend')}/api/threads/{thread}"
    try:
        async with client(owner) as http:
            if not (await http.get(url)).is_success:
                raise Unclear("its owner cannot open it either")
        async with client(stranger) as http:
            for method, path, body in (
                ("GET", "", None),
                ("GET", "/messages", None),
                ("POST", "/messages", {"message": "from somebody else"}),
                ("PUT", "", {"title": "taken"}),
                ("DELETE", "", None),
            ):
                TRIED.append(method)
                answer = await http.request(method, url + path, json=body)
                if answer.is_success:
                    return f"{method} /api/threads/{{id}}{path} of another user's thread is answered with {answer.status_code}"
    finally:
        await forget_thread(owner, thread)
    return ""


if __name__ == "__main__":
    finish(show)
