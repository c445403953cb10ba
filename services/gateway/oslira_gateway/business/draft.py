"""The order of a draft of a business profile: the owner's answers and its price."""

import hashlib
from dataclasses import dataclass

from oslira_shared.catalog import DRAFT_PRICE_CREDITS
from pydantic import BaseModel, ConfigDict

from oslira_gateway.business.profile import Name, Phrase, Text


class OnboardingAnswers(BaseModel):
    """A few answers of an owner: who they are, what they sell and, optionally, to whom, where and how."""

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
    """Held, run, settled and repeated by its key like an analysis."""

    answers: OnboardingAnswers

    @property
    def price_credits(self) -> int:
        """The reference of its hold."""
        return DRAFT_PRICE_CREDITS

    @property
    def body_hash(self) -> str:
        """A hash of all answers."""
        return hashlib.sha256(f"draft {self.answers.model_dump_json()}".encode()).hexdigest()
