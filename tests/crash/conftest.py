"""People and bots as in tests/matrix."""

from tests.matrix.conftest import new_bot, plain_actor, proxy, sam

__all__ = ["new_bot", "plain_actor", "proxy", "sam"]
