"""What is kept in the bucket besides profiles, and how long: pictures for good, scraped profiles for two days."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import structlog

_LOG = structlog.get_logger()
_RULE_ID: Final = "oslira-profiles"
_PROFILE_DAYS: Final = 2


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
        """Best effort: a store without lifecycles keeps old profiles, which nobody is shown."""
        try:
            await asyncio.to_thread(self._expire_profiles)
        except Exception as error:  # noqa: BLE001
            _LOG.warning("lifecycle_not_set", reason=type(error).__name__)

    def _expire_profiles(self) -> None:
        client = self._client()
        try:
            rules = client.get_bucket_lifecycle_configuration(Bucket=self._bucket)["Rules"]
        except client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchLifecycleConfiguration":
                raise
            rules = []
        wanted = {
            "ID": _RULE_ID,
            "Status": "Enabled",
            "Filter": {"Prefix": "profiles/"},
            "Expiration": {"Days": _PROFILE_DAYS},
        }
        # Setting a lifecycle replaces all of it: the rules of others stay.
        others = [rule for rule in rules if rule.get("ID") != _RULE_ID]
        if any(
            rule.get("ID") == _RULE_ID and rule.get("Expiration", {}).get("Days") == _PROFILE_DAYS
            for rule in rules
        ):
            return
        client.put_bucket_lifecycle_configuration(
            Bucket=self._bucket, LifecycleConfiguration={"Rules": [*others, wanted]}
        )
