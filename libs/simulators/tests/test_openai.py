"""OpenAI, spoken by its own SDK."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import openai
import pytest

from .conftest import LIGHT_SCHEMA, PROFILE, Sim, prompt_about

FORM: Any = {"type": "json_schema", "json_schema": {"name": "light", "strict": True, "schema": LIGHT_SCHEMA}}
TEXT: Any = {"format": {"type": "json_schema", "name": "light", "strict": True, "schema": LIGHT_SCHEMA}}
INSTRUCTIONS = "Rules of scoring. " * 400


@pytest.fixture
async def client(sim: Sim) -> AsyncGenerator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(api_key="key", base_url=f"{sim.url}/openai/v1", max_retries=0) as opened:
        yield opened


def _messages(**changes: str) -> Any:
    return [
        {"role": "system", "content": INSTRUCTIONS},
        {"role": "user", "content": [{"type": "text", "text": prompt_about(PROFILE | changes)}]},
    ]


async def test_chat_answers_by_the_schema_and_the_second_call_is_cached(
    sim: Sim, client: openai.AsyncOpenAI
) -> None:
    usages: list[openai.types.CompletionUsage] = []
    for username in ("luna.bakes", "other.bakes"):
        answer = await client.chat.completions.create(
            model="gpt-4o-mini", messages=_messages(username=username), response_format=FORM, max_tokens=900
        )
        assert answer.choices[0].finish_reason == "stop"
        assert set(json.loads(answer.choices[0].message.content or "")) == set(LIGHT_SCHEMA["required"])
        assert answer.usage is not None
        usages.append(answer.usage)
    cached = [usage.prompt_tokens_details.cached_tokens for usage in usages if usage.prompt_tokens_details]
    assert cached[0] == 0
    assert isinstance(cached[1], int)
    assert cached[1] % 128 == 0
    assert 1024 <= len(INSTRUCTIONS) // 4 - 128 < cached[1] < usages[1].prompt_tokens
    counters = (await sim.counters())["openai"]
    assert counters["by_model_and_schema"] == {"gpt-4o-mini": {"light": 2}}
    assert counters["by_username_and_schema"] == {"luna.bakes": {"light": 1}, "other.bakes": {"light": 1}}
    assert counters["tokens"]["input"] == sum(usage.prompt_tokens for usage in usages)
    assert counters["tokens"]["cached_input"] == cached[1]


async def test_calls_in_parallel_do_not_profit_from_each_other(sim: Sim, client: openai.AsyncOpenAI) -> None:
    answers = await asyncio.gather(
        *(
            client.chat.completions.create(
                model="gpt-5-mini", messages=_messages(username=name), response_format=FORM
            )
            for name in ("a", "b", "c")
        )
    )
    details = [answer.usage.prompt_tokens_details for answer in answers if answer.usage]
    assert [detail.cached_tokens for detail in details if detail] == [0, 0, 0]
    assert (await sim.counters())["openai"]["max_running"] == 3


async def test_responses_answer_by_the_schema_with_reasoning_counted(client: openai.AsyncOpenAI) -> None:
    answer = await client.responses.create(
        model="gpt-5",
        instructions=INSTRUCTIONS,
        input=prompt_about(PROFILE),
        text=TEXT,
        reasoning={"effort": "low"},
    )
    assert answer.status == "completed"
    assert json.loads(answer.output_text)["fit_score"] == json.loads(answer.output_text)["fit_score"]
    assert answer.usage is not None
    assert answer.usage.output_tokens_details.reasoning_tokens == 128
    again = await client.responses.create(
        model="gpt-5", instructions=INSTRUCTIONS, input=prompt_about(PROFILE), text=TEXT
    )
    assert again.usage is not None
    assert again.usage.input_tokens_details.cached_tokens >= 1024
    assert again.output_text == answer.output_text


async def test_a_token_limit_cuts_the_answer(client: openai.AsyncOpenAI) -> None:
    cut = await client.chat.completions.create(
        model="gpt-4o-mini", messages=_messages(), response_format=FORM, max_tokens=10
    )
    assert cut.choices[0].finish_reason == "length"
    assert len(cut.choices[0].message.content or "") == 40
    assert cut.usage is not None
    assert cut.usage.completion_tokens == 10
    thought = await client.responses.create(
        model="gpt-5", input=prompt_about(PROFILE), text=TEXT, max_output_tokens=300
    )
    assert thought.status == "incomplete"
    assert thought.incomplete_details is not None
    assert thought.incomplete_details.reason == "max_output_tokens"
    assert thought.output_text == ""


async def test_what_the_api_refuses_is_refused(sim: Sim, client: openai.AsyncOpenAI) -> None:
    loose: Any = {
        "type": "json_schema",
        "json_schema": {"name": "l", "strict": True, "schema": {"type": "object"}},
    }
    with pytest.raises(openai.BadRequestError, match="additionalProperties"):
        await client.chat.completions.create(model="gpt-4o", messages=_messages(), response_format=loose)
    with pytest.raises(openai.BadRequestError, match="max_completion_tokens"):
        await client.chat.completions.create(model="gpt-5", messages=_messages(), max_tokens=10)
    nobody = await sim.http.post(f"{sim.url}/openai/v1/responses", json={"model": "gpt-5", "input": "hi"})
    assert nobody.status_code == 401
    assert (await sim.counters())["openai"]["calls"] == 0


@pytest.mark.parametrize(
    ("model", "asked", "code"),
    [
        ("gpt-9", {}, "model_not_found"),
        ("gpt-5-mini", {"temperature": 0.2}, "unsupported_value"),
        ("gpt-6-luna", {"temperature": 0.2}, "unsupported_value"),
        ("gpt-6.1-sol", {"reasoning_effort": "none"}, "unsupported_value"),
        ("gpt-6.1-terra", {"reasoning_effort": "minimal"}, "unsupported_value"),
        ("gpt-4o-mini", {"reasoning_effort": "low"}, None),
        ("gpt-6-luna", {"max_tokens": 100}, "unsupported_parameter"),
        ("gpt-4o-mini", {"max_completion_tokens": 20_000}, "invalid_value"),
        ("gpt-6-luna", {"max_completion_tokens": 0}, "integer_below_min_value"),
        ("gpt-5-mini", {"prompt_cache_options": {"mode": "explicit"}}, "unsupported_parameter"),
        ("gpt-6-luna", {"prompt_cache_key": "k" * 65}, "string_above_max_length"),
    ],
)
async def test_a_parameter_that_a_model_does_not_take_is_refused_with_the_apis_code(
    client: openai.AsyncOpenAI, model: str, asked: dict[str, Any], code: str | None
) -> None:
    with pytest.raises(openai.APIStatusError) as refused:
        await client.chat.completions.create(model=model, messages=_messages(), **asked)
    assert refused.value.status_code == (404 if code == "model_not_found" else 400)
    assert refused.value.code == code
    assert refused.value.type == "invalid_request_error"


async def test_a_small_limit_is_eaten_by_reasoning(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model="gpt-6.1-terra",
        messages=_messages(),
        response_format=FORM,
        max_completion_tokens=100,
        reasoning_effort="low",
    )
    assert (answer.choices[0].finish_reason, answer.choices[0].message.content) == ("length", "")
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 100
    unhurried = await client.chat.completions.create(
        model="gpt-6-luna",
        messages=_messages(),
        response_format=FORM,
        temperature=0.2,
        reasoning_effort="none",
    )
    assert unhurried.choices[0].finish_reason == "stop"


async def test_a_model_is_listed_until_its_day_and_refused_from_then_on(
    sim: Sim, client: openai.AsyncOpenAI
) -> None:
    listed = {model.id: model.shutdown_date async for model in client.models.list()}
    assert (listed["gpt-5"], listed["gpt-4o-mini"], listed["gpt-6-luna"]) == (
        "2026-12-11",
        "2027-01-14",
        None,
    )
    await client.chat.completions.create(model="gpt-5-2025-08-07", messages=_messages())
    await sim.post("config", models={"today": "2026-12-11"})
    with pytest.raises(openai.NotFoundError, match="does not exist or you do not have access"):
        await client.chat.completions.create(model="gpt-5-2025-08-07", messages=_messages())
    assert "gpt-5" not in {model.id async for model in client.models.list()}
    dates = {"gpt-6-luna": "2027-02-01"}
    await sim.post("config", models={"missing": ["gpt-4o-mini"], "shutdown_dates": dates})
    listed = {model.id: model.shutdown_date async for model in client.models.list()}
    assert (listed.get("gpt-4o-mini", "none"), listed["gpt-6-luna"]) == ("none", "2027-02-01")


async def test_newer_models_book_what_they_write_to_the_cache(client: openai.AsyncOpenAI) -> None:
    system = {"type": "text", "text": INSTRUCTIONS, "prompt_cache_breakpoint": {"mode": "explicit"}}
    found: list[tuple[int | None, int | None]] = []
    for username in ("a", "b"):
        messages: Any = [{"role": "system", "content": [system]}, _messages(username=username)[1]]
        answer = await client.chat.completions.create(
            model="gpt-6.1-terra", messages=messages, prompt_cache_options={"mode": "explicit"}
        )
        assert answer.usage is not None
        assert answer.usage.prompt_tokens_details is not None
        details = answer.usage.prompt_tokens_details
        found.append((details.cached_tokens, details.cache_write_tokens))
    assert found == [(0, len(INSTRUCTIONS) // 4), (len(INSTRUCTIONS) // 4, 0)]


async def test_a_caller_that_leaves_is_counted_and_its_slot_is_free(
    sim: Sim, client: openai.AsyncOpenAI
) -> None:
    await sim.post("config", latencies={"model": "fixed:1000"})
    with pytest.raises(openai.APITimeoutError):
        await client.responses.create(model="gpt-5", input="hi", timeout=0.1)
    await asyncio.sleep(0.1)
    counters = (await sim.counters())["openai"]
    assert (counters["abandoned"], counters["running"], counters["calls"]) == (1, 0, 1)


async def test_genai_prices_reads_the_usage(client: openai.AsyncOpenAI) -> None:
    from genai_prices import extract_usage  # noqa: PLC0415 - slow to import, used once

    answer = await client.chat.completions.create(
        model="gpt-4o-mini", messages=_messages(), response_format=FORM
    )
    found = extract_usage(answer.model_dump(), provider_id="openai", api_flavor="chat")
    assert answer.usage is not None
    assert found.usage.input_tokens == answer.usage.prompt_tokens
    assert found.calc_price().total_price > 0
