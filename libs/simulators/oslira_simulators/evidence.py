"""Quotes for simulated answers: exact substrings of what the profile's owner wrote."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from oslira_simulators.prompt import ShownProfile

MAX_QUOTE_CHARS = 120
_MIN_WORDS = 3
_MAX_WORDS = 12
_MIN_LETTERS = 4
# Words of this length are seldom "with" or "para"; an excerpt has so many of them, so that it says something.
_LONG_WORD = 5
_MIN_LONG_WORDS = 3


@dataclass(frozen=True, slots=True)
class Evidence:
    quote: str
    source: str


def pick_evidence(
    profile: ShownProfile, *, turn: int, dice: random.Random, accepts: Callable[[str], bool]
) -> Evidence:
    """A quote from a source that the schema accepts, else from any; the name when there's nothing to quote.

    `turn` counts on through the passages, so that the claims of one list don't quote the same one.
    """
    quotable = [passage for passage in profile.passages if _spans(passage.text)]
    passages = [passage for passage in quotable if accepts(passage.source)] or quotable
    if not passages:
        return Evidence(profile.name, "biography")
    passage = passages[turn % len(passages)]
    return Evidence(_quote(passage.text, dice), passage.source)


@lru_cache(maxsize=1024)
def _spans(text: str) -> list[str]:
    """What may be quoted: lines of 3 words or more, those of prose before those of tags; else lines of some letters.

    Chinese or Japanese has no spaces, so there it is a line by its length. A line of emoji proves nothing.
    """
    lines = [line for line in text.splitlines() if sum(map(str.isalnum, line)) >= _MIN_LETTERS]
    wordy = [line for line in lines if len(line.split()) >= _MIN_WORDS]
    prose = [line for line in wordy if sum(word[0] in "#@" for word in line.split()) * 2 < len(line.split())]
    telling = [line for line in prose if _long_words(line.split()) >= _MIN_LONG_WORDS]
    return telling or prose or wordy or lines


def _long_words(words: list[str]) -> int:
    """How many different ones."""
    return len({word.lower() for word in words if sum(map(str.isalnum, word)) >= _LONG_WORD})


def _quote(text: str, dice: random.Random) -> str:
    """3 to 12 words of one line, exactly as they stand."""
    line = dice.choice(_spans(text))
    words = list(re.finditer(r"\S+", line))
    start = dice.randrange(max(1, len(words) - _MIN_WORDS + 1))
    end = min(len(words), start + dice.randint(_MIN_WORDS, _MAX_WORDS))
    while _long_words([word.group() for word in words[start:end]]) < _MIN_LONG_WORDS:
        if end < len(words):
            end += 1
        elif start > 0:
            start -= 1
        else:
            break
    end = min(end, start + _MAX_WORDS)
    while end - start > 1 and words[end - 1].end() - words[start].start() > MAX_QUOTE_CHARS:
        end -= 1
    return line[words[start].start() : words[end - 1].end()][:MAX_QUOTE_CHARS]
