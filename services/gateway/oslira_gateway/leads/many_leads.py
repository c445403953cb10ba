"""Several leads at once: requests, and the result for each lead."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from oslira_gateway.bulk.name_list import MAX_NAMES
from oslira_gateway.http.whole_number import WholeNumber
from oslira_gateway.runs.order_fields import TypeName


class LeadIds(BaseModel):
    """Leads of the account, by their ids."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lead_ids: Annotated[list[UUID], Field(min_length=1, max_length=MAX_NAMES)]


class LeadsRefresh(LeadIds):
    """Leads of one business profile to analyse again. `max_credits` bounds what it may cost."""

    type: TypeName
    max_credits: Annotated[WholeNumber, Field(ge=0, le=10**9)] | None = None


class Outcome(StrEnum):
    """The result for a lead. `replaced`: the profile was analysed again, and a newer lead exists."""

    DELETED = "deleted"
    RESTORED = "restored"
    REPLACED = "replaced"
    NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True)
class LeadOutcome:
    """What became of one lead. `replaced_by` is the lead that has its place."""

    lead_id: UUID
    outcome: Outcome
    replaced_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class LeadOutcomes:
    """Of each lead once, in the order of the request. `changed` counts those that are deleted, or restored, now or before."""

    items: list[LeadOutcome]
    changed: int


def outcomes_of(lead_ids: list[UUID], found: list[LeadOutcome]) -> LeadOutcomes:
    """In the order in which they were asked for."""
    by_id = {one.lead_id: one for one in found}
    items = [by_id.get(one, LeadOutcome(one, Outcome.NOT_FOUND)) for one in dict.fromkeys(lead_ids)]
    done = (Outcome.DELETED, Outcome.RESTORED)
    return LeadOutcomes(items, sum(item.outcome in done for item in items))
