"""One request and what becomes of it: models in and out, problems raised, and another try where that is safe."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx
from pydantic import BaseModel

from oslira_client.errors import ApiError, problem_of
from oslira_client.paging import Pages
from oslira_client.shapes import Order, Page

AnswerT = TypeVar("AnswerT", bound=BaseModel)
_TRANSIENT: Final = frozenset({429, 502, 503, 504})
_LONGEST_WAIT_S: Final = 10.0
_FIRST_WAIT_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Csv:
    """A file with names, in the place of a body that lists them. Its terms are arguments of the method."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a request that may be sent again is, and how waiting is done."""

    at_most: int = 2
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random

    async def wait(self, attempt: int, error: Exception) -> None:
        """A growing, random delay, no shorter than the server's Retry-After."""
        wait_s = _FIRST_WAIT_S * 2**attempt * (0.5 + self.chance())
        asked_s = error.retry_after_s if isinstance(error, ApiError) else None
        await self.sleep(min(_LONGEST_WAIT_S, max(wait_s, asked_s or 0.0)))


class Calls:
    """Requests of one user. All raise ApiError for a problem, httpx.TransportError when no answer comes."""

    def __init__(self, http: httpx.AsyncClient, retries: Retries) -> None:
        self.http = http
        self.retries = retries

    async def read(
        self, path: str, answers: Mapping[int, type[AnswerT]], *, query: Mapping[str, Any] | None = None
    ) -> AnswerT:
        """GET: changes nothing, so it may be sent again."""
        return _parsed(await self.again("GET", path, params=_query(query)), answers)

    async def send(
        self,
        method: str,
        path: str,
        answers: Mapping[int, type[AnswerT]],
        *,
        body: Order | Csv | None = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> AnswerT:
        """Without retries: after a lost answer it is unknown whether the request was executed."""
        content = _content(body, query, headers)
        return _parsed(await self.answered(method, path, **content), answers)

    async def order(
        self,
        path: str,
        answers: Mapping[int, type[AnswerT]],
        *,
        key: str | None,
        body: Order | Csv | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> AnswerT:
        """POST under an Idempotency-Key, the caller's or one made here: sent again it is still one order."""
        content = _content(body, query, {"Idempotency-Key": key or str(uuid4())})
        return _parsed(await self.again("POST", path, **content), answers)

    async def do(self, method: str, path: str, *, headers: Mapping[str, str | None] | None = None) -> None:
        """What is answered with nothing."""
        await self.answered(method, path, **_content(None, None, headers))

    def pages(self, path: str, item: type[AnswerT], query: Mapping[str, Any] | None = None) -> Pages[AnswerT]:
        """A list; nothing is requested before it is read."""
        given = dict(query or {})
        cursor = given.pop("cursor", None)

        async def read(at: str | None) -> Page[AnswerT]:
            return await self.read(path, {200: Page[item]}, query={**given, "cursor": at})

        return Pages(read, cursor=cursor)

    async def chunks(self, path: str, query: Mapping[str, Any] | None = None) -> AsyncIterator[bytes]:
        """A download as it comes."""
        async with self.http.stream("GET", path, params=_query(query)) as answer:
            if not answer.is_success:
                await answer.aread()
                raise problem_of(answer)
            async for chunk in answer.aiter_bytes():
                yield chunk

    async def again(self, method: str, path: str, **content: Any) -> httpx.Response:
        """The answer, after as many tries as it may take."""
        for attempt in range(self.retries.at_most):
            try:
                return await self.answered(method, path, **content)
            except httpx.TransportError as error:
                await self.retries.wait(attempt, error)
            except ApiError as error:
                if error.status not in _TRANSIENT:
                    raise
                await self.retries.wait(attempt, error)
        return await self.answered(method, path, **content)

    async def answered(self, method: str, path: str, **content: Any) -> httpx.Response:
        """One request. Raises ApiError for an answer that isn't 2xx."""
        answer = await self.http.request(method, path, **content)
        if not answer.is_success:
            raise problem_of(answer)
        return answer


def path_of(template: str, **ids: UUID | str) -> str:
    """A path with ids in it, whatever characters they are made of."""
    return template.format(**{name: quote(str(value), safe="") for name, value in ids.items()})


def _parsed(answer: httpx.Response, answers: Mapping[int, type[AnswerT]]) -> AnswerT:
    return answers[answer.status_code].model_validate_json(answer.content)


def _content(
    body: Order | Csv | None, query: Mapping[str, Any] | None, headers: Mapping[str, str | None] | None
) -> dict[str, Any]:
    sent = {name: value for name, value in (headers or {}).items() if value is not None}
    match body:
        case Csv():
            headers = {**sent, "Content-Type": "text/csv"}
            return {"content": body.content, "params": _query(query), "headers": headers}
        case Order():
            return {"json": body.as_json(), "params": _query(query), "headers": sent}
        case None:
            return {"params": _query(query), "headers": sent}


def _query(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Without what wasn't given."""
    found = {name: value for name, value in (given or {}).items() if value is not None}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in found.items()
    }
