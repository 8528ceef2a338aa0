"""What the bot says, by language and number.

Rule: a phrase is a template of ours and people's words are only ever values in it, because a template that a person
wrote could name other values.
"""

from __future__ import annotations

from collections.abc import Sequence

from helpbot.core.french import of
from helpbot.core.phrases_after import AFTER
from helpbot.core.phrases_care import TO_AGENTS, TO_CUSTOMER
from helpbot.core.phrases_hints import HINTS
from helpbot.core.phrases_merge import TO_AGENTS as MERGED_INSIDE
from helpbot.core.phrases_merge import TO_CUSTOMER as MERGED
from helpbot.core.phrases_moves import MOVES
from helpbot.core.phrases_public import PUBLIC
from helpbot.core.phrases_relay import TO_AGENTS as RELAYED_INSIDE
from helpbot.core.phrases_relay import TO_CUSTOMER as RELAYED
from helpbot.core.phrases_report import REPORT

SHIPPED = ("fr", "en")

_PHRASES: dict[str, dict[str, str]] = {
    **TO_CUSTOMER,
    **TO_AGENTS,
    **AFTER,
    **HINTS,
    **RELAYED,
    **RELAYED_INSIDE,
    **REPORT,
    **MERGED,
    **MERGED_INSIDE,
    **PUBLIC,
    **MOVES,
    # --- to the customer
    "greeting": {
        "fr": "Bonjour ! Je suis un robot d'assistance. Posez-moi votre question en une phrase ; "
        "à tout moment, écrivez « humain » et une personne prend la suite.",
        "en": "Hello! I am a help bot. Ask me your question in one sentence; "
        "at any time, write “human” and a person takes over.",
    },
    "hello": {
        "fr": "Bonjour ! Quelle est votre question ? Pour parler à une personne, écrivez « humain ».",
        "en": "Hello! What is your question? To talk to a person, write “human”.",
    },
    "what_about": {
        "fr": "Bien sûr ! Sur quoi porte votre question ? Écrivez-la en une phrase, ou « humain » "
        "pour parler à une personne.",
        "en": "Of course! What is your question about? Write it in one sentence, or “human” to talk to a person.",
    },
    "welcome": {
        "fr": "Je vous en prie ! Si autre chose vous préoccupe, écrivez-moi ici.",
        "en": "You are welcome! If anything else comes up, write to me here.",
    },
    "only_in": {
        "fr": "(Cette réponse n'existe pas encore en français, la voici dans sa langue : {language}.)",
        "en": "(This answer does not exist in English yet; here it is in its own language: {language}.)",
    },
    "offer": {"fr": "Voulez-vous dire :", "en": "Did you mean:"},
    "offer_end": {
        "fr": "Répondez par un chiffre ou une réaction ({marks}, 🙋 pour une personne), par « non », "
        "ou écrivez « humain » pour parler à une personne.",
        "en": "Answer with a number or a reaction ({marks}, 🙋 for a person), with “no”, "
        "or write “human” to talk to a person.",
    },
    "offer_end_one": {
        "fr": "Répondez « oui » ou « non », par une réaction (1️⃣, 🙋 pour une personne), "
        "ou écrivez « humain » pour parler à une personne.",
        "en": "Answer “yes” or “no”, with a reaction (1️⃣, 🙋 for a person), or write “human” to talk to a person.",
    },
    "refused_once": {
        "fr": "D'accord, ce n'est pas cela. Dites-le-moi avec d'autres mots, ou écrivez « humain » "
        "pour parler à une personne.",
        "en": "All right, that is not it. Tell me in other words, or write “human” to talk to a person.",
    },
    "no_words": {
        "fr": "Je ne lis que les mots : posez-moi votre question en une phrase, "
        "ou écrivez « humain » pour parler à une personne.",
        "en": "I can only read words: ask me your question in one sentence, or write “human” to talk to a person.",
    },
    "no_files": {
        "fr": "Je ne peux ni lire ni transmettre les fichiers et les images. Décrivez la chose avec des mots, "
        "ou écrivez « humain » pour parler à une personne.",
        "en": "I can neither read nor pass on files and pictures. Describe it in words, "
        "or write “human” to talk to a person.",
    },
    "undecryptable": {
        "fr": "Je n'ai pas pu déchiffrer votre dernier message. Envoyez-le une nouvelle fois, s'il vous plaît.",
        "en": "I could not decrypt your last message. Please send it once more.",
    },
    "escalated_asked": {
        "fr": "Je vous passe une personne. Votre demande porte le numéro #{number} ; "
        "tout ce que vous écrivez ici lui parvient.",
        "en": "I am getting a person for you. Your ticket is #{number}; everything you write here reaches them.",
    },
    "escalated_unsure": {
        "fr": "Je ne suis pas sûr de la réponse, je vous passe donc une personne. Votre demande porte le numéro "
        "#{number} ; tout ce que vous écrivez ici lui parvient.",
        "en": "I am not sure of the answer, so I am getting a person for you. Your ticket is #{number}; "
        "everything you write here reaches them.",
    },
    "escalated_refused": {
        "fr": "Je n'ai pas la bonne réponse, je vous passe donc une personne. Votre demande porte le numéro "
        "#{number} ; tout ce que vous écrivez ici lui parvient.",
        "en": "I do not have the right answer, so I am getting a person for you. Your ticket is #{number}; "
        "everything you write here reaches them.",
    },
    "escalated_entry": {
        "fr": "Une personne va aussi s'en occuper. Votre demande porte le numéro #{number} ; "
        "tout ce que vous écrivez ici lui parvient.",
        "en": "A person will see to it as well. Your ticket is #{number}; everything you write here reaches them.",
    },
    "escalated_not_answered": {
        "fr": "C'est une question pour une personne : je vous en passe une. Votre demande porte le numéro #{number} ; "
        "tout ce que vous écrivez ici lui parvient.",
        "en": "That is a question for a person: I am getting one for you. Your ticket is #{number}; "
        "everything you write here reaches them.",
    },
    "escalated_loop": {
        "fr": "Cela fait beaucoup de messages : une personne prend la suite (demande #{number}). "
        "Tout ce que vous écrivez ici lui parvient.",
        "en": "That is a lot of messages: a person will take over (ticket #{number}). "
        "Everything you write here reaches them.",
    },
    "escalated_bot_failed": {
        "fr": "J'ai un problème de mon côté, je vous passe donc une personne. Votre demande porte le numéro "
        "#{number} ; tout ce que vous écrivez ici lui parvient.",
        "en": "Something went wrong on my side, so I am getting a person for you. Your ticket is #{number}; "
        "everything you write here reaches them.",
    },
    "still_waiting": {
        "fr": "Votre demande #{number} est chez nos conseillers, personne ne l'a encore prise. "
        "Tout ce que vous écrivez ici leur parvient.",
        "en": "Your ticket #{number} is with our agents, nobody has taken it yet. "
        "Everything you write here reaches them.",
    },
    "claimed": {
        "fr": "{name} s'occupe de votre demande #{number}.",
        "en": "{name} is taking care of your ticket #{number}.",
    },
    "closed": {
        "fr": "Votre demande #{number} est close. Pour la rouvrir, écrivez simplement ici sous {days}.",
        "en": "Your ticket #{number} is closed. To open it again, just write here within {days}.",
    },
    "reopened": {
        "fr": "Votre demande #{number} est rouverte, une personne vous répondra.",
        "en": "Your ticket #{number} is open again, a person will answer you.",
    },
    "reopened_owner": {
        "fr": "Votre demande #{number} est rouverte, {name} s'en occupe.",
        "en": "Your ticket #{number} is open again, {name} is taking care of it.",
    },
    # --- to the agents
    "state_waiting": {"fr": "en attente", "en": "waiting"},
    "state_held": {"fr": "pris en charge", "en": "taken"},
    "state_closed": {"fr": "clos", "en": "closed"},
    "state_bot": {"fr": "chez le robot", "en": "with the bot"},
    "customer": {"fr": "Client", "en": "Customer"},
    "language": {"fr": "Langue", "en": "Language"},
    "owner": {"fr": "Responsable", "en": "Owner"},
    "nobody": {"fr": "personne (✋ pour prendre)", "en": "nobody (✋ to claim)"},
    "nobody_closed": {"fr": "personne", "en": "nobody"},
    "why": {"fr": "Motif", "en": "Reason"},
    "entry": {"fr": "fiche", "en": "entry"},
    "question": {"fr": "Question", "en": "Question"},
    "reason_asked": {"fr": "demande une personne", "en": "asked for a person"},
    "reason_unsure": {"fr": "le robot n'est pas sûr", "en": "the bot is not sure"},
    "reason_refused": {"fr": "les réponses du robot ne convenaient pas", "en": "the bot's answers did not help"},
    "reason_entry": {
        "fr": "répondu, la fiche demande aussi une personne",
        "en": "answered, the entry also asks for a person",
    },
    "reason_not_answered": {
        "fr": "une question que la FAQ laisse à une personne",
        "en": "a question that the FAQ leaves to a person",
    },
    "reason_loop": {
        "fr": "trop de messages à la suite, peut-être un autre robot",
        "en": "too many messages in a row, perhaps another bot",
    },
    "reason_crowded": {
        "fr": "une autre personne est dans son salon, où le robot se tait alors",
        "en": "somebody else is in the customer's room, where the bot says nothing then",
    },
    "reason_bot_failed": {"fr": "le robot est tombé en panne", "en": "the bot failed"},
    "transcript_long": {"fr": "Échanges jusqu'ici ({count} lignes)", "en": "The talk so far ({count} lines)"},
    "transcript_long_one": {"fr": "Échanges jusqu'ici ({count} ligne)", "en": "The talk so far ({count} line)"},
    "transcript": {"fr": "Échanges jusqu'ici :", "en": "The talk so far:"},
    "bot": {"fr": "🤖 robot", "en": "🤖 bot"},
    "edited": {"fr": "✏️ {name} (corrigé)", "en": "✏️ {name} (corrected)"},
    "file_shown": {
        "fr": "📎 {name} a envoyé quelque chose qui ne peut pas être transmis (❌ chez le client) : {file}",
        "en": "📎 {name} sent what cannot be passed on (❌ is on it there): {file}",
    },
    "lost_words": {
        "fr": "🔒 {name} a écrit un message qui n'a pas pu être déchiffré : demandez-lui de l'envoyer à nouveau.",
        "en": "🔒 {name} wrote a message that could not be decrypted: ask for it to be sent again.",
    },
    "customer_left": {
        "fr": "🚪 {name} a quitté la conversation : rien ne lui parvient avant son retour.",
        "en": "🚪 {name} left the conversation: nothing reaches them until they come back.",
    },
    "customer_back": {"fr": "🚪 {name} est de retour.", "en": "🚪 {name} is back."},
    "stranger_came": {
        "fr": "🚷 {name} a rejoint le salon du client : rien n'y est plus envoyé tant que d'autres y sont.",
        "en": "🚷 {name} came into the customer's room: nothing is sent there any more while others are in it.",
    },
    "strangers_gone": {
        "fr": "🚷 Il n'y a plus que {name} et le robot dans ce salon : vous pouvez lui écrire.",
        "en": "🚷 {name} is alone with the bot again: you can write to them.",
    },
    "agent_left": {
        "fr": "👋 {name} n'est plus dans ce salon : le ticket #{number} est libre.",
        "en": "👋 {name} is not in this room any more: ticket #{number} is free.",
    },
    "dead_letters": {
        "fr": "☠️ Messages non traités ou non remis : {count} (tickets : {tickets}). "
        "L'administrateur les voit avec « helpbot dead list ».",
        "en": "☠️ Messages not dealt with or not delivered: {count} (tickets: {tickets}). "
        "The admin sees them with “helpbot dead list”.",
    },
    "unreachable": {"fr": "injoignable", "en": "cannot be reached"},
    "reopened_card": {
        "fr": "🔁 {name} a écrit de nouveau, le ticket est rouvert.",
        "en": "🔁 {name} wrote again, the ticket is open again.",
    },
    "not_delivered": {"fr": "❌ Non remis au client : {why}", "en": "❌ Not delivered to the customer: {why}"},
    "delayed": {
        "fr": "⏳ Pas encore remis au client ({why}) : le robot continue d'essayer. ✅ le dira.",
        "en": "⏳ Not delivered to the customer yet ({why}): the bot goes on trying. ✅ will tell.",
    },
    "card_anew": {
        "fr": "📌 Nouvelle carte du ticket #{number} : la précédente n'est plus dans ce salon. Les échanges d'avant "
        "sont restés sous elle.",
        "en": "📌 A new card for ticket #{number}: the one before is not in this room any more. The talk so far is "
        "under that one.",
    },
    "why_gone": {
        "fr": "cette personne n'est plus dans la conversation",
        "en": "the customer is not in the conversation any more",
    },
    "why_crowded": {
        "fr": "une autre personne est dans son salon",
        "en": "somebody else is in the customer's room",
    },
    "proposed": {
        "fr": "💡 Proposé aux administrateurs comme formulation de {entry} : « {question} »",
        "en": "💡 Proposed to the admins as a phrasing of {entry}: “{question}”",
    },
    "proposed_new": {
        "fr": "💡 Proposé aux administrateurs comme nouvelle entrée, avec vos réponses : « {question} »",
        "en": "💡 Proposed to the admins as a new entry, with your answers: “{question}”",
    },
    "exposed": {
        "fr": "⚠️ Ce salon est ouvert à tous : je n'y montre rien des clients tant qu'il n'est pas accessible sur "
        "invitation seulement, sans historique public.",
        "en": "⚠️ This room is open to everybody: I show nothing of customers here until it is invite-only, without a "
        "public history.",
    },
    "decline": {
        "fr": "Je n'aide qu'en tête-à-tête : ouvrez une conversation directe avec moi. Je quitte ce salon.",
        "en": "I only help one to one: open a direct chat with me. I am leaving this room.",
    },
}

_DAYS = {"fr": ("{n} jour", "{n} jours"), "en": ("{n} day", "{n} days")}
_LANGUAGES = {
    "fr": {"fr": "français", "en": "anglais", "de": "allemand", "es": "espagnol", "it": "italien"},
    "en": {"fr": "French", "en": "English", "de": "German", "es": "Spanish", "it": "Italian"},
}


def say(name: str, language: str, /, **values: object) -> str:
    """Return the phrase in that language, or in English where the language is not one of ours.

    In a phrase `{de_name}` stands for the value `name` as French wants it after "de": "d'Alex".
    """
    texts = _PHRASES[name]
    text = texts.get(language, texts["en"])
    if "{de_" in text:
        values |= {f"de_{key}": of(str(value)) for key, value in values.items()}
    return text.format(**values)


def colon(language: str) -> str:
    """Return the colon behind a name, with what the language has before it."""
    return " :" if language == "fr" else ":"


def days(count: int, language: str) -> str:
    """Return "1 day", "7 days" in that language."""
    one, many = _DAYS.get(language, _DAYS["en"])
    return (one if is_singular(count, language) else many).format(n=count)


def is_singular(count: int, language: str) -> bool:
    """Tell whether so many are one for that language: for French none is as well."""
    return count < 2 if language == "fr" else count == 1


def say_counted(name: str, language: str, /, *, count: int, **values: object) -> str:
    """Return the phrase, or that of the name with "_one" where the count is one for that language."""
    return say(f"{name}_one" if is_singular(count, language) else name, language, count=count, **values)


def language_name(code: str, language: str) -> str:
    """Return what a language is called in another."""
    return _LANGUAGES.get(language, _LANGUAGES["en"]).get(code, code)


def in_all(name: str, languages: Sequence[str]) -> str:
    """Return the phrase in each of the languages, one paragraph each."""
    return "\n\n".join(dict.fromkeys(say(name, language) for language in languages))


def is_phrase(name: str) -> bool:
    """Tell whether there is such a phrase."""
    return name in _PHRASES
