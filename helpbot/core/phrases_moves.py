"""What the bot says of rooms that were upgraded, by language; see phrases.py."""

from __future__ import annotations

MOVES: dict[str, dict[str, str]] = {
    "customer_moved": {
        "fr": "🚚 {name} continue dans un nouveau salon : la conversation l'y suit.",
        "en": "🚚 {name} goes on in a new room, and the conversation with them.",
    },
    "room_replaced": {
        "fr": "🚧 Le salon de {name} a été remplacé par un autre : rien n'y arrive pour l'instant ({why}).",
        "en": "🚧 {name}'s room was replaced by another one: nothing reaches them for now ({why}).",
    },
    "why_upgraded": {
        "fr": "son salon a été remplacé par un autre, où le robot ne peut pas encore la suivre",
        "en": "the customer's room was replaced by another one, where the bot cannot follow yet",
    },
    "why_upgrade_waits": {
        "fr": "le robot n'y est pas invité, ou le client n'y est pas encore",
        "en": "the bot is not invited there, or the customer is not there yet",
    },
    "why_upgrade_company": {
        "fr": "le client n'y est pas seul avec le robot",
        "en": "the customer is not alone with the bot there",
    },
    "why_upgrade_unencrypted": {
        "fr": "l'ancien salon était chiffré, le nouveau ne l'est pas",
        "en": "the old room was encrypted, and the new one is not",
    },
    "room_unencrypted": {
        "fr": "Notre conversation était chiffrée et ce salon ne l'est pas. Activez le chiffrement dans les réglages "
        "du salon, et nous continuons ici.",
        "en": "Our conversation was encrypted, and this room is not. Turn encryption on in the room's settings, and we "
        "go on here.",
    },
    "room_upgraded": {
        "fr": "🚚 Ce salon a été remplacé : continuez dans le nouveau, où les demandes ouvertes ont de nouvelles "
        "cartes. Ici, plus rien n'est lu.",
        "en": "🚚 This room was upgraded: go on in the new one, where open tickets have new cards. Nothing is read "
        "here any more.",
    },
}
