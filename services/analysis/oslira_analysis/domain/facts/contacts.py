"""Contact data that a profile publishes: e-mail addresses and phone numbers in its biography, and WhatsApp numbers in its links.

The scraper's items have no fields for them. It is personal data: kept on the lead alone, and erased with it.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlsplit

from oslira_analysis.domain.profile import Profile

MOST: Final = 5
_EMAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63})+")
# Groups of digits as phones are written, from the start of a number: "+55 (11) 91234-5678", "040 1234567".
_PHONE: Final = re.compile(r"(?<![\w.,/])(?:\+\d{1,3}[ .-]?)?(?:\(?\d{2,4}\)?[ .-]?){2,5}\d{2,4}(?!\w)")
_PHONE_DIGITS: Final = range(8, 16)  # E.164 allows 15
# "2019-2024" and "10.000.000" are not phone numbers.
_NO_PHONE: Final = re.compile(r"(?:19|20)\d\d ?[-.] ?(?:19|20)\d\d|\+?\d{1,3}(?:\.\d{3})+")
_WHATSAPP_HOSTS: Final = frozenset({"wa.me", "api.whatsapp.com", "web.whatsapp.com"})


@dataclass(frozen=True, slots=True)
class Contacts:
    """As written, without duplicates, at most `MOST` of each kind. A number of a WhatsApp link begins with `+`."""

    emails: tuple[str, ...]
    phones: tuple[str, ...]


def read_contacts(profile: Profile) -> Contacts:
    """The contacts in the biography and the links."""
    linked = (_whatsapp_number(link) for link in links_of(profile))
    by_digits: dict[str, str] = {}
    for phone in (*find_phones(profile.biography), *filter(None, linked)):
        by_digits.setdefault(_digits(phone), phone)
    emails = dict.fromkeys(find_emails(profile.biography))
    return Contacts(tuple(emails)[:MOST], tuple(by_digits.values())[:MOST])


def links_of(profile: Profile) -> tuple[str, ...]:
    """The profile's links, without duplicates."""
    shown = (*filter(None, [profile.external_url]), *profile.external_links)
    return tuple(dict.fromkeys(shown))


def find_emails(text: str) -> tuple[str, ...]:
    """E-mail addresses in a text, in lower case."""
    return tuple(found.lower() for found in _EMAIL.findall(text))


def find_phones(text: str) -> tuple[str, ...]:
    """Phone numbers in a text, as written."""
    numbers = (match.group() for match in _PHONE.finditer(text))
    return tuple(
        number
        for number in numbers
        if not _NO_PHONE.fullmatch(number) and len(_digits(number)) in _PHONE_DIGITS
    )


def _whatsapp_number(link: str) -> str | None:
    try:
        parts = urlsplit(link)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return None
    if host not in _WHATSAPP_HOSTS:
        return None
    written = parts.path if host == "wa.me" else parse_qs(parts.query).get("phone", [""])[0]
    digits = written.strip("/ +")
    is_number = digits.isascii() and digits.isdigit() and len(digits) in _PHONE_DIGITS
    return f"+{digits}" if is_number else None


def _digits(number: str) -> str:
    return "".join(c for c in number if c.isdigit())
