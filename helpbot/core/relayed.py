"""What a message shows after a person whose words it holds has corrected them or taken them back: pure."""

from __future__ import annotations

from dataclasses import replace

from helpbot.core.effects import Block, Content, Literal, Quoted
from helpbot.core.model import Attachment

_GONE = "🗑"


def among_others(content: Content, source: str, text: str | None) -> Content:
    """Return a message to agents once the words of the message `source` in it say `text`; None takes them back.

    Words that were parted come together where they began. A message that held nothing else is empty then.
    """

    def is_theirs(block: Block) -> bool:
        return isinstance(block, Quoted) and block.source == source

    if text is None and all(is_theirs(block) or isinstance(block, Attachment) for block in content):
        return ()
    shown: list[Block] = []
    new = _GONE if text is None else text
    for block in content:
        if not is_theirs(block):
            shown.append(block)
        elif new:
            shown.append(replace(block, text=new))
            new = ""
    return tuple(shown)


def as_sent(content: Content, text: str | None) -> Content:
    """Return an agent's words to a customer once they say `text`; empty when they were taken back."""
    if text is None:
        return ()
    shown: list[Block] = []
    for block in content:
        if not isinstance(block, Literal):
            shown.append(block)
        elif text:
            shown.append(Literal(text))
            text = ""
    return tuple(shown)
