"""What the bot says at the end of a ticket and after, by language; see phrases.py."""

from __future__ import annotations

AFTER: dict[str, dict[str, str]] = {
    "closed_asking": {
        "fr": "Votre demande #{number} est close. Comment était-ce ? Si vous voulez, répondez par un chiffre de 1 "
        "(mauvais) à 5 (très bien), avec un mot. S'il manque quelque chose, écrivez-le ici sous {days} : elle se "
        "rouvre.",
        "en": "Your ticket #{number} is closed. How was it? If you like, answer with a number from 1 (bad) to 5 (very "
        "good), and a word. If anything is missing, write it here within {days}: it opens again.",
    },
    "rated_thanks": {
        "fr": "Merci, c'est noté. Si la demande #{number} n'est pas réglée, écrivez ici ce qui manque : elle se "
        "rouvre.",
        "en": "Thank you, noted. If ticket #{number} is not solved, write here what is missing: it opens again.",
    },
    "welcome_after": {
        "fr": "Je vous en prie ! Si la demande #{number} n'est pas réglée, écrivez ici ce qui manque : elle se rouvre.",
        "en": "You are welcome! If ticket #{number} is not solved, write here what is missing: it opens again.",
    },
    "silent_warning": {
        "fr": "Nous n'avons pas eu de réponse de vous. Sans un mot de votre part, la demande #{number} sera close "
        "{when}.",
        "en": "We have not had an answer from you. Without a word from you, ticket #{number} will be closed {when}.",
    },
    "silent_closed": {
        "fr": "Votre demande #{number} est close, faute de réponse. Pour la rouvrir, écrivez simplement ici sous "
        "{days}.",
        "en": "Your ticket #{number} is closed, for want of an answer. To open it again, just write here within "
        "{days}.",
    },
    # --- to the agents
    "rating": {"fr": "Satisfaction", "en": "Satisfaction"},
    "rated": {"fr": "{mark} {name}, après la clôture", "en": "{mark} {name}, after the closing"},
    "rated_again": {
        "fr": "{mark} {name}, nouvelle note après la clôture",
        "en": "{mark} {name}, rated anew after the closing",
    },
    "silent_warned": {
        "fr": "⌛ Le client ne répond pas : il a été prévenu que le ticket sera clos.",
        "en": "⌛ The customer does not answer, and was warned that the ticket will be closed.",
    },
    "silent_closed_inside": {
        "fr": "⌛ Ticket #{number} clos : le client n'a pas répondu.",
        "en": "⌛ Ticket #{number} closed: the customer did not answer.",
    },
}
