"""Requests to the store that a put takes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from oslira_analysis.infrastructure.scraping.s3_profiles import S3Profiles
from oslira_analysis.infrastructure.singleflight import Singleflight

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


class _ClientError(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code}}


class FakeStore:
    """One object, put by condition as S3 does it."""

    class exceptions:  # noqa: N801  # boto3's own name
        ClientError = _ClientError

    def __init__(self, scraped_at: datetime | None = None) -> None:
        self.scraped_at = scraped_at
        self.requests: list[str] = []

    def put_object(self, **put: Any) -> None:
        self.requests.append("put")
        if (self.scraped_at is None) != ("IfNoneMatch" in put):
            raise _ClientError("PreconditionFailed")
        self.scraped_at = datetime.fromisoformat(put["Metadata"]["scraped-at"])

    def head_object(self, **_: Any) -> dict[str, Any]:
        self.requests.append("head")
        assert self.scraped_at is not None
        return {
            "ETag": "one",
            "Metadata": {"scraped-at": self.scraped_at.isoformat()},
            "ResponseMetadata": {"HTTPHeaders": {}},
        }


@pytest.mark.parametrize(
    ("kept", "requests", "result"),
    [
        pytest.param(None, ["put"], NOW, id="new"),
        pytest.param(NOW - timedelta(hours=1), ["put", "head", "put"], NOW, id="older"),
        pytest.param(NOW + timedelta(seconds=5), ["put", "head"], NOW + timedelta(seconds=5), id="newer"),
    ],
)
async def test_a_new_profile_takes_one_request_and_an_older_one_is_replaced(
    kept: datetime | None, requests: list[str], result: datetime
) -> None:
    store = FakeStore(kept)
    profiles = S3Profiles(bucket="bucket", endpoint_url=None, now=lambda: NOW)
    profiles.client = Singleflight(lambda: store)
    assert await profiles.put("name", {"username": "name"}, scraped_at=NOW)
    assert store.requests == requests
    assert store.scraped_at == result
