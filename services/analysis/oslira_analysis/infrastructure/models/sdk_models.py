"""Common code for the adapters of both model SDKs: a lazily created client, and the usage record of an answer."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import structlog
from oslira_shared.deadline import within

from oslira_analysis.application.model_ports import ProviderFailed, Question
from oslira_analysis.application.rows import Usage
from oslira_analysis.domain.models.model_catalogue import Provider
from oslira_analysis.domain.prompts.token_estimate import estimate_tokens
from oslira_analysis.infrastructure.models.ai_gateway import AIGateway, is_hit
from oslira_analysis.infrastructure.models.model_prices import cost_nano_usd
from oslira_analysis.infrastructure.models.provider_requests import Answered, Connection, failure_of
from oslira_analysis.infrastructure.singleflight import Singleflight

_LOG = structlog.get_logger()
T = TypeVar("T")
_MOST_TOKENS = 4_000_000  # more than any model reads or writes: a higher count is an error, and would use up the daily limit


@dataclass(frozen=True, slots=True)
class Tokens:
    """`input` includes the `cached` tokens and those written to the cache."""

    input: int
    output: int
    cached: int
    cache_write: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of an answered request: the state of its Usage, and the error in the answer."""

    state: str = "answered"
    error: str | None = None


REFUSED = Outcome("refused", "refused")
CUT_SHORT = Outcome("cut_short", "cut short by the token limit")


class SdkModels(ABC):
    """The part of the port ModelProvider that is the same for both SDKs."""

    name: Provider

    def __init__(self, connection: Connection, gateway: AIGateway | None = None) -> None:
        self._connection = connection
        self._gateway = gateway
        self.client: Singleflight[Any] = Singleflight(self._make)

    async def connected(self) -> Any:
        """The client, with the current key."""
        client = await self.client.ready()
        client.api_key = self._connection.api_key()
        return client

    async def list_models(self) -> Mapping[str, date | None]:
        """Implements ModelList."""
        client = await self.connected()
        headers = {**self._gateway.login_headers(), "cf-aig-skip-cache": "true"} if self._gateway else {}
        return await self.exchange(self._list(client, headers))

    async def exchange(self, call: Awaitable[T]) -> T:
        """One request with its whole answer, all pages of it, within the connection's time limit. Raises DeadlineExceeded."""
        return await within(self._connection.timeout_s, call, call=self.name)

    async def probe(self) -> None:
        """Request the list of models, which is free. Raises ProviderFailed for an outage; a rejection counts as an answer."""
        try:
            await self.list_models()
        except Exception as error:
            failure = failure_of(error)
            if isinstance(failure, ProviderFailed) and failure.trouble == "outage":
                raise failure from error

    async def close(self) -> None:
        """Close the connections."""
        if (client := self.client.made) is not None:
            await client.close()

    @abstractmethod
    async def _list(self, client: Any, headers: dict[str, str]) -> dict[str, date | None]:
        """The supplier's list of models, all pages, with the shutdown date of each."""

    @abstractmethod
    def _make_client(self, arguments: dict[str, Any]) -> Any:
        """Import the SDK and create its client. `arguments` are those that both SDKs accept; retries are off."""

    def _make(self) -> Any:
        at = self._connection
        return self._make_client(
            {
                "api_key": at.api_key(),
                "base_url": self._gateway.base_url(self.name) if self._gateway else at.base_url,
                "max_retries": 0,
                "timeout": at.timeout_s,
            }
        )

    def _usage(
        self, answered: Answered, outcome: Outcome, tokens: Tokens | None, question: Question, text: str
    ) -> Usage:
        """Without `tokens` they are unknown in the record, and the cost is a high estimate from the texts."""
        priced = tokens or Tokens(
            input=estimate_tokens(question.prompt.system) + estimate_tokens(question.prompt.user),
            output=estimate_tokens(text),
            cached=0,
        )
        cost = cost_nano_usd(
            self.name,
            question.model,
            input_tokens=priced.input,
            cached_tokens=priced.cached,
            output_tokens=priced.output,
            cache_write_tokens=priced.cache_write,
        )
        if tokens is None:
            _LOG.warning("usage_missing", provider=self.name, model=question.model, call=question.call.name)
        return Usage(
            outcome.state,
            answered.duration_ms,
            input_tokens=tokens.input if tokens else None,
            cached_tokens=tokens.cached if tokens else None,
            output_tokens=tokens.output if tokens else None,
            cost_nano_usd=0 if is_hit(answered.headers) else cost,
            error=outcome.error,
        )


def known_or_none(read: Callable[[dict[str, Any]], Tokens], body: dict[str, Any]) -> Tokens | None:
    """The tokens of an answer, or None if its usage is missing or unreadable: the answer is still usable."""
    try:
        tokens = read(body)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None
    counts = (tokens.input, tokens.output, tokens.cached, tokens.cache_write)
    are_possible = all(0 <= count <= _MOST_TOKENS for count in counts)
    return tokens if are_possible and tokens.cached + tokens.cache_write <= tokens.input else None


def read_date(value: object) -> date | None:
    """A supplier's date: ISO text or a datetime. None for anything else, which counts as not announced."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).date()
    try:
        return date.fromisoformat(str(value)[:10]) if value else None
    except ValueError:
        return None
