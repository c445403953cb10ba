"""Which addresses a browser may be sent to, and how ours are spelled."""

import re
from typing import Final
from urllib.parse import quote, unquote, urlsplit

HOME: Final = "/app"
SIGN_IN: Final = "/app/sign-in"
# Browsers read a backslash as a slash and drop control characters.
_PLAIN: Final = re.compile(r"[!-\[\]-~]{1,2000}")


def own(address: str | None) -> str:
    """`address` if it is a page of the console, else the home page: it may come from anybody."""
    if not address or not _PLAIN.fullmatch(address):
        return HOME
    parts = urlsplit(address)
    path = unquote(parts.path)
    is_ours = path == HOME or path.startswith(f"{HOME}/")
    if parts.scheme or parts.netloc or not is_ours or "\\" in path or ".." in path.split("/") or "//" in path:
        return HOME
    return address


def sign_in_and_return(address: str) -> str:
    """The sign-in page that leads back to `address`."""
    return f"{SIGN_IN}?next={quote(own(address), safe='')}"
