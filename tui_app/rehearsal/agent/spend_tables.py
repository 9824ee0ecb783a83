"""Tables in a prompt: Markdown, tabs, semicolons or commas, with a header that says what the columns hold."""

from __future__ import annotations

import re
from fractions import Fraction

from tui_app.rehearsal.agent.numbers import DIGITS, from_digits
from tui_app.rehearsal.agent.quantities import PER_MONTH
from tui_app.rehearsal.agent.spend_items import Item

NUMBER = re.compile(rf"({DIGITS})\s*(k|m|bn|thousand|million|billion)?\b", re.IGNORECASE)
SCALE = {"k": 1_000, "thousand": 1_000, "m": 1_000_000, "million": 1_000_000, "bn": 10**9, "billion": 10**9}
ROLES = (
    (
        "price",
        re.compile(
            (
                r"^(?!.*\b(?:day|dai|week|month|mo|quarter|year|annual)(?:ly)?\b).*"
                r"(?:\bper\s+(?:requests?|calls?|query|queries|messages?|tickets?|1|tokens?|m|k|million|thousand|units?|prompts?)\b"
                r"|\bper\s+1[\d,]*\s*[km]?\b|\bunit|\beach\b|/\s*(?:req|call|1|m\b|k\b|tok|query)|\brate\b|\bprice\b)"
            ),
            re.IGNORECASE,
        ),
    ),
    ("volume", re.compile(r"request|call|volume|quer|message|count|ticket|prompt|token|conversation|\breqs?\b", re.IGNORECASE)),
    ("amount", re.compile(r"cost|spend|amount|usd|eur|bill|\$|€|total|monthly|price", re.IGNORECASE)),
)


def read(prompt: str) -> tuple[str, list[Item]]:
    """The prompt without its tables, and their items."""
    items: list[Item] = []
    rest: list[str] = []
    lines = prompt.split("\n")
    position = 0
    while position < len(lines):
        rows = _block(lines, position)
        found = _items(rows) if len(rows) >= 2 else []
        if found:
            items.extend(found)
            position += len(rows)
        else:
            rest.append(lines[position])
            position += 1
    return "\n".join(rest), items


def _cells(line: str) -> list[str]:
    text = line.strip()
    for separator in ("|", "\t", ";"):
        if separator in text:
            return [cell.strip() for cell in text.strip("|").split(separator)]
    return [cell.strip() for cell in re.split(r",(?!\d{3}(?!\d))|,\s+", text)]


def _block(lines: list[str], start: int) -> list[list[str]]:
    """The lines from `start` on that have as many cells as the first, which must be a header: words, no figures of its own."""
    header = _cells(lines[start])
    if not re.search(r"[|\t;]", lines[start]) and not _comma_header(lines[start], header):
        return []
    if sum(_figured(cell) for cell in header[1:]) * 2 > len(header) - 1:
        return []  # a row of a table that has no header
    if len(header) < 2 or re.fullmatch(r"[\W\d]*", header[0]) or not any(role.search(cell) for cell in header[1:] for _, role in ROLES):
        return []
    rows = [header]
    for line in lines[start + 1 :]:
        cells = _cells(line)
        if len(cells) != len(header) and line.count(",") == len(header) - 1:
            cells = [cell.strip() for cell in line.split(",")]
        if len(cells) != len(header) or not re.search(r"\d|^[\s|:-]+$", line):
            break
        rows.append(cells)
    return rows


def _comma_header(line: str, cells: list[str]) -> bool:
    """Whether a line with commas is a header and not prose: short cells, no bullet, no figures but a unit's (`per 1,000 requests`)."""
    return (
        not _figured(line)
        and not re.match(r"\s*[-*•–]", line)
        and all(1 <= len(cell.split()) <= 5 for cell in cells)
        and not line.rstrip().endswith(".")
    )


def _figured(text: str) -> bool:
    """Whether a text has figures other than a unit's (`per 1,000 requests`)."""
    return re.search(r"\d", re.sub(r"(?:per|/)\s*\d[\d,]*", "", text)) is not None


def _items(rows: list[list[str]]) -> list[Item]:
    header, body = rows[0], rows[1:]
    roles = [""] + [next((role for role, pattern in ROLES if pattern.search(cell)), "") for cell in header[1:]]
    items: list[Item] = []
    for cells in body:
        name = cells[0].strip("*`_ ")
        if not re.search(r"[A-Za-z]", name) or re.fullmatch(
            r"(?:grand\s+|sub|monthly\s+|overall\s+)?(?:total|sum|all)s?", name, re.IGNORECASE
        ):
            continue
        item = Item(name)
        for role, title, cell in zip(roles, header, cells, strict=True):
            value = _value(cell)
            if role == "price" and value is not None:
                item.price = value / _per(title)
            elif role == "volume" and value is not None:
                item.volume = value * _factor(title)
                item.unit = "token" if "token" in title.lower() else "request"
            elif role == "amount" and value is not None:
                item.amount = value * _rate(title)
        if item.cost is not None:
            items.append(item)
    return items


def _value(cell: str) -> Fraction | None:
    match = NUMBER.search(cell)
    if match is None or len(match[1]) > 60:
        return None
    return from_digits(match[1]) * SCALE.get((match[2] or "").lower(), 1)


def _per(title: str) -> Fraction:
    match = re.search(r"(?:per|/)\s*(\d[\d,]*)?\s*(k\b|m\b|million|thousand)?", title, re.IGNORECASE)
    if match is None:
        return Fraction(1)
    return (from_digits(match[1]) if match[1] else Fraction(1)) * SCALE.get((match[2] or "").lower(), 1)


def _rate(title: str) -> Fraction:
    match = re.search(r"\b(day|week|month|quarter|year)|\b(dai|week|month|quarter|year)ly\b", title, re.IGNORECASE)
    return PER_MONTH.get((match[1] or match[2] or "month").lower().replace("dai", "day"), Fraction(1)) if match else Fraction(1)


def _factor(title: str) -> Fraction:
    scale = re.search(r"\b(million|thousand)s?\b|\((k|m)\)", title, re.IGNORECASE)
    return _rate(title) * (SCALE[(scale[1] or scale[2]).lower()] if scale else 1)
