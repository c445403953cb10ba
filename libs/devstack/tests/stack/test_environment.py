"""Each process gets only the variables that it needs; a real key switches only its own provider."""

import json
import subprocess
import sys
from dataclasses import dataclass

import pytest
from oslira_devstack import environment, providers
from oslira_devstack.credentials import Credentials
from oslira_devstack.environment import SERVICES, Ports
from oslira_devstack.servers.choose import ServerFactory
from oslira_devstack.servers.contract import Servers
from oslira_shared.bus.nkeys import holds
from oslira_shared.settings import DEVELOPMENT_MARK

_KEYS = ("APIFY_TOKEN", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "STRIPE_SECRET_KEY")


@dataclass(frozen=True)
class Given:
    servers: Servers
    credentials: Credentials

    def of(self, service: str, *, allow_real: bool = True, **extra: str) -> dict[str, str]:
        chosen = providers.choose(self.credentials, simulators_url="http://sim", allow_real=allow_real)
        return environment.service_environment(
            service,
            ports=Ports(internal=1, http=2 if service in ("gateway", "billing") else None),
            servers=self.servers,
            credentials=self.credentials,
            providers=chosen,
            app_url="http://app",
            extra=extra,
        )


@pytest.fixture
def given(server_factory: ServerFactory, credentials: Credentials, monkeypatch: pytest.MonkeyPatch) -> Given:
    for key in _KEYS:
        monkeypatch.delenv(key, raising=False)
    return Given(server_factory.all(), credentials)  # not started: their addresses are all that is asked for


def test_provider_keys_go_only_to_the_service_that_calls_the_provider(given: Given) -> None:
    holders = {key: [s for s in SERVICES if key in given.of(s)] for key in _KEYS}
    assert holders == {
        "APIFY_TOKEN": ["analysis"],
        "OPENAI_API_KEY": ["analysis"],
        "ANTHROPIC_API_KEY": ["analysis"],
        "STRIPE_SECRET_KEY": ["billing"],
    }
    assert [s for s in SERVICES if "JWT_SECRET" in given.of(s)] == ["gateway"]
    assert [s for s in SERVICES if "AWS_SECRET_ACCESS_KEY" in given.of(s)] == ["analysis"]


def test_every_service_logs_in_as_itself(given: Given) -> None:
    for service in SERVICES:
        variables = given.of(service)
        assert "@" not in variables["NATS_URL"]
        assert variables["NATS_NKEY_SEED"] == given.credentials.nkeys[service]
        assert f"//{service}_service:" in variables["DATABASE_URL"]
        assert "DATABASE_ADMIN_URL" not in variables


def test_real_key_switches_that_provider_and_no_other(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-mine")
    analysis = given.of("analysis")
    assert analysis["OPENAI_API_KEY"] == "sk-mine"
    assert "OPENAI_BASE_URL" not in analysis
    assert analysis["APIFY_API_URL"] == "http://sim/apify"
    chosen = providers.choose(given.credentials, simulators_url="http://sim", allow_real=True)
    assert chosen.describe() == {
        "apify": "simulated",
        "openai": "real",
        "anthropic": "simulated",
        "stripe": "simulated",
        "turnstile": "simulated",
    }


def test_tests_never_reach_a_real_provider(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-mine")
    analysis = given.of("analysis", allow_real=False)
    assert analysis["OPENAI_BASE_URL"] == "http://sim/openai/v1"
    assert "sk-mine" not in analysis.values()


def test_every_secret_of_ours_is_marked_so_that_production_refuses_it(given: Given) -> None:
    for service in SERVICES:
        for name, value in given.of(service).items():
            if name in (*_KEYS, "DATABASE_URL", "JWT_SECRET", "STRIPE_WEBHOOK_SECRET"):
                assert DEVELOPMENT_MARK in value, name
        assert holds(given.of(service)["NATS_NKEY_SEED"], DEVELOPMENT_MARK.encode())


def test_simulated_stripe_sells_every_plan_and_pack(given: Given) -> None:
    prices = json.loads(given.of("billing")["STRIPE_PRICES"])
    assert prices["price_dev_pro"] == {"plan": "pro", "interval": "month"}
    assert prices["price_dev_pack_500"] == {"pack": "pack_500"}
    assert "price_dev_free" not in prices


def test_what_a_test_sets_wins(given: Given) -> None:
    assert given.of("analysis", OSLIRA_LOG_LEVEL="DEBUG")["OSLIRA_LOG_LEVEL"] == "DEBUG"


def test_help_does_not_wait_for_imports_it_has_no_use_for() -> None:
    heavy = "{'asyncpg', 'boto3', 'httpx', 'nats', 'pydantic', 'psutil'}"
    code = f"import sys; from oslira_cli.main import build_app; build_app(); print(sorted({heavy} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
