"""What is kept in the bucket besides profiles, and how long: pictures for good, scraped profiles for two days."""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from oslira_shared.bucket import expire_profiles

_LOG = structlog.get_logger()


class S3Media:
    """`client` gives the bucket's client, made when it is first used; it blocks, so every call is in a thread."""

    def __init__(self, client: Callable[[], Any], *, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    async def put(self, key: str, content: bytes, *, content_type: str) -> None:
        """Raises what boto3 raises."""
        await asyncio.to_thread(
            lambda: self._client().put_object(
                Bucket=self._bucket,
                Key=key,
                Body=content,
                ContentType=content_type,
                CacheControl="public, max-age=31536000, immutable",  # named by its content
            )
        )

    async def delete(self, key: str) -> None:
        """Raises what boto3 raises."""
        await asyncio.to_thread(lambda: self._client().delete_object(Bucket=self._bucket, Key=key))

    async def expire_profiles(self) -> None:
        """Best effort: provisioning insists, and a store without lifecycles keeps old profiles, which nobody is shown."""
        try:
            await asyncio.to_thread(lambda: expire_profiles(self._client(), self._bucket))
        except Exception as error:  # noqa: BLE001
            _LOG.warning("lifecycle_not_set", reason=type(error).__name__)
