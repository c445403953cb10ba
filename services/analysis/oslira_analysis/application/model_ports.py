"""Ports for models: an answer to a call, the providers, and the records of requests."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from uuid import UUID

from oslira_analysis.application.rows import Run, Usage
from oslira_analysis.application.supplier_failures import SupplierUnavailable, Trouble
from oslira_analysis.domain.models.calls import Call
from oslira_analysis.domain.models.model_catalogue import Provider
from oslira_analysis.domain.models.model_table import Choice
from oslira_analysis.domain.prompts.prompt import Prompt
from oslira_analysis.domain.results.language import LanguageOf

# The prefix of a record's `error` for a request without an answer that may be billed.
UNANSWERED: Final = "no answer: "


class Languages(Protocol):
    """Language detection."""

    async def ready(self) -> LanguageOf:
        """A detector that does not block, and returns None if it is not sure. Never raises: without a model nothing is sure."""
        ...


class ModelBusy(Exception):  # noqa: N818
    """All providers are unreachable or over their limit. A later attempt may work.

    `retry_after_s`: not before that, if a provider sent it.
    """

    def __init__(self, reason: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class AnswerUnusable(Exception):  # noqa: N818
    """The models answered, but the answers were refusals, truncated or outside the schema. The cost is recorded."""


class Models(Protocol):
    """Model calls. Each request is recorded before it is sent, and its answer is stored."""

    async def answer(self, run: Run, call: Call, prompt: Prompt) -> dict[str, Any]:
        """The answer as JSON that fits the call's schema. A stored answer of an earlier attempt costs nothing.

        Raises ModelBusy or AnswerUnusable.
        """
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """One request to one provider. `fault` is the error in its last answer; then this request asks for a repair."""

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
    """The response: `text` as the model wrote it, or None with the reason in `usage.error` (refused).

    A truncated text has its reason there too, and may still contain a complete answer.
    """

    usage: Usage
    text: str | None


class ProviderFailed(SupplierUnavailable):
    """No answer: the provider is down, slow, over its limit or sends an invalid response.

    `is_retryable`: a retry may work. `may_cost`: it may have generated an answer, and bill it.
    """

    def __init__(
        self,
        reason: str,
        *,
        is_retryable: bool,
        may_cost: bool = False,
        trouble: Trouble = "outage",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(reason, trouble=trouble, retry_after_s=retry_after_s)
        self.is_retryable = is_retryable
        self.may_cost = may_cost


class RequestRefused(Exception):  # noqa: N818
    """The provider rejects the request as invalid. The same request fails there again."""


class ModelNotFound(Exception):  # noqa: N818
    """The provider doesn't have the model (any more), or not for our key. Final for that model, not for the call."""


class ModelProvider(Protocol):
    """One provider of models. Sends one request per call and does not retry."""

    name: Provider

    async def ask(self, question: Question) -> Reply:
        """Raises ProviderFailed, RequestRefused or ModelNotFound."""
        ...


class ModelChoices(Protocol):
    """Chooses the model of a call from the table of models and their reported status."""

    def choose(self, call: Call, provider: Provider) -> Choice | None:
        """None if the provider has no model left for this call."""
        ...

    async def note_removed(self, provider: Provider, model: str) -> None:
        """The provider answered model_not_found: no process should request the model again."""
        ...


@dataclass(frozen=True, slots=True)
class Unusable:
    """The number of a provider's unusable answers to a call, over all attempts, and the error in the last."""

    answers: int
    fault: str | None


@dataclass(frozen=True, slots=True)
class CallHistory:
    """The stored answer, and by provider the unusable answers and the number of requests without an answer.

    A request without an answer may be billed: it timed out, was interrupted, or its process crashed.
    """

    answer: dict[str, Any] | None = None
    unusable: Mapping[str, Unusable] = field(default_factory=dict[str, Unusable])
    unanswered: Mapping[str, int] = field(default_factory=dict[str, int])

    def unusable_of(self, provider: str) -> Unusable:
        """No answers, if there is no record."""
        return self.unusable.get(provider, Unusable(0, None))


class CallRecords(Protocol):
    """The records of model calls. Never fenced: the money is spent, whichever process holds the run."""

    async def load(self, run: Run, call: Call) -> CallHistory:
        """The results of earlier requests of this call, over all attempts."""
        ...

    async def discard(self, run: Run, call: Call) -> None:
        """Delete the stored answer, so that the next one is stored instead."""
        ...

    async def create(self, question: Question, provider: str) -> UUID:
        """Called before the request: after a crash the row shows that money may have been spent."""
        ...

    async def complete(self, usage_id: UUID, usage: Usage, answer: dict[str, Any] | None) -> None:
        """Usage and answer in one statement: a crash leaves both or neither. The first answer to a call wins."""
        ...
