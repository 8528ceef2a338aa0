"""Words that promise and say no time, and what holds such words but says when, asks, or says goodbye.

`VAGUE_WORDS`, by language, is what `agents.vague_words` is when the config does not say; the rest is for any list.
"A few minutes" and "quelques minutes" are not in it: she can wait for these before the screen, and agents say them all
day. Neither is what is bounded: "in the course of the day", "in a day or two", "later today".
"""

from __future__ import annotations

from helpbot.core.variants import variants

VAGUE_WORDS = {
    "fr": (
        "bientôt", "dès que possible", "dès que c'est possible", "dès que ce sera possible",
        "dès que cela sera possible", "dès que je peux", "dès que je pourrai", "dès que nous pouvons",
        "dès que nous pourrons", "dès qu'on peut", "dès qu'on pourra", "dès que j'ai un moment",
        "dès que j'ai le temps", "dès que j'en sais plus", "dès que nous en savons plus", "dès que j'ai du nouveau",
        "dès que nous avons du nouveau", "quand je pourrai", "quand nous pourrons", "quand on pourra",
        "quand j'aurai le temps", "quand ce sera possible", "aussitôt que possible", "aussi vite que possible",
        "au plus vite", "le plus vite possible", "le plus rapidement possible", "au plus rapidement", "très vite",
        "au plus tôt", "le plus tôt possible", "prochainement", "un jour", "un de ces jours", "un jour ou l'autre",
        "d'un jour à l'autre", "d'un moment à l'autre", "tôt ou tard", "dans les meilleurs délais",
        "dans les plus brefs délais", "dans de brefs délais", "sous peu", "d'ici peu", "rapidement", "promptement",
        "sans tarder", "ne va pas tarder", "ne devrait pas tarder", "ne devraient pas tarder", "ne tardera pas",
        "tout à l'heure", "plus tard", "reporté à plus tard", "remis à plus tard", "remettre à plus tard",
        "dans quelque temps", "d'ici quelque temps", "dans un certain temps", "dans un moment", "dans un petit moment",
        "dans pas longtemps", "dans quelques heures", "dans quelques jours", "dans quelques semaines",
        "dans quelques mois", "d'ici quelques heures", "d'ici quelques jours", "d'ici quelques semaines",
        "sous quelques jours", "dans les prochaines heures", "dans les prochains jours", "dans les prochaines semaines",
        "dans les jours à venir", "dans les jours qui viennent", "dans les semaines à venir", "ces prochains jours",
        "dans un avenir proche", "dans un futur proche", "en temps voulu", "en temps utile", "le moment venu",
        "ultérieurement", "à l'occasion", "incessamment",
    ),
    "en": (
        "soon", "as soon as possible", "as soon as it's possible", "as soon as it is possible", "soon as possible",
        "as soon as I can", "as soon as we can", "as soon as I'm able", "as soon as we are able",
        "as soon as I have time", "as soon as I get a chance", "as soon as I know more", "as soon as we know more",
        "as soon as I have news", "as soon as we have news", "as soon as I have an update",
        "as soon as we have an update", "asap", "a.s.a.p.", "as quickly as possible", "as quickly as I can",
        "as quickly as we can", "as fast as possible", "as fast as I can", "as fast as we can", "very quickly",
        "back to you quickly", "promptly", "one day", "some day", "someday", "one of these days", "any day now",
        "any time now", "anytime now", "any minute now", "shortly", "momentarily", "at some point", "at some stage",
        "in a while", "in a little while", "in a bit", "in a little bit", "in a moment", "in a few hours",
        "in a few days", "in a few weeks", "in a few months", "within a few hours", "within a few days",
        "within a few weeks", "in the next few hours", "in the next few days", "in the next few weeks",
        "within the next few days", "over the next few days", "in the coming hours", "in the coming days",
        "in the coming weeks", "over the coming days", "in the near future", "in due course", "in due time",
        "in good time", "eventually", "later", "sooner or later", "some time", "sometime", "before long",
        "before too long", "without delay", "without further delay", "won't be long", "won't take long",
        "shouldn't take long", "at the earliest opportunity", "at our earliest convenience", "when I get a chance",
        "when we get a chance", "when I have time", "when I have a moment", "when I can", "when we can",
        "when possible",
    ),
}  # fmt: skip

# Folded, with "#" for a word that begins with a digit ("18h", "2"); `variants` says what "|", "_" and "-" mean.
_DAYS = "lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche"
_DAYS_EN = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_PARTS = "matin|midi|soir|apres_midi|aujourd_hui|demain"
_UNITS = "minute|minutes|heure|heures|jour|jours|semaine|semaines|mois|an|ans"
_UNITS_EN = "minute|minutes|hour|hours|day|days|week|weeks|month|months|year|years"
_DONE = "avez|avoir|ayez|a_ete|ont_ete -|bien repondu|reagi|agi|rappele|signale|prevenu|resolu|regle"
BOUNDS = variants(  # what says by when, behind a vague word in the same sentence
    "au_plus_tard|pas_plus_tard_que", "no|not later_than", "at_the latest|very_latest",
    f"avant|d_ici|d_ici_a|pour -|le|ce {_DAYS}|#|demain|midi|minuit",
    "avant|d_ici|d_ici_a|a la_fin_de la_journee|la_matinee|la_semaine", "avant ce_soir",
    f"by|before -|this|next {_DAYS_EN}|#|tomorrow|noon|midnight|tonight",
    "by|before the_end|end of_the|of day|business_day|week",
)  # fmt: skip
NOT_VAGUE = variants(
    # goodbyes and good wishes
    "a -|tres|tout bientot", "a plus_tard|tout_a_l_heure", "bye -|bye later",
    "see|talk|speak|chat|catch|write -|to|with you|u|ya -|all|again|very|real soon|later",
    "talk|speak|chat -|again|very|more soon|later", "hear|hearing from|back_from you -|very soon",
    "get|feel well|better soon",
    # with its date or its bound
    f"plus_tard|tout_a_l_heure|bientot -|ce|cet {_DAYS}|{_PARTS}",
    "plus_tard|tout_a_l_heure|bientot vers|a|avant|entre|des|a_partir_de|au_plus_tard_a #",
    "plus_tard que", "pas|au|ni plus_tard", "plus_tard dans la journee|matinee|soiree|semaine",
    f"#|une|un|deux|trois|quatre|cinq {_UNITS} plus_tard", f"au_plus_tot -|le|ce {_DAYS}|#|demain|a|dans",
    f"{_DAYS}|demain|#|matin|soir|midi au_plus_tot",
    "no|not later", "later than", "or later", "# and later", "later at|by|around #", "later today|tonight",
    "later -|on this|in_the morning|afternoon|evening|week|day", "later on today|tonight",
    f"#|a|an|one|two|three|four|five {_UNITS_EN} later",
    f"soon on|by|- {_DAYS_EN}|tomorrow|today|tonight", "soon by|at|around|before #",
    "at_some_point today|tomorrow|before",
    # "un jour", "one day" that count
    "dure|durent|durera|prend|prendra|prennent|faut|faudra|compter|comptez|pendant|sous|dans|en|pour|avant un_jour",
    "apres|seul|d|reste_qu|que|il_y_a|encore|environ|chaque|deja|perdu|reste|avez|ajouter|gagner|presque un_jour",
    "choisir|choisissez|choisi|proposer|proposez|indiquer|indiquez|fixer|fixez|donnez|preferez un_jour",
    "forfait|pass|billet|ticket|acces|option|recharge|formule|delai|livraison un_jour",
    "un_jour ouvre|ouvrable|ferie|de|par|avant|apres|precis|donne|complet|entier|franc|calendaire|seulement|gratuit|d",
    "un_jour sur deux|trois|#", "un_jour ou deux|vous", "un_jour et|en|plus|trop demi|moins|semaine|tot|tard",
    "un_jour a_l_avance|supplementaire|pres|maximum|max|qui_vous",
    "in|within|for|takes|take|took|lasts|last|lasted|after|than|every|only|just|least|about|of|next|under one_day",
    "one_day pass|delivery|shipping|ticket|trial|trip|plan|off|per|of|before|after|earlier|late|later|notice|only",
    "one_day a_week|a_month|a_year|at_a_time|in_advance|out_of|or_two|maximum|max|free|warranty|extra|return",
    # what compares, asks, tells of the past, or tells her how to do something
    "fait|fera|depuis|voila bientot #|un|une|deux|trois|quatre|cinq|six|dix", "trop|plus|moins rapidement",
    "clignote|clignotent|clignoter|redemarrez|appuyez|cliquez|tapez|debranchez|rebranchez|retapez rapidement|tres_vite",
    "verifiez|repondez|baisse|descend|augmente|evolue|charge|chauffe|coupe|coupent|decharge rapidement|tres_vite",
    f"{_DONE} -|si|aussi|tres rapidement", f"{_DONE} tres_vite",
    "avez|avoir|ayez rapidement|promptement repondu|reagi|agi|rappele|signale|prevenu", "rapidement deux|trois|# fois",
    "disais|disait|dit|vu|vue|parle|de|evoque|appele|comme|depuis tout_a_l_heure", "dans_un_moment|sous_peu de",
    "a_l_occasion de|d|du|des|en|pour", "changer_d_avis plus_tard",
    "pouvez|pourrez -|aussi|toujours le_faire|le_changer|la_changer|les_changer|le_modifier|la_modifier plus_tard",
    "how|too|so|as soon", "soon as|after", "shortly before|after", "once|every in_a_while", "in_a moment|bit of",
    "replied|responded|answered|reply|respond|replying|responding -|so|very|to_us promptly|quickly",
    "reply|get|got|come|came back_to_us|back_to_me promptly|quickly",
    "blinks|blinking|blink|flashes|flashing|flash|press|drains|drop|drops very_quickly",
    "at_some point|stage last|yesterday|in_the_past", "some_time ago|slots|slot|zone|zones",
    "you_have|you_had|had|spent|spend|save|saved some_time", "sometime last|ago|yesterday",
    "did_you|did_it|was|were eventually", "a|the later slot|appointment|delivery|train",
    "later version|versions|model|models",
    "you can|may|could -|always|still|also change|edit|add|remove|cancel|undo|do -|it|them|this|that later",
    "tell_me|let_me_know|let_us_know|ask|asked when i|we can",
    "when i|we can call|reach|come|visit|expect|start|contact|ring|pick|send|deliver|book|meet|phone|help",
)  # fmt: skip
