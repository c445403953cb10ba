"""Bodies as JSON, where what can't be one is the caller's mistake however it fails."""

from collections.abc import AsyncGenerator
from typing import Any

from litestar import Request
from litestar.exceptions import InternalServerException
from oslira_shared.errors import OsliraError
from oslira_shared.outside_text import storable_json


class JsonRequest(Request[Any, Any, Any]):
    """Litestar's request, with what it takes for our own failure: a body that ends early, is too deep, or isn't UTF-8."""

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Raises OsliraError `invalid_request` when the caller goes away in the middle of it."""
        try:
            async for chunk in super().stream():
                yield chunk
        except InternalServerException as error:
            raise OsliraError("invalid_request", "The body did not arrive whole.") from error

    async def json(self) -> Any:
        """Raises OsliraError `invalid_request` for those; what is merely malformed Litestar refuses by itself."""
        try:
            body = await super().json()
        except (RecursionError, UnicodeDecodeError) as error:
            raise OsliraError("invalid_request", "The body is not JSON that can be read.") from error
        # Said rather than mended: who sends it can send it right, and a changed text may mean something else.
        if storable_json(body) != body:
            problem = "The body holds a NUL character, half a surrogate pair, or is too deep."
            raise OsliraError("invalid_request", problem, errors=[{"key": "body", "message": problem}])
        return body
