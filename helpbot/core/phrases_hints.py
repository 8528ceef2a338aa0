"""What agents are told when nothing was done, and what they can do, by language; see phrases.py."""

from __future__ import annotations

HINTS: dict[str, dict[str, str]] = {
    "hint_exposed": {
        "fr": "Ce salon est ouvert à tous : rien n'a été envoyé. Rendez-le accessible sur invitation seulement.",
        "en": "This room is open to everybody: nothing was sent. Make it invite-only.",
    },
    "hint_unknown": {
        "fr": "Commande inconnue : {word}. Rien n'a été envoyé ; !help donne la liste.",
        "en": "Unknown command: {word}. Nothing was sent; !help lists them.",
    },
    "hint_no_text": {
        "fr": "Il manque le texte : {word} TEXTE. Rien n'a été envoyé.",
        "en": "The text is missing: {word} TEXT. Nothing was sent.",
    },
    "hint_learn": {
        "fr": "Écrivez !learn ENTRÉE (l'identifiant d'une entrée de la FAQ) ou !learn new. Rien n'a été proposé.",
        "en": "Write !learn ENTRY (the id of an entry of the FAQ) or !learn new. Nothing was proposed.",
    },
    "hint_no_entry": {
        "fr": "La FAQ n'a pas d'entrée {word} : rien n'a été proposé. !learn new propose une nouvelle entrée.",
        "en": "The FAQ has no entry {word}: nothing was proposed. !learn new proposes a new one.",
    },
    "hint_nothing_asked": {
        "fr": "Cette personne n'a pas posé de question au robot : rien n'a été proposé. Répondez !learn à l'une de ses"
        " lignes ici pour la proposer.",
        "en": "This customer has not asked the bot a question: nothing was proposed. Reply !learn to one of her lines"
        " here to propose that line.",
    },
    "hint_inner_command": {
        "fr": "Une ligne de ce message commence par une commande ({word}) : tout est resté ici. Écrivez la commande "
        "seule, en début de message.",
        "en": "A line of this message starts with a command ({word}): all of it stayed inside. Write the command "
        "alone, at the start of a message.",
    },
    "hint_closed": {
        "fr": "Le ticket #{number} est clos : rien n'a été envoyé. !reopen le rouvre.",
        "en": "Ticket #{number} is closed: nothing was sent. !reopen opens it again.",
    },
    "hint_open": {"fr": "Le ticket #{number} est déjà ouvert.", "en": "Ticket #{number} is open already."},
    "hint_newer": {
        "fr": "Le ticket #{number} reste clos : cette personne a désormais le ticket #{newer}.",
        "en": "Ticket #{number} stays closed: this customer has ticket #{newer} by now.",
    },
    "hint_owned": {
        "fr": "{name} a déjà pris le ticket #{number}. !release le rend libre, puis !claim.",
        "en": "{name} already has ticket #{number}. !release frees it, then !claim.",
    },
    "hint_not_owned": {"fr": "Personne n'a le ticket #{number}.", "en": "Nobody has ticket #{number}."},
    "hint_file": {
        "fr": "Cela ne peut pas être transmis : rien n'a été envoyé. Écrivez-le en mots.",
        "en": "This cannot be passed on: nothing was sent. Write it in words.",
    },
    "hint_not_member": {
        "fr": "{name} n'est pas membre de ce salon : rien n'a été envoyé.",
        "en": "{name} is not a member of this room: nothing was sent.",
    },
    "hint_undecryptable": {
        "fr": "Ce message n'a pas pu être déchiffré : rien n'a été envoyé. Veuillez l'écrire une nouvelle fois.",
        "en": "This message could not be decrypted: nothing was sent. Please write it once more.",
    },
    "hint_failed": {
        "fr": "Le robot a échoué sur ce message : rien n'a été envoyé. Prévenez l'administrateur.",
        "en": "The bot failed over this message: nothing was sent. Tell the admin.",
    },
    "hint_two_tickets": {
        "fr": "Ce message appartient à deux tickets à la fois (fil et réponse) : rien n'a été envoyé.",
        "en": "This message belongs to two tickets at once (thread and reply): nothing was sent.",
    },
    "hint_outside": {
        "fr": "Écrivez les commandes dans le fil d'un ticket, ou en réponse à sa carte. Rien n'a été envoyé.",
        "en": "Write commands in a ticket's thread, or as a reply to its card. Nothing was sent.",
    },
    "help_owner": {
        "fr": "Texte simple : envoyé au client si vous êtes responsable du ticket, sinon reste ici (📝).",
        "en": "Plain text: goes to the customer if you own the ticket, else stays inside (📝).",
    },
    "help_explicit": {
        "fr": "Texte simple : reste ici (📝). Seul !r parle au client.",
        "en": "Plain text: stays inside (📝). Only !r speaks to the customer.",
    },
    "help": {
        "fr": "Mentionner un collègue : reste ici.\n"
        "!claim (ou ✋, 👍 sur la carte) : vous prenez le ticket\n"
        "!r TEXTE : envoie au client, et prend le ticket s'il est libre\n"
        "!note TEXTE : reste ici, gardé avec le ticket\n"
        "!release : rend le ticket libre\n"
        "!close [TEXTE] : clôt ; TEXTE est le dernier mot au client\n"
        "!reopen : rouvre\n"
        "!promise DATE [QUOI] : promet au client (demain 9h, +2h, 2026-10-21 18:00)\n"
        "!kept [TEXTE] : c'est tenu ; de plusieurs promesses : !kept 2 [TEXTE], ou !kept tout\n"
        "!transfer ÉQUIPE [POURQUOI] : propose à une équipe, !transfer off y renonce ; !assign @collègue : donne\n"
        "!merge 12 : ce ticket devient une partie du #12, si c'est la même personne sous un autre compte\n"
        "!snooze DATE : met en veille · !send : envoie ce qui était retenu · !canned [NOM] : réponse prête\n"
        "!tickets · !find TEXTE · !history : à vous, en attente, promis ; chercher ; les tickets d'avant du client\n"
        "!away / !back : vos tickets sont à prendre ; vous êtes de retour\n"
        "!learn ENTRÉE (ou new) : propose pour la FAQ sa question, ou la ligne à laquelle vous répondez\n"
        "!help : cette liste\n"
        "✅ remis au client · 📝 resté ici · ⏸️ retenu · ❌ non remis. Sans ✅, rien n'a été remis.",
        "en": "Mentioning a colleague: stays inside.\n"
        "!claim (or ✋, 👍 on the card): you take the ticket\n"
        "!r TEXT: goes to the customer, and claims the ticket if nobody has it\n"
        "!note TEXT: stays inside, kept with the ticket\n"
        "!release: nobody owns it\n"
        "!close [TEXT]: closes; TEXT is the last word to the customer\n"
        "!reopen: opens it again\n"
        "!promise WHEN [WHAT]: promises it to the customer (tomorrow 9:00, +2h, 2026-10-21 18:00)\n"
        "!kept [TEXT]: done; of several promises: !kept 2 [TEXT], or !kept all\n"
        "!transfer TEAM [WHY]: offers it to another team, !transfer off takes that back; !assign @colleague: gives it\n"
        "!merge 12: this ticket becomes part of #12, if it is the same person by another account\n"
        "!snooze UNTIL: puts it aside · !send: sends what was held back · !canned [NAME]: a reply that is ready\n"
        "!tickets · !find TEXT · !history: yours, waiting, promised; search; the customer's earlier tickets\n"
        "!away / !back: your tickets are to be taken; you are back\n"
        "!learn ENTRY (or new): proposes her question, or the line you reply to, for the FAQ\n"
        "!help: this list\n"
        "✅ delivered to the customer · 📝 stayed inside · ⏸️ held back · ❌ not delivered. "
        "What has no ✅ was not delivered.",
    },
}
