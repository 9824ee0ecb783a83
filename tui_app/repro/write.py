"""Puts a script together: what the recording says of a failure, then the shared source, then that of its family."""

from __future__ import annotations

import ast
import json
import math
import pprint
import re
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import msgspec

from tui_app.masking import masked
from tui_app.model import SECOND, Row
from tui_app.recording.errors import RecordingError
from tui_app.recording.reader import Reader
from tui_app.reports.facts import masking
from tui_app.repro.families import FAMILIES, Family, why_not
from tui_app.sanitize import mask_email, sanitize

SERVICES: Final = ("backend", "auth", "frontend", "websocket")
ROWS: Final = 4
REQUESTS: Final = 6
BY_KIND: Final = MappingProxyType({"refresh-as-access": "REPRO_REFRESH_1", "expired": "REPRO_EXPIRED_1"})
OF_A_SESSION: Final = r"[0-9a-f]{8}"
"""What an id of a run, a message or a user looks like in a path."""
OWN_SESSION: Final = ("REPRO_EMAIL_1", "REPRO_PASSWORD_1")
"""Bad tokens that nobody can make of a good one, and the variables that bring them."""
QUESTIONS: Final = 4
ROUNDS, MOST_ROUNDS = 12, 36
"""Agent runs of the script that makes the most of them."""
MARKER: Final = r"VM-[0-9a-f]{6}-u\d+-[0-9a-f]{20}"
"""A reference of a session's own, in a question."""
PACKAGES: Final = "'httpx==0.28.*' 'websockets==17.*'"
GUARDED: Final = ("httpx", "websockets")
"""What `common` imports for all, and says in words where it is missing."""
_FUTURE: Final = "from __future__ import annotations\n"


class Offer(msgspec.Struct, frozen=True):
    """A failed check: its script's family, or why there is none."""

    check: str
    reason: str
    family: Family | None
    why_not: str


class Script(msgspec.Struct, frozen=True):
    """A finished script and the environment variables that it takes."""

    check: str
    text: str
    needs: tuple[str, ...]


def offers(result: Mapping[str, Any]) -> list[Offer]:
    """Every failed check of a session's document, in its order."""
    found = []
    for check in result["checks"]:
        if check["verdict"] == "FAIL":
            family = FAMILIES.get(check["id"])
            why = "" if family else why_not(check["id"])
            if family and not split(check, family)[0]:
                why = f"what failed here ({_plain(check['reason'])}) is not among what this script can show"
                family = None
            found.append(Offer(check["id"], sanitize(str(check["reason"]), 200), family, why))
    return found


def split(entry: Mapping[str, Any], family: Family) -> tuple[list[str], list[str]]:
    """The texts of a check's grave findings that a family can show again, and the others; its reason where it has no findings."""
    texts = [str(one["text"]) for one in _grave(entry)] or [str(entry["reason"])]
    shown = [text for text in texts if any(re.search(pattern, text) for pattern in family.shows)]
    return shown, [text for text in texts if text not in shown]


def _grave(entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in entry["findings"] if one["severity"] in ("critical", "major")] or list(entry["findings"])


def script(path: Path, result: Mapping[str, Any], check: str) -> Script:
    """The script of one failed check. Raises RecordingError where there is none, and says why."""
    offer = next((one for one in offers(result) if one.check == check), None)
    if offer is None:
        failed = ", ".join(one.check for one in offers(result)) or "nothing"
        raise RecordingError(f"{check} did not fail in this session", "a script shows a failure again", f"what failed: {failed}")
    if offer.family is None:
        raise RecordingError(f"{check} has no script", offer.why_not, "its findings name the rows; `vigil attach` opens them")
    entry = next(one for one in result["checks"] if one["id"] == check)
    with Reader(path) as reader:
        plan = json.loads(reader.header["plan"])
        rows = _rows(reader, entry)
        facts = _facts(reader, plan, entry, offer.family, rows)
        text = _assembled(reader.header, plan, entry, offer.family, facts, _shown(rows, masking(result)))
    return Script(check, text, needs(offer.family, facts))


def _shown(rows: list[Row], hidden: Callable[[Row], bool]) -> list[Row]:
    """The rows as they may be handed on: what may be a stranger's is held back."""
    return [masked(row) if hidden(row) else row for row in rows]


def needs(family: Family, facts: Mapping[str, Any]) -> tuple[str, ...]:
    """The environment variables without which a family's script can't show what these facts say."""
    if family.password:
        return OWN_SESSION
    kinds = facts.get("kinds", ())
    if "revoked" in kinds:  # a session of its own to end; it gives what the other kinds take as well
        return OWN_SESSION
    more = [name for kind, name in BY_KIND.items() if kind in kinds]
    return (*(f"REPRO_TOKEN_{number}" for number in range(1, family.users + 1)), *more)


def _rows(reader: Reader, entry: Mapping[str, Any]) -> list[Row]:
    """The first rows that the findings cite."""
    seqs = [int(pair[1]) for finding in _grave(entry) for pair in finding["evidence"]]
    found = [reader.row(seq) for seq in dict.fromkeys(seqs)]
    return [row for row in found if row is not None]


def _facts(reader: Reader, plan: Mapping[str, Any], entry: Mapping[str, Any], family: Family, rows: list[Row]) -> dict[str, Any]:
    facts: dict[str, Any] = {"target": {name: plan["target"][name] for name in SERVICES if plan["target"].get(name)}}
    facts["target"] |= {name: url for name, url in _seen_at(reader).items() if name not in facts["target"]}
    if family.name in ("pings", "connects"):
        series = "ping" if family.name == "pings" else "connect"
        limit = next((one.get("limit_ms") for one in _latency(reader) if one.get("series") == series), None)
        facts["limit_ms"] = limit
    shown, beyond = split(entry, family)
    if beyond:
        facts["beyond"] = _plain(beyond[0])
    if family.name == "bad_tokens":
        named = [re.search(r"(?:token that is |\()([\w-]+)", text) for text in shown]
        facts["kinds"] = list(dict.fromkeys(found[1] for found in named if found))
        facts["late"] = any("without an answer" in text for text in shown)
    if family.name == "anonymous":
        facts["paths"] = list(dict.fromkeys(sanitize(text.partition(" ")[0], 200) for text in shown if text.startswith("/")))
        facts["mint"] = [found[0] for text in shown if (found := re.search(r"/auth/(?:create|service)-token", text))]
    facts |= _seldom(str(entry["reason"]), family)
    if family.name in ("runs", "answers"):
        facts["questions"] = _questions(reader, rows)
    if family.name == "leak":
        facts["users"] = sum(1 for _ in reader.rows(kinds=("user",)) if _.type == "ready")
    if family.name == "routes":
        facts["requests"] = _requests(reader, entry, rows)
        if not facts["requests"]:
            raise RecordingError(
                f"{entry['id']} has no script", "what failed was no plain read that could be made again", "look at the rows of its findings"
            )
    return facts


def _seldom(reason: str, family: Family) -> dict[str, Any]:
    """How many tries without it tell that it is gone, at 95 %, where it hit only some of those that were recorded; {} where it hit all."""
    counts = re.findall(r"(\d+) of (\d+) (iterations|runs)", reason)
    share = math.prod(int(hit) / int(tried) for hit, tried, _ in counts if int(tried))
    if not 0 < share < 1:
        return {}
    seldom = ", ".join(f"{hit} of {tried} {what}" for hit, tried, what in counts)
    if not family.repeats:
        return {"beyond": f"it is flaky, {seldom}"} if "iterations" in seldom else {}
    enough = math.ceil(math.log(0.05) / math.log(1 - share))
    return {"seldom": seldom, "enough": enough} | ({"rounds": max(ROUNDS, min(enough, MOST_ROUNDS))} if family.name == "runs" else {})


def _questions(reader: Reader, rows: list[Row]) -> list[str]:
    """What was asked in the runs that the rows are of, with {} for the reference in each: another question may use other tools."""
    runs = {row.run for row in rows if row.run}
    threads = {row.thread for row in rows if row.thread}
    asked: dict[str, Row] = {}
    found: dict[str, None] = {}
    for row in reader.rows(kinds=("frame",)):
        if row.thread not in threads:
            continue
        if row.dir == "out" and row.type == "user_message":
            asked[row.thread] = row
            wanted = row in rows
        else:
            wanted = row.run in runs
        if wanted and row.thread in asked:
            payload = asked[row.thread].body.get("payload")
            content = payload.get("content") if isinstance(payload, dict) else None
            if isinstance(content, str) and content:
                found[re.sub(MARKER, "{}", content)] = None
        if len(found) == QUESTIONS:
            break
    return list(found)


def _seen_at(reader: Reader) -> dict[str, str]:
    """Addresses that only the engine knew: those of a rehearsal that it started itself."""
    found: dict[str, str] = {}
    for row in reader.rows(kinds=("conn",)):
        url = row.body.get("url")
        if isinstance(url, str) and url.startswith(("ws:", "wss:")):
            found["websocket"] = url.partition("?")[0]
            break
    return found


def _latency(reader: Reader) -> list[dict[str, Any]]:
    return list((reader.result() or {}).get("latency", []))


def _requests(reader: Reader, entry: Mapping[str, Any], rows: list[Row]) -> list[dict[str, Any]]:
    """The reads of this check whose answers its findings cite; where they cite none, all of its reads that were not answered well.

    A thread in a path becomes {thread}, as the script has one of its own; a path that names anything else of that session's is left out.
    """
    check = entry["id"]
    cited = {row.body.get("req") for row in rows if row.kind == "http"}
    promised = {
        int(pair[1]): (said[1] or said[2]).split(", ")
        for finding in _grave(entry)
        if (said := re.search(r"answers without (.+), which its contract promises|answers 200 and its (\w+) says", str(finding["text"])))
        for pair in finding["evidence"]
    }
    keys = {row.body.get("req"): promised[row.seq] for row in rows if row.seq in promised}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    bad: set[Any] = set()
    sent: dict[Any, Row] = {}
    for row in reader.rows(kinds=("http",)):
        if row.check == check or row.body.get("req") in cited:
            if row.dir == "out":
                sent[row.body.get("req")] = row
            elif not row.type.startswith("2"):
                bad.add(row.body.get("req"))
    for request, row in sent.items():
        if row.type == "GET" and (request in cited or (not cited and request in bad)):
            service, path = str(row.body.get("service")), re.sub(r"(?<=/threads/)[^/?]+", "{thread}", str(row.body.get("path") or ""))
            if re.search(OF_A_SESSION, path):
                continue
            found[service, path] = {"service": service, "path": path, "signed_in": bool(row.user)}
            if entry["id"] == "health-services" or keys.get(request) == ["status"]:
                found[service, path]["healthy"] = True
            elif request in keys:
                found[service, path] |= {"keys": keys[request], "filled": entry["id"] == "critical-endpoints"}
    return list(found.values())[:REQUESTS]


def _assembled(
    header: Mapping[str, str], plan: Mapping[str, Any], entry: Mapping[str, Any], family: Family, facts: dict[str, Any], rows: list[Row]
) -> str:
    (_, shared_imports, shared), (what, own_imports, own) = (_parts(_source(name)) for name in ("common", family.name))
    told = f"FACTS: dict[str, Any] = {pprint.pformat(facts, width=120, sort_dicts=False)}"
    shared = shared.replace("FACTS: dict[str, Any] = {}", told)
    imports = "\n".join(sorted({*shared_imports, *own_imports}, key=lambda line: (line.startswith("import ") is False, line)))
    head = _head(header, plan, entry, family, what, facts, rows)
    return f'"""{head}"""\n\n{_FUTURE}\n{imports}\n\n{shared}\n\n{own}'


def _parts(source: str) -> tuple[str, list[str], str]:
    """A source's docstring, its imports of what is not ours, and what follows them."""
    lines = source.splitlines()
    tree = ast.parse(source)
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    others = [
        ast.unparse(node)
        for node in imports
        if not (isinstance(node, ast.ImportFrom) and str(node.module).startswith(("tui_app", "__fut")))
        and not (isinstance(node, ast.Import) and node.names[0].name in GUARDED)
    ]
    after = max(node.end_lineno or 0 for node in imports)
    return ast.get_docstring(tree) or "", others, "\n".join(lines[after:]).strip() + "\n"


def _source(name: str) -> str:
    return (files("tui_app.repro") / "scripts" / f"{name}.py").read_text(encoding="utf-8")


def _head(
    header: Mapping[str, str], plan: Mapping[str, Any], entry: Mapping[str, Any], family: Family, what: str, facts: Mapping[str, Any],
    rows: list[Row],
) -> str:  # fmt: skip
    own = needs(family, facts) == OWN_SESSION
    lines = [
        what,
        "",
        f"Check {entry['id']}, which failed: {_plain(entry['reason'])}",
        f"Seen in session {header['session']} of {header['started']} on {_plain(plan['target'].get('name'))}, at these rows:",
    ]
    for row in rows[:ROWS]:
        lines.append(f"  {row.seq}  {row.t / SECOND:.3f} s  {row.kind} {row.dir} {_plain(row.type)} {_plain(row.user)}  {_plain(row.text)}")
    if len(rows) > ROWS:
        lines.append(f"  and {len(rows) - ROWS} more")
    lines += [
        "",
        f"Does to its target: {family.does.replace(str(ROUNDS), str(facts.get('rounds', ROUNDS)))}."
        + (" Elsewhere than on this machine it asks for REPRO_CONSENT=yes." if family.consent else ""),
        "",
        "Needs Python 3.11 or newer and two packages:",
        "  python3 -m venv repro-env",
        f"  repro-env/bin/python -m pip install {PACKAGES}",
        "  repro-env/bin/python THIS_FILE",
        "",
        "Needs in the environment, of test users (it sends them nowhere but to the addresses below):",
        *(f"  {name:18} {_meaning(name)}" for name in needs(family, facts)),
        *([] if own else ["  or REPRO_EMAIL_n and REPRO_PASSWORD_n in place of REPRO_TOKEN_n: it signs in by itself"]),
        "Takes from the environment, where the addresses are others than the recorded ones:",
        f"  {', '.join(f'REPRO_{name.upper()}' for name in SERVICES if name != 'frontend' or 'frontend' in str(facts.get('requests')))}",
        *(f"  ({name} was at {_plain(url)})" for name, url in facts["target"].items()),
        "  REPRO_CARRY=header or query, where the WebSocket takes no token as a subprotocol",
        "  SSL_CERT_FILE, where an authority of your own has signed the certificates",
        "Says one line. Exit code: 1 the failure shows again (SHOWN), 0 it does not (WELL), 2 nothing can be said (UNCLEAR, and why).",
    ]
    return "\n".join(lines).replace("\\", "\\\\").replace('"""', "'''") + "\n"


def _meaning(name: str) -> str:
    what, number = name.removeprefix("REPRO_").split("_")
    words = {"TOKEN": "an access token", "EMAIL": "the address", "PASSWORD": "the password", "REFRESH": "a refresh token",
             "EXPIRED": "an access token whose time is over"}  # fmt: skip
    by_itself = f" (not needed with REPRO_EMAIL_{number} and REPRO_PASSWORD_{number})" if what in ("REFRESH", "EXPIRED") else ""
    return f"{words[what]} of user {number}{by_itself}"


def _plain(text: object) -> str:
    return mask_email(sanitize(str(text), 200))
