"""Production by evidence, not by label: what may be done to a target, judged by what the target says of itself.

A target file's `environment` is a claim. The evidence is the backend's own environment marker, the `env` claim of its
tokens (wire contract 3.3) and the host names. A mismatch, production behind another label above all, or a marker that
nobody gave, refuses everything but reads (architecture: Doing no harm).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from tui_app.target.address import environment_of_host, environment_of_word, is_loopback
from tui_app.target.profile import Profile

Extent = Literal["all", "reads", "nothing"]


class Allowed(msgspec.Struct, frozen=True):
    """What may be done, and why in words. `evidence` lists what spoke, one line each."""

    extent: Extent
    reason: str
    evidence: tuple[str, ...] = ()

    @property
    def reads(self) -> bool:
        """Whether reads may be made."""
        return self.extent != "nothing"

    @property
    def reads_only(self) -> bool:
        """Whether anything but a read is refused."""
        return self.extent != "all"

    def permits(self, effects: Iterable[str]) -> bool:
        """Whether a check with these effects may run."""
        return self.extent == "all" or (self.extent == "reads" and set(effects) <= {"read"})


def judge(
    profile: Profile,
    marker_environment: str | Iterable[str] | None,
    token_env: str | Iterable[str] | None = None,
    hosts: Iterable[str] = (),
    *,
    allow_production: bool = False,
) -> Allowed:
    """Judge a target. Ask again when there is more evidence: before anybody signs in, and with the first token's claim.

    marker_environment -- what the backend calls its environment, None where it did not answer or did not say
    token_env -- the `env` claim of tokens it issued, None before there is one or where they carry none
    (of both there may be several, from several endpoints and users: every one of them counts)
    hosts -- host names met on the way (redirects, certificates) beside those of the profile
    allow_production -- typed by the operator for this session; it permits reads, never more
    """
    claim = profile.environment
    spoken: list[tuple[str, str | None]] = []
    markers = _said(marker_environment)
    spoken += [(f'the backend says "{_short(word)}"', environment_of_word(word)) for word in markers]
    spoken += [(f'its token says "{_short(word)}"', environment_of_word(word)) for word in _said(token_env)]
    for name in dict.fromkeys([*profile.hosts, *hosts]):
        environment = environment_of_host(name)
        if environment is not None:
            spoken.append((f"the host name {_short(name)} says {environment}", environment))
    evidence = tuple(text for text, _ in spoken)

    production = [text for text, environment in spoken if environment == "production"]
    if production and claim != "production":
        reason = f"{production[0]}, while the target calls itself {claim}: only reads. Correct [target] environment, or the address."
        return Allowed("reads", reason, evidence)
    if claim == "production":
        why = production[0] if production else "the target file says production"
        if allow_production:
            return Allowed("reads", f"{why}: only reads, as typed for this session.", evidence)
        return Allowed(
            "nothing",
            f"{why}: Vigil does nothing to production. If you must, type allow_production for this session: it permits reads.",
            evidence,
        )

    unreadable = [text for text, environment in spoken if environment is None]
    if unreadable:
        return Allowed("reads", f"{unreadable[0]}, which is no environment that Vigil knows: only reads.", evidence)
    other = [text for text, environment in spoken if environment != claim]
    if other:
        return Allowed(
            "reads",
            f"{other[0]}, while the target calls itself {claim}: only reads. Correct [target] environment, or the address.",
            evidence,
        )
    if markers:
        return Allowed("all", f"the backend itself says {claim}, and nothing contradicts it.", evidence)
    local = profile.loopback and all(is_loopback(name) for name in hosts)
    if local and claim in ("rehearsal", "docker"):
        return Allowed("all", f"it is on this machine and calls itself {claim}; the backend has not said what it is.", evidence)
    return Allowed(
        "reads", f"nothing but the target itself says that it is {claim}: the backend gave no environment marker. Only reads.", evidence
    )


def _said(words: str | Iterable[str] | None) -> list[str]:
    """Each different word that is not empty, in order."""
    given = [words] if isinstance(words, str) else list(words or ())
    return list(dict.fromkeys(word.strip() for word in given if word.strip()))


def _short(text: str) -> str:
    """Remote text for a message: printable, one line, at most 60 characters."""
    clean = "".join(character if character.isprintable() else "?" for character in text)
    return clean if len(clean) <= 60 else clean[:59] + "…"
