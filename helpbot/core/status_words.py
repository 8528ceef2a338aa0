"""How customers ask for the state of their ticket, and what they put round it.

Rule: a question is known as a whole or not at all, because what carries more than the question is for people, and a
question about an order, a parcel or a fault is for the FAQ. All is folded.
`variants` says what "|", "_" and "-" mean.
"""

from __future__ import annotations

from helpbot.core.variants import variants

_MINE = "ma_demande|mon_ticket|mon_dossier|ma_requete|mon_probleme|mon_souci|notre_demande|la_demande|le_ticket"
_MY = "-|my|our|the|this -|support ticket|request"
_MY_OWN = "my|our|the|this ticket|request|case|issue|problem|question|enquiry|inquiry"
_QUEUE = "la_file|la_file_d_attente|la_queue|la_liste_d_attente"
_PEOPLE = "personnes|gens|monde|demandes|tickets|clients"

_ABOUT = {
    "fr": (
        f"de|sur|pour|concernant|a_propos_de|au_sujet_de|quant_a|avec|- {_MINE}",
        "du|au_sujet_du|a_propos_du|- ticket|dossier", "de_la|pour_la|sur_la|- demande|requete", "pour le_ticket",
    ),
    "en": tuple(f"on|about|with|for|regarding|concerning|of {my}" for my in (_MY, _MY_OWN)),
}  # fmt: skip

# Whole questions.
WHOLE = {
    "fr": variants(
        "etat", "-|est_ce_que|et|ca ca|sa avance", "ca donne quoi",
        f"que_se_passe_t_il|qu_est_ce_qui_se_passe|une_mise_a_jour avec|pour|sur|concernant {_MINE}",
        "ou ca|sa|c en_est", "ca|sa|c|il|elle|on|vous|tu en|en_en est|etes|es ou", "ou en est", f"ou en est {_MINE}",
        f"{_MINE} en_est ou", f"ou en est t|- il|elle {_MINE}", f"il|elle en_est ou {_MINE}",
        f"comment avance {_MINE}", f"-|est_ce_que {_MINE} avance -|bien|t_il|t_elle|il|elle",
        "ou est ma_demande|mon_ticket|mon_dossier",
        f"est_ce_que {_MINE} est|a_ete|a_bien_ete pris|prise en_charge|en_compte",
        f"{_MINE} est_il|est_elle|a_t_il_ete|a_t_elle_ete pris|prise en_charge|en_compte",
        f"est_ce_que {_MINE} est -|toujours|encore ouvert|ouverte|clos|close|en_cours",
        f"{_MINE} est_il|est_elle -|toujours|encore ouvert|ouverte|clos|close|en_cours",
        f"qui s_occupe|se_charge de {_MINE}|moi", f"qui traite|suit|a {_MINE}",
        f"-|est_ce_que quelqu_un s_occupe|s_occupe_t_il -|bien de {_MINE}|moi",
        f"avez_vous|vous_avez|quelqu_un_a|quelqu_un_a_t_il -|bien vu|lu|recu|traite|regarde {_MINE}",
        f"suivre|suivi_de|avancement_de|l_avancement_de|connaitre_l_avancement_de {_MINE}",
        "suivi|avancement du ticket",
        "quand|quand_est_ce_que|dans_combien_de_temps aurai_je|j_aurai|vais_je_avoir une_reponse|votre_reponse",
        "quand|quand_est_ce_que va|allez|vous_allez|comptez_vous|quelqu_un_va|on_va -|t_on|vous me_repondre",
        "quand me repondrez_vous|repondez_vous|repondra_t_on|repondra_quelqu_un",
        "quand est_ce_qu on|quelqu_un va|me me_repondre|repond", "-|le|la combientieme je_suis|suis_je",
        "je_suis|suis_je|j_en_suis -|le|la combientieme|combien_ieme", f"je_suis|suis_je combien dans {_QUEUE}",
        "-|est_ce_que suis_je|je_suis|vais_je_etre bientot pris|prise en_charge",
        "quand vais_je_etre|serai_je pris|prise en_charge", f"-|le|la combientieme je_suis|suis_je|- dans {_QUEUE}",
        f"je_suis|suis_je -|le|la combientieme dans {_QUEUE}",
        f"je_suis|suis_je a_quelle|en_quelle place|position dans|- {_QUEUE}|-",
        f"quelle|quel est ma_place|ma_position|mon_rang|mon_numero dans|- {_QUEUE}|-",
        f"-|quelle ma_place|ma_position dans {_QUEUE}",
        f"-|il_y_a|y_a|ya|y_a_t_il combien de|d {_PEOPLE} avant|devant moi",
        f"combien y_a_t_il|il_y_a|- de|d {_PEOPLE} avant|devant moi",
        f"combien de {_PEOPLE} y_a_t_il|il_y_a|sont|reste_t_il|il_reste avant|devant moi",
        "-|est_ce|c_est|est_ce_que_c_est|quand_est_ce|c_est_quand|quand_vient bientot|- mon_tour",
        "je viens|venais|reviens aux_nouvelles", f"je viens|venais|reviens aux_nouvelles pour|concernant|de {_MINE}",
    ) - {"mon tour"},
    "en": variants(
        "where are|do we|things -|at|stand|standing|now", "how far are|have you -|got|come|along",
        f"where is|s {_MY}", f"wheres {_MY}", f"where {_MY} is|stands", f"where are you|we with|on {_MY}",
        f"where are you|we with|on {_MY_OWN}", f"what about {_MY}", f"how far along|- is {_MY}",
        f"what the status of {_MY} is", f"what the status of {_MY_OWN} is", f"where does {_MY} stand",
        f"where does {_MY_OWN} stand",
        *(f"how|hows is|s|- {my} going|doing|coming_along|progressing" for my in (_MY, _MY_OWN)),
        *(f"how is|s it going|coming_along with {my}" for my in (_MY, _MY_OWN)),
        *(f"what|whats -|is|s happening|going_on|new with {my}" for my in (_MY, _MY_OWN)),
        *(f"{my} status -|update" for my in (_MY, _MY_OWN)), f"what|whats is|s|- {_MY} status",
        "track|follow my|the ticket|request",
        *(f"is anyone|anybody|someone|somebody working_on|looking_at|on {my}" for my in (_MY, _MY_OWN)),
        *(f"has|did anyone|anybody|someone|somebody looked_at|look_at|seen|read {my}" for my in (_MY, _MY_OWN)),
        *(f"who is|s|has handling|dealing_with|working_on|looking_after|got|- {my}" for my in (_MY, _MY_OWN)),
        *(f"is {my} -|still|already open|closed|pending|being_handled|in_progress" for my in (_MY, _MY_OWN)),
        *(f"have|did you seen|see|read|got|get|received|receive|looked_at|look_at {my}" for my in (_MY, _MY_OWN)),
        "when will|can|do|should i expect|get|have|receive|- an_answer|a_reply|a_response|hear_back|hear_from_you",
        "how long until|before someone|somebody|anyone|you answers|replies|answer|reply",
        "how long until|before i get|have an_answer|a_reply|a_response",
        "when i|you will|ll get|have|- an_answer|a_reply|a_response|answer|reply|get_back_to_me",
        "when will|is|are you|someone|somebody|anyone|anybody|- -|going_to answer|reply|respond|get_back me|to_me|-",
        "what|whats is|s|- my place|position|number in the_queue|line|queue", "what|whats is|s my place|position",
        "where am_i in the_queue|line|queue", "my place|position in the_queue|line|queue",
        "what number am_i -|in_the_queue|in_line",
        "how many -|people|tickets|customers|others|requests are|- -|there ahead_of|before|in_front_of me|mine|us",
        "am_i next", "is_it my_turn -|yet", "when is|is_it|will_it_be my_turn", "am i next in_line|in_the_queue",
    ),
}  # fmt: skip

# Questions that may go on with what they are about: "any news", "on my ticket".
NEWS = {
    "fr": variants(
        "-|le|mon|un statut", "-|l etat|avancement",
        "quel|c_est_quoi|connaitre|savoir est|- le_statut|l_etat|l_avancement|mon_statut",
        "-|y_a_t_il|il_y_a|y_a|ya|vous_avez|avez_vous|tu_as|as_tu|t_as du_nouveau", "quoi de_neuf|de_nouveau",
        "-|y_a_t_il|il_y_a|y_a|ya|vous_avez|avez_vous|tu_as|as_tu|t_as|auriez_vous|avoir|prendre des_nouvelles",
        "-|me_donner|donnez_moi|donner -|des|quelques nouvelles", "-|me|nous faire le|un point",
        "vous_avez|avez_vous -|bien|pu avance|avancer|progresse",
        "vous_avez|avez_vous|aviez|vous_aviez des_nouvelles", "vous_avez|avez_vous -|deja une_reponse",
        "qu en_est_il", "ou en_est_on|on_en_est|en_etes_vous|vous_en_etes|en_sommes_nous|en_es_tu",

        "vous|on en_etes|en_est ou",
    ) - {"nouvelles", "quelques nouvelles"},
    "en": variants(
        "-|the|a|my|current|latest|the_current|the_latest status -|update",
        "what|whats is|s|- the|- -|current|latest status|progress", "what the -|current status is|-",
        "-|been any|the_latest news|update|updates|progress|word", "an|the_latest|latest update", "anything new",
        "any news|update|updates|progress|word yet|today|so_far|for_me|for_us", "you any -|more news|update|updates",
        "heard anything", "where are we", "where we|things are|stand", "what is|s the_latest",
    ),
}  # fmt: skip
ABOUT = {
    "fr": variants("-", *_ABOUT["fr"], "de|du",
    "la_dessus|a_ce_sujet|pour_moi|aujourd_hui|de_votre_cote|depuis") - {"du"},
    "en": variants("-", *_ABOUT["en"], "on|about|of it|this|that|-", "from|on you|your_side|your_end",
    "yet|so_far|my_ticket|ticket"),
}  # fmt: skip
EITHER = frozenset({"status", "ticket status"})  # French says so too: the words round it tell

# What stands round a question and changes nothing of it; what asks nicely may stand anywhere.
PLEASE = variants("s_il vous|te plait", "svp|stp|please|pls|plz")
_THANKS = variants("merci -|bien|beaucoup|d_avance|a_vous", "thanks|thank_you|thx -|a_lot|so_much|very_much|in_advance")
BEFORE = {
    "fr": variants(
        "bonjour|bonsoir|salut|coucou|rebonjour|bjr|bsr|slt|re|allo", "a tous|toutes|vous",
        "madame|monsieur|messieurs",
        "alors|et|donc|du_coup|sinon|bon|dites|dis|euh|encore_moi|c_est_encore_moi|petite_question|juste|aussi|enfin",
        "excusez_moi|excuse_moi|pardon|desole|desolee|je_me_permets|ca_va|comment_ca_va|comment_allez_vous",
        "desole|desolee de vous|te deranger|relancer", "je_me_permets de vous_relancer|demander",
        "c_est pour savoir|avoir", "j_espere_que_vous_allez_bien",
        "je|j voudrais|voulais|aimerais|souhaite|souhaiterais|veux -|bien|juste savoir|avoir|connaitre|demander|-",
        "puis_je|pourrais_je|peut_on|est_ce_que_je_peux|est_il_possible_de savoir|avoir|connaitre|-",
        "pouvez|pourriez|peux|pourrais vous|tu",
        "pouvez|pourriez|peux|pourrais vous|tu me|m dire|indiquer|informer|donner",
        "est_ce_que|vous_pouvez -|me -|dire|donner",
        "savez_vous|sauriez_vous|tu_sais|dites_moi|dis_moi|si|donnez_moi|merci_de_me_dire|pour_savoir|avoir|connaitre",
    ) | variants(*_ABOUT["fr"]),
    "en": variants(
        "hello|hi|hey|hiya|greetings|dear -|there|all|team|again|everyone", "good morning|afternoon|evening|day",
        "morning|evening",
        "sir|madam|so|and|well|ok|okay|just|but|now|sorry|excuse_me|me_again|it_s_me_again|quick_question|re",
        "sorry to bother|disturb|chase -|you", "sorry for the_bother|bothering_you",
        "hope|i_hope you_are|all_is well|doing_well|ok",
        "can|could|would|will you -|just|kindly tell|give|let|send me|us -|know",
        "can|could|would you -|just check|see -|on|if", "can|could|may i|we -|just get|have|know|ask|see",
        "tell|give|let me -|know", "i|we would|d like|love -|to_know|to_get|to_have|to_ask|to_see",
        "i want|wanted|need -|to_know|to_get|to_have|to_ask|to_see", "what_about|there_is|there_are",
        "i_was|i_am|i_m|was|just|- -|just wondering|asking|checking|check|curious -|if|about|in|in_on|on|for",
        "do|would you know|have|happen_to_know", "have you|there|you_got|you_had|we|we_got", "has|is|are there",
        "do_we_have|got|how_are_you",
    ) | variants(*_ABOUT["en"]),
}  # fmt: skip
BEFORE = {language: (phrases | _THANKS) - {""} for language, phrases in BEFORE.items()}
AFTER = _THANKS | variants(
    "bonne|belle journee|soiree", "cordialement|bien_cordialement|cdt|bien_a_vous|alors|du_coup|exactement|au_revoir",
    "madame|monsieur|maintenant|actuellement|d_avance|bonjour|bonsoir|salut|hello", "kind|best|warm|many regards",
    "regards|cheers|best|at_the_moment|right_now|now|then|again|today|currently|sir|madam|guys|team",
    "have a nice|good|great day|evening", "if_you_don_t_mind|if_possible|at_all|by_any_chance|by_the_way",
)  # fmt: skip
NUMBER = frozenset({"numero", "n", "no", "num", "number", "nr", "ref", "reference"})  # which say nothing without it
NUMBERED = NUMBER | {"ticket", "demande", "dossier", "requete", "request", "case"}
