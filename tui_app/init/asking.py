"""The questions of `vigil init`: the backend's address first, everything else proposed from it and accepted by Enter."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, Protocol, cast

from pydantic import ValidationError

from tui_app.doctor.service import Looked, look
from tui_app.init.text import ENVIRONMENTS, MODES, Answers
from tui_app.sanitize import sanitize
from tui_app.target.address import BLANK, environment_of_word, is_loopback
from tui_app.target.problems import ProfileError, explain
from tui_app.target.profile import Profile, Proposal, propose
from tui_app.target.tables import Mode

NONE: Final = "-"
"""What is typed to leave something out that is proposed."""


class Person(Protocol):
    """Who is asked. `ask` shows a question and reads a line; `say` shows one."""

    def ask(self, question: str) -> str: ...

    def say(self, line: str = "") -> None: ...


def proposed(address: str) -> tuple[Answers, Proposal]:
    """What an address alone leads to. Raises ProfileError for what is none."""
    found = propose(address)
    target = found.profile.target
    return Answers(target.name, target.environment, target.backend, target.auth, found.profile.websocket, target.frontend), found


def problem(answers: Answers) -> str:
    """What is wrong with the answers so far, '' where a profile can be made of them."""
    try:
        Profile.model_validate(answers.document)
    except ValidationError as error:
        return explain(error, Profile)[0]
    return ""


async def probe(found: Proposal, answers: Answers, say: Callable[[str], None]) -> None:
    """Ask each proposed address once; take the first guess of a service that answers, and the environment that the backend names.

    Of a service that nobody guessed right, the proposal stays, and the line says that nothing answered there.
    """
    guesses: Mapping[str, tuple[str, ...]] = {"backend": (answers.backend,), **found.guesses}
    for service, places in guesses.items():
        heard = [await look(service, url) for url in places if not BLANK.search(url)]
        for one in heard:
            say(f"  {service:9} {one.url}  {_heard(one)}")
        there = next((one for one in heard if one.status), None)
        if there is None:
            if not heard:
                say(f"  {service:9} cannot be guessed from the backend's name")
            continue
        if service == "auth":
            answers.auth = there.url
        elif service == "frontend":
            answers.frontend = there.url
        elif environment := environment_of_word(there.environment):
            answers.environment = environment


def _heard(one: Looked) -> str:
    if not one.status:
        return f"does not answer: {sanitize(one.error, 100)}"
    says = f", calls itself {sanitize(one.environment, 40)}" if one.environment else ""
    return f"answers {one.status} in {one.ms:.0f} ms{says}"


def interview(person: Person, *, today: date, who: str, make_accounts: Callable[[str], str], address: str = "") -> Answers:
    """Ask everything. Whatever is typed is checked as a target file would be, and asked again with what is wrong.

    who -- who agrees, for [consent]
    make_accounts -- makes an empty accounts file of this name beside the target file; says what it did
    address -- the backend, where the command line named it
    """
    answers, found = _backend(person, address)
    local = is_loopback(answers.backend)
    person.say()
    if _yes(person, "Ask these addresses now whether they answer (one GET each)?", False):
        asyncio.run(probe(found, answers, person.say))
    person.say()
    _set(person, answers, "name", "Name, as reports will call it")
    person.say()
    for name, says in ENVIRONMENTS.items():
        person.say(f"  {name:11} {says}")
    _set(person, answers, "environment", "What is it? A claim, which the target's own words are held against")
    _set(person, answers, "auth", "Auth service")
    _set(person, answers, "frontend", f"Frontend ({NONE} for none)")
    _set(person, answers, "websocket", "WebSocket")
    _credentials(person, answers, local, make_accounts)
    if not local:
        _consent(person, answers, today, who)
    _limits(person, answers, local)
    return answers


def _backend(person: Person, address: str) -> tuple[Answers, Proposal]:
    while True:
        typed = address or person.ask("Backend address, as https://host: ").strip()
        address = ""
        if not typed:
            person.say("  Without it there is nobody to validate. Ctrl-C ends.")
            continue
        try:
            answers, found = proposed(typed)
        except ProfileError as error:
            person.say(f"  {error.problems[0]}")
            continue
        for reason in found.reasons:
            person.say(f"  {reason}")
        return answers, found


def _set(person: Person, answers: Answers, field: str, question: str, read: Callable[[str], Any] = str) -> None:
    """Ask for one field until what is typed is something that a target file may hold."""
    before = getattr(answers, field)
    blank = isinstance(before, str) and BLANK.search(before) is not None
    while True:
        shown = f" [{' '.join(before) if isinstance(before, list) else before}]" if before is not None and not blank else ""
        typed = person.ask(f"{question}{shown}: ").strip()
        if not typed and not blank:
            return
        if not typed:
            person.say("  It could not be guessed, and has to be filled in.")
            continue
        try:
            setattr(answers, field, None if typed == NONE else read(typed))
        except ValueError:
            wrong = "that is no number"
        else:
            wrong = problem(answers)
            if not wrong and not (typed == NONE and field in ("name", "environment", "backend", "auth")):
                return
        person.say(f"  {wrong or 'that is needed'}")
        setattr(answers, field, before)


def _credentials(person: Person, answers: Answers, local: bool, make_accounts: Callable[[str], str]) -> None:
    person.say()
    person.say("How do users sign in? No password, key or token is asked for here: only where it will be found.")
    for name, says in MODES.items():
        person.say(f"  {name:9} {says}")
    mode = _choice(person, "Way", tuple(MODES), "register" if local else "login")
    if mode == "login":
        _login(person, answers, make_accounts)
    elif mode == "e2e":
        _needed(person, answers, "key_env", "Name of the variable that holds the key", "STAGING_E2E_KEY")
    elif mode == "tokens":
        _needed(person, answers, "tokens_env", "Name of the variable that holds the tokens", "STAGING_TOKENS")
    elif mode == "command":
        _needed(person, answers, "command", "Program and its arguments", "", shlex.split)
    answers.mode = cast("Mode", mode)
    answers.users = 5 if answers.environment == "rehearsal" else 2
    _set(person, answers, "users", "Users side by side; isolation needs two", int)


def _login(person: Person, answers: Answers, make_accounts: Callable[[str], str]) -> None:
    answers.accounts = "accounts.toml"
    _set(person, answers, "accounts", f"File with the accounts ({NONE}: a hidden prompt at each start)")
    if answers.accounts and _yes(person, f"Make {answers.accounts} now, empty and readable by you alone (0600)?", True):
        person.say(f"  {make_accounts(answers.accounts)}")


def _needed(person: Person, answers: Answers, field: str, question: str, default: str, read: Callable[[str], Any] = str) -> None:
    while getattr(answers, field) is None:
        if default:
            setattr(answers, field, read(default))
        _set(person, answers, field, question, read)


def _consent(person: Person, answers: Answers, today: date, who: str) -> None:
    person.say()
    person.say(
        "Consent. Reads and writes (threads, archived at the end) need none. The rest is not done unless you agree here or by --consent,"
    )
    person.say("and what needs it is then BLOCKED. It holds for 30 days and is recorded with your name.")
    answers.negative = _yes(person, "Bad tokens: never five in a row, a good one after each?", False) or None
    answers.fault = _yes(person, "Faults: cut and disturb Vigil's own connections?", False) or None
    typed = None
    while typed is None:
        text = person.ask("Load: up to how many users at once? [none]: ").strip()
        typed = 0 if text in ("", "none", "0", NONE) else int(text) if text.isdecimal() and int(text) <= 1000 else None
        if typed is None:
            person.say("  A whole number up to 1000.")
    answers.load_users = typed or None
    if answers.negative or answers.fault or answers.load_users:
        answers.granted, answers.by = today, who


def _limits(person: Person, answers: Answers, local: bool) -> None:
    person.say()
    person.say("Limits. The rest of them stand in the file with their defaults.")
    holds = Profile.model_validate(answers.document).limits
    for key, question in (
        ("agent_runs", "Agent runs at most in a session (each may call a paid model)"),
        ("connects_per_minute", "New sockets a minute"),
    ):
        default = getattr(holds, key)
        while True:
            text = person.ask(f"{question} [{'no limit' if default is None else default}]: ").strip()
            if not text:
                break
            if text.isdecimal():
                answers.limits[key] = int(text)
                if not (wrong := problem(answers)):
                    break
                answers.limits.pop(key)
                person.say(f"  {wrong}")
            else:
                person.say("  A whole number.")
        if default is not None:
            answers.limits.setdefault(key, default)


def _choice(person: Person, question: str, known: tuple[str, ...], default: str) -> str:
    while True:
        typed = person.ask(f"{question} [{default}]: ").strip().lower()
        if not typed:
            return default
        found = [name for name in known if name.startswith(typed)]
        if len(found) == 1:
            return found[0]
        person.say(f"  One of {', '.join(known)}.")


def _yes(person: Person, question: str, default: bool) -> bool:
    while True:
        typed = person.ask(f"{question} [{'Y/n' if default else 'y/N'}] ").strip().lower()
        if typed in ("", "y", "yes", "n", "no"):
            return default if not typed else typed.startswith("y")
        person.say("  y or n.")
