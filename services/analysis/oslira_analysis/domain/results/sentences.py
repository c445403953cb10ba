"""Split models' texts into sentences, so that a sentence that is not allowed can be removed."""

import re
from collections.abc import Callable
from itertools import accumulate
from typing import Final

# After a full stop only if a space or the end follows: "crumb.example" is one word.
_END: Final = re.compile(r"(?<=[.!?…])(?=\s)|(?<=[。！？])|(?<=\n)")


def split_sentences(text: str) -> list[str]:
    """Each with its leading white space, so that joining them restores the text."""
    return [sentence for sentence in _END.split(text) if sentence]


def keep_sentences(text: str, is_allowed: Callable[[str], bool]) -> tuple[str, int]:
    """The text without the sentences that `is_allowed` rejects, and the number of those."""
    sentences = split_sentences(text)
    kept = [sentence for sentence in sentences if not sentence.strip() or is_allowed(sentence)]
    return "".join(kept).strip(), len(sentences) - len(kept)


def cut_to_sentences(text: str, limit: int) -> str:
    """As many whole sentences from the start as fit; a first sentence that is too long is truncated at a word."""
    if len(text) <= limit:
        return text
    fitting = [start for start in accumulate(split_sentences(text)) if len(start) <= limit]
    return (fitting[-1].strip() if fitting else "") or text[:limit].rsplit(" ", 1)[0].rstrip()
