"""Classify an error item of the scraper: a result about the profile, or a failure of the scrape itself.

The wording is the actor's and changes, so words are matched by meaning. A sign that the request was blocked counts before
everything else: what a blocked scrape says of a profile is no verdict. Words that are not known are no verdict either.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, Literal, cast

from oslira_analysis.domain import scraped_fields as fields
from oslira_analysis.domain.scraped_fields import Item
from oslira_analysis.domain.text import clean_text

UnavailableReason = Literal["not_found", "private", "restricted", "empty_or_private"]

# Stable, and in English whatever the language of the other words.
_CODES: Final = ("errorCode", "errorType", "code")
# An item of a page that was read has none of these.
_FAILURES: Final = ("error", "errorCode", "errorType", "errorDescription", "errorMessage")
_WORDS: Final = (
    "error",
    "errorDescription",
    "errorMessage",
    "message",
    "reason",
    "title",
    "status",
    "statusMessage",
    *_CODES,
)
_NUMBERS: Final = ("status", "statusCode", "httpStatus", "errorCode", "code")
# Errors of single requests: texts, or objects that contain the texts.
_REQUESTS: Final = ("requestErrorMessages", "errorMessages", "errors", "errorInfo", "debug", "#debug")
_LIMIT: Final = 500
_MOST_TEXTS: Final = 20
_MOST_DEPTH: Final = 4
_BLOCKED: Final = re.compile(
    r"\b(?:blocked|captcha|challenge|checkpoint|log ?in|logged out|sign in|rate limit\w*|too many requests|429"
    r"|wait a few minutes|unusual|suspicious|forbidden|401|403|5\d\d|access denied|unauthori[sz]ed|prox(?:y|ies)"
    r"|time ?d? ?out|temporar\w+|try again|retry\w*)\b|<html|<!doctype",
)
_SUBJECT: Final = r"\b(?:page|profile|user|user ?name|account|handle|post|link|person)\b"
_GONE: Final = (
    r"(?:not (?:be )?found|(?:does|do|did) ?n[o'\u2019]t exist|not exist\w*|n[o'\u2019]t available|not available|unavailable"
    r"|no longer (?:exists?|available)|(?:was|were|been|is|got) (?:removed|deleted)|deleted|removed|deactivated"
    r"|suspended|disabled|terminated|banned)"
)
_NOT_FOUND: Final = re.compile(
    rf"^(?:error:? )?(?:404:? )?(?:not found|does ?n[o'\u2019]t exist)\b|{_SUBJECT}[^.]{{0,60}}{_GONE}\b|\b404\b"
    rf"|\bno such {_SUBJECT}|\b(?:could not|couldn[\u2019']t|cannot|can[\u2019']t) find\b[^.]{{0,20}}{_SUBJECT}",
)
_EMPTY_OR_PRIVATE: Final = re.compile(r"^no items\b|\bempty or private\b")
_RESTRICTED: Final = re.compile(
    rf"\brestricted {_SUBJECT}|{_SUBJECT}[^.]{{0,20}}\brestricted\b|\bage restricted\b"
)
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def is_error_item(item: Item) -> bool:
    """Whether the item reports a failure, whatever else it contains."""
    return _is_restricted(item) or any(item.get(key) for key in _FAILURES)


def reports_block(item: Item) -> bool:
    """Whether the item says that the scraper was blocked.

    A failed request counts even if its wording is unknown or in another language: what was not fetched is not evidence.
    """
    failed = _failed_requests(item)
    is_reported = any(_BLOCKED.search(words) for words in (*_texts_of(item), *failed))
    return is_reported or any(_verdict_in([words]) is None for words in failed)


def verdict_of(item: Item) -> UnavailableReason | None:
    """Why there is no profile to read, of an error item that does not say that it was blocked; None for words not known."""
    texts = _texts_of(item)
    if _is_restricted(item) or "restricted" in texts[0]:
        return "restricted"
    return _verdict_in(texts) or ("private" if fields.flag(item, "private") else None)


def _is_restricted(item: Item) -> bool:
    return fields.flag(item, "isRestrictedProfile") is True


def _verdict_in(texts: Sequence[str]) -> UnavailableReason | None:
    if any(_EMPTY_OR_PRIVATE.search(words) for words in texts):
        return "empty_or_private"
    if any(_RESTRICTED.search(words) for words in texts):
        return "restricted"
    if any(_NOT_FOUND.search(words) for words in texts):
        return "not_found"
    return "private" if any("private" in words for words in texts) else None


def _texts_of(item: Item) -> list[str]:
    """All its own texts, the error's first."""
    if (nested := fields.as_item(item.get("error"))) is not None:
        named = (fields.text(nested, key, limit=_LIMIT) for key in ("type", "code", "name"))
        item = {**item, **nested, "error": next(filter(None, named), None)}
    texts = [fields.text(item, key, limit=_LIMIT) or "" for key in _WORDS]
    texts += [str(fields.count(item, key) or "") for key in _NUMBERS]
    return [_plain(words) for words in texts]


def _failed_requests(item: Item) -> list[str]:
    """Its texts about failed requests."""
    texts = islice(_texts({key: item[key] for key in _REQUESTS if key in item}), _MOST_TEXTS)
    return [words for text in texts if (words := _plain(clean_text(text, _LIMIT)))]


def _texts(value: object, *, depth: int = 0) -> Iterator[str]:
    """The texts in it; of an object only those that say something of a failure, not its addresses and numbers."""
    if isinstance(value, str):
        yield value
    elif depth == _MOST_DEPTH:
        return
    elif isinstance(value, list):
        for part in cast("list[object]", value)[:_MOST_TEXTS]:
            yield from _texts(part, depth=depth + 1)
    elif (inner := fields.as_item(value)) is not None:
        for key in (*_REQUESTS, *_WORDS):
            yield from _texts(inner.get(key), depth=depth + 1)


def _plain(words: str) -> str:
    """Lower case, with spaces between words."""
    return re.sub(r"[\s_-]+", " ", _CAMEL.sub(" ", words)).strip().lower()
