"""Texts of models, taken apart into sentences: what may not be said leaves with its sentence, the rest stays readable."""

import re
from collections.abc import Callable
from itertools import accumulate
from typing import Final

# After a full stop only where a space or the end follows: "crumb.example" is one word.
_END: Final = re.compile(r"(?<=[.!?…])(?=\s)|(?<=[。！？])|(?<=\n)")


def split_sentences(text: str) -> list[str]:
    """With the white space that stood before each, so that joining them gives the text again."""
    return [sentence for sentence in _END.split(text) if sentence]


def keep_sentences(text: str, may_be_said: Callable[[str], bool]) -> tuple[str, int]:
    """The text without the sentences that may not be said, and how many those were."""
    sentences = split_sentences(text)
    kept = [sentence for sentence in sentences if not sentence.strip() or may_be_said(sentence)]
    return "".join(kept).strip(), len(sentences) - len(kept)


def cut_to_sentences(text: str, limit: int) -> str:
    """As many whole sentences from the start as fit; a first one that is too long is cut at a word."""
    if len(text) <= limit:
        return text
    fitting = [start for start in accumulate(split_sentences(text)) if len(start) <= limit]
    return (fitting[-1].strip() if fitting else "") or text[:limit].rsplit(" ", 1)[0].rstrip()
