"""The configuration: one YAML file, any value from the environment instead, every fault at once.

Rule: secrets are SecretStr and no fault quotes a value of theirs, because faults end in logs and bug reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator, model_validator

from helpbot.answers.entries import Faq
from helpbot.config_load import merged, place_faults
from helpbot.core.phrases import SHIPPED
from helpbot.strict_yaml import Fault

_SQLITE = "sqlite:///"
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Answers(_Model):
    """How sure the bot must be."""

    max_wrong: float = Field(default=0.05, gt=0, le=0.5)
    out_of_scope: float = Field(default=0.4, ge=0, le=0.95)


class Matrix(_Model):
    """The bot's account on Matrix."""

    homeserver: str
    user: str
    password: SecretStr | None = None
    access_token: SecretStr | None = None
    store: Path = Path("helpbot-keys/")
    encryption: bool = True
    device_name: Text = "helpbot"
    invites_from: tuple[Text, ...] = ()

    @field_validator("homeserver")
    @classmethod
    def _a_url(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")) or len(value.split("//", 1)[1]) < 1:
            raise ValueError("write the homeserver's address, such as https://matrix.example.org")
        return value.rstrip("/")

    @field_validator("user")
    @classmethod
    def _a_user_id(cls, value: str) -> str:
        name, colon, server = value.partition(":")
        if not (name.startswith("@") and len(name) > 1 and colon and server) or value.split() != [value]:
            raise ValueError('write the full Matrix id in quotes, such as "@helpbot:example.org"')
        return value

    @model_validator(mode="after")
    def _one_way_in(self) -> Matrix:
        if (self.password is None) == (self.access_token is None):
            raise ValueError("give either `password` or `access_token`, one of the two")
        return self

    def may_invite(self) -> tuple[str, ...]:
        """Return the patterns of who may open a room; without any, the people of the bot's own server."""
        return self.invites_from or (f"*:{self.user.partition(':')[2]}",)


class Team(_Model):
    """A group of agents."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,49}$")]
    name: Mapping[str, Text] = {}
    matrix_room: str | None = None

    @field_validator("name", mode="before")
    @classmethod
    def _plain_or_by_language(cls, value: object) -> object:
        return {SHIPPED[0]: value, SHIPPED[1]: value} if isinstance(value, str) else value

    @field_validator("matrix_room")
    @classmethod
    def _a_room(cls, value: str | None) -> str | None:
        if value is not None and (value[:1] not in {"#", "!"} or value.split() != [value]):
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

    reopen_for_days: int = Field(default=7, ge=1, le=3650)
    idle_hours: int = Field(default=24, ge=1, le=87600)


class Discord(_Model):
    """The bot's account on Discord: not in this version."""

    token: SecretStr

    @model_validator(mode="after")
    def _not_yet(self) -> Discord:
        raise ValueError("Discord is not supported by this version: take the `discord` section out")


_DEFAULT_TEAM = Team(id="desk", name={"fr": "L'équipe", "en": "The team"})


class Config(_Model):
    """The whole configuration; relative paths are those of the config file's folder."""

    languages: tuple[str, ...] = ("fr", "en")
    database: str = "sqlite:///helpbot.db"
    faq: Path | None = None
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
        if not value.startswith(_SQLITE) or len(value) == len(_SQLITE):
            raise ValueError("write sqlite:/// and a path, such as sqlite:///helpbot.db")
        return value

    @field_validator("teams")
    @classmethod
    def _distinct(cls, value: tuple[Team, ...]) -> tuple[Team, ...]:
        ids = [team.id for team in value]
        rooms = [team.matrix_room for team in value if team.matrix_room is not None]
        if not value:
            raise ValueError("name at least one team")
        if len(set(ids)) != len(ids):
            raise ValueError("two teams have the same `id`")
        if len(set(rooms)) != len(rooms):
            raise ValueError("two teams have the same `matrix_room`: give each its own")
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
        return tuple(
            Fault(file, 0, f"the team {team.id!r} has no `matrix_room`: name its agents' room")
            for team in self.teams
            if team.matrix_room is None
        )


def shipped_faq() -> Path:
    """Return the folder of the FAQ that ships: inside the package when installed, else beside it."""
    package = Path(str(resources.files("helpbot")))
    return package / "faq" if (package / "faq").is_dir() else package.parent / "faq"


def load_config(path: Path, env: Mapping[str, str], *, explicit: bool) -> tuple[Config | None, tuple[Fault, ...]]:
    """Return the config of a file and the environment, or None and every fault.

    A file that is not there is a fault only when it was asked for explicitly.
    """
    values, places, faults = merged(path, env, Config, explicit=explicit)
    config, more = place_faults(Config, {**values, "folder": path.parent}, places, path)
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
