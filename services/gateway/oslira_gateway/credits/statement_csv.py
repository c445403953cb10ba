"""A statement as CSV (RFC 4180), safe to open in a spreadsheet."""

import csv
import io
from collections.abc import AsyncGenerator
from dataclasses import astuple, fields
from datetime import datetime
from typing import Final

from oslira_gateway.credits.ports import Statements
from oslira_gateway.credits.transaction import ALWAYS, Span, Transaction
from oslira_gateway.identity.caller import Member
from oslira_gateway.leads.csv_rows import BYTE_ORDER_MARK, safe_cell

_HEADER: Final = ",".join(field.name for field in fields(Transaction))
_PAGE_ROWS: Final = 500


async def statement_csv(statements: Statements, member: Member, span: Span = ALWAYS) -> AsyncGenerator[bytes]:
    """All movements of the span, newest first, page by page: only one page is in memory."""
    yield f"{BYTE_ORDER_MARK}{_HEADER}\r\n".encode()
    before: int | None = None
    while rows := await statements.page(member, before=before, limit=_PAGE_ROWS, span=span):
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\r\n", quoting=csv.QUOTE_NONNUMERIC)
        writer.writerows([_cell(value) for value in astuple(row)] for row in rows)
        yield text.getvalue().encode()
        before = rows[-1].position


def _cell(value: object) -> str | int:
    match value:
        case int():
            return value
        case None:
            return ""
        case datetime():
            return value.isoformat()
        case _:
            return safe_cell(str(value))
