"""Dates in the sentences that agents type: what has one meaning is read, and what might have another is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest

from helpbot.core.dates import Misread, When, read_when

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 10, 21, 12, 0, tzinfo=UTC)  # a Wednesday, 14:00 in Paris

# what is typed | when it is, in Paris | what is promised
READ = """
demain 9h la ligne de 16 Mbit | 2026-10-22 09:00 | la ligne de 16 Mbit
demain 9h00 16 Mbit | 2026-10-22 09:00 | 16 Mbit
demain 9h 3 lignes | 2026-10-22 09:00 | 3 lignes
demain 9h en agence | 2026-10-22 09:00 | en agence
demain 9h à la boutique | 2026-10-22 09:00 | à la boutique
demain 9h et la box | 2026-10-22 09:00 | et la box
demain 9h et 2 box | 2026-10-22 09:00 | et 2 box
demain 9h la facture de la semaine | 2026-10-22 09:00 | la facture de la semaine
demain 9h la semaine gratuite | 2026-10-22 09:00 | la semaine gratuite
demain 9h la facture du 3 mars | 2026-10-22 09:00 | la facture du 3 mars
demain 9h la facture de lundi | 2026-10-22 09:00 | la facture de lundi
demain 9h : la ligne | 2026-10-22 09:00 | la ligne
demain 9h, la ligne | 2026-10-22 09:00 | la ligne
demain 9h -20% sur la facture | 2026-10-22 09:00 | -20% sur la facture
demain 9h — . | 2026-10-22 09:00 |
demain la ligne est rétablie | 2026-10-22 18:00 | la ligne est rétablie
demain la mise à jour | 2026-10-22 18:00 | la mise à jour
demain votre 2e ligne | 2026-10-22 18:00 | votre 2e ligne
demain un accès à 50 Mbit | 2026-10-22 18:00 | un accès à 50 Mbit
demain une box ou un remboursement | 2026-10-22 18:00 | une box ou un remboursement
demain sept lignes | 2026-10-22 18:00 | sept lignes
demain soir un appel | 2026-10-22 20:00 | un appel
vendredi le technicien | 2026-10-23 18:00 | le technicien
vendredi prochain le technicien | 2026-10-23 18:00 | le technicien
22/10 la nouvelle box | 2026-10-22 18:00 | la nouvelle box
jeudi 5 novembre 10h le technicien | 2026-11-05 10:00 | le technicien
mardi 5 janvier 9h la facture | 2027-01-05 09:00 | la facture
5 janvier | 2027-01-05 18:00 |
17 août 9h | 2027-08-17 09:00 |
18h demain la ligne | 2026-10-22 18:00 | la ligne
9h lundi | 2026-10-26 09:00 |
9h le 23 octobre la ligne | 2026-10-23 09:00 | la ligne
minuit la ligne | 2026-10-22 00:00 | la ligne
demain 0h la coupure | 2026-10-22 00:00 | la coupure
dans 2 heures un mot de Sam | 2026-10-21 16:00 | un mot de Sam
tomorrow 9:00 two boxes | 2026-10-22 09:00 | two boxes
tomorrow 9:00 - the line | 2026-10-22 09:00 | the line
tomorrow 9:00 -> the line | 2026-10-22 09:00 | the line
tomorrow 9:00 at the shop | 2026-10-22 09:00 | at the shop
tomorrow 9:00 or we refund you | 2026-10-22 09:00 | or we refund you
tomorrow 9:00 the next bill | 2026-10-22 09:00 | the next bill
tomorrow 9:00 monday's bill | 2026-10-22 09:00 | monday's bill
tomorrow 9:00 a time slot | 2026-10-22 09:00 | a time slot
tomorrow we may call | 2026-10-22 18:00 | we may call
tomorrow the line is working | 2026-10-22 18:00 | the line is working
tomorrow a call from our 2nd team | 2026-10-22 18:00 | a call from our 2nd team
monday a gift of 20 euros | 2026-10-26 18:00 | a gift of 20 euros
9am tomorrow the line | 2026-10-22 09:00 | the line
8:00 tomorrow evening a call | 2026-10-22 20:00 | a call
6pm on friday | 2026-10-23 18:00 |
2026-10-23 the refund | 2026-10-23 18:00 | the refund
in 2 days the refund | 2026-10-23 14:00 | the refund
+2h or I call you | 2026-10-21 16:00 | or I call you
+3d the bill | 2026-10-24 14:00 | the bill
"""

REFUSED = """
demain à 9 la ligne est rétablie
demain d'ici 9
demain dès 9h
demain après 9h
demain entre 9h et 11h
demain vers 9.30
demain à partir de 9
demain jusqu'à 9
demain (9h) un appel
demain ~9h
demain à neuf heures
demain la ligne revient à 9
demain dans la matinée
demain en fin d'après-midi
demain au plus tard
demain tôt
demain 9h 30
demain 9h 30 lignes
demain 9h du soir
demain 9h à 11h
demain 9 h à 11
demain 9h ou lundi
demain 9h puis 10h
demain 9h +0300
vendredi 9h en octobre
demain ou après-demain 9h
demain minuit
minuit demain
ce soir minuit
vendredi minuit
+3d minuit
vendredi ou lundi
vendredi ou plus
vendredi le 30 à 9h
vendredi 9h le 30
vendredi de la semaine prochaine 9h
vendredi 9h de la semaine prochaine
vendredi dans 8 jours
vendredi dans quinze jours
lundi 9h en quinze
lundi en huit
dans 3 jours à 9
dans 3 jours ouvrés
dans 2 heures et 30 minutes
2026-10-23 à 9 appel
tomorrow at 9 the line is back
tomorrow by 9
tomorrow at nine
tomorrow at 1500 the line
tomorrow around 9:00
tomorrow latest 9:00
tomorrow night 9:00
tomorrow in the morning
tomorrow first thing
tomorrow 12am
tomorrow 9:00 in the evening
tomorrow 9:00 or 10
tomorrow 9:00 to 11:00
tomorrow 9:00 - 11:00
tomorrow 9:00 UTC
9:00 New York time
friday the 30th of october 9am
friday 9:00 the 30th
friday 9:00 30 october
friday 9:00 next week
friday in may
friday (23/10)
friday or monday
friday after next
monday week 9:00
monday and tuesday 9:00
monday the second of november
monday 9:00 or maybe tuesday
23/10 or 24/10
in 2 weeks monday
in 2 hours and 30 minutes
+2h or 3h
+2h or tomorrow
+3d or +4d
"""


@pytest.mark.parametrize("row", READ.strip().splitlines())
def test_what_has_one_meaning_is_read(row: str) -> None:
    text, when, what = (part.strip() for part in row.split("|"))
    read = read_when(text, NOW, PARIS)
    assert isinstance(read, When), read
    assert (read.at.astimezone(PARIS).strftime("%Y-%m-%d %H:%M"), read.rest) == (when, what)


@pytest.mark.parametrize("text", REFUSED.strip().splitlines())
def test_what_may_have_another_meaning_is_refused(text: str) -> None:
    read = read_when(text, NOW, PARIS)
    assert isinstance(read, Misread), read
    assert read.hint == "hint_date_unread"


def test_the_table_is_large() -> None:
    assert min(len(READ.strip().splitlines()), len(REFUSED.strip().splitlines())) >= 40


@pytest.mark.parametrize(
    ("now", "text", "wanted"),
    [
        ("2026-10-21", "20/10 18h la ligne", "20/10 18h"), ("2026-10-21", "21/10 9h", "21/10 9h"),
        ("2026-10-21", "21 octobre 9h la ligne", "21 octobre 9h"), ("2026-10-21", "october 20 6pm x", "october 20 6pm"),
        ("2026-10-21", "mardi 20 octobre", "mardi 20 octobre"),  # as it was, and not a Wednesday of next year
        ("2026-10-21", "17 août", "2027-08-17"),  # less than ten months ahead
        ("2027-10-21", "17 août", "17 août"),  # 29 February lies in between
        ("2026-10-21", "18 août", "18 août"), ("2027-01-02", "31/12", "31/12"),
        ("2026-12-31", "1/1", "2027-01-01"), ("2026-10-21", "20/10/2027", "2027-10-20"),
    ],
)  # fmt: skip
def test_a_date_that_has_just_been_is_not_of_next_year(now: str, text: str, wanted: str) -> None:
    read = read_when(text, datetime.fromisoformat(now + " 12:00+00:00"), PARIS)
    if isinstance(read, When):
        assert read.at.strftime("%Y-%m-%d") == wanted
    else:
        assert (read.hint, read.what) == ("hint_date_past", wanted)


@pytest.mark.parametrize("text", ["demain " + "- " * 30_000, "demain " + "à 9 ou " * 9000, "demain " + "(" * 60_000])
def test_what_follows_takes_no_time(text: str) -> None:
    begun = perf_counter()
    read_when(text, NOW, PARIS)
    assert perf_counter() - begun < 0.5, "a great deal more than it takes"
