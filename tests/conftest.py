"""What holds for all tests."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.matrix.synapse import Synapse

# No test is timed: these machines do other things meanwhile. In CI the same change gives the same result every time.
settings.register_profile("helpbot", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("helpbot")


@pytest.fixture(scope="session", autouse=True)
def _cache() -> Iterator[None]:
    """Keep what is prepared for one run of the tests only, also by the programs that they start."""
    with tempfile.TemporaryDirectory(prefix="helpbot-cache-") as folder:
        before = os.environ.get("XDG_CACHE_HOME")
        os.environ["XDG_CACHE_HOME"] = folder
        yield
        if before is None:
            del os.environ["XDG_CACHE_HOME"]
        else:
            os.environ["XDG_CACHE_HOME"] = before


@pytest.fixture(scope="session")
def synapse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synapse]:
    """A homeserver without rate limits, shared by all tests: each uses users and rooms of its own."""
    server = Synapse(tmp_path_factory.mktemp("synapse"))
    server.start()
    yield server
    server.stop()
