"""The filter of the leads' table, as it stands in the page's address."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Self
from urllib.parse import urlencode
from uuid import UUID

from litestar.exceptions import ValidationException

SORTS: Final = {
    "analysed_at": ("Newest analysis", "desc"),
    "score": ("Highest score", "desc"),
    "username": ("Name", "asc"),
}
_HIGHEST_SCORE: Final = 100
TYPES: Final = ("light", "deep", "xray")
# Columns that can be hidden, and their titles.
COLUMNS: Final = {
    "summary": "Summary",
    "followers": "Followers",
    "category": "Category",
    "type": "Type",
    "contact": "Contact",
    "analysed": "Analysed",
}
_DEFAULT_COLUMNS: Final = ("summary", "followers", "category", "analysed")


@dataclass(frozen=True, slots=True)
class Filters:
    """Texts as they were given; empty is no bound."""

    q: str
    type: str
    business: str
    score_min: str
    score_max: str
    analysed_from: str
    analysed_to: str
    sort: str
    columns: tuple[str, ...]

    @classmethod
    def read(cls, query: Any) -> Self:
        """From a request's query parameters."""
        text = {name: str(query.get(name, "")).strip() for name in ("q", "type", "business", "score_min")}
        more = {
            name: str(query.get(name, "")).strip() for name in ("score_max", "analysed_from", "analysed_to")
        }
        sort = str(query.get("sort", "")) or "analysed_at"
        chosen = tuple(one for one in query.getall("column", []) if one in COLUMNS) or _DEFAULT_COLUMNS
        return cls(**text, **more, sort=sort if sort in SORTS else "analysed_at", columns=chosen)

    @property
    def bounds(self) -> dict[str, Any]:
        """Arguments of list_leads and export_leads. Raises ValidationException."""
        if self.type and self.type not in TYPES:
            raise ValidationException("There is no such type of analysis.")
        return {
            "q": self.q or None,
            "type": self.type or None,
            "business_profile_id": _id(self.business),
            "score_min": _score(self.score_min),
            "score_max": _score(self.score_max),
            "analysed_from": _day(self.analysed_from),
            "analysed_to": _day(self.analysed_to),
        }

    @property
    def order(self) -> dict[str, Any]:
        """Arguments of list_leads alone."""
        return {"sort": self.sort, "order": SORTS[self.sort][1]}

    @property
    def is_set(self) -> bool:
        """Whether any lead is left out."""
        return any(value is not None for value in self.bounds.values())

    def address(self, path: str, **more: str) -> str:
        """`path` with this filter, changed by `more`."""
        given: Mapping[str, Any] = {
            "q": self.q,
            "type": self.type,
            "business": self.business,
            "score_min": self.score_min,
            "score_max": self.score_max,
            "analysed_from": self.analysed_from,
            "analysed_to": self.analysed_to,
            "sort": self.sort,
            "column": self.columns if self.columns != _DEFAULT_COLUMNS else (),
            **more,
        }
        query = urlencode({name: value for name, value in given.items() if value}, doseq=True)
        return f"{path}?{query}" if query else path


def _id(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise ValidationException("There is no such business.") from None


def _score(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or int(text) > _HIGHEST_SCORE:
        raise ValidationException("A score is a number from 0 to 100.")
    return int(text)


def _day(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
    except ValueError:
        raise ValidationException("That is not a date.") from None
