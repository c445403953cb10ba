"""An account's insights over HTTP with values in memory: periods, sums, rates, and the account."""

from collections import Counter
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from memory_insights import Figures
from oslira_gateway.identity.caller import Member
from oslira_gateway.insights.cache import CacheCounts
from oslira_gateway.insights.histogram import bucket_of
from oslira_gateway.insights.latency import Measured
from oslira_gateway.insights.outcomes import EndCount, ScoreCount
from oslira_gateway.insights.period import Period
from oslira_gateway.insights.usage import UsageOfType
from oslira_shared.contracts.analysis.v1 import RunStatus, RunType
from oslira_shared.errors import OsliraError

DAY = datetime(2026, 11, 22, tzinfo=UTC)
NOW = DAY + timedelta(hours=12, minutes=34)
PATHS = ("usage", "latency", "cache", "outcomes")


@pytest_asyncio.fixture
async def client(api: Any, member: Member) -> AsyncGenerator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(api.app, raise_app_exceptions=False)
    headers = api.join(member, is_operator=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=headers) as client:
        yield client


async def read(client: httpx.AsyncClient, what: str, **params: str) -> dict[str, Any]:
    answer = await client.get(f"/v1/insights/{what}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_period_is_whole_hours_and_thirty_days_unless_said() -> None:
    usual = Period.of(None, None, now=NOW)
    assert (usual.start, usual.end) == (DAY + timedelta(days=-30, hours=13), DAY + timedelta(hours=13))
    told = Period.of(NOW, NOW + timedelta(minutes=1), now=NOW)
    assert (told.start, told.end) == (DAY + timedelta(hours=12), DAY + timedelta(hours=13))
    naive = Period.of(datetime(2026, 11, 1), datetime(2026, 11, 2), now=NOW)  # noqa: DTZ001
    assert naive.start == datetime(2026, 11, 1, tzinfo=UTC)
    assert Period.of(NOW - timedelta(days=92), NOW, now=NOW).end == DAY + timedelta(hours=13)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (NOW, NOW - timedelta(hours=1)),
        (DAY, DAY),
        (NOW - timedelta(days=93), NOW),
        (None, datetime(1, 1, 1, tzinfo=UTC)),
        (None, datetime(9999, 12, 31, 23, 30, tzinfo=UTC)),
    ],
    ids=["backwards", "nothing", "too-long", "before-all-days", "after-all-days"],
)
def test_a_period_that_is_none_is_refused(start: datetime | None, end: datetime | None) -> None:
    with pytest.raises(OsliraError, match="invalid_request"):
        Period.of(start, end, now=NOW)


@pytest.mark.parametrize("what", PATHS)
async def test_each_takes_a_period_and_says_what_is_wrong_with_one(
    api: Any, client: httpx.AsyncClient, what: str
) -> None:
    found = await read(client, what, **{"from": "2026-11-20T10:30:00Z", "to": "2026-11-21T00:00:00+01:00"})
    assert (found["from"], found["to"]) == ("2026-11-20T10:00:00Z", "2026-11-20T23:00:00Z")
    assert api.insights.asked[-1].end - api.insights.asked[-1].start == timedelta(hours=13)
    for wrong in ({"from": "yesterday"}, {"from": "2020-01-01T00:00:00Z"}, {"to": "0001-01-01T00:00:00Z"}):
        answer = await client.get(f"/v1/insights/{what}", params=wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request"), answer.text


async def test_a_bucket_is_an_hour_or_a_day(client: httpx.AsyncClient) -> None:
    assert (await read(client, "usage", bucket="hour"))["bucket"] == "hour"
    assert (await read(client, "cache"))["bucket"] == "day"
    answer = await client.get("/v1/insights/usage", params={"bucket": "week"})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


@pytest.mark.parametrize("what", PATHS)
async def test_an_account_without_anything_gets_nothing_and_no_rates(
    client: httpx.AsyncClient, what: str
) -> None:
    found = await read(client, what)
    assert [value for value in found.values() if isinstance(value, list) and value] == []


async def test_usage_adds_up(api: Any, client: httpx.AsyncClient, member: Member, stranger: Member) -> None:
    light = UsageOfType(DAY, RunType.LIGHT, runs=3, completed=2, credits=2, new_leads=1)
    xray = UsageOfType(DAY, RunType.XRAY, runs=1, completed=1, credits=3, new_leads=1)
    api.insights.accounts = {
        member.account_id: Figures(usage=[light, xray]),
        stranger.account_id: Figures(usage=[xray] * 9),
    }
    found = await read(client, "usage")
    assert found["totals"] == {"runs": 4, "completed": 3, "credits": 5, "new_leads": 2}
    assert [item["type"] for item in found["items"]] == ["light", "xray"]
    assert found["items"][0]["at"] == "2026-11-22T00:00:00Z"


def measured(*values_us: int) -> Measured:
    return Measured(sum(values_us), Counter(map(bucket_of, values_us)))


async def test_latency_is_by_endpoint_step_and_model(
    api: Any, client: httpx.AsyncClient, member: Member
) -> None:
    api.insights.accounts[member.account_id] = Figures(
        measured={
            ("request", "GET /v1/leads/{lead_id} 200"): measured(*[2_000] * 90),
            ("request", "GET /v1/leads/{lead_id} 404"): measured(*[50_000] * 10),
            ("step", "light scoring"): measured(4_000_000),
            ("step", "business_profile total"): measured(9_000_000),
            ("call", "core gpt-5-mini"): measured(3_000_000, 5_000_000),
            ("of a newer version", "whatever it is"): measured(1),
        }
    )
    found = await read(client, "latency")
    (endpoint,) = found["endpoints"]
    assert endpoint["endpoint"] == "GET /v1/leads/{lead_id}"
    assert endpoint["statuses"] == {"200": 90, "404": 10}
    assert endpoint["durations"]["count"] == 100
    assert endpoint["durations"]["mean_ms"] == 6.8
    assert endpoint["durations"]["p50_ms"] == pytest.approx(2, rel=0.045)
    assert endpoint["durations"]["p95_ms"] == pytest.approx(50, rel=0.045)
    assert [(step["type"], step["step"]) for step in found["steps"]] == [
        ("business_profile", "total"),
        ("light", "scoring"),
    ]
    assert [(call["call"], call["model"], call["durations"]["count"]) for call in found["calls"]] == [
        ("core", "gpt-5-mini", 2)
    ]


async def test_cache_rates_are_by_time_and_in_all(
    api: Any, client: httpx.AsyncClient, member: Member
) -> None:
    later = DAY + timedelta(days=1)
    api.insights.accounts[member.account_id] = Figures(
        cache=[
            CacheCounts(later, analysis_hits=1, analysis_misses=3),
            CacheCounts(DAY, profile_hits=1, profile_misses=1, cached_tokens=900, fresh_tokens=100),
            CacheCounts(later, profile_hits=2),
        ]
    )
    found = await read(client, "cache")
    first, second = found["items"]
    assert (first["profiles"], first["analyses"]["rate"]) == ({"hits": 1, "misses": 1, "rate": 0.5}, None)
    assert (second["profiles"]["rate"], second["analyses"]["rate"]) == (1.0, 0.25)
    assert found["totals"]["profiles"] == {"hits": 3, "misses": 1, "rate": 0.75}
    assert found["totals"]["prompt_tokens"] == {"hits": 900, "misses": 100, "rate": 0.9}


async def test_outcomes_say_why_runs_failed_and_how_profiles_scored(
    api: Any, client: httpx.AsyncClient, member: Member
) -> None:
    light, deep = RunType.LIGHT, RunType.DEEP
    api.insights.accounts[member.account_id] = Figures(
        ends=[
            EndCount(light, RunStatus.COMPLETED, None, 6),
            EndCount(light, RunStatus.FAILED, "profile_private", 1),
            EndCount(light, RunStatus.FAILED, "profile_not_found", 2),
            EndCount(light, RunStatus.FAILED, "stalled", 1),
            EndCount(light, RunStatus.CANCELLED, None, 1),
            EndCount(light, RunStatus.WAITING, None, 5),
            EndCount(deep, RunStatus.QUEUED, None, 1),
        ],
        scores=[ScoreCount(light, 9, 2, 190), ScoreCount(light, 0, 1, 5)],
    )
    first, second = (await read(client, "outcomes"))["types"]
    assert (first["type"], first["completed_rate"], first["scores"]["analyses"]) == ("deep", None, 0)
    counts = ("runs", "completed", "failed", "cancelled", "unfinished", "completed_rate")
    assert [second[name] for name in counts] == [16, 6, 4, 1, 5, 0.5455]
    # A private profile is no failure of ours.
    assert [second[name] for name in ("faults", "verdicts", "success_rate")] == [1, 3, 0.8571]
    assert [(one["code"], one["cause"]) for one in second["failures"]] == [
        ("profile_not_found", "verdict"),
        ("profile_private", "verdict"),
        ("stalled", "ours"),
    ]
    assert second["scores"] == {"analyses": 3, "mean": 65.0, "distribution": [1, 0, 0, 0, 0, 0, 0, 0, 0, 2]}


async def test_members_do_not_see_what_the_shared_cache_had(
    api: Any, client: httpx.AsyncClient, stranger: Member
) -> None:
    headers = api.join(stranger)
    answer = await client.get("/v1/insights/cache", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    for what in ("usage", "latency", "outcomes"):
        assert (await client.get(f"/v1/insights/{what}", headers=headers)).status_code == 200
