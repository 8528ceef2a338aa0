"""The configuration: one YAML file, any value from the environment instead, every fault at once.

Rule: secrets are SecretStr and no fault quotes a value of theirs, because faults end in logs and bug reports.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from helpbot import config_discord, config_help, config_teams
from helpbot.answers.entries import Faq
from helpbot.answers.semantic import installed
from helpbot.answers.text import normalise
from helpbot.config_base import (
    FilePath,
    Flag,
    Language,
    MediaType,
    Model,
    Number,
    PersonId,
    Secret,
    Text,
    Token,
    UserId,
    Whole,
    Zone,
)
from helpbot.config_hours import Clock, Weekday
from helpbot.config_load import merged, place_faults
from helpbot.config_names import confused
from helpbot.config_teams import Team
from helpbot.core.files import TYPES
from helpbot.core.phrases import SHIPPED
from helpbot.core.vague_words import VAGUE_WORDS
from helpbot.strict_yaml import MAX_BYTES, Fault, Scalar, parse
from helpbot.strict_yaml import Mapping as YamlMapping

_SQLITE = "sqlite:///"
_LISTEN = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]):([0-9]{1,5})\Z")
_LONGEST_VAGUE = 50  # folded


class Answers(Model):
    """How sure the bot must be."""

    max_wrong: Number = Field(default=0.05, ge=0, le=1)
    out_of_scope: Number = Field(default=0.4, ge=0, le=0.95)
    semantic: Flag = False
    burst_seconds: Number = Field(default=3, ge=0, le=60)

    @field_validator("semantic")
    @classmethod
    def _there(cls, value: bool) -> bool:
        if value and not installed():
            raise ValueError("the extra is not installed: pip install 'helpbot[semantic]', or write false")
        return value


class Matrix(Model):
    """The bot's account on Matrix."""

    homeserver: str
    user: UserId
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


def _spoken(value: str) -> str:
    if value not in SHIPPED:
        raise ValueError(f"the bot speaks {', '.join(SHIPPED)}: write these words under one of them")
    return value


def _vague(value: str) -> str:
    if not 0 < len(normalise(value)) <= _LONGEST_VAGUE:
        raise ValueError(f"write a few words, of at most {_LONGEST_VAGUE} letters")
    return value


Spoken = Annotated[Language, AfterValidator(_spoken)]


class Agents(Model):
    """What agents' words do, and where agents are."""

    plain_text: Literal["owner", "explicit"] = "owner"
    time_zones: Mapping[PersonId, Zone] = {}
    vague_words: Mapping[Spoken, tuple[Annotated[Text, AfterValidator(_vague)], ...]] = VAGUE_WORDS
    canned: FilePath | None = None


class Tickets(Model):
    """How long tickets live, and how they end."""

    reopen_for_days: Whole = Field(default=7, ge=1, le=3650)
    idle_hours: Whole = Field(default=24, ge=1, le=87600)
    silent_days: Whole = Field(default=3, ge=0, le=3650)
    warned_hours: Whole = Field(default=24, ge=1, le=87600)
    ask_rating: Flag = True


class Files(Model):
    """Which files are passed on between customers and agents."""

    max_mb: Number = Field(default=20, gt=0, le=1000)
    types: tuple[MediaType, ...] = TYPES


class Report(Model):
    """When the weekly report comes: `day` is 0 for Monday."""

    day: Weekday = 0
    time: Clock = dt.time(9)


class Metrics(Model):
    """Where /metrics and /healthz are."""

    listen: str

    @field_validator("listen")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        match = _LISTEN.match(value)
        if match is None or not _is_host(match.group(1)) or not 1 <= int(match.group(2)) <= 65535:
            raise ValueError('write a host and a port and no more, in quotes, such as "127.0.0.1:9464"')
        return value

    @property
    def host(self) -> str:
        """Return the address or name to listen at."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """Return the port to listen at."""
        return int(self.listen.rpartition(":")[2])


_DEFAULT_TEAM = Team(id="desk", name={"fr": "L'équipe", "en": "The team"})


class Config(Model):
    """The whole configuration; relative paths are those of the config file's folder."""

    languages: tuple[str, ...] = ("fr", "en")
    database: str = "sqlite:///helpbot.db"
    faq: FilePath | None = None
    answers: Answers = Answers()
    matrix: Matrix | None = None
    discord: config_discord.Discord | None = None
    teams: tuple[Team, ...] = (_DEFAULT_TEAM,)
    help_rooms: tuple[config_help.HelpRoom, ...] = ()
    offer: config_help.Offer = config_help.Offer()
    agents: Agents = Agents()
    tickets: Tickets = Tickets()
    files: Files = Files()
    report: Report | None = Report()
    metrics: Metrics | None = None
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

    @field_validator("report", mode="before")
    @classmethod
    def _or_false(cls, value: object) -> object:
        if value is None:
            raise ValueError('write false, or when it comes, such as {day: mon, time: "09:00"}')
        word = value.lower() if isinstance(value, str) else value
        return None if word in (False, "false") else {} if word in (True, "true") else value

    def database_path(self) -> Path:
        """Return where the database is."""
        return self.folder / self.database.removeprefix(_SQLITE)

    def key_store(self) -> Path:
        """Return where the encryption keys are."""
        return self.folder / (Path("helpbot-keys") if self.matrix is None else self.matrix.store)

    def faq_folder(self) -> Path:
        """Return where the FAQ is: the one that ships, when the config names none."""
        return shipped_faq() if self.faq is None else self.folder / self.faq

    def canned_folder(self) -> Path | None:
        """Return where the replies are that are ready, if anywhere."""
        return None if self.agents.canned is None else self.folder / self.agents.canned

    def with_faq(self, folder: Path) -> Config:
        """Return the config with another FAQ folder, relative to where we are."""
        return self.model_copy(update={"faq": folder.absolute()})

    def faults_for_run(self, file: str) -> tuple[Fault, ...]:
        """Return what is missing for `helpbot run`."""
        if self.matrix is None and self.discord is None:
            return (Fault(file, 0, "there is no `matrix` or `discord` section: the desk needs a network to run on"),)
        if self.discord is not None and not config_discord.installed():
            return (Fault(file, 0, "`discord`: the extra is not installed: pip install 'helpbot[discord]'"),)
        if "teams" not in self.model_fields_set:
            seat = "`matrix_room`" if self.matrix is not None else "`discord_channel`"
            return (Fault(file, 0, f"there is no `teams` section: name at least one team with its {seat}"),)
        networks = (self.matrix is not None, self.discord is not None)
        homeless = tuple(
            Fault(file, 0, what) for team in self.teams if (what := config_teams.homeless(team, *networks)) is not None
        )
        return (*homeless, *self._homeless_database(file))

    def worth_a_look(self, file: str, at: dt.datetime) -> tuple[Fault, ...]:
        """Return what is no fault but hardly meant."""
        return config_teams.worth_a_look(self.teams, file, at) if "teams" in self.model_fields_set else ()

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


def _is_host(text: str) -> bool:
    """Tell whether a text is a name, or an address as it stands before a port; one that looks like four numbers is."""
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        labels = text.split(".")
        named = all(0 < len(label) <= 63 and label.strip("-") == label for label in labels)
        return named and len(text) <= 253 and not labels[-1].isdigit()
    return True


def shipped_faq() -> Path:
    """Return the folder of the FAQ that ships: inside the package when installed, else beside it."""
    package = Path(str(resources.files("helpbot")))
    return package / "faq" if (package / "faq").is_dir() else package.parent / "faq"


def faq_beside(path: Path) -> Path:
    """Return the FAQ folder that a config means which has faults elsewhere."""
    return _folder_beside(path, "faq") or shipped_faq()


def canned_beside(path: Path) -> Path | None:
    """Return the folder of replies that a config means which has faults elsewhere, if any."""
    return _folder_beside(path, "agents", "canned")


def _folder_beside(path: Path, *keys: str) -> Path | None:
    try:
        with path.open("rb") as file:
            named, _ = parse(file.read(MAX_BYTES + 1), str(path))
    except OSError:
        return None
    for key in keys:
        named = named.get(key) if isinstance(named, YamlMapping) else None
    return path.parent / named.text if isinstance(named, Scalar) and named.text and "\0" not in named.text else None


def load_config(path: Path, env: Mapping[str, str], *, explicit: bool) -> tuple[Config | None, tuple[Fault, ...]]:
    """Return the config of a file and the environment, or None and every fault.

    A file that is not there is a fault only when it was asked for explicitly.
    """
    values, places, faults = merged(path, env, Config, explicit=explicit)
    config, more = place_faults(Config, {**values, "folder": path.parent}, places, path)
    more += confused(values.get("teams"), places, path)
    more += config_help.misplaced(values, places, path)
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
