"""The extra that compares meanings: sentences that share no word, hostile text, and doing without it."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest

import helpbot
from helpbot.answers import semantic
from helpbot.answers.entries import Faq, FaqEntry
from helpbot.answers.prepare import keep, library_of, recall, work_out
from helpbot.answers.semantic import embedder, installed, mended, remembering
from helpbot.answers.vectors import Floats
from helpbot.core.model import Zone
from tests.answers.test_library import NOW, shipped

needs_model = pytest.mark.skipif(not installed(), reason="helpbot[semantic] is not installed")

FAQ = Faq(
    (
        FaqEntry(
            "lost", {"en": ("I lost my phone", "my mobile has disappeared", "I cannot find my handset")}, {"en": "a"}
        ),
        FaqEntry("bill", {"en": ("where is my invoice", "how much do I owe you", "show me the bill")}, {"en": "b"}),
        FaqEntry("slow", {"en": ("the internet is slow", "pages take ages to load", "low speed")}, {"en": "c"}),
        FaqEntry("move", {"en": ("I am moving house", "new address", "we relocate next month")}, {"en": "d"}),
    )
)


@needs_model
@pytest.mark.parametrize(
    ("question", "entry"),
    [
        ("someone walked off with the thing I call people with", "lost"),
        ("Mein Handy ist weg", "lost"),
        ("je n'arrive plus à mettre la main sur mon portable", "lost"),
        ("surfing the web feels like swimming in honey", "slow"),
    ],
)
def test_a_question_that_shares_no_word_finds_its_entry(question: str, entry: str) -> None:
    library = library_of(FAQ, work_out(FAQ, embedder()), ("en",), (0.05, 0.4), embedder())
    finding = library.find(question, None, NOW)
    assert finding.candidates[0].entry == entry
    assert all(0 <= candidate.confidence <= 1 for candidate in finding.candidates)
    assert finding == library.find(question, None, NOW)


@needs_model
@pytest.mark.parametrize(
    "text", ["", "  ", "\0", "\ud800", "👍🏽" * 500, "\ufdfa" * 60_000, "a" + "\u0301\u0323" * 30_000, "mot " * 15_000]
)
def test_any_text_has_a_meaning_of_length_one(text: str) -> None:
    (found,) = embedder()([text])
    assert np.isfinite(found).all()
    assert float(found @ found) == pytest.approx(1, abs=1e-3)


@needs_model
def test_what_was_kept_answers_the_same_with_meanings(tmp_path: Path) -> None:
    prepared = work_out(FAQ, embedder())
    assert prepared.calibration.kind == "few_semantic"
    assert keep(FAQ, prepared, tmp_path, semantic=True)
    assert recall(FAQ, tmp_path) is None
    again = recall(FAQ, tmp_path, semantic=True)
    assert again is not None
    first, second = (library_of(FAQ, one, ("en",), (0.05, 0.4), embedder()) for one in (prepared, again))
    for question in ("my phone is gone", "what do I have to pay", "who are you"):
        assert first.find(question, None, NOW) == second.find(question, None, NOW)


@needs_model
def test_what_has_nothing_to_do_with_the_faq_is_not_answered_with_meanings_either() -> None:
    faq = shipped().faq
    library = library_of(faq, work_out(faq, embedder()), ("fr", "en"), (0.05, 0.4), embedder())
    for question in ("quelle est la capitale du Pérou", "how do I bake a cake", "who won the match"):
        assert library.find(question, None, NOW).zone is not Zone.ANSWER
    assert library.find("g bloqué mon puk", None, NOW).candidates[0].entry == "puk-blocked"


@needs_model
def test_a_text_is_read_once() -> None:
    read: list[str] = []

    def embed(texts: object) -> Floats:
        read.extend(texts)  # type: ignore[arg-type]
        return np.ones((len(texts), 2), np.float32)  # type: ignore[arg-type]

    once = remembering(embed)
    assert once(["a", "b", "a"]).shape == (3, 2)
    assert once(["b", "c"]).shape == (2, 2)
    assert read == ["a", "b", "c"]


def test_misspelt_words_are_mended_before_their_meaning_is_taken() -> None:
    assert mended("Ma FACTRUE, svp", {"factrue": "facture"}) == "Ma facture svp"
    assert mended("rien à faire", {}) == "rien à faire"


def test_the_config_says_what_to_install(tmp_path: Path) -> None:
    """Run on an environment that has every package but the model."""
    without = tmp_path / "packages"
    without.mkdir()
    for path in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if not path.name.startswith((semantic.MODULE, "fast_universal")):
            (without / path.name).symlink_to(path)
    (tmp_path / "config.yaml").write_text("answers: {semantic: true}\n")
    code = f"import sys; sys.path += {[str(Path(helpbot.__file__).parents[1]), str(without)]!r}; "
    code += "sys.argv = ['helpbot', 'check']; from helpbot.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 1, done.stderr
    assert "pip install 'helpbot[semantic]'" in done.stdout
