"""Cancelling, and receipts."""

from decimal import Decimal
from pathlib import Path

import pytest
from oslira_client import ApiError
from oslira_devstack.make_user import sign_token
from oslira_devstack.stack import Stack, StackConfig
from oslira_proof.plain_client import Client
from oslira_proof.promises.cancelling import measure_cancels
from oslira_proof.promises.stage import stage
from oslira_shared.catalog import CREDIT_PRICE_USD
from people import foreign_id, person


async def test_cancelled_at_random_moments_within_a_second_and_the_credits_are_back(stack: Stack) -> None:
    async with stage(stack) as on:
        finding = await measure_cancels(on, count=20, longest_s=0.5)
    assert finding.holds, finding.details


@pytest.mark.campaign
@pytest.mark.timeout(600)
async def test_cancelled_at_random_moments_at_real_speed(scratch_dir: Path) -> None:
    config = StackConfig(data_dir=scratch_dir / "cancel", speed=1.0, durable=False)
    async with Stack(config) as real, stage(real) as on:
        finding = await measure_cancels(on, count=20, longest_s=12.0)
    print(f"\n{finding.line()}")  # noqa: T201  # the campaign's value
    assert finding.holds, finding.details


async def test_cancelling_again_answers_the_same_and_a_foreign_run_is_not_found(stack: Stack) -> None:
    async with person(stack) as user, person(stack) as other:
        _, accepted = await user.analyze("cancel.twice")
        with pytest.raises(ApiError) as foreign:
            await other.client.cancel(accepted["run_id"])
        assert (foreign.value.status, foreign.value.code) == (404, "run_not_found")
        first = await user.client.cancel(accepted["run_id"])
        again = await user.client.cancel(accepted["run_id"])
        assert first == again
        assert (first["settlement"], first["credits"]["released"]) == ("settled", 1)
        with pytest.raises(ApiError) as unknown:
            await user.client.cancel(foreign_id())
        assert unknown.value.status == 404
        # What was cancelled is no reason not to analyse it now.
        is_new, after = await user.analyze("cancel.twice")
        assert is_new
        assert (await user.settled(after["run_id"]))["status"] == "completed"


async def test_a_receipt_says_what_was_done_and_adds_up(stack: Stack) -> None:
    async with person(stack) as user:
        _, accepted = await user.analyze("with.receipt")
        await user.settled(accepted["run_id"])
        receipt = await user.client.receipt(accepted["run_id"])
        assert receipt["credits"]["charged"] == receipt["credits"]["price_credits"] == 1
        assert receipt["credits"]["settled_at"]
        assert [step["step"] for step in receipt["steps"]][-2:] == ["scoring", "completed"]
        assert all(step["duration_ms"] is not None for step in receipt["steps"][:-1])
        assert receipt["scrape"] is None
        for name in ("input_tokens", "cached_tokens", "output_tokens"):
            assert receipt["totals"][name] == sum(call[name] for call in receipt["calls"])
        assert receipt["totals"]["calls"] == len(receipt["calls"]) == 1
        assert receipt["has_detail"]
        assert "cost_usd" in receipt["calls"][0]
        assert receipt["calls"][0]["cost_usd"] is None
        assert receipt["totals"]["cost_usd"] is None
        assert receipt["totals"]["margin_usd"] is None
        secret = stack.credentials.jwt_secret
        token = sign_token(secret, user_id=user.who.user_id, email="operator@oslira.test", is_operator=True)
        async with Client(stack.gateway_url, token) as operator:
            seen = await operator.receipt(accepted["run_id"])
        assert seen["scrape"]["source"] == "own"
        costs = [call["cost_usd"] for call in seen["calls"]] + [seen["scrape"]["cost_usd"]]
        cost = Decimal(seen["totals"]["cost_usd"])
        assert sum(map(Decimal, costs)) == cost > 0
        assert Decimal(seen["totals"]["margin_usd"]) == CREDIT_PRICE_USD - cost
