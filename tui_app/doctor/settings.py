"""Where every setting came from: the target file's line, a default, the environment, or the command line."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import platformdirs

from tui_app import looks
from tui_app.doctor.proxy import shown
from tui_app.recording.retention import KEEP_VARIABLE, SIZE_VARIABLE
from tui_app.sanitize import sanitize
from tui_app.target.lines import line_of
from tui_app.target.profile import Profile

VARIABLES: Final = {
    "VIGIL_ASCII": "glyphs as the encoding allows",
    "VIGIL_MOUSE": "on, over SSH off",
    KEEP_VARIABLE: "all sessions are kept",
    SIZE_VARIABLE: "as much as they take",
    "NO_COLOR": "colours",
    "TERM": "",
    "COLORTERM": "",
    "LC_ALL": "",
    "LC_CTYPE": "",
    "LANG": "",
    "SSL_CERT_FILE": "the system's authorities",
    "SSL_CERT_DIR": "the system's authorities",
    "NO_PROXY": "no exception",
}
"""Variables that change what Vigil does, with what holds where they are not set; '' for those that are then simply missing."""
PROXIES: Final = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "WSS_PROXY", "WS_PROXY")
FOLDERS: Final = ("XDG_STATE_HOME", "XDG_RUNTIME_DIR")


class Setting(msgspec.Struct, frozen=True):
    """One setting: what holds, and who said so."""

    name: str
    value: str
    origin: str


def settings(environment: Mapping[str, str], profile: Profile | None, command_line: Mapping[str, str]) -> tuple[Setting, ...]:
    """Every setting that holds, no secret among them."""
    return (
        *(Setting(name, value, "command line") for name, value in command_line.items()),
        *_environment(environment),
        *(_target(profile) if profile is not None else ()),
    )


def _theme(environment: Mapping[str, str]) -> Setting:
    """Which theme the screens begin with, and why."""
    remembered = looks.recall()
    theme, _ = looks.choose(environment, remembered)
    if "NO_COLOR" in environment:
        why = "NO_COLOR"
    elif environment.get("VIGIL_THEME") == theme:
        why = "VIGIL_THEME"
    else:
        why = f"chosen last ({looks.kept_at()})" if remembered == theme else "what suits the terminal"
    return Setting("theme", theme, why)


def _environment(environment: Mapping[str, str]) -> Iterator[Setting]:
    yield _theme(environment)
    for name in sorted({*VARIABLES, *(name for name in environment if name.startswith("VIGIL_"))}):
        found = name if name in environment else name.lower() if name == "NO_PROXY" and name.lower() in environment else ""
        if found:
            yield Setting(found, sanitize(environment[found], 200) or "(empty)", "environment")
        elif VARIABLES.get(name):
            yield Setting(name, VARIABLES[name], "default")
    for name in PROXIES:
        for spelt in (name.lower(), name):
            if environment.get(spelt):
                yield Setting(spelt, sanitize(shown(environment[spelt]), 200), "environment")
    state = Path(platformdirs.user_state_dir("vigil", appauthor=False))
    yield Setting("recordings", str(state / "sessions"), "XDG_STATE_HOME" if environment.get("XDG_STATE_HOME") else "default")
    runtime = environment.get("XDG_RUNTIME_DIR")
    yield Setting("control sockets", f"{runtime or f'/run/user/{os.getuid()}'}/vigil", "XDG_RUNTIME_DIR" if runtime else "default")


def _target(profile: Profile) -> Iterator[Setting]:
    text, document = _file(profile)
    name = Path(profile.source).name if text else profile.source
    credentials = msgspec.to_builtins(profile.credentials)
    limits = msgspec.to_builtins(profile.limits)
    tables: dict[str, dict[str, Any]] = {
        "target": {**{key: getattr(profile.target, key) for key in ("name", "environment")}, **profile.urls},
        "credentials": {key: value for key, value in credentials.items() if value},
        "consent": {key: value for key, value in profile.consent.model_dump().items() if value is not None},
        "limits": limits,
        "network": {key: value for key, value in profile.network.model_dump().items() if value is not None},
        "headers": dict(profile.headers),
        "logs": profile.logs.model_dump(exclude_none=True) if profile.logs else {},
        "tiers": {key: value for key, value in profile.tiers.model_dump().items() if value is not None},
    }
    for table, values in tables.items():
        given = document.get(table, {})
        for key, value in values.items():
            written = next((one for one in given if one.lower() == key.lower()), None) if isinstance(given, dict) else None
            line = line_of(text, (table, written)) if written is not None else None
            origin = f"{name}, line {line}" if line else _origin(table, key, profile, bool(text))
            yield Setting(f"[{table}] {key}", _shown(table, key, value), origin)
    for number, one in enumerate(profile.accept):
        line = line_of(text, ("accept", number, "check"))
        yield Setting("[[accept]]", f"{one.check} until {one.until} ({sanitize(one.ticket, 60)})", f"{name}, line {line}" if line else name)


def _origin(table: str, key: str, profile: Profile, file: bool) -> str:
    if table == "consent" and key == "granted":
        return "the file's last change"
    if table == "target" and key == "websocket":
        return "from the backend's address"
    if table == "target" and not file:
        return profile.source
    return "default" if table != "limits" or not profile.loopback else "default on this machine"


def _shown(table: str, key: str, value: Any) -> str:
    if key == "command" and value:
        return f"{sanitize(str(value[0]), 100)} ... ({len(value) - 1} arguments)"
    if table == "headers" and str(value).startswith("command:"):
        return f"command:{sanitize(str(value).removeprefix('command:').split()[0], 100)} ..."
    if key == "proxy" and not str(value).startswith("env:"):
        return sanitize(shown(str(value)), 200)
    if value is None:
        return "no limit"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return ", ".join(sorted(key for key, one in value.items() if one is not None))
    return sanitize(", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value), 200)


def _file(profile: Profile) -> tuple[str, dict[str, Any]]:
    """The target file's text and tables; nothing for a target without a file."""
    if profile.folder is None:
        return "", {}
    try:
        text = Path(profile.source).expanduser().read_text("utf-8")
        return text, tomllib.loads(text)
    except (OSError, ValueError):
        return "", {}
