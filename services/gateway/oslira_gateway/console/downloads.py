"""Files that the API makes, passed on as they come."""

from collections.abc import AsyncGenerator, AsyncIterator

from litestar.response import Stream


async def csv_file(chunks: AsyncIterator[bytes], name: str) -> Stream:
    """The first part is read here, so that a refusal is a page and not half a file. Raises ApiError."""
    first = await anext(chunks, b"")

    async def content() -> AsyncGenerator[bytes]:
        yield first
        async for chunk in chunks:
            yield chunk

    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Stream(content(), media_type="text/csv; charset=utf-8", headers=headers)
