"""Rejected requests cost no database transaction: counted on a real server."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest
from memory_identity import MemoryFreePlans
from memory_limits import MemoryCounters
from oslira_devstack.credentials import SUPERUSER
from oslira_devstack.databases import Database
from oslira_devstack.make_user import make_user, sign_token
from oslira_gateway.accounts.postgres import PostgresAccounts
from oslira_gateway.accounts.routes import account_routes
from oslira_gateway.http.app import create_app
from oslira_gateway.http.auth import Authentication
from oslira_gateway.http.rate_limits import RateLimit
from oslira_gateway.identity.hs256 import Hs256Tokens
from oslira_gateway.identity.postgres import PostgresMemberships
from oslira_gateway.identity.postgres_sign_outs import PostgresSignOuts
from oslira_gateway.identity.postgres_sign_ups import PostgresSignUps
from oslira_gateway.identity.routes import identity_routes
from oslira_gateway.identity.shares import TrialShares
from oslira_gateway.identity.sign_up import SignUp
from oslira_gateway.identity.start_trial import StartTrial
from oslira_gateway.limits.limit_requests import LimitRequests
from oslira_gateway.limits.policies import DEFAULT_POLICIES, with_overrides
from oslira_shared.ids import derived_id, new_id
from oslira_shared.observability.health import Health, health_routes
from oslira_shared.postgres.clients import AdminClient, Pool, database_state, open_pool

SECRET = "a secret that is long enough for HS256 to be worth something"
USER = derived_id("somebody")
REQUESTS = 200
_TRANSACTIONS = "select xact_commit + xact_rollback from pg_stat_database where datname = $1"
_SESSIONS = "select count(*) from pg_stat_activity where datname = $1 and application_name = 'oslira_gateway'"


@dataclass(frozen=True, slots=True)
class Refused:
    """What is asked for, with which token, and the answer once the budget of `limits` is used up."""

    path: str
    status: int
    token: str | None = None
    limits: str = "*.*=1000/3600"


def app_over(pool: Pool, limits: str) -> Any:
    memberships, sign_ups = (
        PostgresMemberships(pool),
        PostgresSignUps(AdminClient(pool), TrialShares(unchallenged=1_000, per_network=1_000)),
    )
    health = Health()
    health.required["postgres"] = lambda: database_state(pool)
    limit_requests = LimitRequests(
        MemoryCounters(), with_overrides(DEFAULT_POLICIES, limits), secret=SECRET, clock=time.time
    )
    return create_app(
        [
            *identity_routes(memberships, PostgresSignOuts(pool)),
            *account_routes(PostgresAccounts(pool), memberships),
        ],
        authentication=Authentication(
            Hs256Tokens(SECRET),
            memberships,
            SignUp(sign_ups, StartTrial(sign_ups, MemoryFreePlans()), SECRET),
        ),
        rate_limit=RateLimit(limit_requests, ()),
        operations=health_routes(health),
        cors_allow_origins=[],
        request_timeout_s=10,
    )


async def transactions_of(database: Database, refused: Refused, *, requests: int) -> int:
    """All that the database did, from the first connection until the last one has closed."""
    # Connected to another database: what it does itself isn't counted here.
    observer = await asyncpg.connect(database.postgres.url(SUPERUSER, database="postgres"))
    before = await observer.fetchval(_TRANSACTIONS, database.name)
    headers = {"authorization": f"Bearer {refused.token}"} if refused.token else {}
    async with await open_pool(database.url("gateway_service"), service="gateway") as pool:
        transport = httpx.ASGITransport(app_over(pool, refused.limits))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            for _ in range(2):  # uses the budget up
                await client.get(refused.path, headers=headers)
            statuses = [
                (await client.get(refused.path, headers=headers)).status_code for _ in range(requests)
            ]
    assert Counter(statuses) == ({refused.status: requests} if requests else {})
    async with asyncio.timeout(10):
        while await observer.fetchval(_SESSIONS, database.name):
            await asyncio.sleep(0.02)  # a session reports its figures as it ends
    after = await observer.fetchval(_TRANSACTIONS, database.name)
    await observer.close()
    return after - before


async def added_by(database: Database, refused: Refused) -> int:
    """Transactions that so many requests add to those of the connections and of two requests that pass.

    The least of three looks: autovacuum's own transactions in the database are counted as well.
    """
    added = REQUESTS
    for _ in range(3):
        without = await transactions_of(database, refused, requests=0)
        look = await transactions_of(database, refused, requests=REQUESTS) - without
        added = min(added, look, key=abs)
        if added == 0:
            break
    print(f"{REQUESTS} x {refused.path} ({refused.status}): {added} transactions")  # noqa: T201
    return added


@pytest.fixture
def database(module_database: Database) -> Database:
    return module_database


async def token_in_account(database: Database) -> tuple[str, str]:
    """A member's token, and their account."""
    connection = await asyncpg.connect(database.url("gateway_service"))
    made = await make_user(connection, email=f"{new_id()}@example.com")
    await connection.close()
    token = sign_token(SECRET, user_id=made.user_id, email="one@example.com")
    return token, str(made.account_id)


@pytest.mark.parametrize("limit", ["read.user", "read.account", "read.address"])
async def test_a_request_over_its_limit_costs_no_transaction(database: Database, limit: str) -> None:
    token, account = await token_in_account(database)
    limits = f"*.*=1000/3600, {limit}=2/3600"
    assert await added_by(database, Refused(f"/v1/accounts/{account}", 429, token, limits)) == 0


async def test_a_user_without_an_account_over_their_limit_costs_no_transaction(database: Database) -> None:
    token = sign_token(SECRET, user_id=new_id(), email="")
    limits = "*.*=1000/3600, read.user=2/3600"
    assert await added_by(database, Refused("/v1/me", 429, token, limits)) == 0


@pytest.mark.parametrize(
    ("path", "status", "token"),
    [
        ("/v1/me", 401, None),
        ("/v1/me", 401, "rubbish"),
        (
            "/v1/me",
            401,
            sign_token("another secret, as long as it takes", user_id=USER, email="a@example.com"),
        ),
        ("/v1/nothing", 404, None),
        ("/nothing", 404, "rubbish"),
    ],
    ids=["no-token", "rubbish", "forged", "unknown-path", "outside-v1"],
)
async def test_a_request_without_a_user_or_object_costs_no_transaction(
    database: Database, path: str, status: int, token: str | None
) -> None:
    assert await added_by(database, Refused(path, status, token)) == 0


async def test_readiness_checks_once_a_second_for_all_callers(database: Database) -> None:
    started = time.monotonic()
    added = await added_by(database, Refused("/health/ready", 200))
    assert added <= time.monotonic() - started + 1
