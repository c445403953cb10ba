"""Outside development no service starts with a key missing, a provider on this machine or a development secret; each says why."""

import os
from collections.abc import Callable, Mapping

import pytest
from oslira_analysis.settings import AnalysisSettings
from oslira_billing.settings import BillingSettings
from oslira_credits.settings import CreditsSettings
from oslira_gateway.settings import GatewaySettings
from oslira_scheduler.settings import SchedulerSettings
from oslira_shared.bus.nkeys import new_seed
from oslira_shared.settings import DEVELOPMENT_MARK, ELSEWHERE, Env, ServiceSettings, load_settings
from pydantic import ValidationError

KINDS = (GatewaySettings, CreditsSettings, AnalysisSettings, BillingSettings, SchedulerSettings)
KEYS = ("APIFY_TOKEN", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET")
URLS = (
    "APIFY_API_URL",
    "OPENAI_BASE_URL",
    "ANTHROPIC_BASE_URL",
    "STRIPE_API_BASE",
    "AI_GATEWAY_URL",
    "JWKS_URL",
)
GOOD: Mapping[str, str] = {
    "OSLIRA_ENV": "production",
    "NATS_URL": "tls://nats.svc:4222",
    "NATS_NKEY_SEED": new_seed(),
    "DATABASE_URL": "postgresql://someone:strong-database-word@10.0.0.5/oslira?sslmode=verify-full",
    **{key: f"real-{key.lower()}-0123456789" for key in KEYS},
    "JWT_SECRET": "a real secret that has more than thirty-two bytes",
    "WEBHOOK_SECRETS_KEY": "another real secret that is as long as it has to be",
    "CHALLENGE_SECRET": "a-real-challenge-secret",
    "S3_BUCKET": "oslira",
    "AWS_REGION": "eu-central-1",
    "APP_URL": "https://app.example",
}
LOCAL = (
    "http://127.0.0.1:9000/apify",
    "http://127.1/",
    "http://localhost:9000",
    "https://LOCALHOST./v1",
    "http://[::1]:9000",
    "http://[::ffff:127.0.0.1]/",
    "http://0.0.0.0:80",
    "http://10.1.2.3/v1",
    "http://172.16.0.9",
    "http://192.168.1.1",
    "http://169.254.169.254/latest",
    "http://host.docker.internal:9000",
    "http://mac.local",
    "http://simulators:9000",
    "http://simulators.default.svc/openai",
    "http://2130706433/",
    "https://api.openai.com@127.0.0.1/v1",
    "127.0.0.1:9000",
)

Loaded = Callable[[Mapping[str, str]], ServiceSettings]
Refused = Callable[[Mapping[str, str]], list[str]]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.service)
def kind(request: pytest.FixtureRequest) -> type[ServiceSettings]:
    return request.param


@pytest.fixture
def load(kind: type[ServiceSettings], monkeypatch: pytest.MonkeyPatch) -> Loaded:
    """The settings in exactly this environment."""

    def loaded(environment: Mapping[str, str]) -> ServiceSettings:
        for name in list(os.environ):
            monkeypatch.delenv(name)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return load_settings(kind)

    return loaded


@pytest.fixture
def refusal(load: Loaded, kind: type[ServiceSettings], capsys: pytest.CaptureFixture[str]) -> Refused:
    """What a service says when it refuses to start, line by line, without its own name."""

    def refused(environment: Mapping[str, str]) -> list[str]:
        with pytest.raises(SystemExit) as ended:
            load(environment)
        assert ended.value.code == 78
        printed = capsys.readouterr()
        assert printed.out == ""
        start = f"{kind.service} cannot start: "
        lines = printed.err.splitlines()
        assert all(line.startswith(start) for line in lines)
        return [line.removeprefix(start) for line in lines]

    return refused


def _without(*names: str) -> dict[str, str]:
    return {name: value for name, value in GOOD.items() if name not in names}


@pytest.mark.parametrize("env", [Env.PRODUCTION, Env.STAGING])
def test_a_good_environment_starts(load: Loaded, env: Env) -> None:
    assert load({**GOOD, "OSLIRA_ENV": env}).env is env


def test_an_environment_that_says_nothing_is_production(load: Loaded, refusal: Refused) -> None:
    assert load(_without("OSLIRA_ENV")).env is Env.PRODUCTION
    assert load({**GOOD, "OSLIRA_ENV": ""}).env is Env.PRODUCTION
    assert refusal(_without("OSLIRA_ENV", "APIFY_TOKEN")) == ["APIFY_TOKEN is missing"]


def test_development_needs_no_real_key_and_takes_its_own(load: Loaded) -> None:
    ours = dict.fromkeys((*KEYS, "JWT_SECRET"), f"{DEVELOPMENT_MARK}key")
    ours["JWT_SECRET"] += "0123456789" * 3
    settings = {**GOOD, **ours, "OSLIRA_ENV": "development", "APIFY_API_URL": "http://127.0.0.1:9000/apify"}
    assert load(settings).env is Env.DEVELOPMENT


@pytest.mark.parametrize("env", [Env.PRODUCTION, Env.STAGING])
@pytest.mark.parametrize("key", KEYS)
def test_a_missing_key_stops_every_service(refusal: Refused, key: str, env: Env) -> None:
    environment = {**_without(key), "OSLIRA_ENV": str(env)}
    assert refusal(environment) == [f"{key} is missing"]
    assert refusal({**environment, key: ""}) == [f"{key} is missing"]


def test_no_way_to_check_tokens_stops_every_service(refusal: Refused) -> None:
    assert refusal(_without("JWT_SECRET")) == ["JWT_SECRET or JWKS_URL is missing"]


def test_a_provider_on_this_machine_or_a_private_network_stops_every_service(refusal: Refused) -> None:
    for variable in URLS:
        lines = refusal({**GOOD, variable: LOCAL[0]})
        assert lines == [f"{variable} is an address of this machine or a private network"]
    for address in LOCAL:
        assert refusal({**GOOD, "OPENAI_BASE_URL": address}), address


def test_keys_over_an_unprotected_connection_stop_every_service(refusal: Refused) -> None:
    lines = refusal({**GOOD, "JWKS_URL": "http://auth.example/.well-known/jwks.json"})
    assert lines == ["JWKS_URL must be https: its answer decides which tokens are valid"]


def test_a_public_address_does_not(load: Loaded) -> None:
    for address in (
        "https://gateway.ai.cloudflare.com/v1/a/b",
        "https://1.1.1.1/v1",
        "https://[2606:4700::1111]",
    ):
        load({**GOOD, **dict.fromkeys(URLS, address)})


def test_a_development_secret_stops_every_service_wherever_it_is(
    refusal: Refused, kind: type[ServiceSettings]
) -> None:
    secrets = [
        str(field.validation_alias)
        for field in kind.model_fields.values()
        if "SecretStr" in str(field.annotation)
    ]
    assert {"NATS_URL", "DATABASE_URL", "JWT_SECRET", *KEYS} <= set(secrets)
    for variable in (*secrets, "AWS_SECRET_ACCESS_KEY"):  # which the S3 client reads by itself
        value = f"{DEVELOPMENT_MARK}{'0123456789' * 4}"
        if variable == "DATABASE_URL":
            value = f"postgres://someone:{value}@server.example/oslira?sslmode=verify-full"
        elif variable == "NATS_URL":
            value = f"tls://someone:{value}@server.example"
        elif variable == "SENTRY_DSN":
            value = f"https://{value}@errors.example/1"
        elif variable == "NATS_NKEY_SEED":
            value = new_seed(mark=DEVELOPMENT_MARK.encode())
        # What doesn't work without another setting.
        others = {"AWS_SECRET_ACCESS_KEY": "a-real-one", "AI_GATEWAY_URL": "https://gateway.example"}
        assert refusal({**GOOD, **others, variable: value}) == [f"{variable} holds a development secret"]


def test_a_development_secret_from_another_source_than_the_environment_is_found_too(
    load: Loaded, kind: type[ServiceSettings]
) -> None:
    load(GOOD)
    with pytest.raises(ValidationError, match="DATABASE_URL holds a development secret"):
        kind.model_validate(
            {**GOOD, "DATABASE_URL": f"postgresql://a:{DEVELOPMENT_MARK}b@db.example/oslira?sslmode=require"}
        )


def test_elsewhere_is_for_those_who_have_no_use_for_a_key(
    load: Loaded, refusal: Refused, kind: type[ServiceSettings]
) -> None:
    used = {key for key in KEYS if key.lower() in kind.uses}
    expected: Mapping[str, set[str]] = {
        "analysis": {"APIFY_TOKEN", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"},
        "billing": {"STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"},
    }
    assert used == expected.get(kind.service, set())
    load({**GOOD, **{key: ELSEWHERE for key in KEYS if key not in used}})
    for key in used:
        assert refusal({**GOOD, key: ELSEWHERE}) == [f"{key} is used here, so it can't be 'elsewhere'"]


def test_a_seed_is_needed_and_has_to_be_one(refusal: Refused) -> None:
    assert refusal(_without("NATS_NKEY_SEED")) == ["NATS_NKEY_SEED is missing"]
    assert refusal({**GOOD, "NATS_NKEY_SEED": "SUAMISTYPED"}) == ["NATS_NKEY_SEED: not an nkey seed"]


def test_every_fault_has_its_line(refusal: Refused) -> None:
    environment = {**_without("OPENAI_API_KEY", "STRIPE_SECRET_KEY"), "APIFY_API_URL": "http://localhost"}
    environment["DATABASE_URL"] = (
        f"postgresql://someone:{DEVELOPMENT_MARK}abc@db.example/oslira?sslmode=require"
    )
    assert sorted(refusal(environment)) == [
        "APIFY_API_URL is an address of this machine or a private network",
        "DATABASE_URL holds a development secret",
        "OPENAI_API_KEY is missing",
        "STRIPE_SECRET_KEY is missing",
    ]


def test_what_has_to_be_there_is_named(refusal: Refused) -> None:
    assert refusal(_without("NATS_URL", "DATABASE_URL")) == [
        "NATS_URL: Field required",
        "DATABASE_URL: Field required",
    ]


def test_a_value_is_never_shown(
    load: Loaded, refusal: Refused, kind: type[ServiceSettings], capsys: pytest.CaptureFixture[str]
) -> None:
    refused = 0
    for name, field in kind.model_fields.items():
        variable = str(field.validation_alias)
        environment = {**GOOD, variable: "jane.doe{["}
        try:
            load(environment)
        except SystemExit:
            refused += 1
            capsys.readouterr()
            said = "\n".join(refusal(environment))
            assert variable in said or name in said
            assert "jane" not in said
    assert refused >= 3
