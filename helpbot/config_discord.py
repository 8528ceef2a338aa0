"""The bot's account on Discord in the config."""

from __future__ import annotations

from importlib.util import find_spec
from urllib.parse import urlsplit

from pydantic import field_validator

from helpbot.config_base import Model, Snowflake, Token


class Discord(Model):
    """The bot's account on Discord."""

    token: Token
    help_channel: Snowflake | None = None
    api: str | None = None

    @field_validator("api")
    @classmethod
    def _an_address(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "https://discord.com")
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
            raise ValueError("write an address such as http://127.0.0.1:8080/api/v10, or take the key out")
        return None if value is None else value.rstrip("/")


def installed() -> bool:
    """Tell whether the extra is there."""
    return find_spec("discord") is not None
