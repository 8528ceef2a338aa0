"""What Discord's buttons, forms and commands say, by language: short, for a button holds few words."""

from __future__ import annotations

from collections.abc import Sequence

_WORDS: dict[str, dict[str, str]] = {
    "panel": {
        "fr": "**Besoin d'aide ?** Ouvrez un ticket : un fil privé entre vous et moi, où une personne peut venir.",
        "en": "**Do you need help?** Open a ticket: a private thread between you and me, where a person can come.",
    },
    "open": {"fr": "Ouvrir un ticket", "en": "Open a ticket"},
    "subject": {"fr": "Sujet (facultatif)", "en": "Subject (optional)"},
    "text": {"fr": "Votre question", "en": "Your question"},
    "opened": {"fr": "Voici votre ticket : {where}", "en": "Here is your ticket: {where}"},
    "not_opened": {
        "fr": "Je n'ai pas pu ouvrir de ticket : {why}. Rien n'a été gardé.",
        "en": "I could not open a ticket: {why}. Nothing was kept.",
    },
    "kept": {
        "fr": "J'ai gardé ce que vous avez écrit. Votre ticket s'ouvre dès que Discord me le permet.",
        "en": "I have kept what you wrote. Your ticket opens as soon as Discord lets me.",
    },
    "not_taken": {
        "fr": "Cela n'a pas marché. Réessayez, s'il vous plaît, ou écrivez-le.",
        "en": "That did not work. Please try again, or write it.",
    },
    "you_wrote": {"fr": "Vous avez écrit", "en": "You wrote"},
    "person": {"fr": "Parler à une personne", "en": "Talk to a person"},
    "none": {"fr": "Rien de cela", "en": "None of these"},
    "claim": {"fr": "Prendre", "en": "Claim"},
    "release": {"fr": "Rendre", "en": "Release"},
    "close": {"fr": "Fermer", "en": "Close"},
    "reopen": {"fr": "Rouvrir", "en": "Reopen"},
    "transfer": {"fr": "Transférer…", "en": "Transfer…"},
    "to_which": {"fr": "À quelle équipe ?", "en": "To which team?"},
    "not_agent": {
        "fr": "Seuls les agents de cette équipe peuvent faire cela.",
        "en": "Only agents of this team can do that.",
    },
    "not_here": {
        "fr": "Cette commande s'écrit dans le fil d'un ticket.",
        "en": "This command belongs into the thread of a ticket.",
    },
    "exposed": {
        "fr": "Tout le monde peut lire ce salon : je n'y prends rien tant que @everyone peut le voir.",
        "en": "Everybody may read this channel: I take nothing here as long as @everyone may view it.",
    },
    "not_yours": {"fr": "Ce bouton n'est pas le vôtre.", "en": "This button is not yours."},
    "not_read": {
        "fr": "Je ne peux lire ici que ce qui me mentionne : commencez par @{me}, ou écrivez-moi en message privé.",
        "en": "I can only read here what mentions me: begin with @{me}, or write to me in a direct message.",
    },
    "tag_waiting": {"fr": "En attente", "en": "Waiting"},
    "tag_held": {"fr": "Pris", "en": "Taken"},
    "tag_closed": {"fr": "Fermé", "en": "Closed"},
    "ticket_command": {"fr": "Ouvrir un ticket", "en": "Open a ticket"},
    "option_text": {"fr": "Ce qui suit la commande", "en": "What follows the command"},
    "option_team": {"fr": "À quelle équipe", "en": "To which team"},
    "option_colleague": {"fr": "À qui", "en": "To whom"},
}


_WORDS |= {
    "!r": {"fr": "Envoie au client ; prend le ticket s'il est libre", "en": "Goes to the customer; claims the ticket"},
    "!note": {"fr": "Reste ici, gardé avec le ticket", "en": "Stays inside, kept with the ticket"},
    "!claim": {"fr": "Vous prenez le ticket", "en": "You take the ticket"},
    "!release": {"fr": "Rend le ticket libre", "en": "Nobody owns the ticket"},
    "!close": {"fr": "Clôt, avec un dernier mot au client", "en": "Closes it, with a last word to the customer"},
    "!reopen": {"fr": "Rouvre le ticket", "en": "Opens the ticket again"},
    "!learn": {"fr": "Propose sa question pour la FAQ", "en": "Proposes her question for the FAQ"},
    "!help": {"fr": "Toutes les commandes", "en": "All commands"},
    "!transfer": {"fr": "Propose le ticket à une autre équipe", "en": "Offers the ticket to another team"},
    "!assign": {"fr": "Donne le ticket à un collègue", "en": "Gives the ticket to a colleague"},
    "!promise": {"fr": "Promet au client : une date, puis quoi", "en": "Promises to the customer: a date, then what"},
    "!kept": {"fr": "La promesse est tenue ; le texte va au client", "en": "The promise is kept; the text goes to her"},
    "!snooze": {"fr": "Met le ticket en veille jusqu'à une date", "en": "Puts the ticket aside until a date"},
    "!send": {"fr": "Envoie ce qui était retenu", "en": "Sends what was held back"},
    "!canned": {"fr": "Une réponse prête, ou leur liste", "en": "A reply that is ready, or a list of them"},
    "!away": {"fr": "Vos tickets sont à prendre", "en": "Your tickets are to be taken"},
    "!back": {"fr": "Vous êtes de retour", "en": "You are back"},
    "!tickets": {"fr": "À vous, en attente, promis", "en": "Yours, waiting, promised"},
    "!find": {"fr": "Cherche dans les tickets", "en": "Searches the tickets"},
    "!history": {"fr": "Les tickets d'avant de ce client", "en": "This customer's earlier tickets"},
    "!merge": {"fr": "Ce ticket devient une partie d'un autre", "en": "This ticket becomes part of another one"},
}  # fmt: skip


def word(name: str, language: str, **values: object) -> str:
    """Return a text in that language, in English where there is none."""
    texts = _WORDS[name]
    return texts.get(language, texts["en"]).format(**values)


def spoken(locale: object, languages: Sequence[str]) -> str:
    """Return the language of the desk that a Discord locale means (`fr`, `en-GB`), else the first one."""
    return language_of(locale, languages) or languages[0]


def language_of(locale: object, languages: Sequence[str]) -> str | None:
    """Return the language of the desk that a Discord locale means, if it is one."""
    code = str(locale).partition("-")[0]
    return code if code in languages else None
