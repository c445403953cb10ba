"""JSON bodies. Each kind of invalid body is an error of the caller (400)."""

from collections.abc import AsyncGenerator
from typing import Any

from litestar import Request
from litestar.exceptions import InternalServerException
from oslira_shared.errors import OsliraError
from oslira_shared.outside_text import storable_json


class JsonRequest(Request[Any, Any, Any]):
    """Litestar's request. Litestar answers 500 for a body that ends early, is too deep, or is not UTF-8; this answers 400."""

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Raises OsliraError `invalid_request` if the caller disconnects before the end of the body."""
        try:
            async for chunk in super().stream():
                yield chunk
        except InternalServerException as error:
            raise OsliraError("invalid_request", "The body did not arrive whole.") from error

    async def json(self) -> Any:
        """Raises OsliraError `invalid_request` for those. Litestar itself rejects other malformed JSON."""
        try:
            body = await super().json()
        except (RecursionError, UnicodeDecodeError) as error:
            raise OsliraError("invalid_request", "The body is not JSON that can be read.") from error
        # Rejected, not repaired: a changed text may mean something else.
        if storable_json(body) != body:
            problem = "The body holds a NUL character, half a surrogate pair, or is too deep."
            raise OsliraError("invalid_request", problem, errors=[{"key": "body", "message": problem}])
        return body
