"""JUnit XML that stock CI parsers read: a suite a suite of the strategy, a case a check.

FAIL is `<failure>`; INCONCLUSIVE and BLOCKED are `<error>` with the word as type; SKIPPED is `<skipped>` (validation methods 3.7).
The sixteen criteria are a suite of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree as ET

from tui_app.reports.facts import Facts, named
from tui_app.reports.words import plain
from tui_app.verdict.words import BLOCKED, FAIL, INCONCLUSIVE, SKIPPED


def write(facts: Facts) -> Iterator[str]:
    """The whole file."""
    root = ET.Element("testsuites", name=f"vigil {facts.result['session']}", time=f"{facts.seconds:.3f}")
    suites: dict[str, list[Mapping[str, Any]]] = {}
    for check in facts.result["checks"]:
        suites.setdefault(str(check["suite"]), []).append(check)
    for number, checks in suites.items():
        _suite(root, number, [_case(facts, check) for check in checks], facts)
    _suite(root, "criteria", [_criterion(criterion) for criterion in facts.result["criteria"]], facts)
    for key in ("tests", "failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    ET.indent(root, " ")
    yield '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(root: ET.Element, name: str, cases: list[ET.Element], facts: Facts) -> None:
    suite = ET.SubElement(root, "testsuite", name=plain(name), tests=str(len(cases)), timestamp=str(facts.result["started"])[:19])
    suite.set("failures", str(sum(case.find("failure") is not None for case in cases)))
    suite.set("errors", str(sum(case.find("error") is not None for case in cases)))
    suite.set("skipped", str(sum(case.find("skipped") is not None for case in cases)))
    suite.set("time", f"{sum(float(case.get('time', '0')) for case in cases):.3f}")
    suite.set("hostname", plain(facts.header.get("host", ""), 60))
    suite.extend(cases)


def _case(facts: Facts, check: Mapping[str, Any]) -> ET.Element:
    case = ET.Element(
        "testcase", classname=f"vigil.{check['suite']}", name=str(check["id"]), time=f"{(check['duration_ms'] or 0) / 1000:.3f}"
    )
    lines = [plain(check["reason"])]
    if check["to_decide"]:
        lines.append(f"to decide: {plain(check['to_decide'])}")
    for finding in check["findings"]:
        rows = ", ".join(_row(facts, seq) for seq in named(finding))
        lines.append(f"{finding['severity']}: {plain(finding['text'])}" + (f" (rows {rows})" if rows else ""))
    if check["id"] in facts.logs:
        lines.append(f"in the target's own logs: {plain(facts.logs[check['id']], 4_000)}")
    if check["verdict"] == FAIL and facts.impact(check["id"]):
        lines.append(facts.impact(check["id"]))
    _outcome(case, str(check["verdict"]), plain(check["reason"]), "\n".join(lines), required=bool(check["required"]))
    return case


def _row(facts: Facts, seq: int) -> str:
    """A row's number, and by what the target's own logs know it."""
    witness = facts.witnesses.get(seq)
    return f"{seq} at {witness.at}" + (f" {plain(witness.server)}" if witness.server else "") if witness else f"{seq}"


def _criterion(criterion: Mapping[str, Any]) -> ET.Element:
    case = ET.Element("testcase", classname="vigil.criteria", name=f"{criterion['id']} {plain(criterion['title'])}", time="0")
    n = "" if criterion["n"] is None else f", n = {criterion['n']}"
    text = f"{plain(criterion['measured']) or 'not measured'}, limit {plain(criterion['limit'])}{n}: {plain(criterion['reason'])}"
    _outcome(case, str(criterion["verdict"]), plain(criterion["reason"]), text, required=True)
    return case


def _outcome(case: ET.Element, word: str, message: str, text: str, *, required: bool) -> None:
    if word == FAIL:
        ET.SubElement(case, "failure", message=message, type=FAIL).text = text
    elif word in (INCONCLUSIVE, BLOCKED) and required:
        ET.SubElement(case, "error", message=message, type=word).text = text
    elif word in (SKIPPED, INCONCLUSIVE, BLOCKED):
        ET.SubElement(case, "skipped", message=message if word == SKIPPED else f"{word}, not required: {message}")
    else:
        ET.SubElement(case, "system-out").text = text
