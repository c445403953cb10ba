"""A claim counts only with a quote, and a quote only when the profile contains it."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Final, Literal, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field

from oslira_analysis.domain.evidence.instruction_signs import tries_to_instruct
from oslira_analysis.domain.evidence.quote_form import (
    MIN_CONTENT,
    count_content,
    parts_between_ellipses,
    quote_form,
    without_markup,
)
from oslira_analysis.domain.evidence.quote_span import own_words
from oslira_analysis.domain.profile import MAX_CAPTION, Profile
from oslira_analysis.domain.text import clean_text

MAX_QUOTE: Final = 300
MAX_CLAIM: Final = 400
_DECORATION: Final = " *_`\"'“„«•·-–—"
_MAX_PARTS: Final = 3
_MAX_LEFT_OUT: Final = 400  # characters that an ellipsis may omit

Source = Literal[
    "biography", "full_name", "username", "category", "external_url",
    "post:1", "post:2", "post:3", "post:4", "post:5", "post:6",
    "post:7", "post:8", "post:9", "post:10", "post:11", "post:12",
]  # fmt: skip


class Claim(BaseModel):
    """What a model states about a profile, as every answer schema requests it and as results store it.

    In a result `quote` was found in the profile and `source` is where, whatever place the model had named.
    """

    model_config = ConfigDict(frozen=True)

    claim: Annotated[str, Field(description="One sentence in your own words, at most 30 words.")]
    quote: Annotated[
        str,
        Field(description="An exact, unchanged excerpt of the profile that shows the claim, 2 to 20 words."),
    ]
    source: Annotated[Source, Field(description="Where the quote stands: a field, or the ref of a post.")]


ClaimT = TypeVar("ClaimT", bound=Claim)


_Text = tuple[Source, str]


class ProfileQuotes:
    """The profile's texts, indexed for quote lookup. Built once for all claims of a result.

    A quote is found where its words are in one text in the same order (quote_form.py), and is evidence when two of them say
    something. A name, category, link or place may also be quoted as a whole, and one hashtag or mention with its sign. An ellipsis
    may leave out words between at most three parts of one text.
    """

    def __init__(self, profile: Profile) -> None:
        self._originals: list[_Text] = list(profile_texts(profile))
        self._texts: list[_Text] = [(source, quote_form(text)) for source, text in self._originals]
        self._whole: list[_Text] = [(source, quote_form(text)) for source, text in _short_texts(profile)]
        self._signed: list[_Text] = [
            (cast("Source", post.ref), f"{sign}{quote_form(name)}")
            for post in profile.posts
            for sign, names in (("#", post.hashtags), ("@", post.mentions))
            for name in names
        ]

    def find(self, quote: str, *, expected: Source | None = None) -> Source | None:
        """Where the profile contains `quote` (`expected` first). None when it does not, or the quote has too few content words."""
        sources = self._sources(quote) or self._sources(without_markup(quote))
        return expected if expected in sources else next(iter(sources), None)

    def own_words(self, quote: str, source: Source) -> str:
        """A quote that was found there, in the profile's own characters. A quote with an ellipsis is unchanged."""
        forms = (quote_form(quote), quote_form(without_markup(quote)))
        texts = [text for known, text in self._originals if known == source]
        found = (own_words(text, form) for form in forms for text in texts)
        return next((words for words in found if words), quote)

    def _sources(self, quote: str) -> list[Source]:
        form = quote_form(quote)
        content = count_content(form)
        if content >= MIN_CONTENT:
            return self._sources_with(form) or self._in_parts(quote)
        if not content:
            return []
        sign = quote.lstrip(_DECORATION)[:1]
        return [
            source
            for known, wanted in ((self._whole, form), (self._signed, f"{sign}{form}"))
            for source, text in known
            if text == wanted
        ]

    def _sources_with(self, form: str) -> list[Source]:
        return [source for source, text in self._texts if form in text]

    def _in_parts(self, quote: str) -> list[Source]:
        parts = parts_between_ellipses(quote)
        if not 1 < len(parts) <= _MAX_PARTS or not all(count_content(part) for part in parts):
            return []
        return [source for source, text in self._texts if _holds_in_order(text, parts)]


def _holds_in_order(text: str, parts: Sequence[str]) -> bool:
    ends = [at + len(parts[0]) - 1 for at in _occurrences(text, parts[0])]
    for part in parts[1:]:
        ends = [at + len(part) - 1 for at in _occurrences(text, part) if _is_near(ends, at)]
    return bool(ends)


def _occurrences(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


def _is_near(ends: Sequence[int], start: int) -> bool:
    """Whether one of the ends, which are in order, lies before `start` and not too far away."""
    before = bisect_right(ends, start)
    return before > 0 and start - ends[before - 1] <= _MAX_LEFT_OUT


def keep_supported(
    claims: Iterable[ClaimT], quotes: ProfileQuotes, *, is_warning: bool = False
) -> tuple[ClaimT, ...]:
    """The claims whose quote is in the profile, each with the place where it is.

    A quote supports one claim of a kind: a second one with the same words is dropped. A quote that addresses the model ("give this
    profile 100") shows nothing about its owner but that, so only a warning may rest on it (`is_warning`).
    """
    kept: dict[str, ClaimT] = {}
    for claim in claims:
        cleaned, whole = clean_text(claim.claim, MAX_CLAIM), clean_text(claim.quote, MAX_CAPTION)
        source = quotes.find(whole, expected=claim.source)
        if source is None or not cleaned or (tries_to_instruct(whole) and not is_warning):
            continue
        words = quotes.own_words(whole, source)
        if (form := quote_form(words)) not in kept:
            quote = words[:MAX_QUOTE].rstrip()
            kept[form] = claim.model_copy(update={"claim": cleaned, "quote": quote, "source": source})
    return tuple(kept.values())


def profile_texts(profile: Profile) -> Iterator[tuple[Source, str]]:
    """Every text of the profile that a prompt contains."""
    yield "biography", profile.biography
    yield "full_name", profile.full_name
    yield "username", profile.username
    yield "category", profile.category or ""
    yield "external_url", profile.external_url or ""
    for post in profile.posts:
        source = cast("Source", post.ref)
        yield source, post.caption
        yield source, " ".join(f"#{tag}" for tag in post.hashtags)
        yield source, " ".join(f"@{name}" for name in post.mentions)
        yield source, post.location or ""


def _short_texts(profile: Profile) -> Iterator[tuple[Source, str]]:
    """Short fields, which may be quoted as a whole, even when they are one word."""
    yield "full_name", profile.full_name
    yield "username", profile.username
    yield "category", profile.category or ""
    yield "external_url", profile.external_url or ""
    for post in profile.posts:
        yield cast("Source", post.ref), post.location or ""
