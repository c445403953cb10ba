"""The third trial of a network needs a challenge: over HTTP, Postgres and Turnstile's own protocol."""

from collections.abc import AsyncGenerator
from ipaddress import ip_network
from typing import Any

import httpx
import pytest
import pytest_asyncio
from memory_identity import MemoryFreePlans
from oslira_devstack.databases import Database
from oslira_devstack.make_user import sign_token
from oslira_devstack.simulated import Simulators
from oslira_gateway.anonymous.challenges import Turnstile
from oslira_gateway.http.app import create_app
from oslira_gateway.http.auth import Authentication
from oslira_gateway.identity.begin_trial import BeginTrial
from oslira_gateway.identity.hs256 import Hs256Tokens
from oslira_gateway.identity.postgres import PostgresMemberships
from oslira_gateway.identity.postgres_sign_ups import PostgresSignUps
from oslira_gateway.identity.shares import TrialShares
from oslira_gateway.identity.sign_up import SignUp
from oslira_gateway.identity.start_trial import StartTrial
from oslira_gateway.identity.trial_routes import trial_routes
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import AdminClient, open_pool

SECRET = "a secret that is long enough for HS256 to be worth something"


class Visitors:
    """New users, each with a mailbox of a provider for everybody."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    def at(self, address: str) -> dict[str, str]:
        user_id = new_id()
        token = sign_token(SECRET, user_id=user_id, email=f"{user_id}@gmail.com")
        return {"authorization": f"Bearer {token}", "x-forwarded-for": address}

    async def status(self, headers: dict[str, str]) -> str:
        answer = await self._http.get("/v1/trial", headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()["status"]

    async def begin(self, headers: dict[str, str], **body: Any) -> tuple[int, str]:
        answer = await self._http.post("/v1/trial", headers=headers, json=body)
        return answer.status_code, answer.json().get("code") or answer.json()["status"]


@pytest_asyncio.fixture
async def visitors(module_database: Database, simulators: Simulators) -> AsyncGenerator[Visitors]:
    challenge = Turnstile(
        "oslira-dev-turnstile", url=f"{simulators.url}/turnstile/siteverify", hostnames={"localhost"}
    )
    async with await open_pool(module_database.url("gateway_service"), service="gateway") as pool:
        sign_ups = PostgresSignUps(AdminClient(pool), TrialShares(has_challenge=True))
        start_trial = StartTrial(sign_ups, MemoryFreePlans())
        app = create_app(
            trial_routes(BeginTrial(sign_ups, start_trial, challenge)),
            authentication=Authentication(
                Hs256Tokens(SECRET),
                PostgresMemberships(pool),
                SignUp(sign_ups, start_trial, SECRET),
                trusted_proxies=[ip_network("127.0.0.0/8")],
            ),
            operations=[],
            cors_allow_origins=[],
            request_timeout_s=10,
        )
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as http:
            yield Visitors(http)
    await challenge.close()


@pytest.mark.parametrize(
    ("addresses", "block"),
    [
        (["203.0.113.1", "203.0.113.2", "203.0.113.3", "203.0.113.4"], "v4"),
        (["2001:db8:7:1::1", "2001:db8:7:2::1", "2001:db8:7:3::1", "2001:db8:7:4::1"], "v6"),
    ],
    ids=["ipv4", "ipv6"],
)
async def test_a_challenge_is_asked_for_checked_and_good_once(
    visitors: Visitors, simulators: Simulators, addresses: list[str], block: str
) -> None:
    users = [visitors.at(address) for address in addresses]
    assert [await visitors.status(user) for user in users] == ["started"] * 2 + ["challenge_required"] * 2
    third, fourth = users[2:]
    assert await visitors.begin(third) == (403, "challenge_required")
    assert await visitors.begin(third, challenge="refuse") == (403, "challenge_failed")
    assert await visitors.begin(third, challenge=f"at evil.example {block}") == (403, "challenge_failed")

    await simulators.add_fault("turnstile", "drop")
    assert await visitors.begin(third, challenge=f"{block}-lost") == (503, "unavailable")
    assert await visitors.status(third) == "challenge_required"
    await simulators.clear_faults()

    assert await visitors.begin(third, challenge=f"{block}-person") == (200, "started")
    # A retry whose answer was lost is answered; the response itself opens nothing else.
    assert await visitors.begin(third, challenge=f"{block}-person") == (200, "started")
    assert await visitors.begin(fourth, challenge=f"{block}-person") == (403, "challenge_failed")
    assert await visitors.status(fourth) == "challenge_required"
