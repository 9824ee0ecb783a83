"""The list of things Vigil made on a target, and the guard that nothing else is changed, stopped or deleted.

Architecture, 'Doing no harm': only what we made. The guards are pure and raise before anything is sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import msgspec

from tui_app.wire.vocabulary import CHANGING_TYPES, WRITING_TYPES

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_STOPPING: Final = re.compile(r"stop|cancel|kill|terminate|delete|remove|archive|purge|bulk|clear|reset|blacklist|revoke|rename")
_COLLECTION: Final = frozenset({"threads", "conversations", "runs", "history"})
_ID_KEYS: Final = ("run_id", "thread_id", "message_id", "id", "run_ids", "thread_ids", "message_ids", "ids", "runId", "threadId")
_WRITTEN_KEYS: Final = ("run_id", "thread_id", "runId", "threadId")


class NotOurs(Exception):
    """Something that Vigil did not make was about to be changed, stopped or deleted; nothing was sent."""


class Made(msgspec.Struct, frozen=True):
    """One thing made on the target: `kind` is `user`, `thread`, `run` or `message`; `owner` a user's label, `u3`."""

    kind: str
    id: str
    owner: str


class Created:
    """What Vigil made on one target in this session (or was told by a recording that it made)."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, str], Made] = {}
        self._ids: dict[str, int] = {}

    def add(self, kind: str, id: str, owner: str) -> None:
        """Remember a thing as ours. An empty id is refused with `ValueError`; adding twice keeps the first owner."""
        if not id or not kind:
            raise ValueError("a created thing needs a kind and an id")
        if (kind, id) not in self._made:
            self._made[kind, id] = Made(kind, id, owner)
            self._ids[id] = self._ids.get(id, 0) + 1

    def discard(self, kind: str, id: str) -> None:
        """Forget a thing that is gone."""
        if self._made.pop((kind, id), None) is not None:
            self._ids[id] -= 1
            if not self._ids[id]:
                del self._ids[id]

    def owned(self, kind: str, id: str) -> str | None:
        """The label of the user who owns the thing, or None if it is not ours."""
        made = self._made.get((kind, id))
        return None if made is None else made.owner

    def require(self, kind: str, id: str) -> str:
        """The owner's label; raises `NotOurs` for anything that Vigil did not make."""
        owner = self.owned(kind, id)
        if owner is None:
            raise NotOurs(f"{kind} {id!r} was not made by this session, so it is left alone")
        return owner

    def knows(self, id: str) -> bool:
        """Whether any thing of ours, of whatever kind, has this id."""
        return id in self._ids

    def __len__(self) -> int:
        return len(self._made)

    def __iter__(self) -> Iterator[Made]:
        return iter(tuple(self._made.values()))


def check_request(
    method: str,
    path: str,
    created: Created,
    ours: tuple[str, str] | None = None,
    body: Any = None,
    params: Mapping[str, Any] | None = None,
) -> None:
    """Raises `NotOurs` for an HTTP request that would change, stop or delete something that Vigil did not make.

    PUT, PATCH and DELETE anywhere, and POST below one thread or run or on a path that stops something, need
    `ours = (kind, id)`: known to `created`, and named by the path, the query or the body. Every id in query or body must be
    ours. Any other POST may make things; a thread or run that its query or body names must be ours.
    """
    method = method.upper()
    if method in SAFE_METHODS:
        return
    parts = urlsplit(path)
    segments = [unquote(piece) for piece in parts.path.split("/") if piece]
    if any(piece in (".", "..") or "/" in piece or "\\" in piece for piece in segments):
        raise NotOurs(f"{method} with a path that means another one is never sent")
    if method == "POST" and not _aims_at_one(segments):
        for scope in (body, dict(params or {}), _query(parts.query)):
            _all_ours(f"POST {parts.path}", _ids_in(scope, _WRITTEN_KEYS), created)
        return
    if ours is None:
        raise NotOurs(f"{method} {parts.path} changes something: name what of ours it is")
    created.require(*ours)
    named = [*_ids_in(body), *_ids_in(dict(params or {})), *_ids_in(_query(parts.query))]
    _all_ours(f"{method} {parts.path}", [*named, *_ids_of_path(segments)], created)
    if ours[1] not in segments and ours[1] not in named:
        raise NotOurs(f"{method} {parts.path} does not name {ours[0]} {ours[1]!r}")


def check_outgoing(type: str, payload: Mapping[str, Any], created: Created) -> None:
    """Raises `NotOurs` for a WebSocket message that would change, stop or delete what Vigil did not make.

    `payload` is the whole message; ids at its root and in its `payload` and `data` count. Messages that stop or
    delete must name an id; messages that write may name none (the platform then makes a thread), and each id must be ours.
    """
    changing = type in CHANGING_TYPES or (type not in WRITING_TYPES and _STOPPING.search(type) is not None)
    if not changing and type not in WRITING_TYPES:
        return
    named: list[str] = []
    keys = _ID_KEYS if changing else _WRITTEN_KEYS
    for scope in (payload.get("payload"), payload.get("data")):
        if scope:
            named += _ids_in(scope, keys)
    # A message's own id, at its root, is none of a thing.
    named += _ids_in(payload, tuple(key for key in keys if key not in ("message_id", "id")) if changing else keys)
    if changing and not named:
        raise NotOurs(f"{type} without an id would reach whatever runs: name what of ours it is")
    _all_ours(type, named, created)


def _all_ours(what: str, named: list[str], created: Created) -> None:
    for id in named:
        if not created.knows(id):
            raise NotOurs(f"{what} names {id!r}, which was not made by this session")


def _aims_at_one(segments: list[str]) -> bool:
    """Whether a POST acts on one existing thing rather than making a new one."""
    if any(_STOPPING.search(piece.lower()) for piece in segments):
        return True
    return bool(_ids_of_path(segments))


def _ids_of_path(segments: list[str]) -> list[str]:
    """The segments of a path that stand where an id stands: right after a collection's name."""
    lower = [piece.lower() for piece in segments]
    found = [segments[i + 1] for i, piece in enumerate(lower[:-1]) if piece in _COLLECTION]
    found += [segments[i + 2] for i in range(len(lower) - 2) if lower[i : i + 2] in (["chat", "agents"], ["chat", "messages"])]
    return found


def _query(query: str) -> dict[str, str]:
    pairs = (piece.partition("=") for piece in query.split("&") if piece)
    return {unquote(key): unquote(value) for key, _, value in pairs}


def _ids_in(scope: Any, keys: tuple[str, ...] = _ID_KEYS) -> list[str]:
    # A dict first: to ask for a Mapping costs as much as all the rest, at every message that is sent.
    if not isinstance(scope, dict) and not isinstance(scope, Mapping):
        return []
    found: list[str] = []
    for key in keys:
        value = scope.get(key)
        if value is None or value == "":
            continue
        if isinstance(value, list | tuple):
            found += [str(item) for item in value]
        else:
            found.append(str(value))
    return found
