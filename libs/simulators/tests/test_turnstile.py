"""siteverify, and the gateway's adapter against it."""

from typing import Any

import pytest
from oslira_gateway.anonymous.challenges import Turnstile
from oslira_shared.errors import OsliraError

SECRET = "oslira-dev-turnstile"


async def _code(challenge: Turnstile, response: str | None) -> str | None:
    try:
        await challenge.check(response)
    except OsliraError as error:
        return error.code
    return None


@pytest.mark.parametrize("response", [None, "", "refuse", "x" * 3_000])
async def test_what_is_no_persons_answer_fails(sim: Any, response: str | None) -> None:
    challenge = Turnstile(SECRET, url=f"{sim.url}/turnstile/siteverify")
    assert await _code(challenge, response) == "challenge_failed"
    await challenge.close()


async def test_an_answer_passes_once(sim: Any) -> None:
    challenge = Turnstile(SECRET, url=f"{sim.url}/turnstile/siteverify")
    assert [await _code(challenge, "passes-once") for _ in range(2)] == [None, "challenge_failed"]
    await challenge.close()


@pytest.mark.parametrize(
    ("kind", "details"),
    [("status", {"status": 500}), ("drop", {}), ("malformed", {}), ("truncate", {})],
    ids=lambda value: str(value) if isinstance(value, str) else "",
)
async def test_every_challenge_fails_while_it_does_not_answer(
    sim: Any, kind: str, details: dict[str, int]
) -> None:
    await sim.fault("turnstile", kind, **details)
    challenge = Turnstile(SECRET, url=f"{sim.url}/turnstile/siteverify")
    assert await _code(challenge, "a-person") == "unavailable"
    await challenge.close()


async def test_a_secret_that_is_wrong_is_our_fault_and_not_the_visitors(sim: Any) -> None:
    challenge = Turnstile("", url=f"{sim.url}/turnstile/siteverify")
    assert await _code(challenge, "a-person") == "unavailable"
    await challenge.close()


async def test_a_response_from_another_site_fails(sim: Any) -> None:
    challenge = Turnstile(
        SECRET, url=f"{sim.url}/turnstile/siteverify", hostnames={"app.example", "localhost"}
    )
    assert await _code(challenge, "solved-here") is None
    assert await _code(challenge, "at app.example 1") is None
    assert await _code(challenge, "at evil.example 1") == "challenge_failed"
    await challenge.close()
