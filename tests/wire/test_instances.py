"""Which instance and build answered, as headers say."""

from __future__ import annotations

import pytest

from tui_app.wire.instances import hints


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"x-instance": "2", "set-cookie": "affinity=1; Path=/"}, {"instance": "2"}),
        ({"set-cookie": "session=abc; Path=/, affinity=2; Path=/; HttpOnly"}, {"instance": "2"}),
        ({"x-served-by": "edge-7", "x-revision": "r-42"}, {"instance": "edge-7", "build": "r-42"}),
        ({"server": "uvicorn", "date": "now"}, {}),
        ({"set-cookie": f"route={'a1' * 40}; Path=/"}, {}),
        ({"x-instance": "  "}, {}),
    ],
)
def test_headers_that_name_an_instance_or_a_build(headers: dict[str, str], said: dict[str, str]) -> None:
    assert hints(headers) == said
