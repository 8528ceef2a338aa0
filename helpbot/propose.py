"""Carries what agents propose from the database to the admins' file."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import structlog

from helpbot.answers.proposed import PROPOSED, append, block
from helpbot.store.base import StoreBusy
from helpbot.store.sqlite import SqliteStore
from helpbot.store.workshop import Proposal

log = structlog.get_logger(__name__)

_PAUSE = 60.0  # seconds before a file that cannot be written is tried again


async def write_proposals(store: SqliteStore, folder: Path, language: str) -> None:
    """Write each proposal to the folder's file as it comes, until cancelled; see `write_pending`."""
    while True:
        await store.workshop_bell.wait()
        store.workshop_bell.clear()
        if not await write_pending(store, folder, language):
            await asyncio.sleep(_PAUSE)
            store.workshop_bell.set()


async def write_pending(store: SqliteStore, folder: Path, language: str) -> bool:
    """Write what is proposed and not in the folder's file yet; return whether that could be done.

    `language` is that of a question without one.
    """
    workshop = store.workshop()
    try:
        for proposal in await workshop.proposals():
            mark, text = _shown(proposal, language)
            await asyncio.to_thread(append, folder, mark, text)
            await workshop.written(proposal.id)
            log.info("faq_proposed", file=str(folder / PROPOSED), proposal=proposal.id)
    except (OSError, StoreBusy) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        log.error("proposal_not_written", folder=str(folder), why=why, hint="nothing is lost: it is tried again")
        return False
    return True


def _shown(proposal: Proposal, language: str) -> tuple[str, str]:
    """Return what tells the proposal from all others, and its block."""
    day, agent = proposal.at.isoformat(timespec="seconds"), " ".join(proposal.agent.split())[:80]
    what = "a new entry" if proposal.entry is None else f"a phrasing of {proposal.entry}"
    mark = f"{proposal.id}: {what}, from ticket {proposal.ticket}, by {_printable(agent)}, {day}"
    question = " ".join(proposal.question.split())
    spoken = proposal.language or language
    entry: dict[str, Any] = {"id": proposal.entry or f"new-{proposal.id}", "questions": {spoken: [question]}}
    if proposal.entry is None:
        entry |= {"answer": {spoken: proposal.answer}} if proposal.answer else {"not_answered": True}
    return mark, block(mark, entry)


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable())
