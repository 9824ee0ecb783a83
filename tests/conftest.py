"""What all tests share: property tests never fail for being slow, since the machine they run on may be."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("house", deadline=None)
settings.load_profile("house")
