"""Makes external text storable: JSON can carry characters that Postgres, UTF-8 or a log cannot.

Called once at every entry: scraped items, model answers, Stripe's events, request bodies, tokens' claims, errors of suppliers.
"""

import math
import re
from collections.abc import Mapping
from typing import Any, Final, cast

MAX_DEPTH: Final = 64
# Postgres stores no NUL; half a surrogate pair has no UTF-8.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
# A whole pair is kept, half of one and NUL are not; any other escape is skipped whole, so that \\\\u0000 is a backslash and text.
_ESCAPES: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<unstorable>\\u0000|\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)


def is_storable(text: str) -> bool:
    """Whether Postgres accepts this text unchanged."""
    return _UNSTORABLE.search(text) is None


def storable_text(text: str) -> str:
    """`text` without NUL characters and halves of surrogate pairs."""
    return _UNSTORABLE.sub("", text)


def storable_json_text(document: str) -> str:
    """A JSON document whose strings are storable, also after their escapes are read. Invalid JSON stays invalid."""
    return _ESCAPES.sub(lambda found: "" if found["unstorable"] else found[0], storable_text(document))


def storable_json(value: Any, *, depth: int = 0) -> Any:
    """A JSON value that jsonb accepts: texts and keys made storable, NaN and infinities null, at most 64 levels deep."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if not isinstance(value, Mapping | list | tuple):
        return value
    if depth == MAX_DEPTH:
        return None
    if isinstance(value, Mapping):
        parts = cast("Mapping[str, Any]", value).items()
        return {storable_text(str(key)): storable_json(part, depth=depth + 1) for key, part in parts}
    return [storable_json(part, depth=depth + 1) for part in cast("list[Any]", value)]
