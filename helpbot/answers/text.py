"""People's text made comparable: capped first, then Unicode, accents, case, punctuation and common short forms.

Rule: the length is capped before anything else looks at the text, because a legal message of 60,000 combining marks
blocks Unicode normalisation for more than a second; and it is capped again, because one character may become eighteen.
Rule: no pattern is ever run on people's text, because a pattern that backtracks can be made to run for hours.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

LONGEST = 1000
_REMEMBERED = 20_000  # characters
_LETTERS = {"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}

# Short forms as they are typed: one word to the words meant. Both the FAQ and the questions go through it, so that a
# reading which is wrong in some language still compares equal to itself.
_SHORT = {
    # French
    "g": "j ai", "jai": "j ai", "ge": "j ai", "jme": "je me", "jpeu": "je peux", "jpeux": "je peux",
    "jpe": "je peux", "peu": "peux", "peut": "peux", "jveu": "je veux", "jveux": "je veux", "jvx": "je veux",
    "veu": "veux", "ve": "veux", "veut": "veux", "jsui": "je suis", "jsuis": "je suis", "chui": "je suis",
    "chuis": "je suis", "jsais": "je sais", "jsai": "je sais", "c": "c est", "cest": "c est", "ct": "c etait",
    "sa": "ca", "pk": "pourquoi", "pq": "pourquoi", "prk": "pourquoi", "pkoi": "pourquoi", "pourkoi": "pourquoi",
    "prquoi": "pourquoi", "pourqoi": "pourquoi", "koi": "quoi", "qoi": "quoi", "kwa": "quoi",
    "keske": "qu est ce que", "kes": "qu est ce", "kan": "quand", "qd": "quand", "qand": "quand", "k": "que",
    "ke": "que", "q": "que", "ki": "qui", "kel": "quel", "kelle": "quelle", "coment": "comment", "cmt": "comment",
    "cmnt": "comment", "commen": "comment", "koman": "comment", "ds": "dans", "pr": "pour", "ac": "avec",
    "avc": "avec", "ss": "sans", "ya": "il y a", "yapa": "il y a pas", "yora": "il y aura", "pb": "probleme",
    "pbm": "probleme", "prob": "probleme", "pbl": "probleme", "mtn": "maintenant", "tjs": "toujours",
    "tjrs": "toujours", "tjr": "toujours", "bcp": "beaucoup", "tt": "tout", "ts": "tous", "qq": "quelque",
    "qqun": "quelqu un", "qqn": "quelqu un", "rdv": "rendez vous", "tel": "telephone", "tph": "telephone",
    "num": "numero", "nbr": "nombre", "mdp": "mot de passe", "msg": "message", "ordi": "ordinateur",
    "appart": "appartement", "abo": "abonnement", "aprem": "apres midi", "ajd": "aujourd hui", "auj": "aujourd hui",
    "dsl": "desole", "marche": "fonctionne", "marchent": "fonctionne", "fonctionnent": "fonctionne",
    "fonctione": "fonctionne",
    # English
    "u": "you", "ur": "your", "r": "are", "im": "i am", "ive": "i have", "cant": "can t", "cannot": "can t",
    "dont": "don t", "doesnt": "doesn t", "didnt": "didn t", "isnt": "isn t", "wont": "won t", "havent": "haven t",
    "hasnt": "hasn t", "couldnt": "couldn t", "wasnt": "wasn t", "whats": "what s", "hows": "how s",
    "wheres": "where s", "wanna": "want to", "gonna": "going to", "gotta": "got to", "ty": "thanks",
    "acct": "account", "acc": "account", "pwd": "password", "pw": "password", "passwd": "password", "txt": "text",
    "nr": "number", "bc": "because", "tmrw": "tomorrow", "info": "information", "infos": "information",
}  # fmt: skip


def listed(text: str) -> frozenset[str]:
    """Return the words of a text as a set."""
    return frozenset(text.split())


_COURTESY = listed(
    "bonjour bonsoir salut coucou hello hi hey merci thanks thank please svp cordialement madame monsieur "
    "desole sorry excusez dear regards vite urgent ok bah ben euh hein lol mdr ptdr stp slt bjr bsr mrc thx "
    "pls plz bref anyway basically voila svp stp "
)
FUNCTION_WORDS = {
    "fr": listed(
        "a ai ais ait alors apres as au aucun aura aussi autre aux avant avec avez avoir avons bien c ca car "
        "ce ceci cela ces cet cette chez comme comment d dans de deja depuis des deux dit dois doit donc dont "
        "du elle elles en encore entre es est et etait etant etc ete etes etre eu faire fais fait faites faut "
        "fois font hui il ils j je jusqu l la le les leur leurs lui m ma mais me meme mes mieux moi moins mon "
        "n ne ni nos notre nous on ont ou par pas peux peuvent pouvez plait plus plutot pour pourquoi pouvoir "
        "pourrais puis qu quand que quel quelle quelles quels quelque qui quoi rien s sans sera serait ses si "
        "soit son sont sous suis sur t ta te tes toi ton toujours tous tout toute toutes tres trop tu un une "
        "va vais veux voudrais voulez vos votre vous vraiment y besoin merci bonjour aujourd maintenant peu "
        "etiez avait avais aimerais souhaite ici parce sais savoir "
    ),
    "en": listed(
        "a about after all also always am an and any anyone anything are as at be because been before being "
        "both but by can could d did do does doesn don doing done else ever every for from get gets getting "
        "give go going gone got had has have haven having he her here hers him his how i if in into is isn it "
        "its just know let like ll look looking m make many may maybe me might more most much must my need "
        "needs never no not now of off oh on once one only or other our out over own please possible really s "
        "same say see should show so some someone something still such t tell than that the their them then "
        "there these they thing things this those to too under until up us use using ve very want was wasn "
        "way we were what when where which while who whom why will wish with without won would yes yet you "
        "your yours thanks hello hi trying try re able "
    ),
}
_FUNCTION = FUNCTION_WORDS["fr"] | FUNCTION_WORDS["en"]
_SUFFIXES = (
    "issements", "issement", "ations", "ation", "ements", "ement", "ments", "ment", "ingly", "ities", "euses", "euse",
    "ables", "able", "ions", "ings", "ing", "ees", "ers", "ant", "ent", "ion", "ait", "ais", "eur", "ies", "ied",
    "ity", "ee", "er", "ez", "es", "ed", "ly", "is", "it", "ir", "e", "s", "x", "y", "i",
)  # fmt: skip
_SHORTEST_STEM = 3


def _forms(table: str) -> dict[str, str]:
    """Return word → base form from lines of `base: form form`, parted by semicolons."""
    lines = (line.split(":") for line in table.split(";") if line.strip())
    return {form: base.strip() for base, forms in lines for form in forms.split()}


# Forms that no suffix tells.
IRREGULAR = _forms(
    "pay: paid; lose: lost losing; steal: stole stolen; break: broke broken; buy: bought; send: sent; take: took "
    "taken; choose: chose chosen; write: wrote written; freeze: froze frozen; speak: spoke spoken; forget: forgot "
    "forgotten; find: found; leave: left leaving; hold: held; keep: kept; make: made; meet: met; see: saw seen; "
    "sell: sold; spend: spent; tell: told; think: thought; withdraw: withdrew withdrawn; begin: began begun; build: "
    "built; drive: drove driven; eat: ate eaten; fall: fell fallen; fly: flew flown; give: gave given; grow: grew "
    "grown; hear: heard; hide: hid hidden; know: knew known; lend: lent; ring: rang rung; run: ran; shake: shook "
    "shaken; sleep: slept; stick: stuck; throw: threw thrown; wake: woke woken; wear: wore worn; win: won; draw: "
    "drew drawn; child: children; man: men; woman: women; person: people; foot: feet; understand: understood; "
    "teach: taught; bring: brought; catch: caught; feel: felt; mean: meant; perdre: perdu perdue perdus perdues "
    "perds perd; recevoir: recu recue recus recues recois recoit recevez; vendre: vendu vendue vends; rendre: rendu "
    "rendue rends rend; prendre: pris prise prends prend prenez; mettre: mis mise mets met mettez; payer: paie "
    "paies paient; envoyer: envoie envoies; connaitre: connais connait connu connue; ouvrir: ouvert ouverte ouvre "
    "ouvres; attendre: attends attend attendu; entendre: entends entend entendu entendez; voir: vu vue vois voit; "
    "ecrire: ecrit ecrite ecris; lire: lu lis lit; savoir: su; devoir: due dus; boire: bu; venir: viens vient venu "
    "venue; tenir: tiens tient tenu; partir: pars part parti partie; sortir: sors sort sorti; choisir: choisis "
    "choisit choisi choisie; finir: finis finit fini finie; revenir: reviens revient revenu; repondre: reponds "
    "repond repondu; descendre: descends descend; produit: produits; acheter: achete achetes achat; appeler: "
    "appelle appelles appel"
)  # fmt: skip


def normalise(text: str) -> str:
    """Return the text in lower case, without accents, its words parted by single spaces, at most 1,000 characters."""
    text = text[:LONGEST]
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)[: 4 * LONGEST].casefold()
        text = unicodedata.normalize("NFKD", text)[: 4 * LONGEST]
    text = text.lower().translate(_TABLE)
    return " ".join(text.split())[:LONGEST].rstrip()


def _kept(char: str) -> str:
    """Return what stays of one character: itself, nothing, or a space that parts words."""
    if char.isascii():
        return char if char.isalnum() else "" if char < " " and not char.isspace() else " "
    if char in _LETTERS:
        return _LETTERS[char]
    category = unicodedata.category(char)
    if category[0] in "LN":
        return char
    return "" if category[0] == "M" or category in {"Cf", "Cc"} else " "


class _Table(dict[int, str]):
    """Character → what stays of it; those met are remembered, up to as many as people's alphabets have."""

    def __missing__(self, code: int) -> str:
        kept = _kept(chr(code))
        if len(self) < _REMEMBERED:
            self[code] = kept
        return kept


_TABLE = _Table()


def words(text: str) -> list[str]:
    """Return the normalised words of the text."""
    return normalise(text).split()


def spelt_out(plain: Iterable[str]) -> list[str]:
    """Return the words with short forms written out."""
    return [word for short in plain for word in _SHORT.get(short, short).split()]


def said_in(plain: str) -> list[str]:
    """Return the words of a normalised text, spelt out, without greetings and thanks unless nothing else was said."""
    spelt = " " + " ".join(spelt_out(plain.split())) + " "
    for politeness in (" s il vous plait ", " s il te plait "):
        spelt = spelt.replace(politeness, " ")
    left = [word for word in spelt.split() if word not in _COURTESY]
    return left or spelt_out(plain.split())


def is_courtesy(word: str) -> bool:
    """Tell whether the word is a greeting, thanks or the like, in any language known here."""
    return word in _COURTESY


def is_function_word(word: str, language: str | None = None) -> bool:
    """Tell whether the word says little by itself, in that language or in any known here."""
    return word in FUNCTION_WORDS.get(language or "", _FUNCTION) or word in _COURTESY


def names_something(root: str) -> bool:
    """Tell whether a stem says what a question is about: "what does it cost" names nothing."""
    return root not in _ASKED_OF_ANYTHING and not is_function_word(root)


def stem(word: str) -> str:
    """Return what the forms of a word share, roughly, for French and English alike."""
    if word in _FUNCTION or word.isdecimal():
        return word
    word = IRREGULAR.get(word, word)
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= max(_SHORTEST_STEM, len(suffix)):
            root = word[: -len(suffix)]
            root = root[:-1] if len(root) > 4 and root[-1] == root[-2] else root
            return word if root in _FUNCTION else root
    return word


_ASKED_OF_ANYTHING = frozenset(
    map(
        stem,
        listed(
            "combien prix tarif cout couter coute coutent cher temps delai duree durer dure longtemps prend prendre "
            "marche marcher marchent fonctionne fonctionner cost costs price time take takes long work works working "
            "expensive"
        ),
    )
)
