"""The real processes: none starts in a production that is wrong, or with a credential that isn't its own; each says why."""

import asyncio
import os
import sys

import pytest
from oslira_analysis.settings import AnalysisSettings
from oslira_billing.settings import BillingSettings
from oslira_credits.settings import CreditsSettings
from oslira_devstack.credentials import Credentials
from oslira_devstack.databases import Database
from oslira_devstack.environment import SERVICES
from oslira_devstack.servers.contract import Nats
from oslira_gateway.settings import GatewaySettings
from oslira_scheduler.settings import SchedulerSettings
from oslira_shared.bus.nkeys import new_seed
from oslira_shared.runtime import Runtime, live
from oslira_shared.settings import DEVELOPMENT_MARK, ServiceSettings


async def _run(service: str, environment: dict[str, str]) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"oslira_{service}",
        env={"PATH": os.environ["PATH"], **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), 30)
    except TimeoutError:
        process.kill()
        await process.communicate()
        raise
    return process.returncode, out.decode(), err.decode()


_KEY = "sk_live_0123456789"
_WRONG = {
    "OSLIRA_ENV": "production",
    "NATS_URL": "tls://127.0.0.1:1",
    "NATS_NKEY_SEED": new_seed(),
    "DATABASE_URL": f"postgresql://someone:{DEVELOPMENT_MARK}hunter2@127.0.0.1:1/oslira?sslmode=require",
    "OPENAI_BASE_URL": "http://127.0.0.1:9000/openai/v1",
    **dict.fromkeys(("APIFY_TOKEN", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "STRIPE_WEBHOOK_SECRET"), _KEY),
    "JWT_SECRET": "a real secret that has more than thirty-two bytes",
    "WEBHOOK_SECRETS_KEY": "another real secret that is as long as it has to be",
    "CHALLENGE_SECRET": _KEY,
    "S3_BUCKET": "oslira",
    "AWS_REGION": "eu-central-1",
    "APP_URL": "https://app.example",
}


async def test_no_service_starts_and_each_says_why() -> None:
    ended = await asyncio.gather(*(_run(service, _WRONG) for service in SERVICES))
    for service, (code, out, err) in zip(SERVICES, ended, strict=True):
        assert (code, out) == (78, "")
        assert err.splitlines() == [
            f"{service} cannot start: STRIPE_SECRET_KEY is missing",
            f"{service} cannot start: OPENAI_BASE_URL is an address of this machine or a private network",
            f"{service} cannot start: DATABASE_URL holds a development secret",
        ]


KINDS = (SchedulerSettings, CreditsSettings, AnalysisSettings, BillingSettings, GatewaySettings)


def _as(*, bus: str, database: str, server: Nats, given: Database) -> dict[str, str]:
    return {
        "OSLIRA_ENV": "development",
        "OSLIRA_INTERNAL_HOST": "127.0.0.1",
        "OSLIRA_INTERNAL_PORT": "0",
        "OSLIRA_HTTP_HOST": "127.0.0.1",
        "OSLIRA_HTTP_PORT": "0",
        "WEBHOOK_SECRETS_KEY": f"{DEVELOPMENT_MARK}a key that is as long as it has to be",
        "S3_BUCKET": "oslira",
        "AWS_REGION": "eu-central-1",
        "JWT_SECRET": f"{DEVELOPMENT_MARK}a secret of more than thirty-two bytes",
        "APP_URL": "http://127.0.0.1",
        **dict.fromkeys(("APIFY_TOKEN", "OPENAI_API_KEY", "ANTHROPIC_API_KEY"), f"{DEVELOPMENT_MARK}key"),
        "STRIPE_SECRET_KEY": f"sk_test_{DEVELOPMENT_MARK}key",
        "STRIPE_WEBHOOK_SECRET": f"whsec_{DEVELOPMENT_MARK}key",
        "NATS_URL": server.address,
        "NATS_NKEY_SEED": bus,
        "DATABASE_URL": given.url(f"{database}_service"),
    }


def _wrong(
    server: Nats, given: Database, credentials: Credentials
) -> dict[str, list[tuple[str, dict[str, str]]]]:
    """For each service: what it says, and the environment that makes it say so."""
    cases: dict[str, list[tuple[str, dict[str, str]]]] = {}
    for service, other in zip(SERVICES, (*SERVICES[1:], SERVICES[0]), strict=True):
        own_seed = credentials.nkeys[service]
        cases[service] = [
            (
                f"the database login is {other}_service, not {service}_service",
                _as(bus=own_seed, database=other, server=server, given=given),
            ),
            (
                f"the bus credential is not {service}'s",
                _as(bus=credentials.nkeys[other], database=service, server=server, given=given),
            ),
            (
                f"the bus does not know {service}'s credential",
                _as(bus=new_seed(), database=service, server=server, given=given),
            ),
        ]
    return cases


async def _nothing(_runtime: Runtime, _settings: ServiceSettings) -> None:
    """A service without work of its own: who it is, it is asked all the same."""


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.service)
async def test_no_service_starts_with_anothers_credentials_and_each_says_whose(
    nats_server: Nats,
    module_database: Database,
    credentials: Credentials,
    kind: type[ServiceSettings],
    capsys: pytest.CaptureFixture[str],
) -> None:
    # The third leaves the client's socket open, so it is for a process to show.
    for reason, environment in _wrong(nats_server, module_database, credentials)[kind.service][:2]:
        try:
            code = await live(kind.model_validate(environment), _nothing)
        except SystemExit as ended:
            code = ended.code
        assert code == 78
        assert capsys.readouterr().err == f"{kind.service} cannot start: {reason}\n"


async def test_a_process_with_anothers_credentials_ends_with_one_line(
    nats_server: Nats, module_database: Database, credentials: Credentials
) -> None:
    cases = _wrong(nats_server, module_database, credentials)["scheduler"][::2]
    ended = await asyncio.gather(*(_run("scheduler", environment) for _, environment in cases))
    for (reason, _), (code, _, err) in zip(cases, ended, strict=True):
        assert (code, err) == (78, f"scheduler cannot start: {reason}\n")


@pytest.mark.campaign
async def test_every_process_with_anothers_credentials_ends_with_one_line(
    nats_server: Nats, module_database: Database, credentials: Credentials
) -> None:
    for service, cases in _wrong(nats_server, module_database, credentials).items():
        ended = await asyncio.gather(*(_run(service, environment) for _, environment in cases))
        for (reason, _), (code, _, err) in zip(cases, ended, strict=True):
            assert (code, err) == (78, f"{service} cannot start: {reason}\n")
