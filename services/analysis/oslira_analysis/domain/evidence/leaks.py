"""What a business told us in confidence, and whether an answer repeats it.

What a business says about itself (name, industry, offer, description) may be said to anybody. Whom it looks for may not: its ideal
customer, signals and exclusions would embarrass it before a stranger, and a hostile profile asks for exactly that.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final, Self

from oslira_analysis.domain.business import BusinessContext
from oslira_analysis.domain.evidence.claims import profile_texts
from oslira_analysis.domain.profile import Profile
from oslira_analysis.domain.text import fold_text

# Letters and digits in a row, whatever stands between them. To a stranger about six English words are too many; shorter runs
# ("cafés in Porto") are how anybody would put it. The tenant reads its own words, so there only a passage counts, as it leaves
# with exports and webhooks. Chinese, Japanese and Korean say as much in a third of the letters.
RUN: Final = 28
PASSAGE: Final = 72
_WIDE: Final = 3
_WIDE_LETTERS: Final = re.compile(
    "[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]+"
)
# Names of ours that no reader outside knows: an answer that says them talks about its prompt.
_INNER_WORDS: Final = (
    "profile_data",
    "business_context",
    "fit_score",
    "red_flags",
    "ideal_customer",
    "system prompt",
)


class PrivateContext:
    """The runs of letters of a business's private texts, but for those that its public texts or the profile have as well."""

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
        """For texts that reach strangers. True also where punctuation, spaces or case were changed."""
        return _says_inner_words(text) or self._repeats(text, self._runs, RUN)

    def is_passage_in(self, text: str) -> bool:
        """For texts that only the tenant reads."""
        return _says_inner_words(text) or self._repeats(text, self._passages, PASSAGE)

    def _repeats(self, text: str, private: set[str], length: int) -> bool:
        return any(run in private and run not in self._public for run in _runs(_letters(text), length))


def public_texts(business: BusinessContext) -> tuple[str, ...]:
    """What a business says of itself."""
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
