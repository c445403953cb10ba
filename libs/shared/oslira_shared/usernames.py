"""Instagram usernames as people paste them, brought to the one form that everything is keyed by."""

import re
from typing import Final
from urllib.parse import unquote, urlsplit

MAX_RAW_LENGTH: Final = 200
MAX_USERNAME_LENGTH: Final = 30

_HOSTS: Final = frozenset(
    {"instagram.com", "www.instagram.com", "m.instagram.com", "instagr.am", "www.instagr.am"}
)
_LOOKS_LIKE_LINK: Final = re.compile(
    r"^(?:[a-z][a-z0-9+.-]*://|(?:(?:www|m)\.)?instagr(?:am\.com|\.am)(?:[/?#:]|$))", re.IGNORECASE
)
_MESSAGE_LINK: Final = re.compile(r"^(?:https?://)?(?:www\.)?ig\.me/m/([^/?#]+)", re.IGNORECASE)
_APP_LINK: Final = re.compile(r"^instagram://user\?username=([^&#]+)", re.IGNORECASE)
_NAME: Final = re.compile(r"[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?")
# What comes along when a name is copied from a page: marks that show nothing.
_INVISIBLE_ENDS: Final = (
    " \t\r\n\u00a0\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
)
_NOT_A_PROFILE: Final = {
    "p": "a post",
    "reel": "a reel",
    "reels": "a reel",
    "tv": "a video",
    "stories": "a story",
    "s": "a story highlight",
    "explore": "an explore page",
    "direct": "a conversation",
    "accounts": "a settings page",
    "share": "a share link",
}


class InvalidUsername(ValueError):  # noqa: N818
    """Not an Instagram username. `problem` is stable, `reason` is a sentence for the user.

    Problems: empty, too_long, not_instagram, not_a_profile, bad_characters, bad_form.
    """

    def __init__(self, problem: str, reason: str) -> None:
        super().__init__(reason)
        self.problem = problem
        self.reason = reason


def normalise_username(raw: str) -> str:
    """`@Name`, `instagram.com/Name/?hl=en` or `NAME` as `name`. Raises InvalidUsername.

    1 to 30 of `a-z 0-9 . _`, no dot at either end, no two dots in a row. Other scripts are refused rather
    than folded: a Cyrillic lookalike names nobody. A hyphen inside the name is accepted too, since the
    development simulators use it (`missing-x`, `private-x`); Instagram has no such profile: `not_found`.
    """
    if len(raw) > MAX_RAW_LENGTH:
        raise InvalidUsername(
            "too_long", f"At most {MAX_RAW_LENGTH} characters are accepted, here are {len(raw)}."
        )
    text = raw.strip(_INVISIBLE_ENDS)
    name = _name_in_link(text).removeprefix("@").rstrip("/")
    if not name:
        raise InvalidUsername("empty", "A username is needed.")
    if not name.isascii():  # before lower(): the Kelvin sign would become a plain k
        raise InvalidUsername(
            "bad_characters", "Usernames have only the letters a-z, digits, dots and underscores."
        )
    name = name.lower()
    if len(name) > MAX_USERNAME_LENGTH:
        raise InvalidUsername(
            "too_long", f"A username has at most {MAX_USERNAME_LENGTH} characters, this one has {len(name)}."
        )
    if re.search(r"[^a-z0-9._-]", name):
        raise InvalidUsername(
            "bad_characters", "Usernames have only the letters a-z, digits, dots and underscores."
        )
    if not _NAME.fullmatch(name) or ".." in name:
        raise InvalidUsername("bad_form", "A username has no dot at either end and no two dots in a row.")
    return name


def _name_in_link(text: str) -> str:
    """The name a link points to; anything that isn't a link comes back as it is."""
    if short := _MESSAGE_LINK.match(text) or _APP_LINK.match(text):
        return unquote(short.group(1))
    if not _LOOKS_LIKE_LINK.match(text):
        return text
    segments = _path_segments(text)
    if segments[:1] == ["_u"]:  # the app's own links: instagram.com/_u/name, never anything but a profile
        segments = segments[1:2]
    elif thing := _other_thing(segments):
        raise InvalidUsername("not_a_profile", f"This is a link to {thing}, not to a profile.")
    if not segments:
        raise InvalidUsername("not_a_profile", "This link names no profile.")
    return segments[0]


def _other_thing(segments: list[str]) -> str | None:
    """What /p/CODE, /reel/CODE or /name/p/CODE links to; /name/reels/ is a profile's tab."""
    first, second, *_ = [*segments, "", ""]
    has_code = len(segments) > 2  # noqa: PLR2004
    return _NOT_A_PROFILE.get(first.lower()) or (_NOT_A_PROFILE.get(second.lower()) if has_code else None)


def _path_segments(link: str) -> list[str]:
    try:
        parts = urlsplit(link if "://" in link else f"https://{link}")
    except ValueError as error:
        raise InvalidUsername("not_instagram", "This is not a link to an Instagram profile.") from error
    if parts.scheme.lower() not in {"http", "https"} or parts.hostname not in _HOSTS:
        raise InvalidUsername("not_instagram", "This is not a link to an Instagram profile.")
    return [unquote(segment) for segment in parts.path.split("/") if segment]
