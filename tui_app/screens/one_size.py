"""A screen has the size of the application, and no other.

The toolkit's screen answers each new size by telling it to itself once more. With two sizes on their way at once, as a window that is
dragged sends them, the two answers chase each other for ever, and nothing else of the application runs any more.
"""

from __future__ import annotations

from typing import Any, cast

from textual.events import Resize
from textual.screen import Screen


class OneSize:
    """Before a screen's other bases: a size that is no longer the application's is not taken."""

    async def _on_resize(self, event: Resize) -> None:
        if event.size != cast("Screen[Any]", self).app.size:
            event.prevent_default()
