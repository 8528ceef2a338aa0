"""Each request of a client held against Discord's own description of its API."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from .wire import Asked

DESCRIPTION = Path(__file__).parent.parent / "data" / "discord-openapi.json"
_NAMED = "urn:discord"
_UNDESCRIBED = {"use_nested_fields"}  # how discord.py asks for a post and its message at once
_OLD = {"/oauth2/applications/@me": "/applications/@me"}  # as discord.py still calls it


@cache
def _description() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(DESCRIPTION.read_text("utf-8"))
    return loaded


@cache
def _validator(path: str, method: str) -> Draft202012Validator | None:
    """Return what checks the body of that request; None where it has none."""
    operation = _description()["paths"][path][method]
    if "requestBody" not in operation:
        return None
    registry = Registry[Any]().with_resource(_NAMED, Resource.from_contents(_description(), DRAFT202012))
    where = f"#/paths/{_escaped(path)}/{method}/requestBody/content/application~1json/schema"
    return Draft202012Validator({"$ref": f"{_NAMED}{where}"}, registry=registry)


def _escaped(path: str) -> str:
    return path.replace("~", "~0").replace("/", "~1").replace("{", "%7B").replace("}", "%7D")


def faults(asked: Asked) -> list[str]:
    """Return what in a request is not as Discord describes it."""
    where, method = _path(_OLD.get(asked.path, asked.path)), asked.method.lower()
    if where is None or method not in _description()["paths"][where]:
        return [f"{asked.method} {asked.path} is not described"]
    known = _description()["paths"][where]
    named = [*known.get("parameters", []), *known[method].get("parameters", [])]
    queries = {one["name"] for one in named if one.get("in") == "query"}
    strange = [f"{asked.method} {asked.path}: ?{name}" for name in asked.query if name not in queries | _UNDESCRIBED]
    validator = _validator(where, method)
    if asked.body is None or validator is None:
        return strange
    found = sorted(validator.iter_errors(_written(asked.body)), key=lambda error: list(error.path))
    return [*strange, *(f"{asked.method} {asked.path}: {list(one.path)}: {one.message[:300]}" for one in found)]


def _written(value: Any, name: str = "") -> Any:
    """Return a body with its ids as text: Discord takes numbers as well, which discord.py writes."""
    if isinstance(value, dict):
        return {key: _written(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_written(one, name) for one in value]
    is_id = isinstance(value, int) and not isinstance(value, bool) and (value > 1 << 32 or name == "id")
    return str(value) if is_id else value


def _path(path: str) -> str | None:
    """Return which of the described paths this is, the one with the fewest blanks."""
    fits = [one for one in _description()["paths"] if _pattern(one).match(path)]
    return min(fits, key=lambda one: one.count("{"), default=None)


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(
        "/".join("[^/]+" if part.startswith("{") else re.escape(part) for part in path.split("/")) + r"\Z"
    )
