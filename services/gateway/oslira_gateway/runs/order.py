"""An order of one analysis: a profile, the business it is scored for, and the type."""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from oslira_shared.catalog import OFFERS
from oslira_shared.contracts.analysis.v1 import AnalysisType
from oslira_shared.errors import OsliraError
from oslira_shared.usernames import InvalidUsername, normalise_username

# What can be ordered is what has a price in the catalogue.
ACCEPTED_TYPES: Final = frozenset(OFFERS)
# A profile younger than this is not fetched again, also if `max_age` is smaller: scrapes cost money.
MIN_MAX_AGE: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Order:
    """A valid order: username normalised, type accepted, age within its bounds."""

    username: str
    type: AnalysisType
    business_profile_id: UUID
    max_age: timedelta
    is_refresh: bool = False
    # A refresh of a profile whose newest item was fetched within this time returns the analysis of that item; None: never.
    unchanged_within: timedelta | None = None

    @property
    def reuse_within(self) -> timedelta:
        """How old a finished analysis may be to be returned instead. Negative for a refresh, so that none is."""
        return timedelta(seconds=-1) if self.is_refresh else self.max_age

    @property
    def price_credits(self) -> int:
        """The amount of its hold."""
        return OFFERS[self.type].price_credits

    @property
    def body_hash(self) -> str:
        """Equal for orders with the same normalised values."""
        parts = [self.username, self.type, str(self.business_profile_id), self.max_age.total_seconds()]
        if self.is_refresh:
            parts.append("refresh")
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def read_order(
    *,
    username: str,
    kind: str,
    business_profile_id: str,
    max_age_s: int | None,
    is_refresh: bool = False,
    unchanged_within: timedelta | None = None,
) -> Order:
    """An order from a request. Raises OsliraError: invalid_username, unknown_type, business_profile_not_found.

    `max_age_s` is the highest age of an analysis or a profile that is used again. It is raised to 5 minutes and lowered to
    the type's cache life, which is also the default.
    """
    try:
        name = normalise_username(username)
    except InvalidUsername as error:
        raise OsliraError("invalid_username", error.reason, problem=error.problem) from error
    accepted = _accepted(kind)
    try:
        profile_id = UUID(business_profile_id)
    except ValueError as error:
        raise OsliraError(
            "business_profile_not_found", "There is no such business profile in this account."
        ) from error
    longest = OFFERS[accepted].fresh_for
    wanted = longest if max_age_s is None else timedelta(seconds=max_age_s)
    max_age = min(max(wanted, MIN_MAX_AGE), longest)
    return Order(name, accepted, profile_id, max_age, is_refresh, unchanged_within)


def _accepted(kind: str) -> AnalysisType:
    offered = sorted(ACCEPTED_TYPES)
    if kind in ACCEPTED_TYPES:
        return AnalysisType(kind)
    raise OsliraError("unknown_type", "There is no such type of analysis.", accepted=offered)
