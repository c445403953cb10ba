"""Every secret that the development stack makes or has built in is one that other environments refuse."""

from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from oslira_devstack.credentials import Credentials
from oslira_devstack.environment import SERVICES
from oslira_devstack.providers import Providers
from oslira_shared.bus.nkeys import holds
from oslira_shared.settings import DEVELOPMENT_MARK


def _values(held: Any) -> list[str]:
    return [v for part in held.values() for v in _values(part)] if isinstance(held, dict) else [str(held)]


def test_generated_secrets_are_marked_distinct_and_need_no_quoting() -> None:
    made = _values(asdict(Credentials())) + _values(asdict(Credentials()))
    assert len(set(made)) == len(made) >= 30
    for secret in made:
        assert DEVELOPMENT_MARK in secret or holds(secret, DEVELOPMENT_MARK.encode())
        assert quote(secret, safe="") == secret


def test_built_in_provider_keys_are_marked() -> None:
    credentials = Credentials()
    simulated = Providers(
        real=frozenset(),
        simulators_url="http://127.0.0.1:1",
        stripe_webhook_secret=credentials.stripe_webhook_secret,
    )
    keys = {
        name: value
        for service in SERVICES
        for name, value in simulated.environment(service).items()
        if name.endswith(("_KEY", "_TOKEN", "_SECRET"))
    }
    assert set(keys) == {
        "APIFY_TOKEN",
        "OPENAI_API_KEY",
        "ANTHROPIC_API_KEY",
        "STRIPE_SECRET_KEY",
        "STRIPE_WEBHOOK_SECRET",
        "CHALLENGE_SECRET",
    }
    assert all(DEVELOPMENT_MARK in value for value in keys.values())
