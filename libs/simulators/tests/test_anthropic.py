"""Anthropic, spoken by its own SDK."""

import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any

import anthropic
import pytest

from .conftest import LIGHT_SCHEMA, PROFILE, Sim, prompt_about

INSTRUCTIONS = "Rules of scoring. " * 400
FORM: Any = {"format": {"type": "json_schema", "schema": LIGHT_SCHEMA}}


@pytest.fixture
async def client(sim: Sim) -> AsyncGenerator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(
        api_key="key", base_url=f"{sim.url}/anthropic", max_retries=0
    ) as opened:
        yield opened


async def _ask(
    client: anthropic.AsyncAnthropic,
    *,
    username: str = "luna.bakes",
    max_tokens: int = 900,
    ttl: str | None = "5m",
) -> anthropic.types.Message:
    block: Any = {"type": "text", "text": INSTRUCTIONS}
    if ttl:
        block["cache_control"] = {"type": "ephemeral", "ttl": ttl}
    return await client.messages.create(
        model="claude-sonnet-5",
        max_tokens=max_tokens,
        system=[block],
        messages=[{"role": "user", "content": prompt_about(PROFILE | {"username": username})}],
        output_config=FORM,
        thinking={"type": "disabled"},
    )


def _text(message: anthropic.types.Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


async def test_it_answers_by_the_schema_and_counts_the_marked_prefix(
    sim: Sim, client: anthropic.AsyncAnthropic
) -> None:
    first, second = await _ask(client), await _ask(client, username="other")
    assert first.stop_reason == "end_turn"
    assert set(json.loads(_text(first))) == set(LIGHT_SCHEMA["required"])
    created = first.usage.cache_creation_input_tokens
    assert created is not None
    assert created > len(INSTRUCTIONS) // 4
    assert first.usage.cache_creation is not None
    assert first.usage.cache_creation.ephemeral_5m_input_tokens == created
    assert first.usage.cache_read_input_tokens == 0
    assert second.usage.cache_read_input_tokens == created
    assert second.usage.cache_creation_input_tokens == 0
    assert 0 < second.usage.input_tokens < created
    counters = (await sim.counters())["anthropic"]
    assert counters["calls"] == 2
    assert counters["tokens"]["cached_input"] == created


async def test_nothing_is_cached_without_a_mark(client: anthropic.AsyncAnthropic) -> None:
    await _ask(client, ttl=None)
    again = await _ask(client, ttl=None)
    assert again.usage.cache_read_input_tokens == 0
    assert again.usage.cache_creation_input_tokens == 0


async def test_an_hour_is_booked_as_an_hour(client: anthropic.AsyncAnthropic) -> None:
    usage = (await _ask(client, ttl="1h")).usage
    assert usage.cache_creation is not None
    assert usage.cache_creation.ephemeral_1h_input_tokens == usage.cache_creation_input_tokens


async def test_a_token_limit_cuts_the_answer(client: anthropic.AsyncAnthropic) -> None:
    cut = await _ask(client, max_tokens=10)
    assert cut.stop_reason == "max_tokens"
    assert cut.usage.output_tokens == 10
    assert len(_text(cut)) == 40


async def test_overload_is_529_and_a_refusal_is_a_stop_reason(
    sim: Sim, client: anthropic.AsyncAnthropic
) -> None:
    await sim.fault("anthropic", "status", status=529, times=1)
    with pytest.raises(anthropic.OverloadedError):
        await _ask(client)
    await sim.fault("anthropic", "refusal", times=1)
    refused = await _ask(client)
    assert refused.stop_reason == "refusal"
    assert refused.content == []


async def test_a_missing_key_is_refused(sim: Sim) -> None:
    response = await sim.http.post(f"{sim.url}/anthropic/v1/messages", json={})
    assert response.status_code == 401
    assert response.json()["error"]["type"] == "authentication_error"


@pytest.mark.parametrize(
    ("model", "asked", "status", "words"),
    [
        ("claude-haiku-9", {}, 404, "model: claude-haiku-9"),
        ("claude-haiku-5-5", {"extra_body": {"temperature": 0.2}}, 400, "temperature"),
        (
            "claude-haiku-5-5",
            {"thinking": {"type": "enabled", "budget_tokens": 1_024}},
            400,
            "thinking.type.adaptive",
        ),
        ("claude-sonnet-5-5", {"thinking": {"type": "disabled"}}, 400, "between_tools"),
        (
            "claude-haiku-5-5",
            {"thinking": {"type": "disabled"}, "output_config": {"effort": "max"}},
            400,
            "not supported with effort max",
        ),
        ("claude-haiku-5-5", {"output_config": {"effort": "minimal"}}, 400, "effort"),
        ("claude-haiku-5-5", {"max_tokens": 200_000}, 400, "maximum allowed number of output tokens"),
        ("claude-haiku-4-5", {"thinking": {"type": "adaptive"}}, 400, "adaptive thinking is not supported"),
        (
            "claude-haiku-4-5",
            {"output_config": {"effort": "low"}},
            400,
            "does not support the effort parameter",
        ),
        ("claude-haiku-4-5", {"thinking": {"type": "enabled", "budget_tokens": 512}}, 400, "1024"),
        (
            "claude-haiku-4-5",
            {"thinking": {"type": "enabled", "budget_tokens": 2_000}, "max_tokens": 2_000},
            400,
            "must be greater than",
        ),
    ],
)
async def test_a_parameter_that_a_model_does_not_take_is_refused(
    client: anthropic.AsyncAnthropic, model: str, asked: dict[str, Any], status: int, words: str
) -> None:
    request: dict[str, Any] = {
        "timeout": 10.0,
        "max_tokens": 4_000,
        "messages": [{"role": "user", "content": "hi"}],
        **asked,
    }
    with pytest.raises(anthropic.APIStatusError, match=words) as refused:
        await client.messages.create(model=model, **request)
    assert refused.value.status_code == status


async def test_thinking_that_nobody_turned_off_counts_into_the_limit(
    client: anthropic.AsyncAnthropic,
) -> None:
    question: Any = [{"role": "user", "content": prompt_about(PROFILE)}]
    unsaid = await client.messages.create(
        model="claude-sonnet-5-5", max_tokens=900, messages=question, output_config=FORM
    )
    assert (unsaid.stop_reason, unsaid.usage.output_tokens) == ("max_tokens", 900)
    assert _text(unsaid) == ""
    with_effort: Any = {**FORM, "effort": "low"}
    said = await client.messages.create(
        model="claude-sonnet-5-5",
        max_tokens=900,
        messages=question,
        output_config=with_effort,
        thinking={"type": "adaptive"},
    )
    assert said.stop_reason == "end_turn"
    assert [block.type for block in said.content] == ["thinking", "text"]


async def test_models_are_listed_with_their_last_day(sim: Sim, client: anthropic.AsyncAnthropic) -> None:
    await sim.post("config", models={"shutdown_dates": {"claude-haiku-5-5": "2027-01-01"}})
    listed = {model.id: (model.lifecycle, model.retires_at) async for model in client.models.list()}
    assert listed["claude-haiku-5-5"] == ("deprecated", datetime(2027, 1, 1, tzinfo=UTC))
    assert listed["claude-sonnet-5-5"] == ("active", None)
