"""Detect answers that repeat a business's private texts.

What a business says about itself (name, industry, offer, description) is public. Its target is not: its ideal
customer, signals and exclusions must not reach the people it contacts, and a hostile profile tries to extract exactly that.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, Self

from oslira_analysis.domain.business import BusinessContext
from oslira_analysis.domain.evidence.claims import profile_texts
from oslira_analysis.domain.profile import Profile
from oslira_analysis.domain.text import fold_text

# Consecutive letters and digits, ignoring other characters. In outgoing texts about six English words are a leak; shorter runs
# ("cafés in Porto") are common wording. In texts for the tenant only a passage counts, because results leave
# with exports and webhooks. Chinese, Japanese and Korean need a third of the letters.
RUN: Final = 28
PASSAGE: Final = 72
_WIDE: Final = 3
_WIDE_LETTERS: Final = re.compile(
    "[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]+"
)
# Internal names. An answer that contains one is about its prompt.
_INNER_WORDS: Final = (
    "profile_data",
    "business_context",
    "fit_score",
    "red_flags",
    "ideal_customer",
    "system prompt",
)


class PrivateContext:
    """The runs of letters of a business's private texts, without those that are also in its public texts or the profile."""

    def __init__(self, private: Iterable[str], public: Iterable[str]) -> None:
        secret = [_letters(text) for text in private]
        self._runs = {run for text in secret for run in _runs(text, RUN)}
        self._passages = {run for text in secret for run in _runs(text, PASSAGE)}
        self._public = "\n".join(_letters(text) for text in public)

    @classmethod
    def of(cls, business: BusinessContext, profile: Profile) -> Self:
        wanted = business.ideal_customer
        private = (wanted.description, wanted.industry, wanted.location, wanted.company_size)
        return cls(
            filter(None, (*private, *wanted.signals, *wanted.exclusions)),
            (*public_texts(business), *(text for _, text in profile_texts(profile))),
        )

    def is_said_in(self, text: str) -> bool:
        """For texts that are sent to other people. True also where punctuation, spaces or case were changed."""
        return _says_inner_words(text) or self._repeats(text, self._runs, RUN)

    def is_passage_in(self, text: str) -> bool:
        """For texts that only the tenant reads."""
        return _says_inner_words(text) or self._repeats(text, self._passages, PASSAGE)

    def _repeats(self, text: str, private: set[str], length: int) -> bool:
        return any(run in private and run not in self._public for run in _runs(_letters(text), length))


def public_texts(business: BusinessContext) -> tuple[str, ...]:
    """The public texts of a business."""
    return tuple(filter(None, (business.name, business.industry, business.offer, business.description)))


def _says_inner_words(text: str) -> bool:
    folded = fold_text(text)
    return any(word in folded for word in _INNER_WORDS)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, fold_text(text)))


def _runs(letters: str, length: int) -> Iterator[str]:
    yield from _windows(letters, length)
    for stretch in _WIDE_LETTERS.findall(letters):
        yield from _windows(stretch, length // _WIDE)


def _windows(letters: str, length: int) -> Iterator[str]:
    return (letters[start : start + length] for start in range(len(letters) - length + 1))
