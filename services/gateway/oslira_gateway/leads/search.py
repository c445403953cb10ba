"""Filter and order of lists of leads."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from oslira_shared.contracts.analysis.v1 import AnalysisType

from oslira_gateway.leads.lead import Lead

# Postgres stores neither NUL nor half a surrogate pair, so nothing can be found by them.
_UNSTORABLE: Final = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")

SortValue = datetime | int | str


class Sort(StrEnum):
    """What leads are sorted by; equal ones by their id."""

    ANALYSED_AT = "analysed_at"
    SCORE = "score"
    USERNAME = "username"


class Direction(StrEnum):
    """`desc`: newest, best or last letter first."""

    ASC = "asc"
    DESC = "desc"


@dataclass(frozen=True, slots=True)
class LeadFilter:
    """All that is given has to hold. Scores are inclusive; `analysed_to` is not. `text`: words that names begin with."""

    type: AnalysisType | None = None
    business_profile_id: UUID | None = None
    score_min: int | None = None
    score_max: int | None = None
    analysed_from: datetime | None = None
    analysed_to: datetime | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class LeadSearch:
    """A filter and an order: what a cursor belongs to."""

    filter: LeadFilter = LeadFilter()
    sort: Sort = Sort.ANALYSED_AT
    direction: Direction = Direction.DESC

    @property
    def identity(self) -> str:
        """The same text for the same search, and for no other."""
        return repr(self)


@dataclass(frozen=True, slots=True)
class Place:
    """The last lead of a page, in the order of its search."""

    value: SortValue
    lead_id: UUID


def place_of(lead: Lead, sort: Sort) -> Place:
    """The position of a lead."""
    values: dict[Sort, SortValue] = {
        Sort.ANALYSED_AT: lead.analysed_at,
        Sort.SCORE: lead.score,
        Sort.USERNAME: lead.username,
    }
    return Place(values[sort], lead.lead_id)


def searchable(text: str | None) -> str | None:
    """The text to search; None if it is empty after clean-up."""
    return (_UNSTORABLE.sub(" ", text).strip() or None) if text else None
