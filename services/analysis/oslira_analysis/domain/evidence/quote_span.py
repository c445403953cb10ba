"""Locate a found quote in the profile's own text, so that a result shows the profile's characters."""

import unicodedata
from bisect import bisect_left
from typing import Final

from oslira_analysis.domain.evidence.quote_form import quote_form

# Belongs to the word after it.
_SIGNS: Final = "#@$€£¥₹"


def own_words(text: str, form: str) -> str | None:
    """The excerpt of `text` that has this form, from its first character to its last; None if there is none.

    Folding keeps no positions, but it keeps the order: the ends are found by how long the forms of the text's beginnings and
    endings are. Where a character changes with its neighbours that may miss, so the excerpt is compared once more.
    """
    whole = quote_form(text)
    at = whole.find(form)
    if at < 0:
        return None
    lengths = range(len(text) + 1)
    end = bisect_left(lengths, at + len(form), key=lambda length: len(quote_form(text[:length])))
    left = bisect_left(
        lengths, len(whole) - at, key=lambda length: len(quote_form(text[len(text) - length :]))
    )
    start = len(text) - left
    while end < len(text) and unicodedata.category(text[end])[0] == "M":  # an accent, which folding drops
        end += 1
    while start and text[start - 1] in _SIGNS:
        start -= 1
    excerpt = text[start:end]
    return excerpt if quote_form(excerpt) == form else None
