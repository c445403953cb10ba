"""The documentation that we serve."""

from typing import Any

from litestar import Request
from litestar.openapi.plugins import JsonRenderPlugin

from oslira_gateway.http.openapi import complete_openapi


class OpenApiJson(JsonRenderPlugin):
    """`/schema/openapi.json`: the completed document, rendered once."""

    def __init__(self) -> None:
        super().__init__(path="/openapi.json")
        self._rendered: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002
        """See OpenAPIRenderPlugin."""
        if self._rendered is None:
            self._rendered = self.render_json(request, complete_openapi(request.app))
        return self._rendered
