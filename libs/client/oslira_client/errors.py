"""Problem details (RFC 9457) as exceptions: catch by kind, decide by `code`, which is stable."""

from collections.abc import Mapping
from typing import Any, Final

import httpx


class ApiError(Exception):
    """A problem answer: `status`, the stable `code`, and the whole `body`, which has further fields for some codes."""

    def __init__(self, status: int, body: Mapping[str, Any], *, retry_after_s: float | None = None) -> None:
        self.status = status
        self.code = str(body.get("code", "unknown"))
        self.detail = str(body.get("detail") or body.get("title") or "")
        self.body = dict(body)
        self.retry_after_s = retry_after_s
        super().__init__(f"{status} {self.code}: {self.detail}")


class InvalidRequest(ApiError):  # noqa: N818
    """400, 413, 415, 422: `body["errors"]` says where, for `invalid_request`."""


class Unauthenticated(ApiError):  # noqa: N818
    """401."""


class PaymentRequired(ApiError):  # noqa: N818
    """402: `insufficient_credits` has `need` and `balance`."""


class Forbidden(ApiError):  # noqa: N818
    """403."""


class NotFound(ApiError):  # noqa: N818
    """404, also for what is another account's."""


class Conflict(ApiError):  # noqa: N818
    """409, 412."""


class RateLimited(ApiError):  # noqa: N818
    """429: nothing was done; `retry_after_s`: when to retry."""


class ServerProblem(ApiError):  # noqa: N818
    """5xx: `unavailable` is worth asking again."""


_KINDS: Final[Mapping[int, type[ApiError]]] = {
    400: InvalidRequest,
    401: Unauthenticated,
    402: PaymentRequired,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    413: InvalidRequest,
    415: InvalidRequest,
    422: InvalidRequest,
    429: RateLimited,
}


def problem_of(answer: httpx.Response) -> ApiError:
    """What an answer that isn't 2xx means. Its body has been read."""
    try:
        body = answer.json()
    except ValueError:
        body = {"detail": answer.text[:200]}
    kind = ServerProblem if answer.status_code >= 500 else _KINDS.get(answer.status_code, ApiError)
    given = answer.headers.get("retry-after", "")
    return kind(answer.status_code, body, retry_after_s=float(given) if given.isdecimal() else None)
