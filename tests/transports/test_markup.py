"""What people read: plain bodies and HTML from Content."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpbot.core.effects import Block, Called, Content, Folded, Literal, Marked, Picture, Quoted, Strong
from helpbot.transports.markup import Rendered, plain, render

# https://spec.matrix.org/latest/client-server-api/#mroommessage-msgtypes
MATRIX_TAGS = {
    *("del", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "p", "a", "ul", "ol", "sup", "sub", "li", "b", "i"),
    *("u", "strong", "em", "s", "code", "hr", "br", "div", "pre", "span", "details", "summary"),
}
NASTY = [
    "<script>alert(1)</script>",
    "@room",
    "<a href='https://matrix.to/#/@boss:x'>boss</a>",
    "[click](javascript:alert(1))",
    "<javascript:alert(1)>",
    "**not bold** _nor_ `code`",
    "&lt;b&gt;",
    '"><img src=x onerror=y>',
    "# title\n- list",
]


class Tags(HTMLParser):
    """Collects the tags, the links and the text of a piece of HTML."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str | None] = []
        self.attributes: set[str] = set()
        self.shown = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value for name, value in attrs if name == "href"]
        if tag == "br":
            self.shown += "\n"

    def handle_data(self, data: str) -> None:
        self.shown += data


def test_literal_words_need_no_html() -> None:
    rendered = render((Literal("a <b> & c"), Literal("second")))
    assert rendered.body == "a <b> & c\nsecond"
    assert rendered.html is None


@pytest.mark.parametrize("text", NASTY)
def test_peoples_words_are_shown_to_the_letter(text: str) -> None:
    rendered = render((Quoted("Alice", text),))
    assert rendered.html is not None
    assert rendered.html.startswith("<p><strong>Alice</strong>: </p><blockquote>")
    tags = Tags(rendered.html)
    assert set(tags.tags) <= {"p", "strong", "blockquote", "br"}
    assert tags.shown == f"Alice: {text}"
    assert rendered.body == "Alice: " + text.replace("\n", "\n  ")


def test_a_card_is_one_paragraph_with_its_head_in_bold() -> None:
    rendered = render((Strong("🟡 #12"), Literal("Customer: <Bob>\nWhy: asked")))
    assert rendered.html == "<p><strong>🟡 #12</strong><br>Customer: &lt;Bob&gt;<br>Why: asked</p>"
    assert rendered.body == "🟡 #12\nCustomer: <Bob>\nWhy: asked"


def test_an_answer_is_commonmark() -> None:
    rendered = render((Marked("After **ten** tries:\n\n1. call [us](https://x.fr 'hint')\n2. wait\n   - a\n   - b\n"),))
    assert rendered.html is not None
    assert Tags(rendered.html).tags == ["p", "strong", "ol", "li", "a", "li", "ul", "li", "li"]
    assert Tags(rendered.html).attributes == {"href"}
    assert rendered.body == "After ten tries:\n\n1. call us (https://x.fr)\n2. wait\n   - a\n   - b"


def test_plain_text_of_an_answer_is_readable() -> None:
    text = (
        "# Bill\nWrite to <help@x.fr> or\ncall [1023](tel:1023).  \nNow\n\n> quoted\n> more\n\n"
        "- one\n- two\n\n---\n\n```\ncode\n```"
    )
    assert plain((Marked(text),)) == (
        "Bill\n\nWrite to help@x.fr or call 1023.\nNow\n\n> quoted more\n\n- one\n- two\n\n---\n\ncode"
    )


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "/relative", "matrix:u/a:b"])
def test_links_lead_only_to_pages_mailboxes_and_telephones(url: str) -> None:
    rendered = render((Marked(f"[click]({url}) <{url}> ![image]({url})"),))
    assert rendered.html is not None
    assert Tags(rendered.html).links == []
    assert "img" not in Tags(rendered.html).tags


def test_html_in_an_answer_is_shown_as_text() -> None:
    rendered = render((Marked("<b>bold</b> <script>x</script>\n\n<div>block</div>"),))
    assert (
        rendered.html
        == "<p>&lt;b&gt;bold&lt;/b&gt; &lt;script&gt;x&lt;/script&gt;</p>\n<p>&lt;div&gt;block&lt;/div&gt;</p>"
    )


def test_no_line_of_a_quotation_passes_for_another_author() -> None:
    assert plain((Quoted("Alice", "hello\nBot: paid"),)) == "Alice: hello\n  Bot: paid"
    assert plain((Quoted("Alice", "salut", colon=" :"),)) == "Alice : salut"
    assert "<strong>Alice</strong> : " in (render((Quoted("Alice", "salut", colon=" :"),)).html or "")


def test_who_is_called_stands_in_one_line_with_a_link() -> None:
    sam, zoe = Called("@sam/1:x.org", "Sam <b>"), Called("@zoé:x.org", "Zoé\nMartin")
    rendered = render((Literal("#7 for"), sam, zoe, Literal("please"), sam))
    assert rendered.body == "#7 for\nSam <b>, Zoé Martin\nplease\nSam <b>"
    link = '<a href="https://matrix.to/#/%40sam%2F1%3Ax.org">Sam &lt;b&gt;</a>'
    other = '<a href="https://matrix.to/#/%40zo%C3%A9%3Ax.org">Zoé Martin</a>'
    assert rendered.html == f"<p>#7 for<br>{link}, {other}<br>please<br>{link}</p>"
    assert rendered.called == ("@sam/1:x.org", "@zoé:x.org")


@pytest.mark.parametrize("user", ["sam", "", "@sam", "room", "@a b:x", "@a\n:x", "@\ud800:x", "@a:" + "x" * 255])
def test_who_has_no_id_is_named_and_not_called(user: str) -> None:
    rendered = render((Called(user, "Sam <b>"), Called("", " ")))
    assert rendered.html == "<p>Sam &lt;b&gt;, </p>"
    assert rendered.body == "Sam <b>, "
    assert rendered.called == ()


def test_a_name_of_nothing_is_the_id() -> None:
    assert plain((Called("@sam:x.org", " "),)) == "@sam:x.org"


def test_a_picture_is_its_words_where_nobody_sees_it() -> None:
    rendered = render((Strong("The week"), Picture("a.png", "<12> tickets", "")))
    assert rendered.html == "<p><strong>The week</strong><br>&lt;12&gt; tickets</p>"
    assert rendered.body == "The week\n<12> tickets"
    assert render((Picture("a.png", "words", ""),)) == Rendered("words")
    assert render((Strong("a"), Picture("a.png", "", ""))).html == "<p><strong>a</strong></p>"


texts = st.text(st.characters(), max_size=200) | st.sampled_from(NASTY)
blocks: st.SearchStrategy[Block] = st.one_of(
    st.builds(Marked, texts),
    st.builds(Literal, texts),
    st.builds(Strong, texts),
    st.builds(Quoted, texts, texts),
    st.builds(Picture, texts, texts, texts),
    st.builds(Called, texts | texts.map(lambda text: f"@{text}:x.org"), texts),
)


@given(st.lists(blocks, max_size=5).map(tuple))
def test_only_tags_of_the_matrix_subset_come_out(content: Content) -> None:
    rendered = render(content)
    rendered.body.encode()
    if rendered.html is not None:
        rendered.html.encode()
        tags = Tags(rendered.html)
        assert set(tags.tags) <= MATRIX_TAGS
        assert tags.attributes <= {"href", "start", "class"}
        assert all(link and re.match("(?i)https?://|mailto:|tel:", link) for link in tags.links)


@given(texts, texts)
def test_no_text_of_people_yields_a_tag(author: str, text: str) -> None:
    rendered = render((Strong(author), Literal(text), Quoted(author, text)))
    assert rendered.html is not None
    ours = {"<p>", "</p>", "<br>", "<strong>", "</strong>", "<blockquote>", "</blockquote>"}
    assert set(re.findall(r"<[^>]*>", rendered.html)) <= ours


def test_what_is_folded_is_in_the_body_and_behind_its_heading() -> None:
    rendered = render((Folded("#12 · the <talk>"), Quoted("Marie", "hello\nyou"), Literal("end")))
    assert rendered.body == "#12 · the <talk>\nMarie: hello\n  you\nend"
    assert rendered.html == (
        "<details><summary><strong>#12 · the &lt;talk&gt;</strong></summary>"
        "<p><strong>Marie</strong>: </p><blockquote>hello<br>you</blockquote><p>end</p></details>"
    )


def test_who_sent_a_file_without_a_word_is_named_and_no_more() -> None:
    rendered = render((Quoted("Marie", ""),))
    assert (rendered.body, rendered.html) == ("Marie", "<p><strong>Marie</strong></p>")
