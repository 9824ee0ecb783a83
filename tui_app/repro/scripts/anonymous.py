"""Routes with users' data, and those that give tokens: each has to refuse a caller who brings none. The good token opens the first kind."""

from __future__ import annotations

from tui_app.repro.scripts.common import (
    FACTS,
    Unclear,
    address,
    agreed,
    client,
    finish,
    forget_thread,
    marker,
    new_thread,
    sign_in,
    tried,
    values,
    who,
)  # fmt: skip


async def minted(path: str, token: str) -> str:
    """What is wrong where a token is asked for without a credential, for the script's own user; '' where it is refused."""
    own = {"user_id": min(await who(token, 1)), "email": "nobody@example.com"}
    nobody = {"service_id": "repro-is-no-service", "service_secret": "repro-has-no-secret"}
    async with client() as http:
        answer = await http.post(address("auth") + path, json=own if path.endswith("create-token") else nobody)
    if answer.is_success and values(answer.json(), "access_token", "token", "service_token"):
        return f"{path} gives a token to a caller without any credential"
    if answer.status_code not in (400, 401, 403, 404, 405, 501):
        raise Unclear(f"{path} neither refuses nor gives a token: {answer.status_code}")
    return ""


async def show() -> str:
    """The recorded routes; of a thread, one of this script's own."""
    agreed("this asks what must be refused")
    token = await sign_in(1)
    for path in FACTS.get("mint", ()):
        if wrong := await minted(path, token):
            return wrong
        tried()
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
