"""Outages, stuck answers and strange ones, as the SDKs see them."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import openai
import pytest
from apify_client import ApifyClientAsync
from apify_client.errors import ApifyApiError

from .conftest import LIGHT_SCHEMA, PROFILE, Sim, prompt_about

ACTOR = "apify/instagram-profile-scraper"


@pytest.fixture
def apify(sim: Sim) -> ApifyClientAsync:
    return ApifyClientAsync("token", api_url=f"{sim.url}/apify", max_retries=0)


async def _start(apify: ApifyClientAsync, username: str = "luna.bakes") -> Any:
    return await apify.actor(ACTOR).start(run_input={"usernames": [username]})


async def _ask(sim: Sim) -> httpx.Response:
    """As bytes: the SDK refuses half of what these faults send."""
    form: Any = {"type": "json_schema", "json_schema": {"name": "light", "schema": LIGHT_SCHEMA}}
    asked = {
        "model": "gpt-4o-mini",
        "messages": [{"role": "user", "content": prompt_about(PROFILE)}],
        "response_format": form,
    }
    url = f"{sim.url}/openai/v1/chat/completions"
    return await sim.http.post(url, json=asked, headers={"authorization": "Bearer key"})


async def _ask_claude(sim: Sim) -> httpx.Response:
    asked = {
        "model": "claude-haiku-4-5",
        "max_tokens": 4000,
        "messages": [{"role": "user", "content": prompt_about(PROFILE)}],
        "output_config": {"format": {"type": "json_schema", "schema": LIGHT_SCHEMA}},
    }
    return await sim.http.post(f"{sim.url}/anthropic/v1/messages", json=asked, headers={"x-api-key": "key"})


@pytest.mark.parametrize("from_head", [False, True])
async def test_a_drip_outlives_a_limit_on_each_read(sim: Sim, *, from_head: bool) -> None:
    await sim.fault("openai", "drip", delay_s=0.05, from_head=from_head)
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.8):
            await sim.http.post(
                f"{sim.url}/openai/v1/chat/completions", headers={"authorization": "Bearer key"}, timeout=0.3
            )
    assert time.monotonic() - began >= 0.7
    assert (await sim.counters())["openai"]["calls"] == 0


async def test_a_drip_and_a_hang_end_with_their_rule(sim: Sim) -> None:
    for kind in ("drip", "hang"):
        await sim.fault("openai", kind, for_s=0.3)
        with pytest.raises(httpx.TransportError):
            await _ask(sim)
        assert (await _ask(sim)).status_code == 200
        rule = (await sim.post("faults", provider="openai", kind=kind))["id"]
        asking = asyncio.create_task(_ask(sim))
        await asyncio.sleep(0.8)  # longer than a `timeout` lasts here
        assert not asking.done()
        await sim.http.delete(f"{sim.url}/_sim/faults/{rule}")
        with pytest.raises(httpx.TransportError):
            await asking


async def test_a_slow_answer_comes_late_and_whole(sim: Sim) -> None:
    await sim.fault("openai", "slow", delay_s=0.4)
    began = time.monotonic()
    assert (await _ask(sim)).status_code == 200
    assert time.monotonic() - began >= 0.4


async def test_a_status_says_when_to_come_again_and_may_be_a_balancers_page(
    sim: Sim, apify: ApifyClientAsync
) -> None:
    await sim.fault("openai", "status", status=429, retry_after_s=7, times=1)
    limited = await _ask(sim)
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "7")
    assert limited.json()["error"]["code"] == "rate_limit_exceeded"
    await sim.fault("openai", "status", status=503, retry_after_s=7, retry_after_is_date=True, times=1)
    moment = parsedate_to_datetime((await _ask(sim)).headers["retry-after"])
    assert timedelta(seconds=5) < moment - datetime.now(UTC) <= timedelta(seconds=8)
    await sim.fault("apify", "status", status=502, as_html=True, times=1)
    with pytest.raises(ApifyApiError) as refused:
        await _start(apify)
    assert refused.value.status_code == 502
    await sim.fault("openai", "status", status=502, as_html=True, times=1)
    page = await _ask(sim)
    assert (page.headers["content-type"], page.text[:6]) == ("text/html", "<html>")


async def test_work_may_be_done_although_the_answer_says_otherwise(sim: Sim, apify: ApifyClientAsync) -> None:
    await sim.fault("apify", "status", status=502, as_html=True, is_done=True, times=1)
    with pytest.raises(ApifyApiError):
        await _start(apify)
    assert (await sim.counters())["apify"]["starts"] == 1
    await sim.fault("openai", "cut_body", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        await _ask(sim)
    assert (await sim.counters())["openai"]["calls"] == 1


@pytest.mark.parametrize(
    ("kind", "status", "error"),
    [
        ("memory_limit", 402, "actor-memory-limit-exceeded"),
        ("usage_hard_limit", 403, "platform-feature-disabled"),
        ("build_missing", 400, "unknown-build-tag"),
    ],
)
async def test_a_refused_start_starts_nothing(
    sim: Sim, apify: ApifyClientAsync, kind: str, status: int, error: str
) -> None:
    await sim.fault("apify", kind)
    with pytest.raises(ApifyApiError) as refused:
        await _start(apify)
    assert (refused.value.status_code, refused.value.type) == (status, error)
    assert (await sim.counters())["apify"]["starts"] == 0


@pytest.mark.parametrize("status", ["READY", "RUNNING"])
async def test_a_run_that_never_ends_is_ended_by_an_abort_after_a_while(
    sim: Sim, apify: ApifyClientAsync, status: str
) -> None:
    await sim.fault("apify", "run_never_ends", run_status=status, delay_s=0.5, cost_usd=0.002)
    run = apify.run((await _start(apify)).id)
    await asyncio.sleep(0.3)
    waiting = await run.get()
    assert waiting is not None
    assert waiting.status == status
    assert (await run.abort()).status == "ABORTING"
    assert (await sim.counters())["apify"]["running"] == 1
    ended = await run.wait_for_finish()
    assert ended is not None
    assert (ended.status, ended.usage_total_usd) == ("ABORTED", 0.002)
    counters = (await sim.counters())["apify"]
    assert (counters["running"], counters["aborts"]) == (0, 1)


async def test_a_run_may_be_missing_right_after_its_start(sim: Sim, apify: ApifyClientAsync) -> None:
    await sim.fault("apify", "run_missing_once", delay_s=0.4, times=1)
    run = apify.run((await _start(apify)).id)
    assert await run.get() is None
    await asyncio.sleep(0.5)
    found = await run.get()
    assert found is not None
    assert found.status == "SUCCEEDED"


@pytest.mark.parametrize(
    ("kind", "status"),
    [("aborted_by_platform", "ABORTED"), ("run_timed_out", "TIMED-OUT"), ("run_failed", "FAILED")],
)
async def test_a_run_ends_without_an_item(sim: Sim, apify: ApifyClientAsync, kind: str, status: str) -> None:
    await sim.fault("apify", kind)
    run = await _start(apify)
    ended = await apify.run(run.id).wait_for_finish()
    assert ended is not None
    assert ended.status == status
    assert (await apify.dataset(run.default_dataset_id).list_items()).items == []


async def test_a_run_that_succeeded_may_hold_another_profile_or_none(
    sim: Sim, apify: ApifyClientAsync
) -> None:
    async def items(kind: str) -> list[dict[str, Any]]:
        await sim.fault("apify", kind, times=1)
        run = await _start(apify)
        await apify.run(run.id).wait_for_finish()
        return (await apify.dataset(run.default_dataset_id).list_items()).items

    assert (await items("other_item"))[0]["username"] == "not.luna.bakes"
    [blocked] = await items("blocked_items")
    assert blocked["error"] == "no_items"
    assert "Request blocked" in blocked["requestErrorMessages"][0]
    [wall] = await items("login_wall")
    assert (wall["username"], wall["followersCount"], wall["latestPosts"]) == ("luna.bakes", None, [])
    [partial] = await items("posts_missing")
    assert (partial["postsCount"], partial["latestPosts"]) == (240, [])
    assert await items("empty_dataset") == []


async def test_a_models_text_comes_as_models_sometimes_write_it(sim: Sim) -> None:
    async def said(kind: str) -> str:
        await sim.fault("openai", kind, times=1)
        return (await _ask(sim)).json()["choices"][0]["message"]["content"]

    good = (await _ask(sim)).json()["choices"][0]["message"]["content"]
    assert (await said("fenced")).removeprefix("```json\n").removesuffix("\n```") == good
    assert (await said("doubled")).startswith(f"{good}\n{good}\n")
    assert "{" not in await said("apology")
    assert "\\ud83d" in await said("half_emoji")
    assert "\\u0000" in await said("nul")
    assert json.loads(await said("text_numbers"))["fit_score"] == str(json.loads(good)["fit_score"])


async def test_a_good_answer_comes_in_a_shape_of_its_own(sim: Sim) -> None:
    async def answered(kind: str) -> dict[str, Any]:
        await sim.fault("openai", kind, times=1)
        response = await _ask(sim)
        assert response.status_code == 200
        return response.json()

    assert "usage" not in await answered("no_usage")
    assert set(await answered("error_body_200")) == {"error"}
    [part] = (await answered("parts"))["choices"][0]["message"]["content"]
    assert part["type"] == "text"
    empty = (await answered("null_content"))["choices"][0]["message"]
    assert empty["content"] is None
    assert empty["reasoning_content"]


async def test_claude_answers_in_odd_shapes_too(sim: Sim) -> None:
    async def answered(kind: str) -> dict[str, Any]:
        await sim.fault("anthropic", kind, times=1)
        return (await _ask_claude(sim)).json()

    assert len((await answered("parts"))["content"]) == 2
    assert (await answered("null_content"))["content"] == []
    assert (await answered("error_body_200"))["type"] == "error"
    assert "usage" not in await answered("no_usage")


async def test_an_account_without_money_is_refused_by_both(sim: Sim) -> None:
    await sim.fault("openai", "insufficient_quota")
    async with openai.AsyncOpenAI(api_key="key", base_url=f"{sim.url}/openai/v1", max_retries=0) as client:
        with pytest.raises(openai.RateLimitError) as refused:
            await client.chat.completions.create(
                model="gpt-4o-mini", messages=[{"role": "user", "content": "?"}]
            )
    assert refused.value.code == "insufficient_quota"
    await sim.fault("anthropic", "insufficient_quota")
    poor = await _ask_claude(sim)
    assert (poor.status_code, poor.json()["error"]["type"]) == (400, "invalid_request_error")
    assert (await sim.counters())["openai"]["calls"] == 0


async def test_a_rule_ends_by_itself_and_names_are_patterns(sim: Sim, apify: ApifyClientAsync) -> None:
    await sim.fault("apify", "status", status=503, username="bad.*", for_s=0.3)
    await _start(apify, "good.one")
    with pytest.raises(ApifyApiError):
        await _start(apify, "bad.one")
    await asyncio.sleep(0.35)
    await _start(apify, "bad.one")
