"""Instagram usernames as users paste them, normalised to the form of all keys."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

# The limit of a whole link; the part after `?` or `#` says nothing about the profile and can be hundreds of characters.
MAX_TEXT_LENGTH: Final = 2_048
# Without that part.
MAX_RAW_LENGTH: Final = 200
MAX_USERNAME_LENGTH: Final = 30

_HOSTS: Final = frozenset(
    {
        "instagram.com",
        "www.instagram.com",
        "m.instagram.com",
        "web.instagram.com",
        "instagr.am",
        "www.instagr.am",
    }
)
_LOOKS_LIKE_LINK: Final = re.compile(
    r"^(?:[a-z][a-z0-9+.-]*://|//|www\.|(?:(?:m|web|l)\.)?instagr(?:am\.com|\.am)\.?(?:[/?#:]|$))",
    re.IGNORECASE,
)
_MESSAGE_LINK: Final = re.compile(r"^(?:https?://)?(?:www\.)?ig\.me/m/([^/?#]+)/?(?:[?#]|$)", re.IGNORECASE)
_APP_LINK: Final = re.compile(r"^instagram://user/?\?username=([^&#]+)", re.IGNORECASE)
_NAME: Final = re.compile(r"[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?")
AT_SIGNS: Final = ("@", "\uff20", "\ufe6b")
# Copied from a page together with a name: invisible characters.
_INVISIBLE_ENDS: Final = (
    " \t\r\n\u00a0\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060"
    "\u2066\u2067\u2068\u2069\u3000\ufeff"
)
# Copied from a sentence together with a name. No name and no profile link begins or ends with one of these.
_OPENING: Final = "\"'`([{<\u00ab\u2018\u201c\u201e\u300c"
_CLOSING: Final = "\"'`)]}>\u00bb\u2019\u201d\u300d,;:!?\u3001\u3002\uff0c\uff1b"
_BULLET: Final = re.compile(r"^(?:\d{1,5}[.)]|[-*+\u2022\u00b7\u2013\u2014])\s+")
# `/NAME` is a profile, and so are these pages of one. Any other path is something else.
_PROFILE_TABS: Final = frozenset(
    {"reels", "tagged", "followers", "following", "channel", "guides", "live", "feed"}
)
# First parts of paths that are Instagram's own pages; a link with one of these is not a profile.
_OWN_PAGES: Final[Mapping[str, str]] = {
    "p": "a post",
    "reel": "a reel",
    "reels": "a reel",
    "tv": "a video",
    "igtv": "a video",
    "stories": "a story",
    "s": "a story highlight",
    "explore": "an explore page",
    "popular": "an explore page",
    "discover": "an explore page",
    "topics": "an explore page",
    "tags": "a hashtag",
    "hashtag": "a hashtag",
    "location": "a place",
    "locations": "a place",
    "guide": "a guide",
    "direct": "a conversation",
    "channel": "a conversation",
    "j": "a conversation",
    "invites": "an invitation",
    "share": "a share link",
    "qr": "a QR code",
    "nametag": "a QR code",
    "audio": "a sound",
    "ar": "an effect",
    "accounts": "a settings page",
    "accountscenter": "a settings page",
    "settings": "a settings page",
} | dict.fromkeys(
    (
        *("_n", "about", "ads", "ajax", "api", "archive", "auth", "challenge", "checkpoint", "create"),
        *("developer", "developers", "directory", "download", "emails", "embed", "embed.js", "error", "fxcal", "graphql"),
        *("hc", "inbox", "index.php", "jobs", "legal", "lite", "login", "logout", "logging", "n", "notifications", "oauth"),
        *("oembed", "press", "privacy", "professional", "publicapi", "query", "rupload", "saved", "search", "session"),
        *("shopping", "signup", "sitemap", "static", "subscriptions", "support", "terms", "third-party", "threads", "u"),
        *("upload", "user", "users", "verify", "web", "www", "your_activity"),
    ),
    "one of Instagram's own pages",
)  # fmt: skip


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

    1 to 30 of `a-z 0-9 . _`, no dot at either end, no two dots in a row. Other scripts are rejected rather
    than folded: a Cyrillic lookalike is no Instagram name. A hyphen inside the name is accepted too, since the
    development simulators use it (`missing-x`, `private-x`); Instagram has no such profile: `not_found`.

    The bullet of a list, quotes, brackets, and the full stop or comma of a sentence around it are removed.
    """
    if len(raw) > MAX_TEXT_LENGTH:
        raise InvalidUsername(
            "too_long", f"At most {MAX_TEXT_LENGTH} characters are accepted, here are {len(raw)}."
        )
    text = _without_query(_unwrapped(raw))
    if len(text) > MAX_RAW_LENGTH:
        raise InvalidUsername(
            "too_long", f"At most {MAX_RAW_LENGTH} characters are accepted, here are {len(text)}."
        )
    name = _without_at_sign(_name_in_link(text).strip(_INVISIBLE_ENDS)).rstrip("/")
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


def _unwrapped(raw: str) -> str:
    """Without the characters that a page or a sentence puts around a name. One dot only: `natal...` is a name that was cut off."""
    text = _BULLET.sub("", raw.strip(_INVISIBLE_ENDS))
    while (bare := text.lstrip(_OPENING).rstrip(_CLOSING).strip(_INVISIBLE_ENDS)) != text:
        text = bare
    if text.endswith(".") and not text.endswith(".."):
        text = text[:-1].rstrip(_CLOSING)
    return text


def _without_query(text: str) -> str:
    """A link without the part from its `?` or `#`; a name has neither, and the app's link has its name there."""
    if _APP_LINK.match(text) or not (_LOOKS_LIKE_LINK.match(text) or _MESSAGE_LINK.match(text)):
        return text
    return re.split(r"[?#]", text, maxsplit=1)[0]


def _without_at_sign(text: str) -> str:
    return text[1:] if text.startswith(AT_SIGNS) else text


def _name_in_link(text: str) -> str:
    """The name a link points to; any other text is returned unchanged."""
    if short := _MESSAGE_LINK.match(text) or _APP_LINK.match(text):
        return unquote(short.group(1))
    if not _LOOKS_LIKE_LINK.match(text):
        return text
    segments = _path_segments(text)
    if segments[:1] == ["_u"]:  # the app's own links: instagram.com/_u/name, always a profile
        segments = segments[1:]
    elif segments and (page := _OWN_PAGES.get(segments[0].lower())):
        reason = (
            f"This is a link to {page}, not to a profile; write @name if you mean an account of that name."
        )
        raise InvalidUsername("not_a_profile", reason)
    if not segments:
        raise InvalidUsername("not_a_profile", "This link names no profile.")
    name, *rest = segments
    if rest and not (len(rest) == 1 and rest[0].lower() in _PROFILE_TABS):
        thing = _OWN_PAGES.get(rest[0].lower(), "something else")
        raise InvalidUsername("not_a_profile", f"This is a link to {thing}, not to a profile.")
    return name


def _path_segments(link: str) -> list[str]:
    try:
        parts = urlsplit(link if "://" in link else f"https://{link.lstrip('/')}")
        host = (parts.hostname or "").removesuffix(".")
    except ValueError as error:
        raise InvalidUsername("not_instagram", "This is not a link to an Instagram profile.") from error
    if parts.scheme.lower() not in {"http", "https"} or host not in _HOSTS:
        raise InvalidUsername("not_instagram", "This is not a link to an Instagram profile.")
    segments = [unquote(segment).strip(_INVISIBLE_ENDS) for segment in parts.path.split("/")]
    return [segment for segment in segments if segment]
