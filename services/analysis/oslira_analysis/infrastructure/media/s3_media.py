"""Pictures in the bucket, and the bucket's lifecycle: pictures without a limit, scraped profiles for two days."""

from collections.abc import Callable
from contextlib import closing
from typing import Any, Final

import structlog
from oslira_shared.bucket import CALL_LIMIT_S, expire_profiles
from oslira_shared.deadline import BlockingCalls

_LOG = structlog.get_logger()
_AT_ONCE: Final = 8
# For a whole picture, or for a lifecycle rule that is read, written and read again.
_LONG_CALL_LIMIT_S: Final = 15.0


class S3Media:
    """`client` returns the bucket's client, created at its first use. It blocks, so every call is in a thread."""

    def __init__(self, client: Callable[[], Any], *, bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        self._calls = BlockingCalls("s3_media", most=_AT_ONCE)

    async def put(self, key: str, content: bytes, *, content_type: str) -> None:
        """Raises DeadlineExceeded, and what boto3 raises."""
        await self._calls.run(
            lambda: self._client().put_object(
                Bucket=self._bucket,
                Key=key,
                Body=content,
                ContentType=content_type,
                CacheControl="public, max-age=31536000, immutable",  # content-addressed
            ),
            limit_s=_LONG_CALL_LIMIT_S,
        )

    async def get(self, key: str, *, most_bytes: int) -> bytes | None:
        """None if there is none, or it is larger. Raises DeadlineExceeded, and what boto3 raises."""
        return await self._calls.run(lambda: self._get(key, most_bytes), limit_s=CALL_LIMIT_S)

    async def delete(self, key: str) -> None:
        """Raises DeadlineExceeded, and what boto3 raises."""
        await self._calls.run(
            lambda: self._client().delete_object(Bucket=self._bucket, Key=key), limit_s=CALL_LIMIT_S
        )

    async def expire_profiles(self) -> None:
        """Best effort: provisioning requires it, and a store without lifecycles keeps old profiles, which are never used."""
        try:
            await self._calls.run(
                lambda: expire_profiles(self._client(), self._bucket), limit_s=_LONG_CALL_LIMIT_S
            )
        except Exception as error:  # noqa: BLE001
            _LOG.warning("lifecycle_not_set", reason=type(error).__name__)

    def _get(self, key: str, most_bytes: int) -> bytes | None:
        client = self._client()
        try:
            found = client.get_object(Bucket=self._bucket, Key=key)
        except client.exceptions.NoSuchKey:
            return None
        with closing(found["Body"]) as body:
            return body.read() if found["ContentLength"] <= most_bytes else None
