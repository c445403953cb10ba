"""A list that requests its next page when it is needed."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Generic, TypeVar

from oslira_client.shapes import Page

ItemT = TypeVar("ItemT")


class Pages(Generic[ItemT]):
    """`async for item in …` for all of it; `await ….first()` for one page alone."""

    def __init__(self, read: Callable[[str | None], Awaitable[Page[ItemT]]], *, cursor: str | None) -> None:
        self._read = read
        self._cursor = cursor

    async def first(self) -> Page[ItemT]:
        """The page at the cursor that was given, or the list's first."""
        return await self._read(self._cursor)

    async def pages(self) -> AsyncIterator[Page[ItemT]]:
        """One after the other."""
        page = await self.first()
        yield page
        while page.next_cursor is not None:
            page = await self._read(page.next_cursor)
            yield page

    async def __aiter__(self) -> AsyncIterator[ItemT]:
        async for page in self.pages():
            for item in page.items:
                yield item
