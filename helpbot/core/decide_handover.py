"""A ticket that goes from one person or team to another, so that somebody has it at every moment.

Rule: a transfer moves nothing until somebody there takes it; the owner keeps the ticket until then, because a ticket
that is put down before it is picked up is on the floor.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from helpbot.core.acts import AgentAssigned, AgentTransferred
from helpbot.core.decide_parts import (
    called,
    hinted,
    inside,
    let_go,
    owns,
    refused,
    spoken,
    team_name,
    tell,
    waiting_for_a_word,
)
from helpbot.core.effects import (
    Count,
    Decision,
    EditCard,
    Effect,
    Literal,
    Marked,
    PostCard,
    Quoted,
    React,
    Record,
    Say,
    Strong,
)
from helpbot.core.events import AgentElsewhere, Event, OwnerWentAway
from helpbot.core.hours import between
from helpbot.core.model import NEAR, Audience, Desk, Figure, Person, Role, Status, Team, Ticket, Transfer
from helpbot.core.phrases import colon, say
from helpbot.core.transcript import card, pieces, shorten, told

OFF = {"off", "cancel", "annuler", "stop", "non", "no"}  # no team can be named so
_MANY_HOPS = 3  # the third time that a ticket goes to another team, a lead has to look at it
_LONGEST_WHY = 1000
_LONGEST_NAME = 6  # words of a team's name after its first
_SHOWN = 40
_AT = "@"  # without it nobody is named on any network


def owned(ticket: Ticket, agent: Person, at: datetime, desk: Desk) -> tuple[Ticket, tuple[Effect, ...]]:
    """Return the ticket as this agent's, with a word to her; an offer to another team ends."""
    ended: tuple[Effect, ...] = ()
    if ticket.transfer is not None:
        name = team_name(ticket.transfer.team, desk.languages[0], desk)
        ended = (inside("transfer_ended", desk, team=name, name=ticket.transfer.by.name),)
    ticket, withdrawn = withdraw(ticket, desk)
    ticket, dropped = _held_by(ticket, agent, at, desk)
    text = say("claimed", spoken(ticket, desk), name=agent.name, number=ticket.number)
    shown = (*dropped, *ended, *withdrawn, *_suggested(ticket, at, desk))
    return ticket, (tell(text), EditCard(card(ticket, desk)), *shown)


def _held_by(ticket: Ticket, agent: Person, at: datetime, desk: Desk) -> tuple[Ticket, tuple[Effect, ...]]:
    ticket, dropped = let_go(ticket, desk)
    ticket = replace(ticket, status=Status.HELD, owner=agent, snoozed_until=None)
    return waiting_for_a_word(ticket, at, anew=True), dropped  # who takes charge owes her a word


def _suggested(ticket: Ticket, at: datetime, desk: Desk) -> tuple[Effect, ...]:
    """Show the owner what the bot would have answered, if it has an answer that she did not refuse."""
    if not ticket.question:
        return ()
    finding = desk.library.find(ticket.question, ticket.language, at)
    best = next((one for one in finding.candidates if one.entry not in (*ticket.refused, *ticket.answered)), None)
    if best is None or best.confidence < NEAR:
        return ()
    answer = desk.library.answer(best.entry, spoken(ticket, desk), at)
    if answer is None or not answer.text:
        return ()
    head = say("suggestion", desk.languages[0], entry=best.entry, percent=round(100 * best.confidence))
    return (Say(Audience.AGENTS, (Strong(head), Marked(answer.text))),)


def released(ticket: Ticket, at: datetime, desk: Desk) -> tuple[Ticket, tuple[Effect, ...]]:
    """Return the ticket as nobody's, waiting for somebody."""
    ticket, dropped = let_go(ticket, desk)
    ticket = replace(ticket, status=Status.WAITING, owner=None, snoozed_until=None)
    ticket = waiting_for_a_word(ticket, at, anew=True)
    return ticket, (EditCard(card(ticket, desk)), *dropped)


def assigned(ticket: Ticket, event: AgentAssigned, desk: Desk) -> Decision:
    """Give the ticket to a colleague of the same team."""
    if ticket.status is Status.CLOSED:
        return hinted(ticket, desk, "hint_closed")
    if len(event.members) != 1:
        by_name = "hint_no_agent" if _AT in event.typed else "hint_assign_at"
        hint = "hint_many_agents" if event.members else by_name
        return hinted(ticket, desk, hint, word=shorten(event.typed, _SHOWN))
    (colleague,) = event.members
    if owns(ticket, colleague):
        return hinted(ticket, desk, "hint_owned_already", name=colleague.name)
    if colleague in event.away:
        return hinted(ticket, desk, "hint_agent_away", name=colleague.name)
    ticket, effects = owned(ticket, colleague, event.at, desk)
    told_them = say("assigned", desk.languages[0], by=event.agent.name, number=ticket.number)
    return Decision(ticket, (*effects, Say(Audience.AGENTS, (*called((colleague,)), Literal(told_them)))))


def owner_away(ticket: Ticket, event: OwnerWentAway, desk: Desk) -> Decision:
    """Offer the ticket of an agent who is away to the others."""
    if ticket.status is not Status.HELD or not owns(ticket, event.agent):
        return Decision(ticket)
    ticket, effects = released(ticket, event.at, desk)
    return Decision(ticket, (inside("owner_away", desk, name=event.agent.name, number=ticket.number), *effects))


# --- to another team


def transferred(ticket: Ticket, event: AgentTransferred, desk: Desk) -> Decision:
    """Offer the ticket to another team: a card there with all that was said, the notes and the reason."""
    if ticket.status is Status.CLOSED:
        return hinted(ticket, desk, "hint_closed")
    if event.team.casefold() in OFF:
        if ticket.transfer is None:
            return hinted(ticket, desk, "hint_no_transfer")
        ticket, withdrawn = withdraw(ticket, desk)
        return Decision(ticket, (inside("transfer_off", desk), *withdrawn, EditCard(card(ticket, desk))))
    team, why = _meant(event.team, event.why, desk)
    if team is None:
        known = ", ".join(one.id for one in desk.teams)
        return hinted(ticket, desk, "hint_no_team", word=event.team[:_SHOWN], teams=known)
    if team.id == desk.team(ticket.team).id:
        return hinted(ticket, desk, "hint_own_team", word=team.id)
    if ticket.transfer is not None and ticket.transfer.team == team.id:
        return hinted(ticket, desk, "hint_transferred_already", word=team.id)
    ticket, withdrawn = withdraw(ticket, desk)
    offer = Transfer(team.id, event.agent, why[:_LONGEST_WHY], event.at)
    ticket = replace(ticket, transfer=offer)
    name = team_name(team.id, desk.languages[0], desk)
    note = f"→ {name}" + (f"{colon(desk.languages[0])} {offer.why}" if offer.why else "")
    shown = [Say(Audience.AGENTS, content, team=team.id) for content in told(ticket, event.transcript, desk)]
    return Decision(
        ticket,
        (
            *withdrawn,
            Record(Role.AGENT, Audience.AGENTS, event.agent.name, note),
            React(event.ref, "📝"),
            PostCard(card(ticket, desk, team.id), team=team.id),
            *shown,
            *_lead_looks(ticket, team, desk),
            inside("transfer_offered", desk, team=name),
            EditCard(card(ticket, desk)),
        ),
    )


def _meant(typed: str, why: str, desk: Desk) -> tuple[Team | None, str]:
    """Return the team of that id, or whose name that and the first words of the reason are; and the reason itself."""
    for more in range(_LONGEST_NAME, -1, -1):
        parts = why.split(maxsplit=more)
        words, rest = parts[:more], "".join(parts[more:])
        folded = desk.library.fold(" ".join((typed, *words)))
        named = [team for team in desk.teams if folded and folded in _names(team, desk)]
        named = [team for team in named if team.id.casefold() == typed.casefold() and not words] or named
        if len(words) == more and len(named) == 1:
            return named[0], rest
    return None, why


def _names(team: Team, desk: Desk) -> set[str]:
    return {desk.library.fold(name) for name in (team.id, *team.names.values())}


def _lead_looks(ticket: Ticket, team: Team, desk: Desk) -> tuple[Effect, ...]:
    if ticket.hops + 1 < _MANY_HOPS:
        return ()
    text = say("many_hops", desk.languages[0], count=ticket.hops + 1)
    leads = team.leads or desk.team(ticket.team).leads
    where = team.id if team.leads else None
    return (Say(Audience.AGENTS, (*called(leads), Literal(text)), team=where),)


def taken_over(ticket: Ticket, agent: Person, at: datetime, desk: Desk) -> Decision:
    """Let somebody of the other team take charge: she is told once by whom, and that she need not explain it again."""
    offer = ticket.transfer
    assert offer is not None, "the caller has looked"  # noqa: S101
    before, language = desk.team(ticket.team).id, desk.languages[0]
    ticket = replace(ticket, team=desk.team(offer.team).id, transfer=None, hops=ticket.hops + 1)
    ticket, dropped = _held_by(ticket, agent, at, desk)
    team = team_name(ticket.team, spoken(ticket, desk), desk)
    text = say("taken_over", spoken(ticket, desk), name=agent.name, team=team, number=ticket.number)
    gone = say("handed_over", language, name=agent.name, team=team_name(ticket.team, language, desk))
    return Decision(
        ticket,
        (
            Count(Figure.HOP, label=ticket.team, team=before),
            tell(text),
            EditCard(card(ticket, desk)),
            EditCard(card(ticket, desk, before), team=before),
            *(replace(effect, team=before) for effect in dropped if isinstance(effect, Say)),
            Say(Audience.AGENTS, (Literal(gone),), team=before),
        ),
    )


def offer_ended(ticket: Ticket, desk: Desk) -> tuple[Ticket, tuple[Effect, ...]]:
    """Return the ticket without an offer to a team that is gone, or has it since its own is gone; say so there."""
    offer = ticket.transfer
    if offer is None or (any(team.id == offer.team for team in desk.teams) and desk.team(ticket.team).id != offer.team):
        return ticket, ()
    ticket = replace(ticket, transfer=None)
    return ticket, (inside("transfer_team_gone", desk, team=offer.team), EditCard(card(ticket, desk)))


def withdraw(ticket: Ticket, desk: Desk) -> tuple[Ticket, tuple[Effect, ...]]:
    """Return the ticket without its offer to another team, whose card says so."""
    if ticket.transfer is None:
        return ticket, ()
    team = ticket.transfer.team
    ticket = replace(ticket, transfer=None)
    text = say("transfer_withdrawn", desk.languages[0], number=ticket.number)
    return ticket, (EditCard(card(ticket, desk, team), team=team), Say(Audience.AGENTS, (Literal(text),), team=team))


def nobody_took_it(ticket: Ticket, at: datetime, desk: Desk) -> tuple[Ticket, tuple[Effect, ...]]:
    """Call the leads of both teams over an offer that nobody has taken, each time that so much more has passed."""
    offer = ticket.transfer
    assert offer is not None, "its timer ran"  # noqa: S101
    effects: list[Effect] = []
    for team in (offer.team, None):
        of = desk.team(offer.team if team is not None else ticket.team)
        values = {"number": ticket.number, "team": team_name(offer.team, desk.languages[0], desk)}
        text = say("transfer_waits", desk.languages[0], **values)
        effects.append(Say(Audience.AGENTS, (*called(of.leads), Literal(text)), team=team))
    patience = desk.team(ticket.team).patience
    waited = between(desk.team(offer.team).hours, offer.at, at) - patience.transfer
    called_by_now = max(offer.called, waited // patience.again) + 1  # after a stop that lasted long, once for all
    return replace(ticket, transfer=replace(offer, called=called_by_now)), tuple(effects)


def not_here(ticket: Ticket, ref: str, desk: Desk, *, offered: bool, words: bool) -> Decision:
    """Say that the ticket is another team's, and that nothing was done; `words` when some were to be sent."""
    hint = "hint_take_it_first" if offered else "hint_other_team"
    team = team_name(ticket.team, desk.languages[0], desk)
    return refused(ticket, ref, desk, hint, team=team) if words else hinted(ticket, desk, hint, team=team)


def with_mirror(before: Ticket, decision: Decision, event: Event, desk: Desk) -> Decision:
    """Show whoever is offered a ticket what becomes of it and what is said in it meanwhile: they take over all."""
    offer = before.transfer
    if offer is None or (isinstance(event, AgentElsewhere) and event.team == offer.team):
        return decision
    there: list[Effect] = []
    still = decision.ticket.transfer is not None and decision.ticket.transfer.team == offer.team
    if still and any(isinstance(effect, EditCard) and effect.team is None for effect in decision.effects):
        there.append(EditCard(card(decision.ticket, desk, offer.team), team=offer.team))
    for effect in decision.effects:
        match effect:
            case Record():
                author = effect.author if effect.audience is Audience.CUSTOMER else f"📝 {effect.author}"
                texts, source = pieces(effect.text), effect.source
            case Say(audience=Audience.CUSTOMER):
                author = say("bot", desk.languages[0]) if effect.role is Role.BOT else effect.author
                texts, source = ("\n".join(block.text for block in effect.content),), effect.source
            case _:
                continue
        there += [Say(Audience.AGENTS, (Quoted(author, text, source),), team=offer.team) for text in texts]
    last = [] if still else [one for one in decision.effects if isinstance(one, Say) and one.team == offer.team]
    others = [one for one in decision.effects if one not in last]
    return replace(decision, effects=(*others, *there, *last))  # that it is over there comes after what ended it
