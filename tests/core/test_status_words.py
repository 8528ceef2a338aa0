"""How customers ask for the state of their ticket; what carries more, or is about something else, is not."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import pytest
import yaml

from helpbot.answers.text import normalise
from helpbot.core import status_words
from helpbot.core.words import status_asked

FAQ = sorted((Path(__file__).parents[2] / "faq").glob("*.yaml"))

ASKED_FR = """
statut
Statut ?
Statut svp
STATUT
Bonjour, statut ?
Bonjour, status ?
status svp
status, merci
mon statut
statut 12
statut #12 svp
statut de ma demande
État de ma demande ?
Quel est le statut de mon ticket ?
Bonjour, quel est l'état de ma demande n°12 s'il vous plaît ?
Bonjour, où en est ma demande ?
ou en est ma demande svp
Où en est mon ticket 12 ?
où en est le ticket n° 12
Où en est mon dossier ?
Bonsoir, pouvez-vous me dire où en est ma demande, svp ? Merci d'avance.
Bonjour, je voudrais savoir où en est mon ticket. Cordialement
ma demande en est où ?
Mon ticket avance ?
Où en est-on ?
où en êtes-vous ?
On en est où ?
Vous en êtes où avec mon dossier ?
Où ça en est ?
ça en est où ?
ou sa en est
Ça avance ?
Alors, ça avance ?
Est-ce que ça avance ?
Avez-vous avancé ?
du nouveau ?
Bonjour, du nouveau ?
y a-t-il du nouveau ?
Il y a du nouveau pour ma demande ?
du nouveau concernant mon ticket ?
Quoi de neuf sur mon ticket ?
des nouvelles ?
Des nouvelles svp ?
Bonjour, des nouvelles du ticket 12 svp ?
Salut, t'as des nouvelles ?
Avez-vous des nouvelles ?
Bonjour madame, avez-vous des nouvelles de ma demande ?
Je voudrais avoir des nouvelles de mon dossier
Pouvez-vous me donner des nouvelles ?
Je viens aux nouvelles
Quand aurai-je une réponse ?
Quand allez-vous me répondre ?
Quand est-ce que quelqu'un va me répondre ?
je suis combientième ?
Je suis le combientième dans la file ?
Combientième suis-je ?
Quelle est ma place dans la file d'attente ?
Combien de personnes avant moi ?
Il y a combien de monde devant moi ?
C'est bientôt mon tour ?
Qui s'occupe de ma demande ?
Est-ce que quelqu'un s'occupe de mon ticket ?
Qu'en est-il de ma demande ?
Pour mon ticket 12, du nouveau ?
Que se passe-t-il avec mon ticket ?
suivi de ma demande
Alors, ça donne quoi ?
Avez-vous pu avancer sur mon dossier ?
Pourriez-vous me faire un point sur mon dossier ?
Bonjour, je voulais savoir si vous aviez des nouvelles
C'est pour savoir où en est mon ticket
Avez-vous une réponse pour ma demande ?
Ma demande a-t-elle été prise en compte ?
Suis-je bientôt pris en charge ?
Je suis combien dans la file ?
Mon ticket est-il toujours ouvert ?
"""
ASKED_EN = """
status
Status?
status please
Status pls
my status
the status
ticket status
Hello, what is the status please?
What's the status of my ticket?
whats the status
What's the current status of ticket 12?
Hi, could you please tell me the status of my request? Thanks!
status of #12
status of ticket #12
Can you tell me what the status of my ticket is?
any news?
Any news on my ticket?
Hi there, any news please?
any news yet
Is there any news about my case?
Do you have any news for me?
Have you got any news?
Any news from your side?
any update
Any updates?
any update on my ticket
Any update on ticket 12, please?
Hello, is there an update on my request?
Could you give me an update?
Can I get an update on my ticket please
Good morning, I'd like an update on my issue
I was wondering if there is any update
Just checking in, any progress?
Any progress on my ticket?
any word yet?
Anything new?
where is my ticket
Where's my ticket?
where is my ticket 12
Can you tell me where my ticket is?
Where are we?
Where are we with my ticket?
Where do we stand?
Where does my request stand?
How is my ticket coming along?
How's it going with my ticket?
What's happening with my ticket?
what is going on with my request
What about my status?
Is anyone working on my ticket?
Has anyone looked at my ticket?
Who is handling my request?
Is my ticket still open?
When will I get an answer?
When will someone reply?
When will you get back to me?
What's my place in the queue?
my position in the queue
How many people are ahead of me?
Am I next?
When is my turn?
Ticket 12: any news?
Any news regarding my request? Kind regards
Have you seen my ticket?
Sorry to bother you, any news?
Could you check the status of my ticket?
Checking on the status of my ticket
How far along is my ticket?
What about ticket 12?
How long until someone answers?
Can you tell me when I'll get an answer?
"""
MORE_FR = """
statut : ma ligne est encore coupée
où en est ma demande, parce que je suis toujours sans ligne depuis mardi
Où en est ma commande de box ?
où en est ma commande
Où en est ma livraison ?
où en est mon remboursement ?
où est mon colis
statut de ma commande
statut de ma ligne
état du réseau
état de ma facture
quel est l'état de mon forfait
Où en est mon signalement de panne ?
où en est ma demande de résiliation
où en est ma demande de portabilité ?
où en est mon dossier de raccordement à la fibre
Des nouvelles de mon colis ?
avez-vous des nouvelles du technicien ?
Des nouvelles ? Je n'ai plus internet depuis hier.
j'ai signalé une panne et pas de nouvelles
du nouveau matériel est-il disponible ?
Du nouveau dans vos forfaits ?
Ça avance, mais la box clignote encore
ça n'avance pas
l'horloge de ma box avance
Toujours rien
toujours rien, je veux résilier
Quand aurai-je une réponse pour mon remboursement de 30 euros ?
Quand allez-vous me rembourser ?
quand aurai-je ma box
Combien de temps dure la portabilité ?
combien de personnes peuvent utiliser le wifi
Quel est le temps d'attente en boutique ?
suivre mon colis
suivi de panne
suivre mon dossier de dépannage
Mon ticket est clos mais rien ne marche
Mon ticket est toujours ouvert
Comment ouvrir un ticket ?
fermer mon ticket
annuler ma demande
je voudrais parler à quelqu'un
Bonjour
Merci beaucoup
merci pour les nouvelles
quelle est ma position GPS
changer de statut client
statut étudiant
Mon statut professionnel donne-t-il droit à une remise ?
Ma place
12
ticket 12
ma demande
Bonjour, ma demande 12
où en êtes-vous avec le déploiement de la fibre à Lyon
Qui s'occupe de la résiliation ?
j'attends toujours ma box
status de livraison
Quoi de neuf chez les iPhone ?
où est ma facture
Que se passe-t-il ?
Une mise à jour
mise à jour svp
Avez-vous une réponse à ma question sur la facture ?
Avez-vous une box pour ma demande ?
Je suis client
Combien ?
je suis combien de jours sans ligne
"""
MORE_EN = """
status: my line is cut again
Any news? My line is still dead since Tuesday.
where is my parcel
where is my order
Where's my order 12?
order status
status of my order
what is the status of my refund
What's the status of my SIM delivery?
line status
network status
Is there any news about the fibre in my street?
any update for my phone?
Any updates for Android?
software update
how do I update my phone
update
Update my address please
where is my fault report
where is my eSIM QR code
where is my invoice
Where is my nearest shop
where are you
Where are your shops
Where are we going to find the PUK code?
How is my data being used?
when will I get my box
When will I get my refund?
When will the technician come?
When will you reply to my complaint about the bill?
What's happening with my internet?
what's new
news
What is the news today
Is my line still open?
How many people can use the wifi?
How many phones are included
what is my phone number
what's my position in the loyalty programme
my ticket is still open and nothing works
Close my ticket
open a ticket
ticket 12
I am still waiting
still waiting for my parcel
I reported a fault and heard nothing
track my parcel
track my order 12
can I get an update of the firmware
hello
thanks for the update
thanks for the news
Good news
no news
I have news: it works again
marital status change
change my status to student
my status is student, do I get a discount?
Who is my account manager?
Is anyone there?
Can I speak to someone about my request
Any news, otherwise I will cancel
I want my money back
please
How long until the line is back?
How long before I get my box?
when I will get it
What about my line?
check my line status
What is happening?
What's going on?
"""


def lines(text: str) -> list[str]:
    return text.strip().splitlines()


@pytest.mark.parametrize(
    ("text", "language"), [*((text, "fr") for text in lines(ASKED_FR)), *((text, "en") for text in lines(ASKED_EN))]
)
def test_a_customer_who_asks_how_her_ticket_stands_is_heard(text: str, language: str) -> None:
    assert status_asked(normalise(text)) == language


@pytest.mark.parametrize("text", [*lines(MORE_FR), *lines(MORE_EN)])
def test_what_carries_more_or_asks_for_something_else_is_not_a_question_for_the_status(text: str) -> None:
    assert status_asked(normalise(text)) is None


def test_the_table_is_large() -> None:
    assert min(len(lines(ASKED_FR + ASKED_EN)), len(lines(MORE_FR + MORE_EN))) >= 60


def test_no_question_of_the_faq_is_taken_for_one() -> None:
    asked = [
        text
        for path in FAQ
        for entry in yaml.safe_load(path.read_text("utf-8"))
        for place in ("questions", "tests")
        for texts in entry.get(place, {}).values()
        for text in texts
    ]
    assert len(asked) > 500
    for text in asked:
        for said in (text, f"Bonjour, {text} ? Merci", f"Hi, can you tell me {text} please", f"{text} 12"):
            assert status_asked(normalise(said)) is None, said


def test_what_she_adds_is_never_lost() -> None:
    """Each question with words of her own behind it, or before it, goes to the FAQ or to people."""
    for text in lines(ASKED_FR + ASKED_EN):
        for said in (f"{text} ma ligne est coupée", f"{text} my line is cut", f"la box clignote {text}"):
            assert status_asked(normalise(said)) is None, said


def test_a_long_or_empty_text_is_no_question() -> None:
    assert status_asked("") is None
    assert status_asked("bonjour " * 100 + "statut") is None
    for text in ("bonjour " * 39 + "statut", "s il vous plait " * 60, "any news " * 110, "12 " * 300):
        began = perf_counter()
        status_asked(text[:1000].strip())
        assert perf_counter() - began < 0.1, "a great deal more than it takes"


def test_the_lists_are_written_as_texts_are_folded() -> None:
    tables = (status_words.WHOLE, status_words.NEWS, status_words.ABOUT, status_words.BEFORE)
    phrases = [phrase for table in tables for texts in table.values() for phrase in texts]
    assert all(normalise(phrase) == phrase for phrase in (*phrases, *status_words.AFTER, *status_words.PLEASE))


def test_politeness_alone_asks_nothing() -> None:
    for phrase in status_words.BEFORE["fr"] | status_words.BEFORE["en"] | status_words.AFTER:
        assert status_asked(phrase) is None, phrase
