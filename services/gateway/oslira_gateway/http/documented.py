"""The responses of a route in addition to its usual success, declared at the route.

`@post("/analyses", responses=also(200, Run, "It exists.") | refuses("invalid_username", "insufficient_credits"))`

`http/openapi/document.py` adds the codes that all routes have (authentication, limits, invalid requests, internal errors).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from litestar.openapi import ResponseSpec
from litestar.openapi.spec import Example

from oslira_gateway.http.problems import MEDIA_TYPE, problem_body, status_of_code
from oslira_gateway.http.status_texts import text_of


@dataclass(frozen=True, slots=True)
class Problem:
    """RFC 9457 problem details. `code` is stable and what programs should read; `detail` is for people and may change.

    Some codes add figures of their own beside these, such as `need` and `balance`.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str


@dataclass
class Refusals(ResponseSpec):
    """The problems of a route with one status."""

    codes: tuple[str, ...] = ()


def refuses(*codes: str) -> dict[int, ResponseSpec]:
    """The route's own error codes, as Litestar's `responses`. Raises KeyError at import for one that isn't in errors.CODES."""
    return {status: _refusals(status, group) for status, group in by_status(codes).items()}


def also(
    status: int, body: Any, description: str, *, media_type: str = "application/json"
) -> dict[int, ResponseSpec]:
    """Another success response, or a more exact one for the usual status. `body` None: no body."""
    spec = ResponseSpec(
        data_container=body, generate_examples=False, description=description, media_type=media_type
    )
    return {status: spec}


def by_status(codes: Sequence[str]) -> Mapping[int, tuple[str, ...]]:
    """Codes grouped by their HTTP status, each once, in the order given."""
    groups: dict[int, tuple[str, ...]] = {}
    for code in dict.fromkeys(codes):
        status = status_of_code(code)
        groups[status] = (*groups.get(status, ()), code)
    return groups


def problem_example(code: str) -> dict[str, Any]:
    """An example of a problem with this code."""
    return problem_body(code, text_of(code), instance="/v1/…")


def _refusals(status: int, codes: tuple[str, ...]) -> Refusals:
    return Refusals(
        data_container=Problem,
        generate_examples=False,
        description=HTTPStatus(status).phrase,
        media_type=MEDIA_TYPE,
        examples=[Example(id=code, summary=text_of(code), value=problem_example(code)) for code in codes],
        codes=codes,
    )
