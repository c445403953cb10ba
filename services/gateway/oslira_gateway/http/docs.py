"""The document and the page that shows it (Swagger UI). The page loads files of this server only.

Litestar's own plugin is not used: its page has an inline script, which the policy here forbids.
"""

from functools import cache
from pathlib import Path
from typing import Any, Final

import swagger_ui
from litestar import Request, Response, Router, get
from litestar.datastructures import ResponseHeader
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.params import FromPath
from oslira_shared.errors import OsliraError

from oslira_gateway.http.openapi.document import complete_openapi

_FILES: Final[dict[str, str]] = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}
_START: Final = """
window.addEventListener("load", () => {
  SwaggerUIBundle({ url: "/schema/openapi.json", dom_id: "#ui", deepLinking: true, docExpansion: "none" });
});
"""
_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Oslira API</title>
<link rel="icon" type="image/png" href="/schema/ui/favicon-32x32.png">
<link rel="stylesheet" href="/schema/ui/swagger-ui.css">
<script src="/schema/ui/swagger-ui-bundle.js"></script>
<script src="/schema/ui/start.js"></script>
</head>
<body>
<div id="ui"></div>
<noscript>The document itself is at <a href="/schema/openapi.json">/schema/openapi.json</a>.</noscript>
</body>
</html>
"""
# This server only. The page's script sets styles on elements, hence 'unsafe-inline' for styles.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_CACHED: Final = {"Cache-Control": "public, max-age=3600"}


class OpenApiJson(JsonRenderPlugin):
    """`/schema/openapi.json`: the completed document, rendered once."""

    def __init__(self) -> None:
        super().__init__(path="/openapi.json")
        self._rendered: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002
        if self._rendered is None:
            self._rendered = self.render_json(request, complete_openapi(request.app))
        return self._rendered


class DocsPage(OpenAPIRenderPlugin):
    """`/schema`: the page, to read the document and try its operations."""

    def __init__(self) -> None:
        super().__init__(path="/")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002
        return _PAGE.encode()

    def receive_router(self, router: Router) -> None:
        """Add the files that the page loads, and the policy that forbids all others."""

        @get("/ui/{name:str}", sync_to_thread=False)
        def read_file(name: FromPath[str]) -> Response[bytes]:
            if name == "start.js":
                return Response(_START.encode(), media_type="text/javascript", headers=_CACHED)
            if name not in _FILES:
                raise OsliraError("not_found", "There is nothing at this address.")
            return Response(_file(name), media_type=_FILES[name], headers=_CACHED)

        router.response_headers = [ResponseHeader(name="Content-Security-Policy", value=_POLICY)]
        router.register(read_file)


@cache
def _file(name: str) -> bytes:
    return (Path(swagger_ui.__file__).with_name("static") / name).read_bytes()
