"""Stripe's keys, rotated while billing runs."""

from oslira_billing.infrastructure.stripe_api import StripeApiObjects


async def test_the_next_call_uses_the_key_of_now() -> None:
    keys = ["sk_test_first"]
    stripe = StripeApiObjects(api_key=lambda: keys[-1], api_base="http://127.0.0.1:1")
    first = await stripe.connected()
    assert await stripe.connected() is first
    keys.append("sk_test_second")
    second = await stripe.connected()
    assert second is not first
    assert await stripe.connected() is second
    await stripe.close()
