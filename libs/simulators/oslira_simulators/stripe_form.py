"""Stripe's request parameters: a form with bracketed names, as nested dicts and lists of strings."""

from collections.abc import Iterable
from typing import Any, cast
from urllib.parse import parse_qsl


def parse_form(body: bytes) -> dict[str, Any]:
    return nested(parse_qsl(body.decode(), keep_blank_values=True))


def nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """`items[0][price]=p` becomes {"items": [{"price": "p"}]}."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        first, *rest = name.replace("]", "").split("[")
        keys = [first, *rest]
        place = root
        for key in keys[:-1]:
            place = place.setdefault(key, {})
            if not isinstance(place, dict):
                raise ValueError(f"Invalid parameter: {name}")  # noqa: TRY004 - one error for a bad request
        last = keys[-1] or str(len(place))  # expand[]=a&expand[]=b
        place[last] = value
    return {name: _listed(value) for name, value in root.items()}


def _listed(value: object) -> Any:
    if not isinstance(value, dict):
        return value
    fields = {name: _listed(part) for name, part in cast("dict[str, object]", value).items()}
    return list(fields.values()) if fields and all(name.isdigit() for name in fields) else fields
