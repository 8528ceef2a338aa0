"""Words that promise and say no time, by language: what `agents.vague_words` is when the config does not say."""

from __future__ import annotations

VAGUE_WORDS = {
    "fr": (
        "bientôt", "dès que possible", "dès que je peux", "dès que nous pouvons", "au plus vite",
        "le plus vite possible", "au plus tôt", "prochainement", "un jour", "un de ces jours", "un jour ou l'autre",
        "dans les meilleurs délais", "dans les plus brefs délais", "sous peu", "d'ici peu", "rapidement",
        "tout à l'heure", "plus tard", "dans quelque temps", "dans un moment", "dans pas longtemps", "ultérieurement",
        "à l'occasion", "incessamment",
    ),
    "en": (
        "soon", "one day", "some day", "someday", "one of these days", "shortly", "as soon as possible",
        "as soon as I can", "as soon as we can", "asap", "at some point", "in a while", "in a bit", "in a moment",
        "eventually", "later", "some time", "sometime", "in due course", "any time now", "before long",
        "when I get a chance",
    ),
}  # fmt: skip
