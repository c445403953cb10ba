"""What the engine needs of models: an answer to a call, the providers that give one, the books of what was asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from uuid import UUID

from oslira_analysis.application.rows import Run, Usage
from oslira_analysis.application.supplier_trouble import SupplierUnavailable, Trouble
from oslira_analysis.domain.models.calls import Call
from oslira_analysis.domain.models.model_catalogue import Provider
from oslira_analysis.domain.models.model_table import Choice
from oslira_analysis.domain.prompts.prompt import Prompt
from oslira_analysis.domain.results.language import LanguageOf

# How the books' `error` of a request begins that got no answer, and may cost.
UNANSWERED: Final = "no answer: "


class Languages(Protocol):
    """Which languages texts are written in."""

    async def ready(self) -> LanguageOf:
        """A detector that answers at once, and None where it isn't sure. Never raises: without a model nothing is sure."""
        ...


class ModelBusy(Exception):  # noqa: N818
    """No provider of the model can be reached, or all are over their limit; later it may work.

    `retry_after_s`: not before that, as far as they said.
    """

    def __init__(self, reason: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class AnswerUnusable(Exception):  # noqa: N818
    """The models answered, and refused, were cut short or broke the schema. What it cost is booked."""


class Models(Protocol):
    """Model calls that are booked before the request and whose answer is kept."""

    async def answer(self, run: Run, call: Call, prompt: Prompt) -> dict[str, Any]:
        """The answer as JSON that fits the call's schema; one kept from an earlier attempt costs nothing.

        Raises ModelBusy or AnswerUnusable.
        """
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """One request to one provider. `fault` is what was wrong with its last answer: then this one asks for a repair."""

    run: Run
    call: Call
    choice: Choice
    prompt: Prompt
    fault: str | None

    @property
    def model(self) -> str:
        return self.choice.model


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: `text` as the model wrote it, or None with the reason in `usage.error` (refused).

    A text that was cut short has its reason there too, and may hold a whole answer all the same.
    """

    usage: Usage
    text: str | None


class ProviderFailed(SupplierUnavailable):
    """No answer: the provider is down, slow, over its limit or garbles.

    `asks_again`: a moment later it may be fine. `may_cost`: it may have worked on an answer, and charge for it.
    """

    def __init__(
        self,
        reason: str,
        *,
        asks_again: bool,
        may_cost: bool = False,
        trouble: Trouble = "outage",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(reason, trouble=trouble, retry_after_s=retry_after_s)
        self.asks_again = asks_again
        self.may_cost = may_cost


class RequestRefused(Exception):  # noqa: N818
    """The provider calls the request itself wrong: the same one fails again, there."""


class ModelNotFound(Exception):  # noqa: N818
    """The provider doesn't have the model (any more), or not for our key. Final for that model, not for the call."""


class ModelProvider(Protocol):
    """One provider of models. One request per call: it retries nothing itself."""

    name: Provider

    async def ask(self, question: Question) -> Reply:
        """Raises ProviderFailed, RequestRefused or ModelNotFound."""
        ...


class ModelChoices(Protocol):
    """Which model a call asks now, by the table of models and by what is known of them."""

    def choose(self, call: Call, provider: Provider) -> Choice | None:
        """None if the provider has no model left for this call."""
        ...

    async def note_gone(self, provider: Provider, model: str) -> None:
        """The provider answered model_not_found: neither this process nor another one should ask for the model again."""
        ...


@dataclass(frozen=True, slots=True)
class Unusable:
    """How many of a provider's answers to a call could not be used so far, over all attempts; what was wrong with the last."""

    answers: int
    fault: str | None


@dataclass(frozen=True, slots=True)
class Recalled:
    """The answer that came back already, and by provider what could not be used, and how many requests got no answer.

    A request without an answer may cost: it timed out, broke off in the middle, or its process died.
    """

    answer: dict[str, Any] | None = None
    unusable: Mapping[str, Unusable] = field(default_factory=dict[str, Unusable])
    unanswered: Mapping[str, int] = field(default_factory=dict[str, int])

    def unusable_of(self, provider: str) -> Unusable:
        """None so far, where nothing is known."""
        return self.unusable.get(provider, Unusable(0, None))


class CallBooks(Protocol):
    """The books of model calls. Never fenced: the money is spent, whoever holds the run."""

    async def recall(self, run: Run, call: Call) -> Recalled:
        """What earlier requests of this call came to, over all attempts."""
        ...

    async def discard(self, run: Run, call: Call) -> None:
        """Forget the kept answer, so that the next one is kept in its place."""
        ...

    async def book(self, question: Question, provider: str) -> UUID:
        """Before the request: if we die, the row says that money may have been spent."""
        ...

    async def complete(self, usage_id: UUID, usage: Usage, answer: dict[str, Any] | None) -> None:
        """Usage and answer in one statement: a crash leaves both or neither. The first answer to a call wins."""
        ...
