"""Words that ask for the same thing, in French and English: a question need not use the FAQ's own words or language.

Written by hand for help desks at large, one meaning a line; a word may have several. Both languages stand on one line,
so that a question in one has a chance at an entry that has phrasings only in the other.
"""

from __future__ import annotations

from collections.abc import Iterable

from helpbot.answers.text import stem

_MEANINGS = """
price cost fee charge pricing rate expensive cheap amount prix cout tarif frais montant facturation couter coute cher
buy purchase order get shop acquire acheter achat commander commande procurer obtenir
cancel stop terminate end quit discontinue annuler annulation resilier resiliation arreter stopper
change modify edit update alter switch adjust correct fix changer modifier modification changement corriger
delete remove erase clear drop supprimer effacer enlever retirer
add include append put insert ajouter inclure rajouter
send transfer wire move forward envoyer transferer transfert virement virer expedier
receive arrive delivered delivery deliver ship shipping shipped recevoir arriver livraison livre livrer colis reception
lost lose missing misplaced disappeared gone perdu perdre perte egare disparu introuvable
stolen theft thief robbed stole steal vole voler vol voleur derobe
find locate search look where trouver localiser chercher ou retrouver
broken damaged defective faulty broke crash crashed casse abime defectueux endommage panne hs
problem issue trouble error fault bug wrong probleme souci erreur bug difficulte ennui
work working function operate marche fonctionne marcher fonctionner
begin start launch initiate open commencer demarrer debut lancer ouvrir ouverture
close shut fermer fermeture cloturer cloture
make create generate produce build set setup creer faire
show display view see check tell list afficher voir consulter montrer visualiser
money cash fund funds argent fonds somme sous
pay payment paid paying bill invoice payer paiement regler reglement payement facture note releve
refund reimburse reimbursement return remboursement rembourser remboursee rendre retour
refused declined rejected denied decline reject blocked block refuse rejete rejet refus bloque bloquer blocage
account profile compte profil espace
password passcode pin code motdepasse passe
phone mobile cell cellphone smartphone telephone handset portable
call ring dial appeler appel joindre telephoner
email mail courriel courrier
picture photo image
car vehicle auto automobile voiture vehicule
flight plane airline vol avion
trip travel vacation holiday journey voyage vacances sejour
hotel lodging accommodation logement hebergement
restaurant diner eatery
food meal dish eat dinner lunch repas manger plat
recipe cook cooking prepare recette cuisiner
doctor physician medecin sante docteur
sick ill illness disease malade maladie
song music track tune musique chanson
movie film
meeting appointment schedule event calendar rendezvous rdv entretien agenda
remind reminder remember rappel rappeler
alarm wake reveil
time hour hours clock open horaire heure heures ouvert
date day jour
weather forecast rain temperature meteo
big large huge grand gros
small little tiny petit
fast quick quickly speedy rapid vite rapide rapidement
slow slowly lent lente lenteur
long duration delai duree longtemps temps combien
minimum least lowest
maximum most highest limit max limite plafond
reason why cause pourquoi raison
help assist assistance support aide aider besoin
address location place adresse lieu endroit
live house home housing moving habiter domicile logement demenager demenagement
company business firm entreprise societe boite
job work employment employer emploi travail travailler boulot poste
salary income wage paycheck earn salaire paie revenu remuneration
tax taxes impot impots taxe
credit loan debt pret dette
insurance coverage insured assurance assure couverture
identity id identification verify verification proof identite identifier verifier verification preuve justifier
card visa mastercard carte cb
document paper form certificate papier piece justificatif attestation certificat dossier formulaire
safe secure security securite
discount coupon promo promotion offer deal voucher remise reduction promotion offre
free gratuit gratuite gratuitement
available availability stock disponible disponibilite
size dimension measure taille
quality good best qualite
child kid children baby enfant fils fille bebe
marriage wedding married marry spouse mariage marier epouse mari conjoint
possible can able pouvoir peut puis
mandatory required must necessary obligatoire devoir doit faut necessaire
activate enable unlock activer activation debloquer
disable deactivate lock freeze suspend desactiver suspendre geler
increase raise higher up boost augmenter plus hausse
decrease reduce lower down cut diminuer baisser reduire
near nearby closest nearest proche pres
talk speak chat contact reach parler contacter contact
agent human person representative advisor conseiller humain personne
complaint complain unhappy reclamation plainte
translate translation traduire traduction
joke funny blague
name called nom prenom
request ask demand demande demander requete
register registration enroll sign inscrire inscription enregistrer
school course training study ecole etude formation cours
licence license driving permis conduire conduite
rent rental lease tenant loyer location louer locataire
"""


def _table() -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for number, line in enumerate(_MEANINGS.strip().splitlines()):
        for word in line.split():
            found.setdefault(stem(word), {})[f"={number}"] = None
    return {root: tuple(marks) for root, marks in found.items()}


_MARKS = _table()


def meanings(stems: Iterable[str]) -> list[str]:
    """Return a mark for each meaning that each of the stems may have."""
    return [mark for root in stems for mark in _MARKS.get(root, ())]
