"""Leads as CSV (RFC 4180), safe to open in a spreadsheet."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from oslira_gateway.leads.lead import Lead

# Excel reads a file as UTF-8 only if it begins with this. Other CSV readers accept it.
BYTE_ORDER_MARK: Final = "\ufeff"
_LINE_END: Final = "\r\n"
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
    "tier",
    "verified",
    "links",
    "emails",
    "phones",
    "summary",
)
# Spreadsheets run a cell that begins with these as a formula, also in full-width form, and a formula can send other cells away.
# A separator of another locale or program begins a new cell inside of ours.
_FORMULA: Final = re.compile(
    r"(^|[;,|\t\r\n\u037e\uff0c\uff1b])"  # where a cell may begin
    r"([\s\u200b-\u200f\u2060\ufeff\"\u2019']*)"  # what is passed over
    r"(?=[=+\-@\uff1d\uff0b\uff0d\uff20\u2212])"
)
_CONTROL_STARTS: Final = ("\t", "\r", "\n")


def header_line() -> str:
    """The first line."""
    return BYTE_ORDER_MARK + ",".join(HEADER) + _LINE_END


def lead_lines(leads: Iterable[Lead], business_names: Mapping[UUID, str]) -> str:
    """One line a lead."""
    return _lines(_cells(lead, business_names) for lead in leads)


def safe_cell(text: str) -> str:
    """`text` with an apostrophe before each formula, wherever a spreadsheet may split the line."""
    guarded = _FORMULA.sub(r"\1'\2", text)
    return f"'{guarded}" if guarded.startswith(_CONTROL_STARTS) else guarded


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
        lead.tier or "",
        "" if lead.is_verified is None else str(lead.is_verified).lower(),
        _listed(lead.links),
        _listed(lead.emails),
        _listed(lead.phones),
        lead.summary or "",
    )
    return [safe_cell(cell) if isinstance(cell, str) else cell for cell in cells]


def _listed(texts: Sequence[str]) -> str:
    """Several in one cell; nothing takes ` / ` for the end of a cell."""
    return " / ".join(texts)


def _lines(rows: Iterable[Sequence[str | int]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=_LINE_END, quoting=csv.QUOTE_NONNUMERIC).writerows(rows)
    return text.getvalue()
