"""Which of Stripe's modes a key is of has to fit the environment."""

from typing import Any

import pytest
from oslira_billing.settings import BillingSettings
from oslira_shared.bus.nkeys import new_seed
from pydantic import ValidationError


def settings(env: str, key: str) -> dict[str, Any]:
    return {
        "OSLIRA_ENV": env,
        "NATS_URL": "tls://nats.example",
        "NATS_NKEY_SEED": new_seed(),
        "DATABASE_URL": "postgres://billing_service:pw@db.example/oslira?sslmode=verify-full",
        "APP_URL": "https://app.example",
        "STRIPE_SECRET_KEY": key,
        "STRIPE_WEBHOOK_SECRET": "whsec_1",
        # A production configuration is checked as a whole.
        **dict.fromkeys(("APIFY_TOKEN", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"), "elsewhere"),
        "JWT_SECRET": "a real secret that has more than thirty-two bytes",
    }


@pytest.mark.parametrize(
    ("env", "key"),
    [
        ("production", "sk_test_1"),
        ("production", "rk_test_1"),
        ("staging", "sk_live_1"),
        ("development", "rk_live_1"),
    ],
)
def test_a_key_of_the_other_mode_is_refused(env: str, key: str) -> None:
    with pytest.raises(ValidationError, match="STRIPE_SECRET_KEY begins with"):
        BillingSettings.model_validate(settings(env, key))


@pytest.mark.parametrize(("env", "key"), [("production", "sk_live_1"), ("staging", "rk_test_1")])
def test_a_key_of_its_own_mode_is_taken(env: str, key: str) -> None:
    assert BillingSettings.model_validate(settings(env, key)).api_key == key
