"""Limits of model calls: the circuit breaker, rate limits, and requests without an answer."""

import pytest
from model_desk import DOWN, GOOD, Desk, ask_again, reply
from oslira_analysis.application.model_ports import (
    ModelBusy,
    ProviderFailed,
)
from oslira_analysis.application.supplier_failures import Trouble
from oslira_analysis.domain.snooze import MOST_UNANSWERED


async def test_the_breaker_spares_a_provider_that_is_down_and_tries_it_again_later() -> None:
    desk = Desk([DOWN, DOWN, DOWN, DOWN, reply(GOOD)])
    await ask_again(desk)  # three failures open it
    await ask_again(desk)
    assert (len(desk.first.asked), len(desk.second.asked)) == (3, 2)
    desk.now_s = 11
    await ask_again(desk)  # the first request after it fails: open again
    assert (len(desk.first.asked), len(desk.second.asked)) == (4, 3)
    desk.now_s = 22
    await ask_again(desk)
    await ask_again(desk)  # it is back
    assert (len(desk.first.asked), len(desk.second.asked)) == (6, 3)


@pytest.mark.parametrize("trouble", ["limited", "used_up", "key_refused"])
async def test_a_provider_that_rejects_for_now_gets_one_request_before_the_fallback(trouble: Trouble) -> None:
    desk = Desk([ProviderFailed("429", is_retryable=False, trouble=trouble)])
    assert await desk.answer() == {"good": True}
    assert (len(desk.first.asked), len(desk.second.asked)) == (1, 1)


async def test_limits_open_no_breaker_and_block_requests_for_the_requested_time() -> None:
    limited = ProviderFailed("429", is_retryable=False, trouble="limited", retry_after_s=60)
    desk = Desk([limited, limited, limited, reply(GOOD)])
    for _ in range(5):
        await ask_again(desk)
    assert (len(desk.first.asked), len(desk.second.asked)) == (3, 5)
    assert desk.first_breaker.state(desk.now_s) == "closed"
    desk.now_s = 60
    await ask_again(desk)
    assert (len(desk.first.asked), len(desk.second.asked)) == (4, 5)


async def test_a_busy_call_is_retried_when_the_first_provider_is_available() -> None:
    def limited(retry_after_s: float | None) -> ProviderFailed:
        return ProviderFailed("429", is_retryable=False, trouble="limited", retry_after_s=retry_after_s)

    for first_s, second_s, expected_s in ((60.0, 20.0, 20.0), (60.0, None, None)):
        desk = Desk([limited(first_s)], [limited(second_s)])
        with pytest.raises(ModelBusy) as busy:
            await desk.answer()
        assert busy.value.retry_after_s == expected_s


async def test_requests_that_may_cost_and_get_no_answer_are_bounded_over_all_attempts() -> None:
    lost = ProviderFailed("APITimeoutError", is_retryable=False, may_cost=True)
    desk = Desk([lost], [lost])
    for _ in range(MOST_UNANSWERED):
        desk.now_s += 100  # their breakers are closed again
        with pytest.raises(ModelBusy):
            await desk.answer()
    with pytest.raises(ModelBusy) as busy:
        await desk.answer()
    assert busy.value.retry_after_s == 32
    assert len(desk.first.asked) == len(desk.second.asked) == MOST_UNANSWERED


async def test_after_unanswered_requests_a_run_waits_and_then_completes() -> None:
    lost = ProviderFailed("APIConnectionError", is_retryable=False, may_cost=True)
    desk = Desk([*[lost] * MOST_UNANSWERED, reply(GOOD)], [lost])
    for _ in range(MOST_UNANSWERED):
        desk.now_s += 100
        with pytest.raises(ModelBusy):
            await desk.answer()
    desk.now_s += 100
    assert await desk.answer(snoozed_for_s=33) == {"good": True}
