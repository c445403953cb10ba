"""Copies profile pictures in the background: best effort, a few at a time, without delaying a run."""

import asyncio
import hashlib
from collections.abc import Callable
from typing import Final

import structlog
from oslira_shared.deadline import BlockingCalls
from oslira_shared.ending import end_all
from oslira_shared.postgres.clients import AdminClient

from oslira_analysis.infrastructure.media.public_fetch import MAX_S, NotFetched, Picture, fetch_picture
from oslira_analysis.infrastructure.media.s3_media import S3Media

_LOG = structlog.get_logger()
_AT_ONCE: Final = 4
_MOST_WAITING: Final = 200
# Name resolution and the connection are not part of `MAX_S`.
_FETCH_LIMIT_S: Final = 2 * MAX_S
_REMEMBER: Final = """
insert into analysis.avatars (username, key, content_type) values ($1, $2, $3)
on conflict (username) do update set key = excluded.key, content_type = excluded.content_type, copied_at = now()
returning key
"""
_IS_WANTED: Final = "select exists (select from analysis.avatars where key = $1)"


class AvatarCopier:
    """Implements Avatars. A picture that is not copied at shutdown is copied after the next scrape of the profile."""

    def __init__(
        self, media: S3Media, database: AdminClient, *, fetch: Callable[[str], Picture] = fetch_picture
    ) -> None:
        self._media = media
        self._database = database
        self._fetch = fetch
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._fetches = BlockingCalls("avatar", most=_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    def copy_later(self, username: str, url: str | None) -> None:
        if url is None or len(self._tasks) >= _MOST_WAITING:
            return
        task = asyncio.create_task(self._copy(username, url), name="copy-avatar")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Cancel unfinished copies."""
        await end_all(list(self._tasks))

    async def _copy(self, username: str, url: str) -> None:
        try:
            async with self._places:
                picture = await self._fetches.run(lambda: self._fetch(url), limit_s=_FETCH_LIMIT_S)
                key = f"media/avatars/{hashlib.sha256(picture.content).hexdigest()}"
                await self._media.put(key, picture.content, content_type=picture.content_type)
                async with self._database.connection() as connection:
                    kept = await connection.fetchval(_REMEMBER, username, key, picture.content_type)
                    # A profile that was erased meanwhile has no row, so delete its picture unless another profile has the same.
                    is_wanted = kept is not None or await connection.fetchval(_IS_WANTED, key)
                if not is_wanted:
                    await self._media.delete(key)
        except NotFetched as error:
            _LOG.info("avatar_not_copied", reason=str(error))
        except Exception as error:  # noqa: BLE001  # a picture is never worth a run
            _LOG.warning("avatar_not_copied", reason=type(error).__name__)
