"""Templates, and the files that pages load. Everything is escaped; there is no inline script or style."""

import hashlib
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from oslira_gateway.console import text

_PACKAGE: Final = "oslira_gateway.console"
_STATIC: Final = files(_PACKAGE) / "static"
# What a page loads, by its address below /app/static: the parts it is joined from, and its type.
ASSETS: Final[dict[str, tuple[tuple[str, ...], str]]] = {
    "console.css": (("css/tokens.css", "css/base.css", "css/parts.css", "css/screens.css"), "text/css"),
    "htmx.js": (("vendor/htmx.min.js",), "text/javascript"),
    "console.js": (("js/page.js", "js/live.js", "js/keys.js"), "text/javascript"),
    "icon.svg": (("icon.svg",), "image/svg+xml"),
}


@cache
def asset_bytes(name: str) -> bytes:
    """The file. Raises KeyError for one that is not in ASSETS."""
    return b"\n".join((_STATIC / part).read_bytes() for part in ASSETS[name][0])


@cache
def asset(name: str) -> str:
    """Its address, which changes with its content, so that browsers may keep it."""
    return f"/app/static/{name}?v={hashlib.sha256(asset_bytes(name)).hexdigest()[:12]}"


@cache
def icon(name: str) -> Markup:
    """A Lucide icon, for people who see it: the text beside it says the same."""
    drawing = (_STATIC / "vendor" / "lucide" / f"{name}.svg").read_text()
    inner = drawing[drawing.index(">", drawing.index("<svg")) + 1 : drawing.rindex("</svg>")]
    return Markup(  # noqa: S704  # a file of ours
        f'<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{inner}</svg>'
    )


def templates() -> Environment:
    """Raises UndefinedError while rendering when a template asks for what it was not given."""
    environment = Environment(
        loader=PackageLoader(_PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    globals_: dict[str, Any] = {"asset": asset, "icon": icon}
    environment.globals.update(globals_)
    environment.filters.update(text.FILTERS)
    return environment
