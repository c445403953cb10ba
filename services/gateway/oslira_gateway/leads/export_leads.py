"""All leads of a search as CSV, one page at a time, so that memory does not grow with the account.

Pages are ordered by username, which never changes, so that a lead that is analysed during the export is neither repeated nor skipped.
Each page is a short transaction: a slow client holds no connection and no snapshot.
"""

from collections.abc import AsyncGenerator, Sequence
from typing import Final

from oslira_gateway.identity.caller import Member
from oslira_gateway.leads.csv_rows import header_line, lead_lines
from oslira_gateway.leads.lead import Lead
from oslira_gateway.leads.ports import Leads
from oslira_gateway.leads.search import Direction, LeadFilter, LeadSearch, Sort, place_of

# Formatting a page keeps the event loop busy: about 15 ms for so many.
PAGE_ROWS: Final = 250


class ExportLeads:
    """After an error the response is aborted, so that clients see that the file is incomplete."""

    def __init__(self, leads: Leads, *, page_rows: int = PAGE_ROWS) -> None:
        self._leads = leads
        self._page_rows = page_rows

    async def __call__(self, member: Member, wanted: LeadFilter) -> AsyncGenerator[bytes]:
        """The file, in parts. The first page is read here, so that early errors come before the response starts."""
        search = LeadSearch(wanted, Sort.USERNAME, Direction.ASC)
        names = await self._leads.business_names(member)
        first = await self._leads.page(member, search, after=None, limit=self._page_rows)

        async def parts() -> AsyncGenerator[bytes]:
            page: Sequence[Lead] = first
            yield header_line().encode()
            while page:
                yield lead_lines(page, names).encode()
                if len(page) < self._page_rows:
                    return
                last = place_of(page[-1], Sort.USERNAME)
                page = await self._leads.page(member, search, after=last, limit=self._page_rows)

        return parts()
