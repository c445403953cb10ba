"""A draft of a business profile, ordered: what its owner has typed, and what that costs."""

import hashlib
from dataclasses import dataclass

from oslira_shared.catalog import DRAFT_PRICE_CREDITS
from pydantic import BaseModel, ConfigDict

from oslira_gateway.business.profile import Name, Phrase, Text


class OnboardingAnswers(BaseModel):
    """A few questions that an owner answers: who they are, what they sell and, if they like, to whom, where and how."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    offer: Text
    customers: Text | None = None
    location: Phrase | None = None
    avoid: Text | None = None
    tone: Phrase | None = None
    language: Phrase | None = None
    notes: Text | None = None


@dataclass(frozen=True, slots=True)
class DraftOrder:
    """An order like that of an analysis: held, run, settled and repeated by its key in the same way."""

    answers: OnboardingAnswers

    @property
    def price_credits(self) -> int:
        """What its hold is for."""
        return DRAFT_PRICE_CREDITS

    @property
    def body_hash(self) -> str:
        """Of all that was typed."""
        return hashlib.sha256(f"draft {self.answers.model_dump_json()}".encode()).hexdigest()
