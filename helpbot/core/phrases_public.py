"""What the bot says in help rooms, and when it offers help by itself, by language; see phrases.py."""

from __future__ import annotations

PUBLIC: dict[str, dict[str, str]] = {
    # --- in a help room, where everybody reads
    "public_more": {
        "fr": "Pour continuer en privé, réagissez par 🙋 à ce message.",
        "en": "To go on in private, react with 🙋 to this message.",
    },
    "public_offer": {
        "fr": "Je ne suis pas sûr de la réponse. Réagissez par 🙋 à ce message, ou répondez « oui », et je vous écris "
        "en privé, où une personne peut aussi vous aider.",
        "en": "I am not sure of the answer. React with 🙋 to this message, or answer “yes”, and I will write to you in "
        "private, where a person can help as well.",
    },
    "public_offer_person": {
        "fr": "Réagissez par 🙋 à ce message, ou répondez « oui », et je vous écris en privé, où une personne peut "
        "vous aider.",
        "en": "React with 🙋 to this message, or answer “yes”, and I will write to you in private, where a person can "
        "help.",
    },
    "public_only": {
        "fr": "Je ne peux pas vous écrire en privé, et ici je ne réponds qu'à ce dont je suis sûr.",
        "en": "I cannot write to you in private, and here I only answer what I am sure of.",
    },
    "public_enough": {
        "fr": "Je réponds peu de fois par heure ici. Pour d'autres questions, écrivez-moi en privé.",
        "en": "I only answer a few times an hour here. For more questions, write to me in private.",
    },
    "public_going": {
        "fr": "C'est noté, je vous écris en privé.",
        "en": "All right, I am writing to you in private.",
    },
    "public_welcome": {
        "fr": "Bonjour {name}. Voulez-vous de l'aide ? Posez votre question ici, ou réagissez par 🙋 pour continuer "
        "en privé ; par 👎, je ne vous le proposerai plus.",
        "en": "Hello {name}. Do you want help? Ask your question here, or react with 🙋 to go on in private; react "
        "with 👎 and I will not offer it again.",
    },
    "public_welcome_only": {
        "fr": "Bonjour {name}. Voulez-vous de l'aide ? Posez votre question ici ; réagissez par 👎 et je ne vous le "
        "proposerai plus.",
        "en": "Hello {name}. Do you want help? Ask your question here; react with 👎 and I will not offer it again.",
    },
    # --- in her own room
    "brought": {
        "fr": "Dans {room}, vous avez demandé : « {text} »",
        "en": "In {room} you asked: “{text}”",
    },
    "brought_nothing": {
        "fr": "Vous vouliez continuer ici : quelle est votre question ? Pour parler à une personne, écrivez "
        "« humain ».",
        "en": "You wanted to go on here: what is your question? To talk to a person, write “human”.",
    },
    "brought_inside": {
        "fr": "📣 {name} avait posé cette question dans {room} :",
        "en": "📣 {name} had asked this in {room}:",
    },
    "help_room": {"fr": "le salon d'aide", "en": "the help room"},
    "silent_offer": {
        "fr": "Voulez-vous de l'aide ? Écrivez votre question, ou « humain » pour parler à une personne.",
        "en": "Do you want help? Write your question, or “human” for a person.",
    },
    "silent_yes": {
        "fr": "Avec plaisir ! Quelle est votre question ?",
        "en": "With pleasure! What is your question?",
    },
    "silent_no": {
        "fr": "Très bien, je ne vous le proposerai plus. Si vous avez une question un jour, écrivez-la ici.",
        "en": "All right, I will not offer it again. If you ever have a question, write it here.",
    },
}
