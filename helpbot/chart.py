"""The picture of a team's week: figures → PNG.

Rule: only phrases of ours without accents are drawn, because the letters that ship with the library are those of ASCII
and everything else would be a row of boxes. It stands on light ground of its own, so that it reads the same where the
client is dark, and is drawn for a phone that shows it at a third of its size.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from zoneinfo import ZoneInfo

from PIL import Image, ImageDraw, ImageFont

from helpbot.core.figures import Day
from helpbot.core.phrases import say
from helpbot.core.told import lasting

WIDTH, HEIGHT = 1000, 1260
_FINE = 2  # drawn so much larger, and shrunk, for smooth edges
_LEFT, _RIGHT, _EDGE = 150, 960, 40
_BARS = (170, 540)  # top and bottom of the bars
_DOTS = (830, 1170)
_LARGE, _MIDDLE, _SMALL, _TINY = 42, 32, 29, 24

_GROUND, _INK, _FAINT, _LINE = "#fafaf7", "#30343b", "#6b717c", "#e1e3e6"
_ASKED, _ALONE, _PERSON = "#cfdff3", "#3d9d8c", "#ee9b4e"
_MISSED, _TARGET = "#d9593d", "#7357b5"

_TICKS = (1, 5, 20, 60, 300, 1200, 3600, 14400, 43200, 86400, 604800, 2592000)  # seconds


@dataclass(frozen=True, slots=True)
class _Pen:
    """Draws in the picture's own measure."""

    draw: ImageDraw.ImageDraw

    def box(self, left: float, top: float, right: float, bottom: float, colour: str) -> None:
        corners = [left * _FINE, top * _FINE, right * _FINE, bottom * _FINE]
        self.draw.rounded_rectangle(corners, 3 * _FINE if bottom - top > 6 else 0, fill=colour)

    def dot(self, x: float, y: float, size: float, colour: str, *, filled: bool) -> None:
        corners = [(x - size) * _FINE, (y - size) * _FINE, (x + size) * _FINE, (y + size) * _FINE]
        self.draw.ellipse(corners, fill=colour if filled else _GROUND, outline=colour, width=4 * _FINE)

    def rule(self, left: float, right: float, y: float, colour: str, *, dashed: bool = False) -> None:
        step = 22 if dashed else right - left
        start = left
        while start < right:
            end = min(start + (step * 0.6 if dashed else step), right)
            self.box(start, y - (1.5 if dashed else 0.75), end, y + (1.5 if dashed else 0.75), colour)
            start += step

    def text(self, x: float, y: float, text: str, size: int, *, colour: str = _INK, anchor: str = "lm") -> None:
        bold = _FINE * 0.6 if size == _LARGE else 0
        self.draw.text((x * _FINE, y * _FINE), text, colour, _font(size), anchor, stroke_width=bold)

    def length(self, text: str, size: int) -> float:
        return _font(size).getlength(text) / _FINE


def draw(days: Sequence[Day], target: timedelta, zone: ZoneInfo, language: str) -> bytes:
    """Return the picture: bars of each day's questions, and each first human word against the target."""
    image = Image.new("RGB", (WIDTH * _FINE, HEIGHT * _FINE), _GROUND)
    pen = _Pen(ImageDraw.Draw(image))
    _questions(pen, days, language)
    _first_words(pen, days, target, language)
    weekdays = say("report_weekdays", language).split()
    for number, day in enumerate(days):
        local = day.start.astimezone(zone)
        for y in (_BARS[1], _DOTS[1]):
            pen.text(
                _middle(number, days),
                y + 34,
                f"{weekdays[local.weekday()]} {local.day}",
                _SMALL,
                colour=_FAINT,
                anchor="mm",
            )
    out = io.BytesIO()
    shrunk = image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    shrunk = shrunk.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)  # a fifth of the bytes
    shrunk.save(out, "PNG", optimize=True)
    return out.getvalue()


# --- bars


def _questions(pen: _Pen, days: Sequence[Day], language: str) -> None:
    pen.text(_EDGE, 56, say("chart_questions", language), _LARGE)
    marks = (("chart_all", _ASKED), ("chart_alone", _ALONE), ("chart_escalated", _PERSON))
    x: float = _EDGE
    for name, colour in marks:
        pen.box(x, 100, x + 28, 128, colour)
        pen.text(x + 40, 114, say(name, language), _MIDDLE)
        x += 40 + pen.length(say(name, language), _MIDDLE) + 40
    top, bottom = _BARS
    most = max((max(day.questions, day.alone, day.escalated) for day in days), default=0)
    step = _step(most)
    upto = max(-(-most // step), 1) * step
    for value in range(0, upto + 1, step):
        y = bottom - (bottom - top - 40) * value / upto
        pen.rule(_LEFT - 10, _RIGHT, y, _LINE)
        pen.text(_LEFT - 22, y, str(value), _SMALL, colour=_FAINT, anchor="rm")
    scale = (bottom - top - 40) / upto
    for number, day in enumerate(days):
        _bars_of(pen, _middle(number, days), day, scale)


def _bars_of(pen: _Pen, x: float, day: Day, scale: float) -> None:
    bottom = _BARS[1]
    pen.box(x - 52, bottom - day.questions * scale, x + 52, bottom, _ASKED) if day.questions else None
    labels = bottom - day.questions * scale
    for left, count, colour in ((x - 46, day.alone, _ALONE), (x + 2, day.escalated, _PERSON)):
        if not count:
            continue
        top = bottom - count * scale
        pen.box(left, top, left + 44, bottom, colour)
        inside = bottom - top >= 38
        text = _short(count)
        size = _SMALL if pen.length(text, _SMALL) <= 40 else _TINY
        pen.text(left + 22, top + 19 if inside else top - 17, text, size, colour="#1d2025", anchor="mm")
        labels = min(labels, top if inside else top - 32)
    if day.questions:
        pen.text(x, labels - 20, str(day.questions), _MIDDLE, anchor="mm")


def _short(count: int) -> str:
    return str(count) if count < 1000 else f"{count / 1000:.1f}k" if count < 9950 else f"{round(count / 1000)}k"


def _step(most: int) -> int:
    """Return a round number of which four at most reach that far."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if step * factor * 4 >= most:
                return step * factor
        step *= 10


# --- dots


def _first_words(pen: _Pen, days: Sequence[Day], target: timedelta, language: str) -> None:
    pen.text(_EDGE, 672, say("chart_first_word", language), _LARGE)
    x: float = _EDGE
    for name, colour, filled in (("chart_met", _ALONE, True), ("chart_missed", _MISSED, False)):
        pen.dot(x + 14, 730, 12, colour, filled=filled)
        pen.text(x + 40, 730, say(name, language), _MIDDLE)
        x += 40 + pen.length(say(name, language), _MIDDLE) + 40
    aim = target.total_seconds()
    longest = max([aim * 2, *(word.total_seconds() for day in days for word in day.first_words)])
    ticks = [tick for number, tick in enumerate(_TICKS) if number < 4 or _TICKS[number - 1] < longest]
    for tick in ticks:
        y = _height(tick, ticks[-1])
        pen.rule(_LEFT - 10, _RIGHT, y, _LINE)
        pen.text(_LEFT - 22, y, lasting(timedelta(seconds=tick), language), _SMALL, colour=_FAINT, anchor="rm")
    y = _height(aim, ticks[-1])
    pen.rule(_LEFT - 10, _RIGHT, y, _TARGET, dashed=True)
    label = say("chart_target", language, target=lasting(target, language))
    if not any(day.first_words for day in days):
        pen.text(
            (_LEFT + _RIGHT) / 2,
            (_DOTS[0] + _DOTS[1]) / 2,
            say("chart_nothing", language),
            _MIDDLE,
            colour=_FAINT,
            anchor="mm",
        )
    for number, day in enumerate(days):
        _dots_of(pen, _middle(number, days), day, aim, ticks[-1])
    start = _RIGHT - pen.length(label, _MIDDLE)
    pen.rule(start - 84, start - 16, 730, _TARGET, dashed=True)
    pen.text(_RIGHT, 730, label, _MIDDLE, colour=_TARGET, anchor="rm")


def _dots_of(pen: _Pen, x: float, day: Day, aim: float, longest: float) -> None:
    """Draw a dot for each, in the order in which they were said."""
    count = len(day.first_words)
    size = 10 if count <= 12 else 7 if count <= 60 else 5
    for place, word in enumerate(day.first_words):
        seconds = word.total_seconds()
        at = x - 50 + 100 * (place + 0.5) / count
        met = seconds <= aim
        pen.dot(at, _height(seconds, longest), size, _ALONE if met else _MISSED, filled=met)


def _height(seconds: float, longest: float) -> float:
    """Return where a time stands between one second and the longest, on a scale of powers."""
    top, bottom = _DOTS
    return bottom - (bottom - top) * _power(seconds) / _power(longest)


def _power(seconds: float) -> float:
    return math.log(max(seconds, 1.0))


def _middle(number: int, days: Sequence[Day]) -> float:
    return _LEFT + (_RIGHT - _LEFT) * (number + 0.5) / len(days)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size * _FINE)
    assert isinstance(font, ImageFont.FreeTypeFont), "the wheels of Pillow can draw it at any size"  # noqa: S101
    return font
