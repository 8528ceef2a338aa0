"""The configuration: one YAML file, any value from the environment instead, every fault at once.

Rule: secrets are SecretStr and no fault quotes a value of theirs, because faults end in logs and bug reports.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from helpbot.answers.entries import Faq
from helpbot.answers.semantic import installed
from helpbot.config_load import merged, place_faults, repeated
from helpbot.core.phrases import SHIPPED
from helpbot.strict_yaml import MAX_BYTES, Fault, Scalar, parse
from helpbot.strict_yaml import Mapping as YamlMapping

_SQLITE = "sqlite:///"
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?\Z")
_WHOLE = re.compile(r"-?[0-9]{1,9}\Z")
_TEAM_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,49}\Z")
_ROOM = re.compile(r"#[^:]+:.+|!.+")  # an alias has a server, a room id may have none
_LANGUAGE = re.compile(r"[a-z]{2,3}\Z")


def _true_or_false(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or value.lower() not in {"true", "false"}:
        raise ValueError("write true or false")
    return value.lower() == "true"


def _number(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or not _NUMBER.match(value):
        raise ValueError("write a number such as 0.05")
    return float(value)


def _whole(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or not _WHOLE.match(value):
        raise ValueError("write a whole number such as 7")
    return int(value)


def _a_token(value: object) -> object:
    if not isinstance(value, str) or not value.strip():
        return value
    if not (value.strip().isascii() and value.strip().isprintable()) or len(value.split()) > 1:
        raise ValueError("a token is one word of letters, digits and signs: copy it once more")
    return value.strip()


def _a_password(value: object) -> object:
    if isinstance(value, str) and not value.isprintable():
        raise ValueError("there is a line break or another invisible sign in it: write it in quotes, on one line")
    return value


def _a_path(value: object) -> object:
    if not isinstance(value, str | Path) or not str(value).strip() or "\0" in str(value):
        raise ValueError("write a path, or take the key out")
    return value


def _a_team_id(value: str) -> str:
    if not _TEAM_ID.match(value):
        raise ValueError("write one word of letters, digits, - and _, at most 50 of them")
    return value


def _a_language(value: str) -> str:
    if not _LANGUAGE.match(value):
        raise ValueError("this is no language: write two letters, such as fr or en")
    return value


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Secret = Annotated[SecretStr, Field(min_length=1), BeforeValidator(_a_password)]
Token = Annotated[SecretStr, Field(min_length=1), BeforeValidator(_a_token)]
Flag = Annotated[bool, BeforeValidator(_true_or_false)]
Number = Annotated[float, BeforeValidator(_number)]
Whole = Annotated[int, BeforeValidator(_whole)]
FilePath = Annotated[Path, BeforeValidator(_a_path)]
TeamId = Annotated[str, AfterValidator(_a_team_id)]
Language = Annotated[str, AfterValidator(_a_language)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Answers(_Model):
    """How sure the bot must be."""

    max_wrong: Number = Field(default=0.05, ge=0, le=1)
    out_of_scope: Number = Field(default=0.4, ge=0, le=0.95)
    semantic: Flag = False

    @field_validator("semantic")
    @classmethod
    def _there(cls, value: bool) -> bool:
        if value and not installed():
            raise ValueError("the extra is not installed: pip install 'helpbot[semantic]', or write false")
        return value


class Matrix(_Model):
    """The bot's account on Matrix."""

    homeserver: str
    user: str
    password: Secret | None = None
    access_token: Token | None = Field(default=None, validate_default=True)
    store: FilePath = Path("helpbot-keys/")
    encryption: Flag = True
    device_name: Text = "helpbot"
    invites_from: tuple[Text, ...] | None = None

    @field_validator("homeserver")
    @classmethod
    def _a_url(cls, value: str) -> str:
        if not _is_address(value):
            raise ValueError("write the homeserver's address and no more, such as https://matrix.example.org")
        return value.rstrip("/")

    @field_validator("user")
    @classmethod
    def _a_user_id(cls, value: str) -> str:
        name, colon, server = value.partition(":")
        if not (name.startswith("@") and len(name) > 1 and colon and server) or value.split() != [value]:
            raise ValueError('write the full Matrix id in quotes, such as "@helpbot:example.org"')
        return value

    @field_validator("access_token")
    @classmethod
    def _one_way_in(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        # On the field and not on the model, which would tell it only once all else is mended.
        if "password" in info.data and (info.data["password"] is None) == (value is None):
            raise ValueError("give either `password` or `access_token`, one of the two")
        return value

    @field_validator("invites_from")
    @classmethod
    def _patterns(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        strange = [one for one in value or () if one[0] not in "@*" or one.split() != [one]]
        if strange:
            raise ValueError('write Matrix ids or patterns of them, such as "*:example.org" or "@marie:example.org"')
        return value

    def may_invite(self) -> tuple[str, ...]:
        """Return the patterns of who may open a room; without any, the people of the bot's own server."""
        return (f"*:{self.user.partition(':')[2]}",) if self.invites_from is None else self.invites_from


class Team(_Model):
    """A group of agents."""

    id: TeamId
    name: Mapping[Language, Text] = {}
    matrix_room: str | None = None

    @field_validator("name", mode="before")
    @classmethod
    def _plain_or_by_language(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        if not value.strip():
            raise ValueError("write a name, or take the key out")
        return dict.fromkeys(SHIPPED, value)

    @field_validator("matrix_room")
    @classmethod
    def _a_room(cls, value: str | None) -> str | None:
        if value is not None and (not _ROOM.match(value) or value.split() != [value]):
            raise ValueError('write the room\'s alias or id in quotes, such as "#desk:example.org"')
        return value

    @model_validator(mode="after")
    def _named(self) -> Team:
        return self if self.name else self.model_copy(update={"name": dict.fromkeys(SHIPPED, self.id)})


class Agents(_Model):
    """What agents' words do."""

    plain_text: Literal["owner", "explicit"] = "owner"


class Tickets(_Model):
    """How long tickets live."""

    reopen_for_days: Whole = Field(default=7, ge=1, le=3650)
    idle_hours: Whole = Field(default=24, ge=1, le=87600)


class Discord(_Model):
    """The bot's account on Discord: not in this version."""

    token: Token

    @model_validator(mode="before")
    @classmethod
    def _not_yet(cls, _: object) -> object:
        raise ValueError("Discord is not supported by this version: take the `discord` section out")


_DEFAULT_TEAM = Team(id="desk", name={"fr": "L'équipe", "en": "The team"})


class Config(_Model):
    """The whole configuration; relative paths are those of the config file's folder."""

    languages: tuple[str, ...] = ("fr", "en")
    database: str = "sqlite:///helpbot.db"
    faq: FilePath | None = None
    answers: Answers = Answers()
    matrix: Matrix | None = None
    discord: Discord | None = None
    teams: tuple[Team, ...] = (_DEFAULT_TEAM,)
    agents: Agents = Agents()
    tickets: Tickets = Tickets()
    folder: Path = Field(default=Path(), exclude=True)

    @field_validator("languages")
    @classmethod
    def _ours(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        strange = [code for code in value if code not in SHIPPED]
        if not value or strange or len(set(value)) != len(value):
            raise ValueError(f"name one or more of {', '.join(SHIPPED)}, each once; the first is the default")
        return value

    @field_validator("database")
    @classmethod
    def _sqlite(cls, value: str) -> str:
        if not value.startswith(_SQLITE) or not value.removeprefix(_SQLITE).strip() or "\0" in value:
            raise ValueError(
                "only SQLite is supported for now: write sqlite:/// and a path, such as sqlite:///helpbot.db"
            )
        return value

    @field_validator("teams")
    @classmethod
    def _some(cls, value: tuple[Team, ...]) -> tuple[Team, ...]:
        if not value:
            raise ValueError("name at least one team")
        return value

    def database_path(self) -> Path:
        """Return where the database is."""
        return self.folder / self.database.removeprefix(_SQLITE)

    def key_store(self) -> Path:
        """Return where the encryption keys are."""
        return self.folder / (Path("helpbot-keys") if self.matrix is None else self.matrix.store)

    def faq_folder(self) -> Path:
        """Return where the FAQ is: the one that ships, when the config names none."""
        return shipped_faq() if self.faq is None else self.folder / self.faq

    def with_faq(self, folder: Path) -> Config:
        """Return the config with another FAQ folder, relative to where we are."""
        return self.model_copy(update={"faq": folder.absolute()})

    def faults_for_run(self, file: str) -> tuple[Fault, ...]:
        """Return what is missing for `helpbot run`."""
        if self.matrix is None:
            return (Fault(file, 0, "there is no `matrix` section: the desk needs a network to run on"),)
        if "teams" not in self.model_fields_set:
            return (Fault(file, 0, "there is no `teams` section: name at least one team with its `matrix_room`"),)
        homeless = tuple(
            Fault(
                file,
                0,
                f"the team {team.id!r} has no `matrix_room`: name its agents' room, in quotes if it begins with #, "
                "which starts a comment",
            )
            for team in self.teams
            if team.matrix_room is None
        )
        return (*homeless, *self._homeless_database(file))

    def _homeless_database(self, file: str) -> tuple[Fault, ...]:
        path = self.database_path()
        try:
            if path.is_dir():
                return (Fault(file, 0, f"`database`: {path} is a folder: name a file in it"),)
            if not path.parent.is_dir():
                return (Fault(file, 0, f"`database`: there is no folder {path.parent}: make it, or name another"),)
        except OSError as error:  # a folder that may not be entered, a name that is too long
            return (Fault(file, 0, f"`database`: {path} cannot be used ({error.strerror}): check its folder"),)
        return ()


def _is_address(text: str) -> bool:
    """Tell whether a text is http(s)://host with no name, password, query or fragment, which would end in logs."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    plain = parts.username is None and parts.password is None and not parts.query and not parts.fragment
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and port != 0 and plain and text.split() == [text]


def shipped_faq() -> Path:
    """Return the folder of the FAQ that ships: inside the package when installed, else beside it."""
    package = Path(str(resources.files("helpbot")))
    return package / "faq" if (package / "faq").is_dir() else package.parent / "faq"


def faq_beside(path: Path) -> Path:
    """Return the FAQ folder that a config means which has faults elsewhere."""
    try:
        with path.open("rb") as file:
            root, _ = parse(file.read(MAX_BYTES + 1), str(path))
    except OSError:
        root = None
    named = root.get("faq") if isinstance(root, YamlMapping) else None
    return path.parent / named.text if isinstance(named, Scalar) and named.text else shipped_faq()


def load_config(path: Path, env: Mapping[str, str], *, explicit: bool) -> tuple[Config | None, tuple[Fault, ...]]:
    """Return the config of a file and the environment, or None and every fault.

    A file that is not there is a fault only when it was asked for explicitly.
    """
    values, places, faults = merged(path, env, Config, explicit=explicit)
    config, more = place_faults(Config, {**values, "folder": path.parent}, places, path)
    more += repeated(values, places, path)
    if () not in places and any(fault.file == str(path) for fault in faults):
        more = [fault for fault in more if fault.file != str(path)]  # what seems to be missing may stand in the file
    found = tuple(sorted({*faults, *more}))
    return (None, found) if found else (config, ())


def check_faq_against(config: Config, faq: Faq) -> tuple[Fault, ...]:
    """Return a fault for each entry that goes to a team which the config does not have."""
    ids = {team.id for team in config.teams}
    found: list[Fault] = []
    for entry in faq.entries:
        if entry.team is not None and entry.team not in ids:
            file, _, line = entry.place.rpartition(":")
            what = f"the entry {entry.id!r} goes to the team {entry.team!r}, which `teams` in the config does not have"
            found.append(Fault(file, int(line), f"{what} ({', '.join(sorted(ids))})"))
    return tuple(found)
