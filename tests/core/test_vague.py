"""What agents write about time, as they write it: held back when it is vague, let through when it says when."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import pytest

from helpbot.answers.entries import Faq
from helpbot.answers.library import FaqLibrary
from helpbot.answers.text import normalise
from helpbot.core.vague import vague_word
from helpbot.core.vague_words import NOT_VAGUE, VAGUE_WORDS
from helpbot.core.variants import variants
from tests.core.cases import DESK

SHIPPED = {normalise(word): word for words in VAGUE_WORDS.values() for word in words}
REAL = replace(DESK, library=FaqLibrary(Faq(), ("fr", "en")), vague=SHIPPED)

# The word for which it is held back is named after the sentence.
VAGUE_FR = """
Je reviens vers vous très vite. | très vite
Bonjour, nous revenons vers vous très bientôt. | bientôt
La ligne sera rétablie dans quelques jours. | dans quelques jours
Un technicien passera dans les prochains jours | dans les prochains jours
On vous rappelle dès qu'on peut ! | dès qu'on peut
On vous rappelle dès qu’on pourra ! | dès qu'on pourra
Je m'en occupe dès que c'est possible. | dès que c'est possible
Je m'en occupe dès que possible, à bientôt | dès que possible
DES QUE POSSIBLE | dès que possible
Je vous réponds dès que je peux | dès que je peux
Nous le ferons dès que nous pourrons | dès que nous pourrons
Je vous tiens au courant dès que j'ai du nouveau. | dès que j'ai du nouveau
Je vous écris dès que j'en sais plus | dès que j'en sais plus
On fait au plus vite. | au plus vite
Nous allons traiter ça le plus vite possible. | le plus vite possible
Nous traitons votre dossier le plus rapidement possible | le plus rapidement possible
Merci, nous y répondrons aussi rapidement que possible | rapidement
Nous vous rappellerons rapidement. | rapidement
Votre problème sera résolu rapidement. | rapidement
Nous allons vérifier rapidement et revenir vers vous | rapidement
Ça va très vite s'arranger. | très vite
Je regarde au plus tôt | au plus tôt
Le service ouvrira prochainement. | prochainement
Un jour, ce sera corrigé. | un jour
On espère qu'un jour ce sera possible | un jour
Ça arrivera un de ces jours | un de ces jours
Ça marchera un jour ou l'autre. | un jour
La fibre peut arriver d'un jour à l'autre | d'un jour à l'autre
Avant vendredi c'est complet, nous viendrons dès que possible | dès que possible
Je vous rappelle dès que possible. Au plus tard vendredi, la facture arrive | dès que possible
Le colis arrivera d'un moment à l'autre. | d'un moment à l'autre
Vous serez remboursé dans les meilleurs délais. | dans les meilleurs délais
Réponse dans les plus brefs délais | dans les plus brefs délais
Cela reviendra sous peu. | sous peu
Le technicien arrive d'ici peu | d'ici peu
Nous traitons cela sans tarder | sans tarder
Le remboursement ne devrait pas tarder. | ne devrait pas tarder
Je vous rappelle tout à l’heure. | tout à l'heure
Je vous le ferai plus tard. | plus tard
Je vous rappelle un peu plus tard, à bientôt ! | plus tard
Le rendez-vous est reporté à plus tard | reporté à plus tard
Je vous rappelle plus tard. Que puis-je faire d'autre ? | plus tard
Comptez sur moi, dans quelque temps ce sera réglé | dans quelque temps
Je vous écris dans un moment | dans un moment
Ce sera réparé dans pas longtemps | dans pas longtemps
Nous vous contacterons ultérieurement. | ultérieurement
On en reparle à l'occasion | à l'occasion
Il part incessamment | incessamment
La panne sera finie d'ici quelques heures. | d'ici quelques heures
Vous aurez une réponse sous quelques jours | sous quelques jours
Nous rouvrirons dans un avenir proche | dans un avenir proche
Vous recevrez la facture en temps voulu. | en temps voulu
"""
PLAIN_FR = """
À bientôt !
À très bientôt
Merci et à tout bientôt
Bonne journée, à plus tard !
À tout à l'heure
Je vous rappelle au plus tard vendredi.
Au plus tard à 18h.
Vous aurez la réponse pas plus tard que demain midi.
Ne venez pas plus tard que 18h.
Le technicien viendra plus tard que 18h, vers 19h30.
Je vous rappelle plus tard, à 16h.
Je vous rappelle plus tard dans la journée.
Je vous rappelle tout à l'heure vers 15h30
Le technicien passera demain au plus tôt.
Au plus tôt le 12 mai
La coupure dure un jour.
Cela prend un jour ouvré.
Sous un jour ouvré, vous aurez une réponse
Le magasin ouvre un jour sur deux
Le magasin est fermé un jour par semaine
Choisissez un jour et une heure pour la visite
Il vous reste un jour pour vous rétracter
Prévenez-nous un jour à l'avance
C'est un jour férié
Le pass un jour coûte 3 euros
Comptez un jour ou deux.
Le remboursement arrive dans un jour et demi au maximum
Cela fait bientôt deux ans que vous êtes client
Redémarrez rapidement la box
Le voyant clignote rapidement en rouge
Appuyez rapidement deux fois sur le bouton
Merci d'avoir répondu si rapidement
Merci d'avoir réagi très vite
Si la batterie se décharge très vite, changez-la
Pour aller plus rapidement, écrivez au service
Appelez-moi dans un moment de calme
À l'occasion de votre déménagement, la box est offerte
Comme je vous le disais tout à l'heure, la box est neuve
Nous en avons parlé tout à l'heure.
Vous pourrez toujours changer d'avis plus tard
Deux heures plus tard, la ligne marchait.
Je vous rappelle demain à 9h.
Je reviens vers vous dans 10 minutes
Je reviens dans quelques minutes
Bonjour, je suis Sam, que puis-je faire pour vous ?
C'est réparé depuis ce matin.
Le service est ouvert du lundi au vendredi
Un journal vous sera envoyé lundi
Je vous rappelle tout de suite.
La fibre arrive dans votre rue le 3 juin.
Votre facture arrive le 5 de chaque mois
Je vous réponds dès que possible, et au plus tard demain à 18h.
Nous passons rapidement, avant vendredi midi
La ligne revient dans quelques heures, d'ici 18h.
"""
VAGUE_EN = """
We'll get back to you very soon. | soon
It will work again soon | soon
See you soon, and we will fix it soon | soon
We will call you as soon as possible | as soon as possible
I'll do it soon as possible | soon as possible
I'll answer as soon as I can. | as soon as I can
As soon as we know more we will write | as soon as we know more
I'll write as soon as I have an update | as soon as I have an update
Will do ASAP | asap
We will fix it a.s.a.p. | a.s.a.p.
We'll do it A.S.A.P., promise | a.s.a.p.
We are working as quickly as possible. | as quickly as possible
We'll go as fast as we can | as fast as we can
You will hear back soon | soon
The line will be back in a few days. | in a few days
A technician will come within a few days | within a few days
Expect it in the next few days | in the next few days
It will be back in the coming days | in the coming days
In the near future this will be possible | in the near future
One day this will work. | one day
One day. Pass it on to my colleague | one day
Some day, surely | some day
It'll be fixed one of these days | one of these days
Any day now | any day now
The engineer will ring you shortly. | shortly
I'll be with you momentarily | momentarily
At some point we'll upgrade it | at some point
I'll be back in a while | in a while
Back in a little bit | in a little bit
Give me a sec, in a moment I'll look | in a moment
It should eventually work | eventually
I will call you back later | later
I'll call you later. Than you can restart it. | later
We will do it later on | later
Maybe even later | later
Sooner or later it works | sooner or later
We can move it to a later date | later
It may take some time | some time
I'll call you sometime | sometime
You'll be refunded in due course. | in due course
Your card arrives any time now | any time now
It will be there before long | before long
I'll look when I get a chance | when I get a chance
I'll do that when I can. | when I can
We reply when possible | when possible
It won't be long! | won't be long
We will handle it without delay | without delay
I'll get back to you quickly | back to you quickly
We always reply, and your case will be handled promptly | promptly
It should be fixed very quickly | very quickly
"""
PLAIN_EN = """
See you soon!
See you very soon, Marie
Talk soon
Talk to you soon.
Talk later!
Talk to you later
Speak later, take care
See you later
Bye, catch you later
Looking forward to hearing from you soon
Hope you get well soon
How soon do you need it?
How soon can you be at home?
That would be too soon for the warehouse
Thanks for answering so soon
As soon as you restart the box, the light turns green.
The sooner the better.
No sooner said than done
No later than Friday
It will not be later than Friday 6 pm.
Not later than noon
I will call later today
I'll call you later this afternoon.
I'll ring you later, at 4 pm
You need Android 12 or later
It works on iOS 16 and later
Install a later version
It came two hours later
It was fixed 3 days later
Would you like a later appointment?
The one day pass costs 3 euros
One day delivery is free
It takes one day.
The repair is done in one day
The shop is closed one day a week
One day before the visit you get a text
One day or two, then it is there
Shortly after the restart, the light blinks
We called shortly before noon
Hold it once in a while against the light
Some time ago you changed your plan
If you have some time, restart it
Did you eventually restart it?
Thanks for replying promptly
The light blinks very quickly
You can always change it later
Tell me when I can call you
I will call you tomorrow at 9:00.
I'll be back in 5 minutes
I'll be back in a few minutes
Soon on Friday we open at nine
It happened at some point last week
I'll answer as soon as possible, by Friday 6 pm.
We will fix it very soon, tomorrow at the latest
It comes in a few days, no later than Monday
"""


def rows(text: str) -> list[tuple[str, str]]:
    split = (line.rpartition(" | ") for line in text.strip().splitlines())
    return [(said.strip(), word) for said, _, word in split]


@pytest.mark.parametrize(("text", "word"), [*rows(VAGUE_FR), *rows(VAGUE_EN)])
def test_what_does_not_say_when_is_held(text: str, word: str) -> None:
    assert vague_word(text, REAL) == word


@pytest.mark.parametrize("text", [*PLAIN_FR.strip().splitlines(), *PLAIN_EN.strip().splitlines()])
def test_what_says_when_or_goodbye_is_not_held(text: str) -> None:
    assert vague_word(text, REAL) is None


def test_the_table_is_large_and_fits_no_list_of_nothing() -> None:
    for vague, plain in ((VAGUE_FR, PLAIN_FR), (VAGUE_EN, PLAIN_EN)):
        assert min(len(vague.strip().splitlines()), len(plain.strip().splitlines())) >= 40
    assert all(vague_word(text, replace(REAL, vague={})) is None for text, _ in rows(VAGUE_FR + VAGUE_EN))


# --- an admin's own list


def own(text: str, *listed: str) -> str | None:
    return vague_word(text, replace(REAL, vague={normalise(word): word for word in listed}))


def test_what_an_admin_lists_is_held_though_an_exception_says_the_same() -> None:
    assert own("À bientôt !", "À bientôt") == "À bientôt"
    assert own("À bientôt !", "bientôt") is None
    assert own("Talk to you later", "talk to you later", "later") == "talk to you later"
    assert own("au plus tard vendredi", "au plus tard") == "au plus tard"
    assert own("au plus tard vendredi", "tard") is None, "a longer exception contains it"


def test_an_exception_excuses_nothing_that_reaches_out_of_it() -> None:
    assert own("See you soon enough", "soon enough") == "soon enough"
    assert own("à plus tard peut-être", "tard peut-être") == "tard peut-être"


def test_a_bound_that_is_itself_listed_excuses_itself_not() -> None:
    assert own("before Friday", "before Friday", "soon") == "before Friday"
    assert own("soon, before Friday", "before Friday", "soon") == "before Friday"


def test_an_admins_list_takes_the_place_of_ours() -> None:
    assert own("Je vous rappelle la semaine des quatre jeudis, bientôt", "semaine des quatre jeudis") is not None
    assert own("bientôt", "sous 24h") is None
    assert own("réponse sous 24 h ou sous 24h", "sous 24h") == "sous 24h", "numbers are compared as they are"


# --- how texts are read


@pytest.mark.parametrize("length", [880, 890, 893, 895, 900, 905, 1800, 5000])
def test_a_word_is_found_and_excused_wherever_it_stands_in_a_long_text(length: int) -> None:
    filled = ("mot " * length)[:length]
    assert vague_word(f"{filled} dans les prochains jours {filled}", REAL) == "dans les prochains jours"
    assert vague_word(f"{filled} à bientôt {filled}", REAL) is None
    assert vague_word("x" * length + " bientôt", REAL) == "bientôt"


def test_part_of_a_word_is_no_word() -> None:
    assert vague_word("someone day-to-day soonest laterally", REAL) is None


def test_a_word_is_held_where_one_place_is_excused_and_another_is_not() -> None:
    assert vague_word("See you soon. It works soon.", REAL) == "soon"
    assert vague_word("It works soon. See you soon.", REAL) == "soon"


def test_very_long_words_take_no_time() -> None:
    for text in ("soon as " * 9000, ". " * 30_000, "as soon " * 9000, "x" * 70_000, "\u0301" * 70_000):
        began = perf_counter()
        vague_word(text, REAL)
        assert perf_counter() - began < 0.5, "a great deal more than it takes"


def test_a_word_that_is_said_again_and_again_is_held_at_once() -> None:
    assert vague_word("See you soon. " * 300, REAL) is None
    assert vague_word("See you soon. " * 301, REAL) == "soon", "so many places are looked at, and no more"
    for text in ("see you soon " * 2700, "by friday " * 3500 + "soon", "soon. " + "a. " * 11_000):
        took = []
        for _ in range(3):
            began = perf_counter()
            vague_word(text, REAL)
            took.append(perf_counter() - began)
        assert min(took) < 0.15, "wanted: 50 ms; these machines do other things meanwhile"


# --- the lists


def test_the_lists_are_written_as_texts_are_folded() -> None:
    assert all(normalise(phrase.replace("#", "9")) == phrase.replace("#", "9") for phrase in NOT_VAGUE)
    assert all(0 < len(folded) <= 50 for folded in SHIPPED)
    assert len(SHIPPED) == sum(len(words) for words in VAGUE_WORDS.values()), "none is listed twice"


def test_no_shipped_word_is_itself_an_exception() -> None:
    assert set(SHIPPED) & NOT_VAGUE == set()


def test_a_line_stands_for_all_its_choices() -> None:
    assert variants("see_you|talk soon", "a -|tres bientot") == {
        "see you soon", "talk soon", "a bientot", "a tres bientot",
    }  # fmt: skip
