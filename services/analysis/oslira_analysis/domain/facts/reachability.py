"""Which contact channels the profile shows."""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from oslira_analysis.domain.facts.contacts import find_emails, find_phones, links_of
from oslira_analysis.domain.profile import Profile

_MESSENGERS: Final = re.compile(
    r"\b(?:wa\.me|api\.whatsapp\.com|t\.me|m\.me|ig\.me|line\.me)/|\bwhats?app\b|\btelegram\b|\b(?:dm|direct message)s?\b",
    re.IGNORECASE,
)
# A URL without a scheme, by the top-level domains that businesses use. Two-letter domains only in lower case:
# "Coach.In Berlin" lacks a space. An e-mail's host, a handle (@name.co) and a local part (name.co@) are not links.
_LINK: Final = re.compile(
    r"(?<![\w@.-])(?:(?i:https?://|www\.)[^\s<>\"]+|(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,5}"
    r"(?:(?i:com|net|org|info|biz|app|dev|shop|store|online|site|agency|studio|bio)"
    r"|co|io|me|tv|cc|ai|eu|uk|us|ca|au|nz|de|at|ch|fr|es|it|pt|nl|be|lu|pl|cz|sk|hu|ro|bg|gr|tr|ru|ua|se|no|dk|fi|is|ie|br|mx|ar"
    r"|cl|pe|uy|in|id|my|sg|ph|th|vn|jp|kr|cn|tw|hk|za|ng|ke|eg|ae|sa|il|pk|bd|lk|ee|lt|lv|hr|si|rs|ly|gg|fm)"
    r"(?![\w@-])(?:/[^\s<>\"]*)?)"
)
_MESSENGER_HOSTS: Final = frozenset({"wa.me", "api.whatsapp.com", "t.me", "m.me", "ig.me", "line.me"})


@dataclass(frozen=True, slots=True)
class Reachability:
    """Matched in the biography and the links by pattern. Contains only whether a channel exists, never the address.

    `known` is False where the item has neither a biography, a link nor the business flag: then nothing can be said.
    """

    known: bool
    email: bool
    phone: bool
    messenger: bool
    website: bool
    is_business: bool | None

    @property
    def channels(self) -> tuple[str, ...]:
        ways = {
            "email": self.email,
            "phone": self.phone,
            "messenger": self.messenger,
            "website": self.website,
        }
        return tuple(name for name, there in ways.items() if there)


def measure_reachability(profile: Profile) -> Reachability:
    links = {*links_of(profile), *_LINK.findall(profile.biography)}
    hosts = {_host(link) for link in links}
    return Reachability(
        known=bool(profile.biography or links or profile.is_business is not None),
        email=bool(find_emails(profile.biography)),
        phone=bool(find_phones(profile.biography)),
        messenger=_MESSENGERS.search(profile.biography) is not None or not hosts.isdisjoint(_MESSENGER_HOSTS),
        website=bool(hosts - _MESSENGER_HOSTS),
        is_business=profile.is_business,
    )


def _host(link: str) -> str:
    try:
        return (urlsplit(link if "://" in link else f"https://{link}").hostname or "").removeprefix("www.")
    except ValueError:
        return ""
