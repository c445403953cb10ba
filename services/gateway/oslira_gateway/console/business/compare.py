"""What differs between two versions of a business profile."""

from collections.abc import Mapping
from typing import Any

from oslira_client.generated.business import BusinessVersion

from oslira_gateway.console.text import words


def differences(older: BusinessVersion, newer: BusinessVersion) -> list[tuple[str, str, str]]:
    """(field, before, after) of what changed; empty texts for what was not there."""
    before, after = _flat(older), _flat(newer)
    return [
        (words(name), before.get(name, ""), after.get(name, ""))
        for name in dict.fromkeys([*before, *after])
        if before.get(name, "") != after.get(name, "")
    ]


def _flat(version: BusinessVersion) -> dict[str, str]:
    said = version.model_dump(mode="json", exclude={"version", "created_at", "ideal_customer"})
    customer: Mapping[str, Any] = version.ideal_customer.model_dump(mode="json")
    texts = {**said, **{f"customer_{name}": value for name, value in customer.items()}}
    return {name: _text(value) for name, value in texts.items() if value not in (None, [], "")}


def _text(value: Any) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)
