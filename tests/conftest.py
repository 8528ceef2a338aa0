"""What holds for all tests."""

from __future__ import annotations

from hypothesis import settings

# No test is timed: these machines do other things meanwhile.
settings.register_profile("helpbot", deadline=None)
settings.load_profile("helpbot")
