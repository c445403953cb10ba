"""The form in which a quote and the profile's texts are compared: words in their order, and nothing else.

Models copy the words of a text and change the characters between them. So both sides are normalised:

1. Escapes that models copy from JSON and HTML (backslash n, `&amp;`) and emoji made of a letter or digit (keycaps, ™) are separators.
2. NFKC and case folding: full-width, stylised and capital letters are plain ones.
3. Removed: accents, vowel points, stacked marks, joiners, variation selectors and other invisible characters, apostrophes.
4. Everything else that is not a letter, digit or mark separates words: white space, line breaks, dashes, quote marks, bullets,
   Markdown, emoji.
5. Scripts without spaces between words (Chinese, Japanese, Korean, Thai, Lao, Khmer, Burmese) are split by character.

The form is the words with one space between them and one at each end, so that `form in other` matches whole words.
"""

import re
import unicodedata
from typing import Final

from oslira_analysis.domain.evidence.stop_words import STOP_CHARACTERS, STOP_WORDS

MIN_CONTENT: Final = 2
_SEPARATED: Final = re.compile(
    r"\\[nrt]|\\u003[ce]|&(?:amp|lt|gt|quot|apos|nbsp|#39);|[0-9#*]\ufe0f?\u20e3|[\u2460-\u249b\u2120-\u2122\u2139\u24ea-\u24ff]"
)
_ELLIPSIS: Final = re.compile(r"[\[({]\s?(?:…|\.{3})\s?[\])}]|…|\.{3,}|(?:\. ){2,}\.")
# What models add around a text that they copy: tags, links, numbers of a list, escapes, and the name of the field.
_MARKUP: Final = re.compile(
    r"</?[a-z][a-z0-9]{0,9}>|\]\([^)\s]*\)|\\u[0-9a-f]{4}|^\s*\(?\d{1,2}[.)]\s+"
    r"|^\s*(?:biography|bio|caption|full_name|category|post ?:? ?\d{1,2})\s*[:\uff1a]",
    re.IGNORECASE | re.MULTILINE,
)
_APOSTROPHES: Final = frozenset("'’‘‚‛′`´ʼ＇ʹ")
# Latin, Greek and Cyrillic accents, and marks stacked on any letter; Hebrew and Arabic points.
_DROPPED_MARKS: Final = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe00-\ufe0f\ufe20-\ufe2f\U000e0100-\U000e01ef]"
)
_HALF: Final = "\u3041-\u309f\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # hiragana, Thai, Lao, Burmese, Khmer
_FULL: Final = (
    "\u1100-\u11ff\u30a0-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_UNSPACED: Final = re.compile(f"[{_HALF}{_FULL}]")
_COUNTS_HALF: Final = re.compile(f"[{_HALF}]")
_MOST_KEPT: Final = 20_000


class _Characters(dict[int, str]):
    """What each character becomes. Computed once and cached, because `str.translate` reads it at the speed of C."""

    def __missing__(self, code: int) -> str:
        became = _became(chr(code))
        if len(self) < _MOST_KEPT:  # untrusted input chooses the characters
            self[code] = became
        return became


def quote_form(text: str) -> str:
    """The normalised form; "" for a text without a word."""
    separated = _SEPARATED.sub(" ", text)
    folded = unicodedata.normalize("NFKC", separated).casefold().translate(_CHARACTERS)
    words = " ".join(folded.split())
    return f" {words} " if words else ""


def without_markup(quote: str) -> str:
    """For a quote that is not found unchanged: the profile may contain a list's number or a field's name as its own words."""
    return _MARKUP.sub(" ", quote)


def parts_between_ellipses(text: str) -> list[str]:
    """The forms of the parts between `…`, `...`, `[...]` or `(…)`, without empty ones."""
    return [form for part in _ELLIPSIS.split(text) if (form := quote_form(part))]


def count_content(form: str) -> float:
    """How many different content words the form has: at least two letters, and not a stop word in any of the main languages.

    A character of a script without spaces counts as a word, and one of an alphabet among those (hiragana, Thai …) as half a word.
    """
    return sum(map(_content_of, set(form.split())))


def _content_of(word: str) -> float:
    if _UNSPACED.fullmatch(word):
        return 0 if word in STOP_CHARACTERS else 0.5 if _COUNTS_HALF.fullmatch(word) else 1
    return float(sum(map(str.isalpha, word)) > 1 and word not in _STOP_WORDS)


def _became(character: str) -> str:
    if character in _APOSTROPHES:
        return ""
    plain = _DROPPED_MARKS.sub("", unicodedata.normalize("NFD", character))
    plain = unicodedata.normalize("NFC", plain)
    if not plain or unicodedata.category(character) in {"Cf", "Cs", "Co"}:
        return ""
    if unicodedata.category(character)[0] not in "LNM":
        return " "
    return f" {plain} " if _UNSPACED.match(plain) else plain


_CHARACTERS: Final = _Characters()
_STOP_WORDS: Final = frozenset(word for stop in STOP_WORDS for word in quote_form(stop).split())
