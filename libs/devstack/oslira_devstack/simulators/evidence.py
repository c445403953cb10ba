"""Quotes for simulated answers: exact substrings of what the profile's owner wrote."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

from oslira_devstack.simulators.prompt import Passage, ShownProfile

MAX_QUOTE_CHARS = 120
_MIN_WORDS = 3
_MAX_WORDS = 12


@dataclass(frozen=True, slots=True)
class Evidence:
    quote: str
    source: str


def pick_evidence(profile: ShownProfile, *, dice: random.Random, accepts: Callable[[str], bool]) -> Evidence:
    """A quote from a source that the schema accepts, else from any; the name when there's nothing to quote."""
    passages = [passage for passage in profile.passages if accepts(passage.source)] or list(profile.passages)
    if not passages:
        return Evidence(profile.name, "biography")
    passage = dice.choice(passages)
    return Evidence(_quote(passage, dice), passage.source)


def _quote(passage: Passage, dice: random.Random) -> str:
    """3 to 12 words of one line; a text without spaces (Chinese, Japanese) or a very short one is cut by length."""
    lines = [list(re.finditer(r"\S+", line)) for line in passage.text.splitlines()]
    wordy = [line for line in lines if len(line) >= _MIN_WORDS]
    if not wordy:
        longest = max(passage.text.splitlines(), key=len).strip()
        return longest[:MAX_QUOTE_CHARS].strip()
    words = dice.choice(wordy)
    start = dice.randrange(len(words) - _MIN_WORDS + 1)
    end = min(len(words), start + dice.randint(_MIN_WORDS, _MAX_WORDS))
    line = words[0].string
    while end - start > 1 and words[end - 1].end() - words[start].start() > MAX_QUOTE_CHARS:
        end -= 1
    return line[words[start].start() : words[end - 1].end()][:MAX_QUOTE_CHARS]
