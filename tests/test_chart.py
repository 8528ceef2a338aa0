"""The picture of a week: that it is one, that it shows what it should, and only letters that the font has."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from helpbot.chart import HEIGHT, WIDTH, draw
from helpbot.core.figures import Day
from helpbot.core.phrases import say
from helpbot.core.phrases_report import REPORT
from helpbot.core.told import lasting

MONDAY = datetime(2025, 10, 20, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")
TARGET = timedelta(seconds=20)


def week(*counts: tuple[int, int, int], words: Sequence[float] = ()) -> list[Day]:
    days = [*counts, *[(0, 0, 0)] * (7 - len(counts))]
    spans = tuple(timedelta(seconds=word) for word in words)
    return [Day(MONDAY + timedelta(days=number), *day, spans) for number, day in enumerate(days)]


def colours(png: bytes) -> dict[tuple[int, ...], int]:
    image = Image.open(io.BytesIO(png))
    assert (image.format, image.size) == ("PNG", (WIDTH, HEIGHT))
    found = image.convert("RGB").getcolors(1 << 20)
    assert found is not None
    return {colour: count for count, colour in found if isinstance(colour, tuple)}


def area(png: bytes, colour: tuple[int, int, int]) -> int:
    """Return how much of the picture is of about that colour."""
    near = (
        count for one, count in colours(png).items() if max(abs(a - b) for a, b in zip(one, colour, strict=True)) < 9
    )
    return sum(near)


ASKED, ALONE, PERSON, MISSED = (0xCF, 0xDF, 0xF3), (0x3D, 0x9D, 0x8C), (0xEE, 0x9B, 0x4E), (0xD9, 0x59, 0x3D)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_each_bar_and_dot_is_in_its_colour(language: str) -> None:
    empty = draw(week(), TARGET, PARIS, language)
    for days, colour in (
        (week((40, 0, 0)), ASKED),
        (week((0, 40, 0)), ALONE),
        (week((0, 0, 40)), PERSON),
        (week(words=[5, 10, 19, 20]), ALONE),
        (week(words=[21, 60, 3600]), MISSED),
    ):
        assert area(draw(days, TARGET, PARIS, language), colour) > area(empty, colour) + 500, colour


def test_twice_as_many_are_twice_as_high() -> None:
    empty = area(draw(week(), TARGET, PARIS, "en"), PERSON)
    one, two = (area(draw(week((0, 0, count), (0, 0, 80)), TARGET, PARIS, "en"), PERSON) - empty for count in (20, 40))
    whole = area(draw(week((0, 0, 80), (0, 0, 80)), TARGET, PARIS, "en"), PERSON) - empty
    assert two - one == pytest.approx((whole - two) / 2, rel=0.1)


def test_it_stands_on_light_ground_of_its_own() -> None:
    image = Image.open(io.BytesIO(draw(week((3, 1, 1)), TARGET, PARIS, "fr")))
    assert "transparency" not in image.info
    assert min(image.convert("RGB").getpixel((5, 5))) > 240  # type: ignore[arg-type]  # three bands


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(*[st.integers(0, 10**6)] * 3), max_size=7),
    st.lists(st.floats(0, 1e8), max_size=40),
    st.sampled_from([1, 20, 86400 * 30]),
)
def test_any_week_can_be_drawn(counts: list[tuple[int, int, int]], words: list[float], target: int) -> None:
    assert len(draw(week(*counts, words=words), timedelta(seconds=target), PARIS, "fr")) < 200_000


def test_only_letters_that_the_font_has_are_drawn() -> None:
    drawn = [text for name, texts in REPORT.items() if name.startswith("chart_") for text in texts.values()]
    drawn += [say("report_weekdays", language) for language in ("en", "fr")]
    drawn += [lasting(timedelta(seconds=10**n), language) for n in range(9) for language in ("en", "fr")]
    assert [text for text in drawn if not text.isascii()] == []
