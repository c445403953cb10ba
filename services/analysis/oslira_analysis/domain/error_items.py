"""What an error item of the scraper says: a verdict on the profile, or that the scrape itself did not work.

The wording is the actor's and changes, so words are matched by meaning. A sign that the request was blocked counts before
everything else: what a blocked scrape says of a profile is no verdict. Words that are not known are no verdict either.
"""

import re
from typing import Final, Literal

from oslira_analysis.domain import scraped_fields as fields
from oslira_analysis.domain.scraped_fields import Item

UnavailableReason = Literal["not_found", "private", "restricted", "empty_or_private"]

_WORDS: Final = (
    "error",
    "errorDescription",
    "errorMessage",
    "message",
    "reason",
    "title",
    "status",
    "statusMessage",
)
_NUMBERS: Final = ("status", "statusCode", "httpStatus", "errorCode", "code")
_LISTS: Final = ("requestErrorMessages", "errorMessages", "errors")
_LIMIT: Final = 500
_BLOCKED: Final = re.compile(
    r"\b(?:blocked|captcha|challenge|checkpoint|log ?in|logged out|sign in|rate limit\w*|too many requests|429"
    r"|wait a few minutes|unusual|suspicious|forbidden|401|403|5\d\d|access denied|unauthori[sz]ed|prox(?:y|ies)"
    r"|time ?d? ?out|temporar\w+|try again|retry\w*)\b|<html|<!doctype",
)
_SUBJECT: Final = r"\b(?:page|profile|user|user ?name|account|handle|post|link|person)\b"
_GONE: Final = (
    r"(?:not (?:be )?found|(?:does|do|did) ?n[o'\u2019]t exist|not exist\w*|n[o'\u2019]t available|not available"
    r"|no longer (?:exists?|available)|(?:was|were|been|is|got) (?:removed|deleted)|deleted|removed|deactivated|suspended)"
)
_NOT_FOUND: Final = re.compile(
    rf"^(?:error:? )?(?:404:? )?(?:not found|does ?n[o'\u2019]t exist)\b|{_SUBJECT}[^.]{{0,60}}{_GONE}\b|\b404\b"
    rf"|\bno such {_SUBJECT}|\b(?:could not|couldn[\u2019']t|cannot|can[\u2019']t) find\b[^.]{{0,20}}{_SUBJECT}",
)
_EMPTY_OR_PRIVATE: Final = re.compile(r"^no items\b|\bempty or private\b")
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def is_error_item(item: Item) -> bool:
    """Whether the item reports a failure, beside whatever else stands in it."""
    return item.get("isRestrictedProfile") is True or bool(item.get("error"))


def says_blocked(item: Item) -> bool:
    """Whether the item says that the scraper was kept from looking."""
    return any(_BLOCKED.search(words) for words in _said(item))


def verdict_of(item: Item) -> UnavailableReason | None:
    """Why there is no profile to read, of an error item that does not say that it was blocked; None for words not known."""
    said = _said(item)
    if item.get("isRestrictedProfile") is True or "restricted" in said[0]:
        return "restricted"
    if any(_EMPTY_OR_PRIVATE.search(words) for words in said):
        return "empty_or_private"
    if any(_NOT_FOUND.search(words) for words in said):
        return "not_found"
    return "private" if any("private" in words for words in said) else None


def _said(item: Item) -> list[str]:
    """All its words, the error's own first, in small letters and with spaces between them."""
    if (nested := fields.as_item(item.get("error"))) is not None:
        item = {**item, **nested, "error": nested.get("type") or nested.get("code")}
    texts = [fields.text(item, key, limit=_LIMIT) or "" for key in _WORDS]
    texts += [str(fields.count(item, key) or "") for key in _NUMBERS]
    texts += [
        fields.text({"said": one}, "said", limit=_LIMIT) or ""
        for key in _LISTS
        for one in fields.list_of(item, key, limit=5)
    ]
    return [re.sub(r"[\s_-]+", " ", _CAMEL.sub(" ", words)).strip().lower() for words in texts]
