"""Good answers in unusual form are used and not paid for again; bad ones are repaired or requested elsewhere."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from analysis_world import World
from small_gateway import small_gateway

Body = dict[str, Any]
_FAILED = b'{"error": {"message": "upstream said no", "type": "server_error", "code": null}}'


def with_content(change: Callable[[str], Any]) -> Callable[[Body], bytes]:
    """The same body with another content of its message, for either provider."""

    def alter(body: Body) -> bytes:
        if "choices" in body:
            message = body["choices"][0]["message"]
            message["content"] = change(message["content"])
        else:
            changed = change(body["content"][0]["text"])
            body["content"] = changed if isinstance(changed, list) else [{"type": "text", "text": changed}]
        return json.dumps(body).encode()

    return alter


def other_numbers(text: str) -> str:
    answer = json.loads(text)
    return json.dumps({**answer, "fit_score": f"{answer['fit_score']}.0"})


def without_usage(body: Body) -> bytes:
    return json.dumps({key: value for key, value in body.items() if key != "usage"}).encode()


def given_to_a_tool(body: Body) -> bytes:
    """The answer as the arguments of a function that the request did not offer."""
    if "choices" in body:
        message = body["choices"][0]["message"]
        message["tool_calls"] = [
            {"type": "function", "function": {"name": "f", "arguments": message["content"]}}
        ]
        message["content"] = None
    else:
        text = body["content"][0]["text"]
        body["content"] = [{"type": "tool_use", "id": "t", "name": "f", "input": json.loads(text)}]
        body["stop_reason"] = "tool_use"
    return json.dumps(body).encode()


def cut_after_it_was_whole(body: Body) -> bytes:
    choice = body["choices"][0]
    choice["finish_reason"] = "length"
    choice["message"]["content"] += "\n" * 500
    return json.dumps(body).encode()


def with_usage(**changes: Any) -> Callable[[Body], bytes]:
    return lambda body: json.dumps({**body, "usage": {**body["usage"], **changes}}).encode()


USED_AT_ONCE: dict[str, Callable[[Body], bytes]] = {
    "fenced": with_content(lambda text: f"```json\n{text}\n```"),
    "fenced.within.words": with_content(lambda text: f"Sure!\n~~~\n{text}\n~~~\nAnything else?"),
    "twice": with_content(lambda text: f"{text}\n{text}\nI hope this helps {{you}}."),
    "encoded.twice": with_content(json.dumps),
    "wrapped": with_content(lambda text: json.dumps([{"answer": json.loads(text)}])),
    "cut.then.whole": with_content(lambda text: f"{text[: len(text) // 2]}\n\n{text}"),
    "parts": with_content(
        lambda text: [{"type": "text", "text": text[:9]}, {"type": "text", "text": text[9:]}]
    ),
    "numbers": with_content(other_numbers),
    "tool.call": given_to_a_tool,
    "told.as.a.tool.call": with_content(lambda text: json.dumps({"name": "f", "arguments": text})),
    "cut.when.whole": cut_after_it_was_whole,
    "infinite.usage": with_usage(prompt_tokens=float("inf")),
    "huge.usage": with_usage(completion_tokens=90_000_000),
    "null.usage": with_usage(prompt_tokens=None),
    "more.cached.usage": with_usage(prompt_tokens_details={"cached_tokens": 10_000_000 // 4}),
    "no.usage": without_usage,
    "empty.usage": lambda body: json.dumps({**body, "usage": {}}).encode(),
}
REPAIRED = {
    "apology": with_content(lambda _: "I'm sorry, but I can't help with that."),
    "null": with_content(lambda _: None),
    "two.answers": with_content(lambda text: text + json.dumps({**json.loads(text), "fit_score": 1})),
}
ASKED_AGAIN: dict[str, Callable[[Body], bytes]] = {
    "error.body": lambda _: _FAILED,
    "cut.body": lambda body: json.dumps(body).encode()[:200],
    "no.choices": lambda body: json.dumps({**body, "choices": []}).encode(),
    "a.list": lambda body: json.dumps([body]).encode(),
}


async def usage_of(world: World, run: Body) -> list[Body]:
    rows = await world.analysis.fetch(
        "select * from analysis.ai_usage_logs where run_id = $1 order by created_at", run["id"]
    )
    return [dict(row) for row in rows]


async def test_odd_answers_are_used_repaired_or_asked_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    every = USED_AT_ONCE | REPAIRED | ASKED_AGAIN
    altered: list[str] = []
    async with small_gateway(world.simulators.url) as gateway:

        def alter(_: str, body: Body) -> bytes:
            """The first answer about each profile; later ones as they are."""
            altered.append(name)
            return every[name](body) if altered.count(name) == 1 else json.dumps(body).encode()

        gateway.alter = alter
        monkeypatch.setenv("AI_GATEWAY_URL", gateway.url)
        await world.start_engine()
        requests: dict[str, list[tuple[str, bool]]] = {}
        for name in every:
            run = await world.ended(await world.accept(f"odd.{name}"))
            assert run["state"] == "completed", name
            usage = await usage_of(world, run)
            requests[name] = [(row["state"], row["error"] is None) for row in usage]
            assert all(row["cost_nano_usd"] > 0 for row in usage if row["state"] != "failed"), name
            if "usage" in name:
                assert usage[0]["input_tokens"] is usage[0]["output_tokens"] is None
    at_once, repaired = [("answered", True)], [("answered", False), ("answered", True)]
    again = [("failed", False), ("answered", True)]
    assert requests == {
        **dict.fromkeys(USED_AT_ONCE, at_once),
        **dict.fromkeys(REPAIRED, repaired),
        **dict.fromkeys(ASKED_AGAIN, again),
    }


async def test_odd_answers_of_claude_are_used_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = [
        every for name, every in USED_AT_ONCE.items() if name in {"fenced", "parts", "no.usage", "tool.call"}
    ]
    await world.simulators.add_fault("openai", "status", status=503)
    async with small_gateway(world.simulators.url) as gateway:

        def alter(provider: str, body: Body) -> bytes:
            return odd[turn](body) if provider == "anthropic" else json.dumps(body).encode()

        gateway.alter = alter
        monkeypatch.setenv("AI_GATEWAY_URL", gateway.url)
        await world.start_engine()
        for turn in range(len(odd)):
            run = await world.ended(await world.accept(f"claude.odd.{turn}"))
            claude = [row for row in await usage_of(world, run) if row["provider"] == "anthropic"]
            assert [(row["state"], row["error"]) for row in claude] == [("answered", None)]
            assert claude[0]["cost_nano_usd"] > 0
