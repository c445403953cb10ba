"""The envelope of every RPC answer. Without it, an error in a responder would reach the caller only as a timeout."""

from typing import Any, Generic, TypeVar

from oslira_shared.contracts.base import Contract
from oslira_shared.errors import CODES, OsliraError

ResultT = TypeVar("ResultT", bound=Contract)


class ErrorBody(Contract):
    """An OsliraError on the wire. `extra` holds values such as needed credits and balance."""

    code: str
    detail: str
    extra: dict[str, Any] = {}


class Reply(Contract, Generic[ResultT]):
    """Either `result` or `error`."""

    result: ResultT | None = None
    error: ErrorBody | None = None

    def unwrap(self) -> ResultT:
        """The result. Raises the responder's OsliraError."""
        if self.error is not None:
            code = self.error.code if self.error.code in CODES else "internal"
            raise OsliraError(code, self.error.detail, **self.error.extra)
        if self.result is None:
            raise OsliraError("internal", "the reply held neither a result nor an error")
        return self.result


def error_reply(error: OsliraError) -> "Reply[Any]":
    """The envelope with `error`."""
    return Reply[Any](error=ErrorBody(code=error.code, detail=error.detail, extra=error.extra))
