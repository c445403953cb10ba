"""Find JSON objects in a model's text, ignoring what surrounds them: a code fence, words before and after, a repeated object."""

import json
from collections.abc import Iterator
from typing import Any, Final, cast

# Answers are bounded by their token limits; a text beyond these bounds is not an answer.
_MAX_CHARS: Final = 200_000
_MAX_STARTS: Final = 200
_MAX_DEPTH: Final = 3
_JSON_BEGINS: Final = ("{", "[", "```")

# Models write unescaped line breaks and tabs into strings.
_DECODER: Final = json.JSONDecoder(strict=False)


def json_objects(text: str) -> Iterator[dict[str, Any]]:
    """The outermost objects in `text`, in order, each followed by its nested objects to a depth of 3.

    A text that is one JSON string is decoded again, and so is a string inside an object that starts like JSON: some models
    encode their answer twice or more, or write it as the arguments of a function.
    """
    for value in _values(_unquoted(text[:_MAX_CHARS])):
        yield from _within(value, depth=0)


def _unquoted(text: str) -> str:
    for _ in range(_MAX_DEPTH):
        if not text.lstrip().startswith('"'):
            break
        try:
            text = str(_DECODER.decode(text))
        except ValueError:
            break
    return text


def _values(text: str) -> Iterator[Any]:
    at = 0
    for _ in range(_MAX_STARTS):
        at = text.find("{", at)
        if at < 0:
            return
        try:
            value, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            at += 1
        else:
            yield value


def _within(value: Any, *, depth: int) -> Iterator[dict[str, Any]]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, dict):
        found = cast("dict[str, Any]", value)
        yield found
        for part in found.values():
            yield from _within(part, depth=depth + 1)
    elif isinstance(value, list):
        for part in cast("list[Any]", value):
            yield from _within(part, depth=depth + 1)
    elif isinstance(value, str) and value.lstrip().startswith(_JSON_BEGINS):
        for part in _values(value):
            yield from _within(part, depth=depth + 1)
