"""What stops the gateway from starting."""

from ipaddress import ip_network
from typing import Any

import pytest
from oslira_gateway.settings import GatewaySettings
from oslira_shared.bus.nkeys import new_seed
from pydantic import ValidationError

GOOD: dict[str, Any] = {
    "OSLIRA_ENV": "development",
    "NATS_URL": "nats://127.0.0.1",
    "DATABASE_URL": "postgres://127.0.0.1/oslira",
    "JWT_SECRET": "x" * 32,
}


def test_origins_are_a_list() -> None:
    settings = GatewaySettings.model_validate(
        {**GOOD, "CORS_ALLOW_ORIGINS": "https://a.example, https://b.example,"}
    )
    assert settings.cors_allow_origins == ("https://a.example", "https://b.example")
    assert GatewaySettings.model_validate(GOOD).cors_allow_origins == ()


def test_trusted_proxies_are_networks() -> None:
    settings = GatewaySettings.model_validate(
        {**GOOD, "TRUSTED_PROXIES": "10.0.0.0/8, 192.0.2.1, 2001:db8::/32"}
    )
    assert settings.trusted_proxies == tuple(map(ip_network, ("10.0.0.0/8", "192.0.2.1", "2001:db8::/32")))
    assert GatewaySettings.model_validate(GOOD).trusted_proxies == ()


def test_what_the_gateway_signs_itself_has_a_key_of_its_own_or_borrows_the_tokens() -> None:
    assert GatewaySettings.model_validate(GOOD).token_secret == "x" * 32
    own = {"JWT_SECRET": "", "JWKS_URL": "https://auth.example/jwks.json", "TICKET_SECRET": "t" * 32}
    assert GatewaySettings.model_validate({**GOOD, **own}).token_secret == "t" * 32
    assert GatewaySettings.model_validate({**GOOD, "TICKET_SECRET": "t" * 32}).token_secret == "t" * 32


@pytest.mark.parametrize(
    "wrong",
    [
        {"JWT_SECRET": "short"},
        {"JWT_SECRET": ""},
        {"JWT_SECRET": "", "JWKS_URL": "https://auth.example/jwks.json"},
        {"TICKET_SECRET": "short"},
        {"CORS_ALLOW_ORIGINS": "*"},
        {"OSLIRA_ENV": "production"},
        {"TRUSTED_PROXIES": "the-proxy"},
        {"TRUSTED_PROXIES": "0.0.0.0/0"},
        {"ANONYMOUS_ANALYSES": "maybe"},
        {"ANONYMOUS_LIFE_S": "7200"},
    ],
)
def test_what_would_be_unsafe_stops_it(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        GatewaySettings.model_validate({**GOOD, **wrong})


PRODUCTION: dict[str, Any] = {
    **GOOD,
    "OSLIRA_ENV": "production",
    "NATS_URL": "tls://nats.example",
    "DATABASE_URL": "postgres://gateway_service:pw@db.example/oslira?sslmode=verify-full",
    "WEBHOOK_SECRETS_KEY": "another real secret that is as long as it has to be",
    "NATS_NKEY_SEED": new_seed(),
    **dict.fromkeys(
        ("APIFY_TOKEN", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"),
        "elsewhere",
    ),
}


def test_visitors_are_challenged_in_production_or_there_are_none() -> None:
    with pytest.raises(ValidationError, match="CHALLENGE_SECRET is missing"):
        GatewaySettings.model_validate(PRODUCTION)
    local = {"CHALLENGE_SECRET": "real", "CHALLENGE_URL": "http://127.0.0.1:9000/turnstile"}
    with pytest.raises(ValidationError, match="CHALLENGE_URL is an address of this machine"):
        GatewaySettings.model_validate({**PRODUCTION, **local})
    GatewaySettings.model_validate({**PRODUCTION, "CHALLENGE_SECRET": "real"})
    GatewaySettings.model_validate({**PRODUCTION, "ANONYMOUS_ANALYSES": "off"})
