"""Leads as CSV (RFC 4180), safe to open in a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from oslira_gateway.leads.lead import Lead

# Excel takes a file for UTF-8 only when it begins with this; other readers of CSV know it as well.
BYTE_ORDER_MARK: Final = "\ufeff"
HEADER: Final = (
    "username",
    "profile_url",
    "full_name",
    "category",
    "followers",
    "score",
    "type",
    "business_profile",
    "analysed_at",
    "created_at",
    "lead_id",
)
# A cell that begins so is a formula to a spreadsheet, also in its full-width form: it could send what stands beside it anywhere.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def header_line() -> str:
    """The first line."""
    return BYTE_ORDER_MARK + _lines([HEADER])


def lead_lines(leads: Iterable[Lead], business_names: Mapping[UUID, str]) -> str:
    """One line a lead."""
    return _lines(_cells(lead, business_names) for lead in leads)


def safe_cell(text: str) -> str:
    """`text`, with an apostrophe before what a spreadsheet would run."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text


def _cells(lead: Lead, business_names: Mapping[UUID, str]) -> Sequence[str | int]:
    cells: tuple[str | int, ...] = (
        lead.username,
        f"https://www.instagram.com/{lead.username}/",
        lead.full_name or "",
        lead.category or "",
        "" if lead.followers is None else lead.followers,
        lead.score,
        lead.type.value,
        business_names.get(lead.business_profile_id, ""),
        lead.analysed_at.isoformat(timespec="seconds"),
        lead.created_at.isoformat(timespec="seconds"),
        str(lead.lead_id),
    )
    return [safe_cell(cell) if isinstance(cell, str) else cell for cell in cells]


def _lines(rows: Iterable[Sequence[str | int]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()
