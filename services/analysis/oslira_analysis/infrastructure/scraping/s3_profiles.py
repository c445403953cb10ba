"""The profile cache: one object per username, the accepted item. The bucket's lifecycle expires it."""

import json
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

import structlog
from oslira_shared.bucket import CALL_LIMIT_S, PROFILES, BucketAccess, bucket_client
from oslira_shared.deadline import BlockingCalls, DeadlineExceeded

from oslira_analysis.application.ports import Item
from oslira_analysis.domain.items.judge_items import judge_stored
from oslira_analysis.infrastructure.singleflight import Singleflight

_LOG = structlog.get_logger()
_SCRAPED_AT: Final = "scraped-at"
_AT_ONCE: Final = 16
_TRIES: Final = 4
_MOST_BYTES: Final = 4 * 1024 * 1024
_CLOCKS_DIFFER: Final = timedelta(minutes=1)
_CHANGED_MEANWHILE: Final = frozenset(
    {"412", "PreconditionFailed", "409", "ConditionalRequestConflict", "404", "NoSuchKey"}
)


class S3Profiles:
    """Implements ProfileCache. boto3 blocks, so every call is in a thread. An unavailable or slow store is a miss, never an error."""

    def __init__(
        self,
        *,
        bucket: str,
        endpoint_url: str | None,
        access: BucketAccess | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`now` is used if the store's answers have no date."""
        self._bucket = bucket
        self._clock = now
        self.client: Singleflight[Any] = Singleflight(
            lambda: bucket_client(endpoint_url, access or BucketAccess())
        )
        self._calls = BlockingCalls("s3_profiles", most=_AT_ONCE)

    async def find(self, username: str, *, max_age: timedelta) -> Item | None:
        try:
            found = await self._calls.run(lambda: self._get(username), limit_s=CALL_LIMIT_S)
        except Exception as error:  # noqa: BLE001  # whatever is wrong with the cache, a scrape is the answer
            _LOG.warning("profile_cache_failed", operation="get", reason=type(error).__name__)
            return None
        if found is None:
            return None
        item, age = found
        if not -_CLOCKS_DIFFER <= age <= max_age:
            return None
        if (judged := judge_stored(item, requested=username)) is None:
            _LOG.warning("cached_profile_unreadable")
            return None
        return judged.item

    async def put(self, username: str, item: Item, *, scraped_at: datetime) -> bool:
        try:
            await self._calls.run(lambda: self._put(username, item, scraped_at), limit_s=CALL_LIMIT_S)
        except Exception as error:  # noqa: BLE001  # the row keeps the item instead
            _LOG.warning("profile_cache_failed", operation="put", reason=type(error).__name__)
            return False
        return True

    async def delete(self, username: str) -> None:
        try:
            await self._calls.run(
                lambda: self.client.get().delete_object(Bucket=self._bucket, Key=key_of(username)),
                limit_s=CALL_LIMIT_S,
            )
        except Exception as error:  # noqa: BLE001  # an erasure's next pass deletes it as well
            _LOG.error("profile_cache_failed", operation="delete", reason=type(error).__name__)

    async def close(self) -> None:
        """Close the connections to the store."""
        if (client := self.client.made) is not None:
            # It blocks until a connection is no longer read.
            with suppress(DeadlineExceeded):
                await BlockingCalls("s3_close", most=1).run(client.close, limit_s=CALL_LIMIT_S)

    def _get(self, username: str) -> tuple[object, timedelta] | None:
        client = self.client.get()
        try:
            found = client.get_object(Bucket=self._bucket, Key=key_of(username))
        except client.exceptions.NoSuchKey:
            return None
        with closing(found["Body"]) as body:
            if found["ContentLength"] > _MOST_BYTES:
                raise ValueError("the object is larger than any profile")
            content = body.read()
        return json.loads(content), self._now(found) - _scraped_at(found)

    def _put(self, username: str, item: Item, scraped_at: datetime) -> None:
        """Replaces only an older object, also with concurrent puts: the store compares ETags.

        Most profiles are new, so the first put assumes that there is no object: one request instead of two.
        """
        client, key = self.client.get(), key_of(username)
        condition = {"IfNoneMatch": "*"}
        for _ in range(_TRIES):
            try:
                client.put_object(
                    Bucket=self._bucket,
                    Key=key,
                    Body=json.dumps(item, ensure_ascii=False).encode(),
                    ContentType="application/json",
                    Metadata={_SCRAPED_AT: scraped_at.isoformat()},
                    **condition,
                )
            except client.exceptions.ClientError as error:
                if _code(error) not in _CHANGED_MEANWHILE:
                    raise
            else:
                return
            try:
                kept = client.head_object(Bucket=self._bucket, Key=key)
            except client.exceptions.ClientError as error:
                if _code(error) not in {"404", "NoSuchKey"}:
                    raise
                condition = {"IfNoneMatch": "*"}
            else:
                if _is_newer(kept, scraped_at, now=self._now(kept)):
                    return
                condition = {"IfMatch": kept["ETag"]}
        raise TimeoutError("the object changed between each read and its put")

    def _now(self, answer: dict[str, Any]) -> datetime:
        """By the store's clock: if ours were minutes late, another replica's object would be from the future, and scraped again."""
        date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        return parsedate_to_datetime(date) if date else self._clock()


def _scraped_at(found: dict[str, Any]) -> datetime:
    scraped_at = datetime.fromisoformat(found["Metadata"][_SCRAPED_AT])
    return scraped_at if scraped_at.tzinfo else scraped_at.replace(tzinfo=UTC)


def _is_newer(kept: dict[str, Any], scraped_at: datetime, *, now: datetime) -> bool:
    """One without a readable time, or with one in the future, is replaced."""
    try:
        return scraped_at <= _scraped_at(kept) <= now + _CLOCKS_DIFFER
    except (KeyError, ValueError, TypeError):
        return False


def _code(error: Any) -> str:
    return str(error.response["Error"]["Code"])


def key_of(username: str) -> str:
    """The key of the profile's item."""
    return f"{PROFILES}v1/{username}.json"
