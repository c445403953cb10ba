"""Quotes of real and made-up captions, changed as models change them, are found; quotes with another word are not."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oslira_analysis.domain.evidence.claims import ProfileQuotes
from oslira_analysis.domain.evidence.quote_form import (
    MIN_CONTENT,
    count_content,
    parts_between_ellipses,
    quote_form,
)
from oslira_analysis.domain.items.read_item import read_item

_MADE_UP = (
    "Cansado de perder tempo com planilhas? 🚀 Nós cuidamos do seu negócio — do primeiro clique à venda!",
    "Neue Öffnungszeiten ab Montag: 7–18 Uhr… frühmorgens gibt's Laugenbrezeln & Kaffee",
    "Наша пекарня открылась в Казани! Свежий хлеб каждое утро, без консервантов 🥖🥖",
    "新しいパン屋が 京都 に オープン しました 毎朝 焼きたて を どうぞ",
    "نحن مخبز صغير في دبي، نخبز الخبز الطازج كل صباح ونوصله إلى المقاهي",
)


def _captions() -> tuple[str, ...]:
    """Captions of real items if they are available, and synthetic ones in other scripts."""
    folder = Path(os.environ.get("OSLIRA_SAMPLE_PROFILES", "../shared/data/apify"))
    found: list[str] = []
    for path in sorted(folder.glob("[!_]*.json")):
        stored = json.loads(path.read_text(encoding="utf-8"))
        posts = read_item(stored[0] if isinstance(stored, list) else stored).posts
        found += [post.caption for post in posts if len(post.caption.split()) > 12]
    return (*found, *_MADE_UP)


CAPTIONS = _captions()
QUOTES = {
    caption: ProfileQuotes(read_item({"username": "a", "latestPosts": [{"caption": caption}]}))
    for caption in CAPTIONS
}
SEPARATORS = st.sampled_from(
    [
        " ",
        "\n",
        "\n\n• ",
        " – ",
        " - ",
        "—",
        ", ",
        " ** ",
        " 🚀 ",
        "\u200b ",
        "\u00a0",
        r"\n",
        ' "',
        "_ ",
        " | ",
    ]
)
QUOTE_MARKS = st.sampled_from(
    ["", '"{}"', "“{}”", "«{}»", "„{}“", "'{}'", "**{}**", "…{}…", "- {}", "[{}]", "{}."]
)
WORD_CHANGES = st.sampled_from([str, str.upper, str.lower, str.title, "**{}**".format, "{}\ufe0f".format])


@st.composite
def _spans(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A caption, and 4 to 20 words of it that say something."""
    caption = draw(st.sampled_from(CAPTIONS))
    words = caption.split()
    start = draw(st.integers(0, len(words) - 4))
    length = draw(st.integers(4, 20))
    return caption, words[start : start + length]


def _shows_something(words: list[str]) -> bool:
    return count_content(quote_form(" ".join(words))) >= MIN_CONTENT


_GENTLE = settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])


@_GENTLE
@given(_spans().filter(lambda span: _shows_something(span[1])), st.data())
def test_decorated_quotes_are_found(span: tuple[str, list[str]], data: st.DataObject) -> None:
    caption, words = span
    changes: list[Callable[[str], str]] = [data.draw(WORD_CHANGES) for _ in words]
    quote = ""
    for word, change in zip(words, changes, strict=True):
        quote += (data.draw(SEPARATORS) if quote else "") + change(word)
    marks = data.draw(QUOTE_MARKS)
    assert QUOTES[caption].find(marks.format(quote) if marks else quote) == "post:1"


@_GENTLE
@given(
    _spans().filter(lambda span: len(span[1]) > 8),
    st.integers(2, 4),
    st.sampled_from(["…", "...", "[...]", "(…)", " . . . "]),
)
def test_quotes_with_an_ellipsis_are_found(span: tuple[str, list[str]], left_out: int, ellipsis: str) -> None:
    caption, words = span
    first, last = words[:3], words[3 + left_out :]
    quote = f"{' '.join(first)} {ellipsis} {' '.join(last)}"
    parts = parts_between_ellipses(quote)  # a caption may contain an ellipsis of its own
    if len(parts) in {2, 3} and all(map(count_content, parts)) and _shows_something([*first, *last]):
        assert QUOTES[caption].find(quote) == "post:1"


@_GENTLE
@given(_spans(), st.data())
def test_a_quote_with_another_word_is_not_found(span: tuple[str, list[str]], data: st.DataObject) -> None:
    caption, words = span
    changed = list(words)
    changed[data.draw(st.integers(0, len(words) - 1))] = "zqxunrelated"
    assert QUOTES[caption].find(" ".join(changed)) is None


@given(st.text(max_size=200), st.sampled_from(CAPTIONS))
def test_any_text_is_looked_up_without_an_error(text: str, caption: str) -> None:
    form = quote_form(text)
    assert form == quote_form(form)
    assert QUOTES[caption].find(text) is None or count_content(form) >= MIN_CONTENT


def test_a_quote_of_another_profile_is_not_found() -> None:
    for caption in CAPTIONS:
        others: list[Any] = [quotes for text, quotes in QUOTES.items() if text != caption]
        longest = max(caption.splitlines(), key=len)
        assert sum(quotes.find(longest) is not None for quotes in others) <= sum(
            quote_form(longest) in quote_form(text) for text in CAPTIONS
        )


def test_what_is_remembered_of_characters_is_bounded_and_changes_nothing() -> None:
    every = "".join(map(chr, (*range(0x4E00, 0x9FFF), *range(0xAC00, 0xD7A3))))
    assert quote_form(every) == quote_form(every) == f" {' '.join(every)} "
    assert quote_form("Ünïcode – Ｔｅｘｔ") == " unicode text "
