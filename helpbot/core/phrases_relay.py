"""What the bot says of files and corrections, by language; see phrases.py."""

from __future__ import annotations

TO_CUSTOMER: dict[str, dict[str, str]] = {
    "unheard": {
        "fr": "⏳ Ce que vous écrivez est gardé (ticket #{number}), mais notre équipe n'a pas encore pu le lire : nous "
        "continuons d'essayer.",
        "en": "⏳ What you write is kept (ticket #{number}), but our team has not been able to read it yet: we go on "
        "trying.",
    },
    "file_kept": {
        "fr": "Je garde ce fichier pour la personne qui vous répondra, mais je ne sais lire que des mots : dites-moi "
        "ce qui se passe, ou écrivez « humain ».",
        "en": "I keep this file for the person who answers you, but I can only read words: tell me what is the "
        "matter, or write “human”.",
    },
    "file_refused": {
        "fr": "📎 {file} n'a pas pu être transmis : {why}.",
        "en": "📎 {file} could not be passed on: {why}.",
    },
    "why_file_too_large": {"fr": "il est trop gros", "en": "it is too large"},
    "why_file_type": {"fr": "ce genre de fichier n'est pas accepté ici", "en": "this kind of file is not taken here"},
    "why_file_gone": {"fr": "il n'est plus là où il a été déposé", "en": "it is no longer where it was put"},
    "why_file_broken": {"fr": "il est arrivé abîmé", "en": "it arrived damaged"},
    "why_file_away": {"fr": "il n'est jamais arrivé", "en": "it never arrived"},
}

TO_AGENTS: dict[str, dict[str, str]] = {
    "many_marks": {
        "fr": "➕ {name} a mis beaucoup de réactions sur ce message : les suivantes ne sont plus montrées.",
        "en": "➕ {name} has put many reactions on this message: further ones are not shown.",
    },
    "hint_many_marks": {
        "fr": "➕ Ce message a beaucoup de réactions : les suivantes ne sont plus transmises au client.",
        "en": "➕ This message has many reactions: further ones are not passed on to the customer.",
    },
    "correction_failed": {
        "fr": "⚠️ La correction n'a pas atteint le client, qui lit l'ancien texte : {why}",
        "en": "⚠️ The correction has not reached the customer, who reads the old text: {why}",
    },
    "deletion_failed": {
        "fr": "⚠️ La suppression n'a pas atteint le client, qui peut encore lire le message : {why}",
        "en": "⚠️ The deletion has not reached the customer, who can still read the message: {why}",
    },
    "hint_file_command": {
        "fr": "Sous un fichier ne vont que !r et !note : {word} n'a rien fait, et rien n'a été envoyé.",
        "en": "Under a file only !r and !note do something: {word} did nothing, and nothing was sent.",
    },
    "file_refused_inside": {
        "fr": "📎 {name} a envoyé {file}, qui n'est pas transmis : {why}. Le client en est prévenu.",
        "en": "📎 {name} sent {file}, which is not passed on: {why}. The customer is told so.",
    },
    "file_lost": {
        "fr": "📎 Le fichier {file} de {name} n'a pas pu être transmis. Le client en est prévenu.",
        "en": "📎 {name}'s file {file} could not be passed on. The customer is told so.",
    },
    "hint_file_refused": {
        "fr": "📎 {file} n'est pas parti : {why}.",
        "en": "📎 {file} was not sent: {why}.",
    },
    "hint_edit": {
        "fr": "Cette correction n'est pas transmise : le client n'a pas reçu ce nouveau texte. Écrivez-le à nouveau.",
        "en": "This correction is not passed on: the customer has not got the new text. Write it anew.",
    },
    "hint_edit_command": {
        "fr": "Une correction n'est pas une commande : {word} n'a rien fait, et rien n'a été envoyé. Écrivez-le à "
        "nouveau.",
        "en": "A correction is no command: {word} did nothing, and nothing was sent. Write it anew.",
    },
    "hint_edit_mentions": {
        "fr": "Cette correction nomme un collègue : elle reste ici, et le client lit l'ancien texte.",
        "en": "This correction mentions a colleague: it stays here, and the customer reads the old text.",
    },
    "hint_edit_vague": {
        "fr": "« {word} » ne dit pas quand : la correction reste ici, et le client lit l'ancien texte. Donnez une date "
        "avec !promise.",
        "en": "“{word}” does not say when: the correction stays here, and the customer reads the old text. Give a date "
        "with !promise.",
    },
    "hint_edit_long": {
        "fr": "Cette correction est trop longue pour remplacer l'ancien texte : écrivez-la à nouveau.",
        "en": "This correction is too long to take the old text's place: write it anew.",
    },
}
