"""Where Stripe may redirect a user to: only our own application."""

import re
from typing import Final
from urllib.parse import unquote, urlsplit

from oslira_shared.errors import OsliraError

# Browsers read a backslash as a slash and drop control characters: we must compare what they will open.
_PLAIN: Final = re.compile(r"[!-\[\]-~]{1,2000}")


def under(app_url: str, url: str) -> str:
    """`url` if it is under `app_url`. Raises OsliraError `invalid_return_url`."""
    ours, theirs = urlsplit(app_url), urlsplit(url)
    base = ours.path.rstrip("/") + "/"
    is_below = theirs.path.startswith(base) or theirs.path.rstrip("/") + "/" == base
    if (
        not _PLAIN.fullmatch(url)
        or (theirs.scheme, theirs.netloc) != (ours.scheme, ours.netloc)
        or not is_below
        or ".." in unquote(theirs.path).split("/")
    ):
        raise OsliraError(
            "invalid_return_url", "A return URL has to lie under the application's own address."
        )
    return url
