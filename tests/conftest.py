"""What holds for all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# No test is timed: these machines do other things meanwhile. In CI the same change gives the same result every time.
settings.register_profile("helpbot", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("helpbot")
