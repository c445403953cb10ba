"""Clean untrusted text for display and prompts, and fold it for comparison."""

import re
import unicodedata
from typing import Final

# Printable by category but invisible: fillers, braille blank, joiner, and variation selectors, which colour
# an emoji or carry hidden bytes. Untrusted text hides words in them.
_BLANKS: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
# Cc control, Cf format (bidi overrides, zero width, tags), Cs lone surrogates (not encodable), Co private use.
_UNSEEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Co"})
_QUOTES: Final = str.maketrans(dict.fromkeys("‘’‚‛′`´ʼ", "'") | dict.fromkeys("“”„‟″«»", '"'))
_SPACES: Final = re.compile(r"\s+")


def clean_text(text: str, limit: int) -> str:
    """`text` without invisible characters, with its lines, at most `limit` characters.

    Leaves out control characters, bidi overrides, zero-width and tag characters, variation selectors and lone
    surrogates: they can hide instructions from people, reorder what is shown, or fail to encode.
    """
    # Truncated before the loop too, so that a text of megabytes costs no more.
    lines = re.split(r"\r\n?|[\n\v\f\x1c-\x1e\x85\u2028\u2029]", text[: 4 * limit])
    return "\n".join(_visible(line.replace("\t", " ")) for line in lines).strip()[:limit].rstrip()


def fold_text(text: str) -> str:
    """The form in which texts are compared: NFKC, case, quote marks and runs of white space folded."""
    seen = _visible(" ".join(text.split()))
    folded = unicodedata.normalize("NFKC", seen).translate(_QUOTES).casefold()
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", folded)).strip()


def _visible(line: str) -> str:
    line = _BLANKS.sub("", line)
    if line.isprintable():  # the common case; the loop below is 100 times slower
        return line
    return "".join(c for c in line if unicodedata.category(c) not in _UNSEEN_CATEGORIES)
