"""The business a profile is scored for: what prompts contain about it, bounded in size."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from oslira_analysis.domain import scraped_fields as fields

MAX_NAME: Final = 120
MAX_TEXT: Final = 2_000
MAX_PHRASE: Final = 200
MAX_PHRASES: Final = 12


class InvalidBusinessContext(ValueError):  # noqa: N818
    """The business cannot be used in a prompt: it has no name, or its follower bounds cross."""


@dataclass(frozen=True, slots=True)
class IdealCustomer:
    """Who the business wants as a customer. Follower bounds are inclusive; None is no bound."""

    description: str | None
    industry: str | None
    location: str | None
    company_size: str | None
    followers_min: int | None
    followers_max: int | None
    signals: tuple[str, ...]
    exclusions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BusinessContext:
    """Written by the tenant, not by us: data in a prompt too, delimited like the profile."""

    name: str
    industry: str | None
    offer: str | None
    description: str | None
    tone: str | None
    language: str | None
    ideal_customer: IdealCustomer

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> Self:
        """From the JSON that the gateway stores; unknown keys are ignored, long texts cut. Raises InvalidBusinessContext.

        Keys: name, industry, offer, description, tone, language, ideal_customer {description, industry, location,
        company_size, followers_min, followers_max, signals[], exclusions[]}.
        """
        name = fields.text(raw, "name", limit=MAX_NAME)
        if name is None:
            raise InvalidBusinessContext("a business needs a name")
        return cls(
            name=name,
            industry=fields.text(raw, "industry", limit=MAX_PHRASE),
            offer=fields.text(raw, "offer", limit=MAX_TEXT),
            description=fields.text(raw, "description", limit=MAX_TEXT),
            tone=fields.text(raw, "tone", limit=MAX_PHRASE),
            language=fields.text(raw, "language", limit=MAX_PHRASE),
            ideal_customer=_ideal_customer(fields.as_item(raw.get("ideal_customer")) or {}),
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON in a fixed order, so that the prompt's prefix is the same each time."""
        return asdict(self)


def _ideal_customer(raw: Mapping[str, Any]) -> IdealCustomer:
    followers_min, followers_max = fields.count(raw, "followers_min"), fields.count(raw, "followers_max")
    if followers_min is not None and followers_max is not None and followers_min > followers_max:
        raise InvalidBusinessContext(f"follower bounds cross: from {followers_min} to {followers_max}")
    return IdealCustomer(
        description=fields.text(raw, "description", limit=MAX_TEXT),
        industry=fields.text(raw, "industry", limit=MAX_PHRASE),
        location=fields.text(raw, "location", limit=MAX_PHRASE),
        company_size=fields.text(raw, "company_size", limit=MAX_PHRASE),
        followers_min=followers_min,
        followers_max=followers_max,
        signals=_phrases(raw, "signals"),
        exclusions=_phrases(raw, "exclusions"),
    )


def _phrases(raw: Mapping[str, Any], key: str) -> tuple[str, ...]:
    texts = (
        fields.text({key: phrase}, key, limit=MAX_PHRASE)
        for phrase in fields.list_of(raw, key, limit=MAX_PHRASES)
    )
    return tuple(phrase for phrase in texts if phrase)
