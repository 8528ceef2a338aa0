"""The terminal as a network: one customer, one agent, and what each of them sees.

It is the network in memory with a face: the desk, the store and the courier behind it are the real ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from helpbot.transports.memory import MemoryTransport, Message
from helpbot.transports.naming import bearers, named

CUSTOMER_ROOM = "you"
AGENTS_ROOM = "agents"
_CLAIMS = ("✋", "👍")


@dataclass(frozen=True, slots=True)
class Style:
    """How a side is shown: what stands before each line, and the terminal's codes around it."""

    prefix: str
    on: str = ""
    off: str = ""


def styles(*, coloured: bool) -> dict[str, Style]:
    """Return the styles of the sides, with colours only where they are wanted."""
    if not coloured:
        return {"you": Style("you    | "), "bot": Style("bot    | "), "agents": Style("agents |     ")}
    return {
        "you": Style("you    │ ", "\x1b[1m", "\x1b[0m"),
        "bot": Style("bot    │ ", "\x1b[32m", "\x1b[0m"),
        "agents": Style("agents │     ", "\x1b[36m", "\x1b[0m"),
    }


class ConsoleTransport(MemoryTransport):
    """Shows what the desk sends through `write`, line by line; `team` is whose agents' room it has."""

    def __init__(self, write: Callable[[str], None], team: str, *, coloured: bool, echo: bool) -> None:
        super().__init__("console", {team: AGENTS_ROOM})
        self._write = write
        self._styles = styles(coloured=coloured)
        self._echo = echo
        self._card: str | None = None
        self.shown = self._show
        self.join(AGENTS_ROOM, "sam", "Sam")

    def type(self, line: str) -> None:
        """Take a line that was typed: a customer's words, or `/agent TEXT`."""
        if not line.startswith("/"):
            if self._echo:
                self._print("you", line)
            self.say(CUSTOMER_ROOM, "you", line)
            return
        command, _, text = line.partition(" ")
        if command == "/agent" and text.strip():
            self._as_agent(text.strip())
        else:
            self._print("bot", "(/agent TEXT speaks as an agent: /agent !claim, /agent hello; /quit ends)")

    def _as_agent(self, text: str) -> None:
        if self._card is None:
            self._print("agents", "(no ticket has reached the agents yet: write “human” first)")
            return
        if self._echo:
            self._print("agents", f"Sam: {text}")
        if text in _CLAIMS:
            self.react_as(AGENTS_ROOM, "sam", self._card, text)
        else:
            at = any(word.startswith("@") for word in text.split())
            self.say(AGENTS_ROOM, "sam", text, thread=self._card, mentions=at, mentioned=self._mentioned(text))

    def _mentioned(self, text: str) -> tuple[tuple[str, str], ...]:
        """Return whom Sam's words name among the agents."""
        others = {person: name for person, name in self._members[AGENTS_ROOM].items() if person != "sam"}
        found = dict.fromkeys(named(text, bearers({person: (person, name) for person, name in others.items()})))
        return tuple((person, others[person]) for person in found if person in others)

    def _show(self, verb: str, message: Message) -> None:
        if message.room == CUSTOMER_ROOM:
            self._print("bot", message.text)
            return
        if verb == "send" and message.thread is None and message.text.lstrip("🟡🟢🟠⚪ ").startswith("#"):
            self._card = message.ref
        match verb:
            case "react":
                self._print("agents", f"({message.marks[-1]} on: {message.text.splitlines()[0][:60]})")
            case "edit":
                self._print("agents", f"(card) {message.text}")
            case _:
                self._print("agents", message.text)

    def _print(self, side: str, text: str) -> None:
        style = self._styles[side]
        for line in text.splitlines() or [""]:
            self._write(f"{style.on}{style.prefix}{line}{style.off}")
