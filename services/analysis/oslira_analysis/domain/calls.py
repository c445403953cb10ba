"""Which model calls an analysis makes: model, effort, token limits and prompt, in one table."""

from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from oslira_analysis.domain.light import LightAnswer


@dataclass(frozen=True, slots=True)
class Call:
    """One model call. `output_tokens` bounds the answer, reasoning included."""

    name: str
    model: str
    output_tokens: int
    answer: type[BaseModel]
    temperature: float | None = None


SCORE: Final = Call("score", model="gpt-4o-mini", output_tokens=1_500, answer=LightAnswer, temperature=0.2)
