"""Erasure in the bucket."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from oslira_shared.bucket import CALL_LIMIT_S
from oslira_shared.deadline import BlockingCalls

from oslira_analysis.infrastructure.scraping.s3_profiles import key_of

_AT_ONCE: Final = 4


class S3ErasableObjects:
    """Implements ErasableObjects. `client` blocks, so every call is in a thread."""

    def __init__(self, client: Callable[[], Any], *, bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        self._calls = BlockingCalls("s3_erasures", most=_AT_ONCE)

    async def erase_profile(self, username: str) -> int:
        return await self._calls.run(
            lambda: self._delete_if_there(key_of(username)), limit_s=2 * CALL_LIMIT_S
        )

    async def erase_pictures(self, keys: Sequence[str]) -> None:
        for key in keys:
            await self._calls.run(partial(self._delete, key), limit_s=CALL_LIMIT_S)

    def _delete(self, key: str) -> None:
        self._client().delete_object(Bucket=self._bucket, Key=key)

    def _delete_if_there(self, key: str) -> int:
        client = self._client()
        found = client.list_objects_v2(Bucket=self._bucket, Prefix=key, MaxKeys=1).get("Contents", [])
        client.delete_object(Bucket=self._bucket, Key=key)
        return sum(one["Key"] == key for one in found)
