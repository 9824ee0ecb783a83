"""The named places at which a fault may take hold, with the value that passes there and the facts beside it.

A service that gets a new place adds its line here; `Seeded.apply` with a name that is not listed is a defect, and a test finds it.
"""

from __future__ import annotations

from typing import Final

PLACES: Final[dict[str, str]] = {
    "tls.certificate": "certificates.Wanted, the leaf certificate that a service is about to get. Facts: service.",
    "token.expired": "bool, whether an expired token is to be refused. Facts: claims.",
    "rest.answer": "Reply, a JSON answer. Facts: service, method, path (the template), params, user_id ('' without a token).",
    "stream.events": "list[dict | None], what a streamed answer will send; None is silence from there on. Facts: user_id.",
    "rest.delay": "float, seconds before a REST service looks at a request. Facts: service, method, path.",
    "event.route": "list[Delivery], who gets an event of a run. Facts: run (a `RunFacts`), frame, others (other users' open sockets).",
}
