"""Whole numbers as exports write them, in any of the main locales: "12,345", "12.345", "12 345", "4.2k", "1,2 Mio.", "1.2万"."""

import re
import unicodedata
from decimal import Decimal
from typing import Final

_MAX_CHARS: Final = 30
# Thousands with one kind of separator, also India's 12,34,567; zero cents may follow.
_GROUPED: Final = re.compile("([1-9][0-9]{0,2}([.,' \u2019\u00b7])(?:[0-9]{2,3}\\2)*[0-9]{3})(?:[.,]00?)?")
_DECIMAL: Final = re.compile(r"(-?[0-9]+(?:[.,][0-9]+)?) ?([^\W\d_]{0,8})\.?")
_NOT_DIGITS: Final = re.compile("[^0-9]")
# Instagram's own abbreviations. Spanish and Portuguese "mil" is a thousand.
_UNITS: Final = {
    1: "",
    1_000: "k thousand tsd mil тыс b\u0131n bin rb",
    10_000: "万 萬 만",
    100_000: "lakh",
    1_000_000: "m mn mln mio mi mill mills million млн jt",
    10_000_000: "cr crore",
    100_000_000: "億 亿 억",
    1_000_000_000: "b bn mrd bil млрд",
}
_SIZES: Final = {unit: size for size, units in _UNITS.items() for unit in units.split()} | {"": 1}


def read_whole(text: str) -> int | None:
    """None for a text that is not a whole number, or has an unknown unit."""
    plain = _plain(text[: 2 * _MAX_CHARS])[:_MAX_CHARS]
    if (grouped := _GROUPED.fullmatch(plain)) is not None:
        return int(_NOT_DIGITS.sub("", grouped[1]))
    if (written := _DECIMAL.fullmatch(plain)) is None or (size := _SIZES.get(written[2])) is None:
        return None
    value = Decimal(written[1].replace(",", ".")) * size
    return int(value) if value == int(value) else None


def _plain(text: str) -> str:
    """Lower case, digits 0 to 9, ordinary spaces and separators; a "+" is removed."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate({0x66C: ",", 0x66B: "."})
    digits = (str(unicodedata.decimal(c)) if c.isdecimal() else " " if c.isspace() else c for c in folded)
    return "".join(digits).strip().strip("+").strip()
