"""Erasing, in the bucket."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from oslira_analysis.infrastructure.s3_profiles import key_of


class S3ErasableObjects:
    """The port ErasableObjects. `client` blocks, so every call is in a thread."""

    def __init__(self, client: Callable[[], Any], *, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    async def erase_profile(self, username: str) -> int:
        # There is one depth, and one object for it.
        return await asyncio.to_thread(self._delete_if_there, key_of(username))

    async def erase_pictures(self, keys: Sequence[str]) -> None:
        for key in keys:
            await asyncio.to_thread(self._client().delete_object, Bucket=self._bucket, Key=key)

    def _delete_if_there(self, key: str) -> int:
        client = self._client()
        found = client.list_objects_v2(Bucket=self._bucket, Prefix=key, MaxKeys=1).get("Contents", [])
        client.delete_object(Bucket=self._bucket, Key=key)
        return sum(one["Key"] == key for one in found)
