"""Every kind of fault, as the SDKs see it, and whom it hits."""

import json
from collections import Counter
from datetime import timedelta
from typing import Any

import impit
import openai
import pytest
from apify_client import ApifyClientAsync
from apify_client.errors import RateLimitError, ServerError
from openai.types.chat import ChatCompletion
from oslira_simulators.faults import Faults

from .conftest import LIGHT_SCHEMA, PROFILE, Sim, prompt_about

ACTOR = "apify/instagram-profile-scraper"


@pytest.fixture
def apify(sim: Sim) -> ApifyClientAsync:
    return ApifyClientAsync("token", api_url=f"{sim.url}/apify", max_retries=0)


async def _start(apify: ApifyClientAsync, username: str = "luna.bakes") -> Any:
    return await apify.actor(ACTOR).start(run_input={"usernames": [username]})


async def _ask(sim: Sim, username: str = "luna.bakes") -> ChatCompletion:
    form: Any = {"type": "json_schema", "json_schema": {"name": "light", "schema": LIGHT_SCHEMA}}
    prompt = prompt_about(PROFILE | {"username": username})
    async with openai.AsyncOpenAI(api_key="key", base_url=f"{sim.url}/openai/v1", max_retries=0) as client:
        return await client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": prompt}], response_format=form
        )


async def test_a_status_comes_in_the_providers_shape(sim: Sim, apify: ApifyClientAsync) -> None:
    await sim.fault("apify", "status", status=502, times=1)
    with pytest.raises(ServerError):
        await _start(apify)
    await sim.fault("apify", "status", status=429, times=1)
    with pytest.raises(RateLimitError) as limited:
        await _start(apify)
    assert limited.value.type == "rate-limit-exceeded"
    await sim.fault("openai", "status", status=429, times=1)
    with pytest.raises(openai.RateLimitError):
        await _ask(sim)
    assert (await sim.counters())["apify"]["starts"] == 0


async def test_a_dropped_connection_did_nothing_and_a_lost_answer_did_it(
    sim: Sim, apify: ApifyClientAsync
) -> None:
    await sim.fault("apify", "drop", times=1)
    with pytest.raises(impit.HTTPError):
        await _start(apify)
    assert (await sim.counters())["apify"]["starts"] == 0
    await sim.fault("apify", "lost_answer", times=1, path="POST *runs")
    with pytest.raises(impit.HTTPError):
        await _start(apify)
    counters = await sim.counters()
    assert counters["apify"]["starts_by_username"] == {"luna.bakes": 1}
    assert counters["faults"] == {"apify": {"drop": 1, "lost_answer": 1}}
    [listed] = (await apify.actor(ACTOR).runs().list(desc=True)).items
    ended = await apify.run(listed.id).wait_for_finish()
    assert ended is not None
    assert ended.status == "SUCCEEDED"


async def test_model_calls_drop_and_lose_answers_too(sim: Sim) -> None:
    await sim.fault("openai", "drop", times=1)
    with pytest.raises(openai.APIConnectionError):
        await _ask(sim)
    await sim.fault("openai", "lost_answer", times=1)
    with pytest.raises(openai.APIConnectionError):
        await _ask(sim)
    assert (await sim.counters())["openai"]["calls"] == 1


async def test_a_timeout_never_answers(sim: Sim, apify: ApifyClientAsync) -> None:
    await sim.fault("apify", "timeout", times=1)
    with pytest.raises(impit.TimeoutException):
        await apify.actor(ACTOR).start(run_input={"usernames": ["a"]}, timeout=timedelta(seconds=0.2))
    assert (await sim.counters())["apify"]["starts"] == 0
    await sim.fault("openai", "timeout", times=1)
    with pytest.raises(openai.APIConnectionError):  # the limit is half a second here
        await _ask(sim)


async def test_a_models_text_is_cut_or_no_json_or_a_refusal_and_is_still_billed(sim: Sim) -> None:
    await sim.fault("openai", "truncate", times=1)
    cut = await _ask(sim)
    assert cut.choices[0].finish_reason == "length"
    with pytest.raises(json.JSONDecodeError):
        json.loads(cut.choices[0].message.content or "")
    assert cut.usage is not None
    assert cut.usage.completion_tokens > 0
    await sim.fault("openai", "malformed", times=1)
    broken = await _ask(sim)
    assert broken.choices[0].finish_reason == "stop"
    with pytest.raises(json.JSONDecodeError):
        json.loads(broken.choices[0].message.content or "")
    await sim.fault("openai", "refusal", times=1)
    refused = await _ask(sim)
    assert refused.choices[0].message.content is None
    assert refused.choices[0].message.refusal


@pytest.mark.parametrize("kind", ["truncate", "malformed"])
async def test_an_apify_body_is_cut_or_no_json(sim: Sim, apify: ApifyClientAsync, kind: str) -> None:
    run = await _start(apify)
    await apify.run(run.id).wait_for_finish()
    await sim.fault("apify", kind, username="luna.bakes", path="/v2/datasets")
    with pytest.raises(ValueError, match=r".+"):
        await apify.dataset(run.default_dataset_id).list_items()


async def test_a_run_can_end_with_an_error_item_or_fail(sim: Sim, apify: ApifyClientAsync) -> None:
    await sim.fault("apify", "error_item", error_item="no_items", times=1)
    run = await _start(apify)
    await apify.run(run.id).wait_for_finish()
    [item] = (await apify.dataset(run.default_dataset_id).list_items()).items
    assert item["error"] == "no_items"
    await sim.fault("apify", "run_failed", times=1)
    failed = await apify.run((await _start(apify)).id).wait_for_finish()
    assert failed is not None
    assert failed.status == "FAILED"


async def test_a_fault_hits_only_its_username(sim: Sim, apify: ApifyClientAsync) -> None:
    await sim.fault("apify", "status", status=500, username="unlucky")
    await sim.fault("openai", "status", status=500, username="unlucky")
    await _start(apify, "lucky")
    await _ask(sim, "lucky")
    with pytest.raises(ServerError):
        await _start(apify, "unlucky")
    with pytest.raises(openai.InternalServerError):
        await _ask(sim, "unlucky")


async def test_rules_are_listed_cleared_and_checked(sim: Sim) -> None:
    await sim.fault("stripe", "drop", rate=0.5)
    [rule] = (await sim.http.get(f"{sim.url}/_sim/faults")).json()["faults"]
    assert (rule["kind"], rule["rate"], rule["hits"]) == ("drop", 0.5, 0)
    await sim.http.delete(f"{sim.url}/_sim/faults/{rule['id']}")
    await sim.fault("stripe", "drop")
    cleared = (await sim.http.delete(f"{sim.url}/_sim/faults")).json()
    assert cleared == {"faults": []}
    for wrong in (
        {"kind": "drop"},
        {"provider": "apify", "kind": "earthquake"},
        {"provider": "x", "kind": "drop"},
    ):
        assert (await sim.http.post(f"{sim.url}/_sim/faults", json=wrong)).status_code == 400


def test_a_rate_hits_its_share_of_the_calls_and_the_same_ones_for_a_seed() -> None:
    def hits(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add({"provider": "apify", "kind": "drop", "rate": 0.3})
        asked: Any = {"provider": "apify", "method": "GET", "path": "/", "username": None, "kinds": {"drop"}}
        return [faults.pick(**asked) is not None for _ in range(2000)]

    assert hits(1) == hits(1) != hits(2)
    assert 0.27 < Counter(hits(1))[True] / 2000 < 0.33
