"""What the bot says of waits, promises and hand-overs, by language; see phrases.py."""

from __future__ import annotations

TO_CUSTOMER: dict[str, dict[str, str]] = {
    "there_until": {"fr": "L'équipe est là jusqu'à {time}.", "en": "The team is here until {time}."},
    "zone_noted": {
        "fr": "C'est noté : pour vous il est {time}. Je vous donnerai les heures ainsi.",
        "en": "Noted: for you it is {time}. I will tell you times that way.",
    },
    "zone_unknown": {
        "fr": "Je ne connais pas ce fuseau horaire. Écrivez-le ainsi : « fuseau Europe/Paris ».",
        "en": "I do not know that time zone. Write it like this: “timezone Europe/London”.",
    },
    "not_there": {"fr": "Personne n'est là en ce moment.", "en": "Nobody is here right now."},
    "back_at": {
        "fr": "Personne n'est là en ce moment : l'équipe revient {when}.",
        "en": "Nobody is here right now: the team is back {when}.",
    },
    "place_first": {"fr": "Aucune demande n'attend avant la vôtre.", "en": "No ticket is waiting before yours."},
    "place_one": {"fr": "Une demande attend avant la vôtre.", "en": "One ticket is waiting before yours."},
    "place": {"fr": "{ahead} demandes attendent avant la vôtre.", "en": "{ahead} tickets are waiting before yours."},
    "usual_wait": {
        "fr": "Ces derniers temps, une personne répond en {wait} environ.",
        "en": "Lately a person has answered within about {wait}.",
    },
    "status_waiting": {
        "fr": "Demande #{number} : elle est chez nos conseillers, personne ne l'a encore prise.",
        "en": "Ticket #{number}: it is with our agents, nobody has taken it yet.",
    },
    "status_held": {"fr": "Demande #{number} : {name} s'en occupe.", "en": "Ticket #{number}: {name} has it."},
    "status_closed": {
        "fr": "Demande #{number} : close {when}. Pour la rouvrir, écrivez ici ce qui ne va pas.",
        "en": "Ticket #{number}: closed {when}. To open it again, write here what is wrong.",
    },
    "status_bot": {
        "fr": "Aucune demande n'est ouverte chez nos conseillers. Posez-moi votre question, ou écrivez « humain » "
        "pour parler à une personne.",
        "en": "You have no open ticket with our agents. Ask me your question, or write “human” to talk to a person.",
    },
    "promised": {"fr": "🤝 {name} s'engage : {what} – au plus tard {when}.",
                 "en": "🤝 {name} promises: {what} – by {when} at the latest."},
    "promised_instead": {"fr": "(Ce n'est plus {when}.)", "en": "(It is no longer {when}.)"},
    "promised_word": {
        "fr": "🤝 {name} s'engage à vous donner des nouvelles au plus tard {when}.",
        "en": "🤝 {name} promises to write to you by {when} at the latest.",
    },
    "promise_broken": {
        "fr": "{name} vous avait promis : {what} – au plus tard {when}. Personne n'a confirmé que c'est fait, et "
        "ce n'est pas normal.",
        "en": "{name} had promised this: {what} – by {when} at the latest. Nobody has confirmed that it is done, and "
        "that is not right.",
    },
    "promise_broken_word": {
        "fr": "{name} devait vous donner des nouvelles au plus tard {when}. Cela n'a pas été tenu, et ce n'est pas "
        "normal.",
        "en": "{name} had promised to write to you by {when} at the latest. It was not kept, and that is not right.",
    },
    "promise_owed": {
        "fr": "L'équipe vient d'en être alertée et vous doit une nouvelle date.",
        "en": "The team has just been alerted and owes you a new date.",
    },
    "promise_owed_still": {
        "fr": "L'équipe en a été alertée et vous doit une nouvelle date.",
        "en": "The team has been alerted and owes you a new date.",
    },
    "promise_owed_later": {
        "fr": "L'équipe revient {when} et vous doit une nouvelle date.",
        "en": "The team is back {when} and owes you a new date.",
    },
    "taken_over": {
        "fr": "{name} ({team}) reprend votre demande #{number} avec tout ce qui a été dit : vous n'avez "
        "rien à répéter.",
        "en": "{name} ({team}) takes over your ticket #{number} with all that was said: you need not repeat anything.",
    },
    "nobody_yet_lead": {
        "fr": "Personne n'a votre demande #{number} en ce moment : je viens d'appeler un responsable.",
        "en": "Nobody has your ticket #{number} right now: I have just called a lead.",
    },
    "nobody_yet": {
        "fr": "Personne n'a votre demande #{number} en ce moment : je viens de rappeler l'équipe.",
        "en": "Nobody has your ticket #{number} right now: I have just called the team again.",
    },
}  # fmt: skip

TO_AGENTS: dict[str, dict[str, str]] = {
    "state_offered": {"fr": "vous est proposé", "en": "offered to you"},
    "state_elsewhere": {"fr": "chez {team}", "en": "with {team}"},
    "transfer": {"fr": "Transfert", "en": "Transfer"},
    "transfer_line": {"fr": "{origin} → {team}, par {by}", "en": "{origin} → {team}, by {by}"},
    "hops": {"fr": "Transferts en tout", "en": "Transfers in all"},
    "first_word": {"fr": "Premier mot humain", "en": "First human word"},
    "first_word_line": {"fr": "{reached} (objectif {target})", "en": "{reached} (target {target})"},
    "promise": {"fr": "Promesse", "en": "Promise"},
    "snoozed_line": {"fr": "En veille jusqu'à", "en": "Put aside until"},
    "held_back": {
        "fr": "⏸️ « {word} » ne dit pas quand : rien n'a été envoyé. Donnez une date avec !promise (« !promise demain "
        "9h », « !promise +2h »), ou confirmez par !send, ou par 👍 sur votre message.",
        "en": "⏸️ “{word}” does not say when: nothing was sent. Give a date with !promise (“!promise tomorrow 9:00”, "
        "“!promise +2h”), or confirm by !send, or by 👍 on your message.",
    },
    "held_dropped": {
        "fr": "⏸️ Pas envoyé, et n'attend plus de confirmation :\n{texts}",
        "en": "⏸️ Not sent, and no longer waiting for a confirmation:\n{texts}",
    },
    "quoted": {"fr": "« {text} »", "en": "“{text}”"},
    "hint_nothing_held": {"fr": "Rien n'attend votre confirmation.", "en": "Nothing waits for your confirmation."},
    "hint_held_by": {
        "fr": "Ces mots sont {de_name}, qui doit les confirmer. Rien n'a été envoyé.",
        "en": "Those words are {name}'s, who has to confirm them. Nothing was sent.",
    },
    "sent_by": {"fr": "{name} → client", "en": "{name} → customer"},
    "suggestion": {
        "fr": "💡 Piste du robot, que le client ne voit pas : {entry} ({percent} %)",
        "en": "💡 The bot's guess, which the customer does not see: {entry} ({percent} %)",
    },
    "assigned": {
        "fr": "le ticket #{number} est à vous, donné par {by}.",
        "en": "ticket #{number} is yours, from {by}.",
    },
    "owner_away": {
        "fr": "👋 {name} s'absente : le ticket #{number} est de nouveau à prendre.",
        "en": "👋 {name} is away: ticket #{number} is to be taken again.",
    },
    "transfer_offered": {
        "fr": "↪️ Proposé à l'équipe « {team} », avec tout l'échange. Il reste ici jusqu'à ce que quelqu'un là-bas le "
        "prenne ; !transfer off retire l'offre.",
        "en": "↪️ Offered to {team}, with the whole talk. It stays here until somebody there claims it; "
        "!transfer off takes the offer back.",
    },
    "transfer_off": {"fr": "↩️ L'offre de transfert est retirée.", "en": "↩️ The offer is taken back."},
    "transfer_ended": {
        "fr": "↩️ L'offre à l'équipe « {team} », faite par {name}, est retirée : quelqu'un ici a pris le ticket.",
        "en": "↩️ The offer to {team}, made by {name}, is taken back: somebody here has taken the ticket.",
    },
    "transfer_team_gone": {
        "fr": "↩️ Il n'y a plus d'équipe « {team} » : l'offre de transfert est terminée, le ticket reste ici.",
        "en": "↩️ There is no team {team} any more: the offer is over, the ticket stays here.",
    },
    "transfer_withdrawn": {
        "fr": "↩️ Le ticket #{number} ne vous est plus proposé. Ce fil est clos : ce qui s'y écrit reste ici.",
        "en": "↩️ Ticket #{number} is not offered to you any more. This thread is over: what is written here stays "
        "here.",
    },
    "transfer_waits": {
        "fr": "⏰ Le ticket #{number} est proposé à l'équipe « {team} », et personne là-bas ne l'a pris.",
        "en": "⏰ Ticket #{number} is offered to {team}, and nobody there has taken it.",
    },
    "many_hops": {
        "fr": "🚨 Transfert n° {count} de ce ticket : il faut un responsable pour que cela s'arrête ici.",
        "en": "🚨 Transfer number {count} of this ticket: a lead has to see that it ends here.",
    },
    "handed_over": {
        "fr": "↪️ {name} ({team}) a pris le ticket. Ce fil est clos : ce qui s'y écrit reste ici.",
        "en": "↪️ {name} ({team}) has taken the ticket. This thread is over: what is written here stays here.",
    },
    "ladder_team": {
        "fr": "⏰ #{number} · {name} attend depuis {wait} et personne ne l'a pris : ✋ ici pour le prendre. "
        "Question : {question}",
        "en": "⏰ #{number} · {name} has waited for {wait} and nobody has taken it: ✋ here to claim it. "
        "Question: {question}",
    },
    "ladder_lead": {
        "fr": "⏰ #{number} · {name} attend depuis {wait}, et personne n'a pris ce ticket.",
        "en": "⏰ #{number} · {name} has waited for {wait}, and nobody has taken this ticket.",
    },
    "ladder_leads": {
        "fr": "🚨 #{number} · {name} attend depuis {wait}, et personne chez {team} n'a pris ce ticket. Tous les "
        "responsables sont appelés.",
        "en": "🚨 #{number} · {name} has waited for {wait}, and nobody of {team} has taken this ticket. "
        "All leads are called.",
    },
    "ladder_owner": {
        "fr": "⏰ {name} attend votre réponse depuis {wait}.",
        "en": "⏰ {name} has waited for your answer for {wait}.",
    },
    "ladder_owner_lead": {
        "fr": "⏰ #{number} · {name} attend la réponse {de_owner} depuis {wait}.",
        "en": "⏰ #{number} · {name} has waited for {owner}'s answer for {wait}.",
    },
    "ladder_owner_leads": {
        "fr": "🚨 #{number} · {name} attend la réponse {de_owner} depuis {wait}. Tous les responsables sont appelés.",
        "en": "🚨 #{number} · {name} has waited for {owner}'s answer for {wait}. All leads are called.",
    },
    "promise_soon": {
        "fr": "🤝 Promis au client ({what}) : {when}. Une fois que c'est fait : !kept [TEXTE] ; sinon, une nouvelle "
        "date : !promise DATE {what}",
        "en": "🤝 Promised to the customer ({what}): {when}. Once it is done: !kept [TEXT]; else a new date: "
        "!promise WHEN {what}",
    },
    "promise_soon_word": {
        "fr": "🤝 Vous avez promis des nouvelles au client : {when}. Écrivez-lui, ou !promise avec une nouvelle date.",
        "en": "🤝 You promised the customer word: {when}. Write to them, or !promise a new date.",
    },
    "promise_alarm": {
        "fr": "💔 Promesse {de_name} non tenue{what} : c'était pour {when}. Le client en est prévenu. Si c'est fait : "
        "!kept [TEXTE] ; sinon, une nouvelle date : !promise DATE {words}",
        "en": "💔 {name}'s promise was broken{what}: it was for {when}. The customer is told so. If it is done: "
        "!kept [TEXT]; else a new date: !promise WHEN {words}",
    },
    "promise_alarm_word": {
        "fr": "💔 Promesse {de_name} non tenue : le client devait avoir des nouvelles {when}. Il en est prévenu. "
        "Écrivez-lui, ou donnez une nouvelle date : !promise DATE",
        "en": "💔 {name}'s promise was broken: the customer was to have word by {when}. They are told so. Write to "
        "them, or give a new date: !promise WHEN",
    },
    "promise_of_word": {"fr": "des nouvelles", "en": "to write"},
    "promises_open": {
        "fr": "🤝 Promesses ouvertes (« !kept {first} » pour la première) :\n{promises}",
        "en": "🤝 Open promises (“!kept {first}” for the first):\n{promises}",
    },
    "promise_outside_until": {
        "fr": "📅 À ce moment-là l'équipe n'est pas là : elle revient {when}. C'est promis quand même.",
        "en": "📅 The team is not there at that time: it is back {when}. It is promised all the same.",
    },
    "promise_outside": {
        "fr": "📅 À ce moment-là l'équipe n'est pas là. C'est promis quand même.",
        "en": "📅 The team is not there at that time. It is promised all the same.",
    },
    "promise_done_late": {"fr": "🤝 Fait, avec du retard.", "en": "🤝 Done, late."},
    "promise_unsaid": {
        "fr": "💔 Cette promesse n'a pas atteint le client : elle ne compte pas.",
        "en": "💔 This promise has not reached the customer: it does not count.",
    },
    "promise_kept": {"fr": "🤝 Promesse tenue.", "en": "🤝 Promise kept."},
    "snoozed": {
        "fr": "💤 En veille : {when}, ou dès que le client écrit.",
        "en": "💤 Put aside: {when}, or as soon as the customer writes.",
    },
    "snoozed_waiting": {
        "fr": "💤 En veille : {when}, ou dès que le client écrit. Il attend une réponse, et ne sait rien de cette "
        "veille : !promise DATE lui dit quand.",
        "en": "💤 Put aside: {when}, or as soon as the customer writes. They wait for an answer, and know nothing of "
        "this: !promise WHEN tells them when.",
    },
    "woken": {"fr": "⏰ Le ticket #{number} n'est plus en veille.", "en": "⏰ Ticket #{number} is back."},
    "woken_by_her": {
        "fr": "⏰ Le client a écrit : le ticket #{number} n'est plus en veille.",
        "en": "⏰ The customer has written: ticket #{number} is back.",
    },
    "away": {
        "fr": "👋 {name} s'absente ; ses tickets sont de nouveau à prendre. !back au retour.",
        "en": "👋 {name} is away; their tickets are to be taken again. !back on return.",
    },
    "back": {"fr": "👋 {name} est de retour.", "en": "👋 {name} is back."},
    "list_mine": {"fr": "À vous :", "en": "Yours:"},
    "list_waiting": {"fr": "En attente :", "en": "Waiting:"},
    "list_promised": {"fr": "Promis :", "en": "Promised:"},
    "list_nothing": {
        "fr": "Rien : aucun ticket à vous, aucun qui attende, aucune promesse.",
        "en": "Nothing: no ticket of yours, none that waits, no promise.",
    },
    "list_more": {"fr": "… et {count} de plus", "en": "… and {count} more"},
    "list_waits": {"fr": "attend depuis {wait}", "en": "has waited for {wait}"},
    "history": {"fr": "Autres tickets {de_name} :", "en": "Other tickets of {name}:"},
    "history_none": {"fr": "Ce client n'a pas d'autre ticket.", "en": "This customer has no other ticket."},
    "find": {"fr": "Tickets où se trouve « {text} » :", "en": "Tickets that hold “{text}”:"},
    "find_nothing": {"fr": "Aucun ticket ne contient « {text} ».", "en": "No ticket holds “{text}”."},
    "canned_list": {"fr": "Réponses prêtes : {names}. !canned NOM envoie.", "en": "Replies that are ready: {names}. "
                    "!canned NAME sends one."},
    "canned_none": {
        "fr": "Il n'y a pas encore de réponses prêtes. Un administrateur les met dans un dossier, et le nomme dans la "
        "config : agents.canned. Rien n'a été envoyé.",
        "en": "There are no replies that are ready yet. An admin puts them into a folder, and names it in the config: "
        "agents.canned. Nothing was sent.",
    },
    # --- what is wrong
    "hint_date_unread": {
        "fr": "« {what} » n'est pas une date que je comprenne : 2026-10-21 18:00, demain 9h, +2h. Rien n'a changé.",
        "en": "“{what}” is no date that I understand: 2026-10-21 18:00, tomorrow 9:00, +2h. Nothing was changed.",
    },
    "hint_date_past": {"fr": "« {what} » est déjà passé. Rien n'a changé.",
                       "en": "“{what}” is past. Nothing was changed."},
    "hint_date_impossible": {"fr": "« {what} » n'existe pas. Rien n'a changé.",
                             "en": "“{what}” does not exist. Nothing was changed."},
    "hint_date_skipped": {
        "fr": "« {what} » n'existe pas : l'heure change cette nuit-là. Rien n'a changé.",
        "en": "“{what}” does not exist: the clocks change in that night. Nothing was changed.",
    },
    "hint_date_twice": {
        "fr": "« {what} » vient deux fois : l'heure change cette nuit-là. Ajoutez le décalage, comme "
        "2026-10-25 02:30+02:00. Rien n'a changé.",
        "en": "“{what}” comes twice: the clocks change in that night. Add the offset, such as "
        "2026-10-25 02:30+02:00. Nothing was changed.",
    },
    "hint_date_far": {"fr": "« {what} » est dans plus d'un an. Rien n'a changé.",
                      "en": "“{what}” is more than a year away. Nothing was changed."},
    "hint_transfer": {
        "fr": "Écrivez !transfer ÉQUIPE [POURQUOI]. Rien n'a changé.",
        "en": "Write !transfer TEAM [WHY]. Nothing was changed.",
    },
    "hint_assign": {"fr": "Écrivez !assign @collègue. Rien n'a changé.",
                    "en": "Write !assign @colleague. Nothing was changed."},
    "hint_assign_at": {
        "fr": "Nommez votre collègue avec un @, comme votre application le propose : « !assign @{word} ». Rien n'a "
        "changé.",
        "en": "Name your colleague with an @, as your app offers it: “!assign @{word}”. Nothing was changed.",
    },
    "hint_promise": {
        "fr": "Écrivez !promise DATE [QUOI] : « !promise demain 9h la ligne est rétablie ». Rien n'a été envoyé.",
        "en": "Write !promise WHEN [WHAT]: “!promise tomorrow 9:00 the line is back”. Nothing was sent.",
    },
    "hint_promises_many": {
        "fr": "Ce ticket a déjà {most} promesses ouvertes. Rien n'a été envoyé.",
        "en": "This ticket has {most} open promises already. Nothing was sent.",
    },
    "hint_which_promise": {
        "fr": "Laquelle ? « !kept 1 [TEXTE] », « !kept 2 [TEXTE] » … ou « !kept tout ». Rien n'a été envoyé.\n"
        "{promises}",
        "en": "Which one? “!kept 1 [TEXT]”, “!kept 2 [TEXT]” … or “!kept all”. Nothing was sent.\n{promises}",
    },
    "hint_promise_long": {
        "fr": "Une promesse tient en {most} caractères. Rien n'a été envoyé.",
        "en": "A promise has room for {most} characters. Nothing was sent.",
    },
    "hint_no_promise": {"fr": "Aucune promesse n'est ouverte sur le ticket #{number}. Rien n'a été envoyé.",
                        "en": "Ticket #{number} has no open promise. Nothing was sent."},
    "hint_snooze": {"fr": "Écrivez !snooze DATE : « !snooze +3d ». Rien n'a changé.",
                    "en": "Write !snooze UNTIL: “!snooze +3d”. Nothing was changed."},
    "hint_snooze_unowned": {
        "fr": "Personne n'a le ticket #{number} : prenez-le d'abord (!claim). Rien n'a changé.",
        "en": "Nobody has ticket #{number}: claim it first (!claim). Nothing was changed.",
    },
    "hint_snooze_long": {
        "fr": "Le client attend une réponse : {days} jours de veille au plus. Écrivez-lui d'abord, ou donnez-lui une "
        "date (!promise DATE). Rien n'a changé.",
        "en": "The customer waits for an answer: {days} days aside at most. Write to them first, or give them a date "
        "(!promise WHEN). Nothing was changed.",
    },
    "hint_awake": {"fr": "Le ticket #{number} n'est pas en veille.", "en": "Ticket #{number} is not put aside."},
    "hint_find": {"fr": "Écrivez !find TEXTE.", "en": "Write !find TEXT."},
    "hint_no_canned": {
        "fr": "Il n'y a pas de réponse prête {word} (il y a : {names}). Rien n'a été envoyé.",
        "en": "There is no reply {word} (there are: {names}). Nothing was sent.",
    },
    "hint_no_team": {"fr": "Il n'y a pas d'équipe {word} (il y a : {teams}). Rien n'a changé.",
                     "en": "There is no team {word} (there are: {teams}). Nothing was changed."},
    "hint_own_team": {"fr": "Le ticket #{number} est déjà chez {word}. Rien n'a changé.",
                      "en": "Ticket #{number} is with {word} already. Nothing was changed."},
    "hint_transferred_already": {
        "fr": "Le ticket #{number} est déjà proposé à l'équipe {word}. Rien n'a changé.",
        "en": "Ticket #{number} is offered to {word} already. Nothing was changed.",
    },
    "hint_no_transfer": {"fr": "Le ticket #{number} n'est proposé à personne.",
                         "en": "Ticket #{number} is not offered to anybody."},
    "hint_take_it_first": {
        "fr": "Le ticket est encore chez {team} : prenez-le d'abord (✋ sur sa carte ici). Rien n'a été fait.",
        "en": "The ticket is still with {team}: claim it first (✋ on its card here). Nothing was done.",
    },
    "hint_other_team": {
        "fr": "Le ticket #{number} est chez {team}, et c'est de là qu'on agit : une personne de cette équipe peut le "
        "prendre, ou l'offrir ici par !transfer. Rien n'a été fait.",
        "en": "Ticket #{number} is with {team}, and is acted on there: somebody of that team can claim it, or offer "
        "it here by !transfer. Nothing was done.",
    },
    "hint_no_agent": {
        "fr": "« {word} » ne nomme aucun collègue de ce salon. Rien n'a changé.",
        "en": "“{word}” names no colleague in this room. Nothing was changed.",
    },
    "hint_many_agents": {
        "fr": "« {word} » nomme plusieurs collègues : un seul, par son identifiant complet. Rien n'a changé.",
        "en": "“{word}” names several colleagues: name one, by the full id. Nothing was changed.",
    },
    "hint_agent_away": {
        "fr": "{name} n'est pas là en ce moment. Rien n'a changé.",
        "en": "{name} is away. Nothing was changed.",
    },
    "hint_owned_already": {"fr": "{name} a déjà le ticket #{number}. Rien n'a changé.",
                           "en": "{name} already has ticket #{number}. Nothing was changed."},
}  # fmt: skip
