"""Replies that are ready: what stands in braces, and filling it in.

Rule: what is filled in is never looked at again, because a customer may call herself {agent}.
"""

from __future__ import annotations

from collections.abc import Iterator

PLACEHOLDERS = ("customer", "agent", "number", "team")


def fill(text: str, *, customer: str, agent: str, number: int, team: str) -> str:
    """Return the reply with its placeholders filled in; never raises, and leaves alone what `strays` names."""
    values = {"customer": customer, "agent": agent, "number": str(number), "team": team}
    return "".join(values.get(name, literal) for literal, name in _pieces(text))


def strays(text: str) -> tuple[str, ...]:
    """Return what stands in braces, or is a brace, and means nothing; each once, in order."""
    return tuple(dict.fromkeys(literal for literal, name in _pieces(text) if name == "?"))


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """Yield (literal, "") for what stands for itself, ("", name) for a placeholder, (literal, "?") for a stray."""
    at = 0
    while at < len(text):
        sign = text[at]
        if sign not in "{}":
            end = min((found for found in (text.find("{", at), text.find("}", at)) if found >= 0), default=len(text))
            yield text[at:end], ""
            at = end
        elif text[at + 1 : at + 2] == sign:
            yield sign, ""
            at += 2
        else:
            inner = _inner(text, at)
            known = inner in PLACEHOLDERS
            whole = sign if inner is None else f"{{{inner}}}"
            yield ("", str(inner)) if known else (whole, "?")
            at += len(whole)


def _inner(text: str, at: int) -> str | None:
    """Return what stands between the brace there and the one that ends it; None when none does."""
    if text[at] == "}":
        return None
    end, other = text.find("}", at + 1), text.find("{", at + 1)
    return None if end < 0 or 0 <= other < end else text[at + 1 : end]
