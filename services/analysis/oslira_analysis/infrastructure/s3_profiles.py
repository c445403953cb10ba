"""The profile cache: one object per username, the scraped item as it was. The bucket's lifecycle expires it."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar, cast

import structlog
from oslira_shared.bucket import PROFILES, bucket_client

from oslira_analysis.application.ports import Item
from oslira_analysis.infrastructure.made_once import MadeOnce

_LOG = structlog.get_logger()
_SCRAPED_AT: Final = "scraped-at"
_THREADS: Final = 16
T = TypeVar("T")


class S3Profiles:
    """The port ProfileCache. boto3 blocks, so every call is in a thread. Down means empty, never an error."""

    def __init__(self, *, bucket: str, endpoint_url: str | None) -> None:
        self._bucket = bucket
        self.client: MadeOnce[Any] = MadeOnce(lambda: bucket_client(endpoint_url))
        # Not asyncio's own threads, which pictures that don't come would hold up.
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="s3")

    async def find(self, username: str, *, max_age: timedelta) -> Item | None:
        try:
            found = await self._in_thread(lambda: self._get(username))
        except Exception as error:  # noqa: BLE001  # whatever is wrong with the cache, a scrape is the answer
            _LOG.warning("profile_cache_failed", operation="get", reason=type(error).__name__)
            return None
        if found is None:
            return None
        item, scraped_at = found
        return item if datetime.now(UTC) - scraped_at <= max_age else None

    async def put(self, username: str, item: Item) -> bool:
        try:
            await self._in_thread(lambda: self._put(username, item))
        except Exception as error:  # noqa: BLE001  # the row keeps the item instead
            _LOG.warning("profile_cache_failed", operation="put", reason=type(error).__name__)
            return False
        return True

    async def close(self) -> None:
        """Close the connections to the store."""
        if (client := self.client.made) is not None:
            await asyncio.to_thread(client.close)
        self._threads.shutdown(wait=False)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _get(self, username: str) -> tuple[Item, datetime] | None:
        client = self.client.get()
        try:
            found = client.get_object(Bucket=self._bucket, Key=key_of(username))
        except client.exceptions.NoSuchKey:
            return None
        scraped_at = datetime.fromisoformat(found["Metadata"][_SCRAPED_AT])
        return cast("Item", json.loads(found["Body"].read())), scraped_at

    def _put(self, username: str, item: Item) -> None:
        self.client.get().put_object(
            Bucket=self._bucket,
            Key=key_of(username),
            Body=json.dumps(item, ensure_ascii=False).encode(),
            ContentType="application/json",
            Metadata={_SCRAPED_AT: datetime.now(UTC).isoformat()},
        )


def key_of(username: str) -> str:
    """Where the profile's item is kept."""
    return f"{PROFILES}v1/{username}.json"
