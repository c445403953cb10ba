"""The language of messages (ISO 639-1), and whether the profile's owner posts in it."""

import re
from collections.abc import Callable, Iterable
from typing import Final, Literal

from oslira_analysis.domain.profile import Profile

Language = Literal[
    "ar", "bg", "bn", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he", "hi", "hr", "hu", "id", "it",
    "ja", "ko", "lt", "lv", "ms", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sr", "sv", "sw", "ta", "th", "tl", "tr",
    "uk", "ur", "vi", "zh",
]  # fmt: skip

# The language of a text, or None if the detector is not sure.
LanguageOf = Callable[[str], Language | None]

# Shorter texts are too short to detect. A Chinese or Thai text needs a quarter of the letters.
_MIN_LETTERS: Final = 60
_MIN_WIDE_LETTERS: Final = 15
_MOST_CHARS: Final = 300
_NO_WORDS: Final = re.compile(r"https?://\S+|www\.\S+|[@#]\S+")
_WIDE: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def undecided(_: str) -> None:
    """A LanguageOf that is never sure."""


def detect(text: str, language_of: LanguageOf) -> Language | None:
    """The language of the words in `text`, without links, names and hashtags; None if they are few."""
    words = " ".join(_NO_WORDS.sub(" ", text[: 4 * _MOST_CHARS]).split())[:_MOST_CHARS]
    is_enough = sum(map(str.isalpha, words)) >= _MIN_LETTERS or len(_WIDE.findall(words)) >= _MIN_WIDE_LETTERS
    return language_of(words) if is_enough else None


def posted_languages(profile: Profile, language_of: LanguageOf) -> frozenset[Language]:
    """The languages of the profile's own captions and its biography that the detector is sure of."""
    texts = (profile.biography, *(post.caption for post in profile.own_posts))
    return frozenset(_known(detect(text, language_of) for text in texts))


def _known(found: Iterable[Language | None]) -> Iterable[Language]:
    return (language for language in found if language is not None)
