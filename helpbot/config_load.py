"""YAML file + environment → plain values with the place of each, and pydantic's complaints → faults with theirs."""

from __future__ import annotations

import json
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from helpbot.strict_yaml import MAX_BYTES, Fault, Node, Scalar, parse, unknown_key
from helpbot.strict_yaml import Mapping as YamlMapping

PREFIX = "HELPBOT_"
Path_ = tuple[str | int, ...]
Places = dict[Path_, tuple[str, int]]
M = TypeVar("M", bound=BaseModel)
_HIDDEN = {"folder"}
_SHOWN = 60


def merged(
    path: Path, env: Mapping[str, str], model: type[BaseModel], *, explicit: bool
) -> tuple[dict[str, Any], Places, list[Fault]]:
    """Return the values of the file with those of the environment over them, where each stands, and the faults."""
    values: dict[str, Any] = {}
    places: Places = {}
    faults: list[Fault] = []
    source = b""
    try:
        with path.open("rb") as file:
            source = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        if explicit:
            faults.append(Fault(str(path), 0, "there is no such file: check --config"))
    except OSError as error:
        faults.append(Fault(str(path), 0, f"cannot be read ({error.strerror}): check --config"))
    root, found = parse(source, str(path))
    faults += found
    if isinstance(root, YamlMapping):
        values = _plain(root, (), str(path), places)
    elif root is not None and not (isinstance(root, Scalar) and not root.text):
        faults.append(Fault(str(path), root.line, "a config is made of keys and values, such as `languages: [fr, en]`"))
    for key in _HIDDEN & values.keys():
        del values[key]
        faults.append(Fault(*places[(key,)], unknown_key(key, _known(model))))
    for name in sorted(env):
        if name.startswith(PREFIX):
            faults += _take(name, env[name], values, places, model)
    return values, places, faults


def place_faults(model: type[M], values: Mapping[str, Any], places: Places, path: Path) -> tuple[M | None, list[Fault]]:
    """Return the validated config, or every fault with the place where it stands."""
    try:
        return model.model_validate(values), []
    except ValidationError as error:
        return None, [
            _fault(item["loc"], item["type"], item["msg"], _Where(model, places, path))
            for item in error.errors(include_input=False, include_url=False)
        ]


def _plain(node: Node, where: Path_, file: str, places: Places) -> Any:
    places[where] = (file, node.line)
    match node:
        case Scalar():
            return node.text if node.text or not node.plain else None
        case YamlMapping():
            found = {}
            for key, value in node.pairs:
                found[key.text] = _plain(value, (*where, key.text), file, places)
                places[(*where, key.text)] = (file, key.line)
            return found
        case _:
            return [_plain(item, (*where, number), file, places) for number, item in enumerate(node.items)]


def _take(name: str, text: str, values: dict[str, Any], places: Places, model: type[BaseModel]) -> Iterator[Fault]:
    """Put a variable of the environment over the file's value."""
    keys = [key.lower() for key in name.removeprefix(PREFIX).split("__")]
    current: type[BaseModel] | None = model
    for depth, key in enumerate(keys):
        known = _known(current)
        if not known:
            parent = "__".join(keys[:depth])
            yield Fault(name, 0, f"in the environment: {parent!r} has no keys: set {PREFIX}{parent.upper()} as a whole")
            return
        if key not in known:
            yield Fault(name, 0, f"in the environment: {unknown_key('__'.join(keys[: depth + 1]), known)}")
            return
        assert current is not None, "a known key belongs to a model"  # noqa: S101
        annotation = current.model_fields[key].annotation
        current = _model_of(annotation)
    place = values
    for key in keys[:-1]:
        inner = place.get(key)
        place[key] = inner if isinstance(inner, dict) else {}
        place = place[key]
    try:
        place[keys[-1]] = _read(text, annotation)
    except (ValueError, RecursionError):  # the latter for a thousand brackets
        yield Fault(
            name, 0, "in the environment: this is not JSON with each key once, as which a list or a section is written"
        )
        return
    for known_place in [known for known in places if known[: len(keys)] == tuple(keys)]:
        del places[known_place]
    places[tuple(keys)] = (name, 0)


def _known(model: type[BaseModel] | None) -> list[str]:
    return [] if model is None else [name for name in model.model_fields if name not in _HIDDEN]


def _options(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in {Union, types.UnionType} else (annotation,)


def _model_of(annotation: Any) -> type[BaseModel] | None:
    options = _options(annotation)
    return next((item for item in options if isinstance(item, type) and issubclass(item, BaseModel)), None)


def _read(text: str, annotation: Any) -> Any:
    """Return a variable's text as the value that its key takes: JSON, or a list parted by commas."""
    kinds = {get_origin(option) for option in _options(annotation)}
    is_list, is_section = tuple in kinds, Mapping in kinds or _model_of(annotation) is not None
    if text.lstrip().startswith(("[", "{")) and (is_list or is_section):
        return json.loads(text, object_pairs_hook=_each_key_once)
    return [part.strip() for part in text.split(",") if part.strip()] if is_list else text


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


@dataclass(frozen=True, slots=True)
class _Where:
    model: type[BaseModel]
    places: Places
    path: Path


def _fault(where: Path_, kind: str, message: str, at: _Where) -> Fault:
    where = tuple(part for part in where if part != "[key]")  # pydantic's word for a key that is wrong
    file, line = find_place(where, at.places, at.path)
    name = ".".join(shown(part) for part in where)
    match kind:
        case "extra_forbidden":
            what = unknown_key(str(where[-1]), _keys_at(at.model, where[:-1]))
        case "missing":
            what = f"`{name}` is missing: add it, see config.example.yaml"
        case "value_error":
            what = f"`{name}`: {message.removeprefix('Value error, ')}" if name else message
        case "tuple_type":
            what = f"`{name}` is empty or has the wrong shape: write a list, see config.example.yaml"
        case "model_type" | "dict_type" | "mapping_type" | "model_attributes_type":
            what = f"`{name}` is empty or has the wrong shape: write keys and values, see config.example.yaml"
        case "string_too_short" | "too_short":
            what = f"`{name}` is empty: write it, or take the key out"
        case "string_type":
            what = f"`{name}` is empty or has the wrong shape: write a text"
        case _:
            what = f"`{name}`: {message[:1].lower()}{message[1:]}"
    return Fault(file, line, what)


def shown(part: str | int) -> str:
    """Return a key on one line, and no longer than it takes to find it."""
    text = "".join(sign if sign.isprintable() else "\ufffd" for sign in str(part))
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def find_place(where: Path_, places: Places, path: Path) -> tuple[str, int]:
    """Return where a value stands, or the nearest section that holds it."""
    inner = [place for place in places if where and place[: len(where)] == where]
    known = min(inner, key=len) if inner else where
    while known and known not in places:
        known = known[:-1]
    return places.get(known, (str(path), 0))


def _keys_at(model: type[BaseModel], where: Path_) -> list[str]:
    current: type[BaseModel] | None = model
    for part in where:
        if current is None or isinstance(part, int):
            continue
        field = current.model_fields.get(part)
        if field is None:
            continue
        annotation = field.annotation
        if get_origin(annotation) is tuple:
            annotation = get_args(annotation)[0]
        current = _model_of(annotation)
    return _known(current)
