"""The login manager: whether it ends, at the end of a login, what should go on (logind.conf(5), loginctl(1))."""

from __future__ import annotations

import pwd
import re
from collections.abc import Iterator
from typing import Final

from tui_app.doctor.findings import Finding, Place, bad, ok, warn
from tui_app.recording.errors import RecordingError
from tui_app.recording.places import runtime_dir

FOLDERS: Final = (
    "usr/lib/systemd/logind.conf.d",
    "usr/local/lib/systemd/logind.conf.d",
    "run/systemd/logind.conf.d",
    "etc/systemd/logind.conf.d",
)
"""Where drop-ins are; of two with one name, that of the later folder counts."""
TRUE: Final = ("yes", "true", "on", "1", "y", "t")


def look(place: Place) -> Iterator[Finding]:
    if not (place.root / "run/systemd/system").is_dir():
        yield ok("login manager", "none that ends what outlives a login (no systemd here)")
        return
    user = _user(place.uid)
    settings = logind(place)
    lingers = (place.root / "var/lib/systemd/linger" / user).exists()
    apart = "/user@" in place.read("proc/self/cgroup")
    linger = "loginctl enable-linger    # once"
    if kills(settings, user):
        if lingers and apart:
            yield ok("login manager", "KillUserProcesses=yes, and this shell stands apart from the login: sessions go on")
        else:
            yield bad(
                "login manager", "KillUserProcesses=yes: a session ends with the login, also inside tmux",
                linger, "systemd-run --user --scope vigil   # then start it so",
            )  # fmt: skip
        return
    yield ok("login manager", "KillUserProcesses=no: sessions go on after the login")
    try:
        runtime = str(runtime_dir())
    except RecordingError:
        return
    if runtime.startswith("/run/user/") and not lingers:
        yield warn(
            "login manager", f"{runtime} is removed with the last login: a session goes on, and cannot be commanded until it ends", linger
        )


def logind(place: Place) -> dict[str, str]:
    """The settings of [Login] that hold: the file, then each drop-in by name."""
    drop_ins: dict[str, str] = {}
    for folder in FOLDERS:
        for path in sorted((place.root / folder).glob("*.conf")):
            drop_ins[path.name] = str(path.relative_to(place.root))
    main = next((text for name in ("etc", "run", "usr/local/lib", "usr/lib") if (text := place.read(f"{name}/systemd/logind.conf"))), "")
    settings: dict[str, str] = {}
    for text in (main, *(place.read(drop_ins[name]) for name in sorted(drop_ins))):
        section = ""
        for line in text.splitlines():
            if header := re.fullmatch(r"\s*\[(.+)\]\s*", line):
                section = header[1]
            elif section == "Login" and (found := re.fullmatch(r"\s*([A-Za-z]+)\s*=\s*(.*?)\s*", line)):
                settings[found[1]] = found[2]
    return settings


def kills(settings: dict[str, str], user: str) -> bool:
    """Whether what `user` leaves behind at the end of a login is ended."""
    only, excluded = settings.get("KillOnlyUsers", "").split(), settings.get("KillExcludeUsers", "root").split()
    return settings.get("KillUserProcesses", "no").lower() in TRUE and user not in excluded and (not only or user in only)


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
