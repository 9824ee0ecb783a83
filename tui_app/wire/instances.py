"""Which instance of a service answered, and which build of it, as far as its answer's headers say (wire contract 1.2).

Hints only: a front may hide them, and nothing rests on them but a comparison of rates.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

INSTANCE_HEADERS: Final = (
    "x-instance", "x-instance-id", "x-served-by", "x-backend-server", "x-backend", "x-server-id", "x-pod-name", "x-pod", "x-hostname",
    "x-cloud-run-instance", "x-upstream", "x-node",
)  # fmt: skip
"""Headers by which load balancers and services name who answered, the most specific first."""
BUILD_HEADERS: Final = ("x-build", "x-build-id", "x-revision", "x-git-sha", "x-app-version", "x-cloud-run-revision")
_AFFINITY: Final = re.compile(r"(?:^|[;,\s])(?:affinity|serverid|srv|route)=\"?([\w.:-]{1,40})\"?(?=[;,\s]|$)", re.IGNORECASE)
"""Cookies that name an instance in the clear; longer values are somebody's secret and tell no instance."""
LONGEST: Final = 64
TRACE_HEADERS: Final = ("traceparent", "x-cloud-trace-context", "x-trace-id", "x-trace", "x-b3-traceid", "x-amzn-trace-id")
"""Headers that carry a trace id: W3C Trace Context and its relatives, the standard one first."""
REQUEST_HEADERS: Final = ("x-request-id", "x-correlation-id", "request-id")
LONGEST_ID: Final = 200


def hints(headers: Mapping[str, str]) -> dict[str, str]:
    """`instance` and `build` as the headers of an answer (names in lower case) say them; neither where they don't."""
    found: dict[str, str] = {}
    for key, names in (("instance", INSTANCE_HEADERS), ("build", BUILD_HEADERS)):
        value = next((headers[name].strip() for name in names if headers.get(name, "").strip()), "")
        if value:
            found[key] = value[:LONGEST]
    cookie = _AFFINITY.search(headers.get("set-cookie", "")) if "instance" not in found else None
    if cookie is not None:
        found["instance"] = cookie.group(1)
    return found


def traces(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of an answer (names in lower case) by which its operator finds it in the logs; an id is cut, never left out."""
    return {name: headers[name].strip()[:LONGEST_ID] for name in (*TRACE_HEADERS, *REQUEST_HEADERS) if headers.get(name, "").strip()}
