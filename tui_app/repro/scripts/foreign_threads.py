"""A thread of one user's, asked for by another one: it has to stay closed."""

from __future__ import annotations

from typing import Any

from tui_app.repro.scripts.common import Unclear, address, agreed, client, finish, forget_thread, marker, new_thread, tried, two, values

WRITTEN = "written by a stranger"


def changed(thread: dict[str, Any], messages: Any, title: str) -> str:
    """What a stranger changed although it was refused; '' where nothing."""
    if "title" in str(thread) and title not in str(thread):
        return "its owner's title is not what it was"
    if "archived" in values(thread, "status"):
        return "it is archived"
    return "a message of the stranger's is in it" if WRITTEN in str(messages) else ""


async def show() -> str:
    """Read it, its messages; then, on a thread of this script's own, try to write to it, to rename and to archive it."""
    agreed("this tries what must be refused")
    owner, stranger = await two()
    title = f"repro {marker()}"
    thread = await new_thread(owner, title)
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
                ("POST", "/messages", {"message": WRITTEN}),
                ("PUT", "", {"title": "taken"}),
                ("DELETE", "", None),
            ):
                answer = await http.request(method, url + path, json=body)
                if answer.is_success:
                    return f"{method} /api/threads/{{id}}{path} of another user's thread is answered with {answer.status_code}"
                if answer.status_code not in (401, 403, 404):
                    raise Unclear(f"{method} /api/threads/{{id}}{path} is neither refused nor done: {answer.status_code}")
                tried()
        async with client(owner) as http:
            after, messages = await http.get(url), await http.get(f"{url}/messages")
        if not after.is_success or not messages.is_success:
            raise Unclear(f"afterwards its owner is answered with {after.status_code} and {messages.status_code}")
        if wrong := changed(after.json(), messages.json(), title):
            return f"every try of the stranger's was refused, and {wrong}"
    finally:
        await forget_thread(owner, thread)
    return ""


if __name__ == "__main__":
    finish(show)
