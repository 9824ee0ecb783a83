"""The templates, and how text gets into them: printable glyphs only, e-mail addresses masked, escaped for the format."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from tui_app import __version__
from tui_app.reports.words import LONGEST, plain
from tui_app.verdict.words import glyph

if TYPE_CHECKING:
    from tui_app.reports.facts import Facts

LONGEST_LINE: Final = 4_000
_MARKDOWN: Final = re.compile(r"([\\`*_\[\]<>#!|~&$])")


@cache
def _environment(html: bool) -> Environment:
    found = Environment(
        loader=PackageLoader("tui_app.reports", "templates"),
        autoescape=html,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    found.filters |= {"text": plain if html else inert, "glyph": glyph, "ms": ms, "n": count, "code": code, "line": line}
    return found


def render(template: str, facts: Facts, **more: Any) -> str:
    """A template of this folder, filled."""
    return (
        _environment(".html." in template)
        .get_template(template)
        .render(
            facts=facts,
            result=facts.result,
            vigil=facts.header.get("vigil", __version__),
            selftest=facts.plan.get("selftest") or "",
            **more,
        )
    )


def inert(value: object, limit: int = LONGEST) -> str:
    """The same for Markdown: nothing in it is markup, a link, HTML, or calls anybody by name."""
    return _MARKDOWN.sub(r"\\\1", plain(value, limit)).replace("@", "&#64;").replace("://", ":\u200b//")


def code(value: object, limit: int = LONGEST) -> str:
    """Text in a code span of Markdown, within a cell of a table too."""
    return "`" + plain(value, limit).replace("`", "'").replace("|", "¦") + "`"


def line(value: object) -> str:
    """Text that is to be copied as it is, printable and on one line: for a block of code."""
    return plain(value, LONGEST_LINE)


def ms(value: float | None) -> str:
    """Milliseconds with their unit; a dash where there are not samples enough."""
    if value is None:
        return "–"
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.1f} ms"


def count(value: int | None) -> str:
    """How many; a dash where nothing was counted."""
    return "–" if value is None else f"{value:,}"
