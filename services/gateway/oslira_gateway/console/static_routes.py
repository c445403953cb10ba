"""`/app/static/…`: the files that pages load, compressed once."""

import gzip
from functools import cache
from typing import Any, Final

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from oslira_gateway.console.guard import OPEN
from oslira_gateway.console.render import ASSETS, asset_bytes

# An address changes with its content.
_KEPT: Final = "public, max-age=31536000, immutable"


def static_routes() -> list[Any]:
    """Routes of files."""

    @get("/app/static/{name:str}", opt={OPEN: True}, sync_to_thread=False)
    def read_file(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
        if name not in ASSETS:
            raise NotFoundException
        headers = {"Cache-Control": _KEPT, "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(_compressed(name), media_type=ASSETS[name][1], headers=headers)
        return Response(asset_bytes(name), media_type=ASSETS[name][1], headers=headers)

    return [read_file]


@cache
def _compressed(name: str) -> bytes:
    return gzip.compress(asset_bytes(name), mtime=0)
