"""What the shell makes of words before they are kept."""

from __future__ import annotations

from datetime import UTC, datetime

from helpbot.core.effects import Called, Content, Literal, Marked, Quoted, Say
from helpbot.core.model import Audience
from helpbot.desk import to_customer, uncalled


def test_nobody_is_called_in_words_to_a_customer() -> None:
    words: Content = (Marked("*a*"), Called("@sam:x.org", "Sam"), Quoted("Marie", "b"), Called("@alex:x.org", "Alex"))
    assert uncalled(words) == (Marked("*a*"), Literal("Sam"), Quoted("Marie", "b"), Literal("Alex"))


def test_what_is_kept_for_a_customer_calls_nobody() -> None:
    said = Say(Audience.CUSTOMER, (Literal("ask"), Called("@sam:x.org", "Sam")), receipt="$r")
    draft = to_customer("key", said, datetime(2026, 10, 21, tzinfo=UTC))
    assert draft.entry is not None
    line, content = draft.entry
    assert content == (Literal("ask"), Literal("Sam"))
    assert (line.text, draft.receipt) == ("ask\nSam", "$r")
