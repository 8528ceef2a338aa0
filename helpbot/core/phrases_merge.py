"""What the bot says when two tickets become one, by language; see phrases.py."""

from __future__ import annotations

TO_CUSTOMER: dict[str, dict[str, str]] = {
    "merged": {
        "fr": "Votre demande #{number} se poursuit sous le numéro #{into} : les deux sont suivies ensemble. Continuez "
        "d'écrire ici ou là-bas, comme vous voulez.",
        "en": "Your ticket #{number} goes on as #{into}: both are looked after together. Go on writing here or there.",
    },
    "merged_here": {
        "fr": "Ce que vous avez écrit depuis un autre compte (#{number}) fait maintenant partie de la demande #{into}.",
        "en": "What you wrote from another account (#{number}) now belongs to #{into}.",
    },
    "merged_here_again": {
        "fr": "Votre demande #{number} fait maintenant partie de la demande #{into}.",
        "en": "Your ticket #{number} now belongs to #{into}.",
    },
    "came_back": {
        "fr": "Ravi de vous revoir ! Votre demande #{number} est toujours ouverte ; tout ce que vous écrivez ici "
        "parvient à la personne qui s'en occupe.",
        "en": "Welcome back! Your ticket #{number} is still open; everything you write here reaches the person who "
        "looks after it.",
    },
}

TO_AGENTS: dict[str, dict[str, str]] = {
    "merge_asked": {
        "fr": "⏸️ Est-ce une seule et même personne ? Rien n'est encore fait.\n{both}\n"
        "Si oui, le ticket #{number} devient une partie du #{other}, et les réponses iront là où elle écrit : une "
        "erreur montrerait le dossier de l'un à l'autre, et ne se défait pas. Confirmez avec 👍 sur votre message, ou "
        "par la même commande, dans les 15 minutes.",
        "en": "⏸️ Are these one and the same person? Nothing was done yet.\n{both}\n"
        "If so, ticket #{number} becomes part of #{other}, and answers go where this person writes: a mistake would "
        "show one person's case to another, and cannot be undone. Confirm with 👍 on your message, or by the same "
        "command, within 15 minutes.",
    },
    "merged_in": {
        "fr": "🔗 {by} a réuni le ticket #{number} ({name}, {id}) avec celui-ci.",
        "en": "🔗 {by} merged #{number} ({name}, {id}) into this ticket.",
    },
    "merged_away": {
        "fr": "🔗 Le ticket #{number} fait maintenant partie du #{into} : écrivez dans le fil de celui-là.",
        "en": "🔗 Ticket #{number} is part of #{into} now: write in the thread of that one.",
    },
    "merged_away_owner": {
        "fr": "🔗 Le ticket #{number} fait maintenant partie du #{into}, qui est à {name}.",
        "en": "🔗 Ticket #{number} is part of #{into} now, which is {name}'s.",
    },
    "state_merged": {"fr": "réuni avec le #{into}", "en": "merged into #{into}"},
    "customer_also": {"fr": "Aussi", "en": "Also"},
    "writes_from": {"fr": "Écrit depuis", "en": "Writes from"},
    "room_of": {"fr": "le salon du #{number}", "en": "#{number}'s room"},
    "room_new": {"fr": "un nouveau salon", "en": "a new room"},
    "customer_back_anew": {
        "fr": "{name} est de retour, dans un nouveau salon.",
        "en": "{name} is back, in a new room.",
    },
    "customer_left_one": {
        "fr": "{name} a quitté ce salon ; les réponses vont à l'autre, où cette personne est encore.",
        "en": "{name} has left that room; answers go to the other one, where this person still is.",
    },
    "hint_merge": {
        "fr": "Écrivez !merge NUMÉRO, celui du ticket dont celui-ci doit devenir une partie. Rien n'a été fait.",
        "en": "Write !merge NUMBER, that of the ticket which this one is to become part of. Nothing was done.",
    },
    "hint_no_ticket": {
        "fr": "Il n'y a pas de ticket #{other} : rien n'a été fait.",
        "en": "There is no ticket #{other}: nothing was done.",
    },
    "hint_merge_itself": {
        "fr": "C'est ici le ticket #{number} lui-même : rien n'a été fait.",
        "en": "This is ticket #{number} itself: nothing was done.",
    },
    "hint_merge_team": {
        "fr": "Le ticket #{other} est à une autre équipe : !transfer d'abord, l'un ou l'autre. Rien n'a été fait.",
        "en": "Ticket #{other} is another team's: !transfer one of the two first. Nothing was done.",
    },
    "hint_merge_merged": {
        "fr": "Le ticket #{other} fait lui-même partie du #{into} : écrivez !merge {into}. Rien n'a été fait.",
        "en": "Ticket #{other} is part of #{into} itself: write !merge {into}. Nothing was done.",
    },
    "hint_merge_back": {
        "fr": "Le ticket #{other} fait déjà partie de celui-ci : rien n'a été fait.",
        "en": "Ticket #{other} is part of this one already: nothing was done.",
    },
    "hint_merge_offered": {
        "fr": "Le ticket #{other} est proposé à une autre équipe : attendez qu'elle le prenne, ou !transfer off. "
        "Rien n'a été fait.",
        "en": "Ticket #{other} is being offered to another team: wait until it is taken, or !transfer off. Nothing was "
        "done.",
    },
    "hint_merge_bot": {
        "fr": "Le ticket #{other} n'est chez personne, le robot y répond encore : rien n'a été fait.",
        "en": "Ticket #{other} is with nobody, the bot still answers there: nothing was done.",
    },
    "hint_merge_over": {
        "fr": "Le ticket #{other} est clos pour de bon : rien n'a été fait.",
        "en": "Ticket #{other} is closed for good: nothing was done.",
    },
    "hint_merge_late": {
        "fr": "C'est trop tard pour réunir avec le #{other} : écrivez la commande à nouveau. Rien n'a été fait.",
        "en": "It is too late to merge into #{other}: write the command anew. Nothing was done.",
    },
    "hint_merged": {
        "fr": "Le ticket #{number} fait partie du #{into} : rien n'a été envoyé, écrivez dans le fil de celui-là.",
        "en": "Ticket #{number} is part of #{into}: nothing was sent, write in the thread of that one.",
    },
}
