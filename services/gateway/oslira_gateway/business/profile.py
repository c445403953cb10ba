"""A business profile: what users enter about their business and what is sent to models."""

from datetime import datetime
from typing import Annotated, Any, Final, Self, cast
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from oslira_gateway.http.whole_number import WholeNumber

MAX_FOLLOWERS: Final = 10_000_000_000


def _plain(text: str) -> str:
    """Postgres stores neither NUL nor half a surrogate pair, and prompts must not have control characters."""
    if any((ord(char) < 32 and char not in "\n\t") or 0xD800 <= ord(char) <= 0xDFFF for char in text):  # noqa: PLR2004
        raise ValueError("control characters are not allowed")
    return text


# The same rule for the API document: no control characters, at least one visible one.
_PLAIN: Final = Field(
    json_schema_extra={
        "pattern": r"^[^\u0000-\u0008\u000b-\u001f]*[^\s\u0000-\u001f][^\u0000-\u0008\u000b-\u001f]*$"
    }
)
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=120),
    AfterValidator(_plain),
    _PLAIN,
]
Phrase = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_plain),
    _PLAIN,
]
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000),
    AfterValidator(_plain),
    _PLAIN,
]
_Phrases = Annotated[list[Phrase], Field(max_length=12)]
_Followers = Annotated[WholeNumber, Field(ge=0, le=MAX_FOLLOWERS)]


class IdealCustomer(BaseModel):
    """The customers that the business wants. Follower bounds are inclusive; null is no bound."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: Text | None = None
    industry: Phrase | None = None
    location: Phrase | None = None
    company_size: Phrase | None = None
    followers_min: _Followers | None = None
    followers_max: _Followers | None = None
    signals: _Phrases = []
    exclusions: _Phrases = []

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Self:
        if (
            self.followers_min is not None
            and self.followers_max is not None
            and self.followers_min > self.followers_max
        ):
            raise ValueError("followers_min is above followers_max")
        return self


class BusinessContext(BaseModel):
    """The body of a business profile; analysis reads the same keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    industry: Phrase | None = None
    offer: Text | None = None
    description: Text | None = None
    tone: Phrase | None = None
    language: Phrase | None = None
    ideal_customer: IdealCustomer = IdealCustomer()


class BusinessPatch(BaseModel):
    """A JSON merge patch (RFC 7396) of a business profile: fields that are left out stay, null empties a field."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name | None = None
    industry: Phrase | None = None
    offer: Text | None = None
    description: Text | None = None
    tone: Phrase | None = None
    language: Phrase | None = None
    ideal_customer: IdealCustomer | None = None

    def applied_to(self, context: BusinessContext) -> BusinessContext:
        """Raises ValidationError for an invalid result: no name, or crossed bounds."""
        patch = self.model_dump(exclude_unset=True)
        return BusinessContext.model_validate(_merged(context.model_dump(), patch))


def _merged(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    merged = {key: value for key, value in target.items() if patch.get(key, value) is not None}
    for key, value in patch.items():
        if isinstance(value, dict):
            merged[key] = _merged(target.get(key) or {}, cast("dict[str, Any]", value))
        elif value is not None:
            merged[key] = value
    return merged


class BusinessProfile(BusinessContext):
    """A business profile as the API shows it."""

    business_profile_id: UUID
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def context(self) -> BusinessContext:
        """Its content, without our fields."""
        return BusinessContext.model_validate(self.model_dump(include=set(BusinessContext.model_fields)))


class BusinessVersion(BusinessContext):
    """The content of a business profile in one of its versions, from `created_at` on."""

    version: int
    created_at: datetime
