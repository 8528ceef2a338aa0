"""What the weekly report says, by language; see phrases.py."""

from __future__ import annotations

REPORT: dict[str, dict[str, str]] = {
    "report_title": {
        "fr": "📊 {team} : la semaine du {since} au {until}",
        "en": "📊 {team}: the week from {since} to {until}",
    },
    "report_questions": {
        "fr": "Questions : {count}, dont {alone} où le robot a répondu seul ({share})",
        "en": "Questions: {count}, of which the bot answered {alone} alone ({share})",
    },
    "report_escalated": {"fr": "Appels à une personne : {count}{reasons}", "en": "A person called: {count}{reasons}"},
    "report_reason_asked": {"fr": "demandé", "en": "asked for"},
    "report_reason_unsure": {"fr": "robot pas sûr", "en": "bot not sure"},
    "report_reason_refused": {"fr": "réponses refusées", "en": "answers refused"},
    "report_reason_entry": {"fr": "prévu par la FAQ", "en": "the FAQ wants one"},
    "report_reason_not_answered": {"fr": "réservé aux personnes par la FAQ", "en": "left to people by the FAQ"},
    "report_reason_bot_failed": {"fr": "panne du robot", "en": "bot failed"},
    "report_reason_loop": {"fr": "trop de messages", "en": "too many messages"},
    "report_reason_crowded": {"fr": "salon non privé", "en": "room not private"},
    "report_first_word": {"fr": "Premier mot d'une personne : {times}", "en": "First human word: {times}"},
    "report_first_word_open": {"fr": "  en heures d'ouverture : {times}", "en": "  in opening time: {times}"},
    "report_solved": {"fr": "Solution : {times}", "en": "Solution: {times}"},
    "report_times": {
        "fr": "médiane {median}, 95 % en moins de {most}",
        "en": "median {median}, 95% within {most}",
    },
    "report_target": {"fr": "{times} ; objectif de {target} tenu : {within}",
                      "en": "{times}; target of {target} met: {within}"},
    "report_promises": {
        "fr": "Engagements : {made}, tenus {kept}, rompus {broken}, déplacés {moved} – part tenue : {share}",
        "en": "Promises: {made}, kept {kept}, broken {broken}, moved {moved} – share kept: {share}",
    },
    "report_ends": {
        "fr": "Passées à une autre équipe : {hops} · rouvertes : {reopened} · closes faute de réponse : {silent}",
        "en": "Given to another team: {hops} · reopened: {reopened} · closed by silence: {silent}",
    },
    "report_rated": {"fr": "Satisfaction : {mean}", "en": "Satisfaction: {mean}"},
    "report_rated_mean": {
        "fr": "{mean} sur 5 ({count} avis : {spread})",
        "en": "{mean} of 5 ({count} ratings: {spread})",
    },
    "report_rated_mean_one": {
        "fr": "{mean} sur 5 ({count} avis : {spread})",
        "en": "{mean} of 5 ({count} rating: {spread})",
    },
    "report_day": {"fr": "{weekday} {day} {month}", "en": "{weekday} {day} {month}"},
    "report_weekdays": {"fr": "lun. mar. mer. jeu. ven. sam. dim.", "en": "Mon Tue Wed Thu Fri Sat Sun"},
    "report_months": {
        "fr": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
        "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    },
    # --- in its picture, which has no accents
    "chart_questions": {"fr": "Questions par jour", "en": "Questions by day"},
    "chart_all": {"fr": "questions", "en": "questions"},
    "chart_alone": {"fr": "robot seul", "en": "bot alone"},
    "chart_escalated": {"fr": "vers une personne", "en": "person called"},
    "chart_first_word": {
        "fr": "Premier mot d'une personne, heures ouvertes",
        "en": "First human word, in opening time",
    },
    "chart_met": {"fr": "dans l'objectif", "en": "within the target"},
    "chart_missed": {"fr": "plus tard", "en": "later"},
    "chart_target": {"fr": "objectif {target}", "en": "target {target}"},
    "chart_nothing": {"fr": "aucune mesure", "en": "nothing measured"},
    "chart_name": {"fr": "semaine-{week}.png", "en": "week-{week}.png"},
}  # fmt: skip
