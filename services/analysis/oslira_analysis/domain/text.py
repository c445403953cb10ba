"""Texts written by strangers: made safe to show and to send, and made comparable."""

import re
import unicodedata
from typing import Final

# Printable by category and yet showing nothing: fillers, braille blank, joiner, and variation selectors, which colour
# an emoji or smuggle bytes. Texts of strangers hide words in them.
_BLANKS: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
# Cc control, Cf format (bidi overrides, zero width, tags), Cs lone surrogates (not encodable), Co private use.
_UNSEEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co"})
_QUOTES: Final = str.maketrans(dict.fromkeys("‘’‚‛′`´ʼ", "'") | dict.fromkeys("“”„‟″«»", '"'))
_SPACES: Final = re.compile(r"\s+")


def clean_text(text: str, limit: int) -> str:
    """`text` without what can't be seen, lines kept, at most `limit` characters.

    Leaves out control characters, bidi overrides, zero-width and tag characters, variation selectors and lone
    surrogates: they can hide instructions from people, reorder what is shown, or fail to encode.
    """
    # A bound before the loop as well: a text of megabytes costs no more than this one.
    lines = re.split(r"\r\n?|[\n\v\f\x1c-\x1e\x85\u2028\u2029]", text[: 4 * limit])
    return "\n".join(_visible(line.replace("\t", " ")) for line in lines).strip()[:limit].rstrip()


def fold_text(text: str) -> str:
    """The form in which two texts are compared: NFKC, case, quote marks and runs of white space folded."""
    seen = _visible(" ".join(text.split()))
    folded = unicodedata.normalize("NFKC", seen).translate(_QUOTES).casefold()
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", folded)).strip()


def _visible(line: str) -> str:
    line = _BLANKS.sub("", line)
    if line.isprintable():  # nearly always; the loop below is a hundred times slower
        return line
    return "".join(c for c in line if unicodedata.category(c) not in _UNSEEN_CATEGORIES)
