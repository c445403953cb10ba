"""Accounts, members and invitations over HTTP on a real Postgres: the guard, the permissions and the rows together."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from memory_identity import MemoryFreePlans
from oslira_devstack.databases import Database
from oslira_devstack.make_user import sign_token
from oslira_gateway.accounts import account as limits
from oslira_gateway.accounts.account import NewInvitation
from oslira_gateway.accounts.members_routes import invitation_routes, member_routes
from oslira_gateway.accounts.postgres import PostgresAccounts
from oslira_gateway.accounts.postgres_invitations import PostgresInvitations
from oslira_gateway.accounts.routes import account_routes
from oslira_gateway.http.app import create_app
from oslira_gateway.http.auth import Authentication
from oslira_gateway.identity.caller import Caller, Member
from oslira_gateway.identity.hs256 import Hs256Tokens
from oslira_gateway.identity.postgres import PostgresMemberships
from oslira_gateway.identity.postgres_sign_ups import PostgresSignUps
from oslira_gateway.identity.shares import TrialShares
from oslira_gateway.identity.sign_up import SignUp
from oslira_gateway.identity.start_trial import StartTrial
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import AdminClient, Pool, open_pool

SECRET = "a secret that is long enough for HS256, and for HS512 in one test too"


@dataclass
class User:
    """Somebody with a token. `ask` returns status and body; a refusal's body is its code."""

    http: httpx.AsyncClient
    user_id: UUID
    email: str

    async def ask(self, method: str, path: str, **body: Any) -> tuple[int, Any]:
        token = sign_token(SECRET, user_id=self.user_id, email=self.email)
        headers = {"authorization": f"Bearer {token}"}
        answer = await self.http.request(method, f"/v1{path}", headers=headers, json=body or None)
        found: Any = answer.json() if answer.content else {}
        return answer.status_code, found["code"] if answer.is_error else found

    async def account(self) -> str:
        """The user's own, made by this first request."""
        return (await self.ask("GET", "/accounts"))[1]["items"][0]["account_id"]

    async def invites(self, guest: Self, account: str, role: str = "member") -> tuple[str, str]:
        """(invitation id, token)."""
        status, issued = await self.ask(
            "POST", f"/accounts/{account}/invitations", email=guest.email, role=role
        )
        assert status == 201, issued
        return issued["invitation_id"], issued["token"]

    async def joins(self, host: Self, account: str, role: str = "member") -> None:
        _, token = await host.invites(self, account, role)
        assert (await self.ask("POST", f"/invitations/{token}/accept"))[0] == 200


@pytest_asyncio.fixture(scope="module")
async def pool(module_database: Database) -> AsyncGenerator[Pool]:
    async with await open_pool(module_database.url("gateway_service"), service="gateway") as opened:
        yield opened


@pytest_asyncio.fixture(scope="module")
async def http(pool: Pool) -> AsyncGenerator[httpx.AsyncClient]:
    memberships, accounts = PostgresMemberships(pool), PostgresAccounts(pool)
    sign_ups = PostgresSignUps(AdminClient(pool), TrialShares(unchallenged=1_000, per_network=1_000))
    app = create_app(
        [
            *account_routes(accounts, memberships),
            *member_routes(accounts),
            *invitation_routes(PostgresInvitations(pool)),
        ],
        authentication=Authentication(
            Hs256Tokens(SECRET),
            memberships,
            SignUp(sign_ups, StartTrial(sign_ups, MemoryFreePlans()), SECRET),
        ),
        operations=[],
        cors_allow_origins=[],
        request_timeout_s=10,
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway") as client:
        yield client


@pytest.fixture
def users(http: httpx.AsyncClient) -> list[User]:
    ids = [new_id() for _ in range(3)]
    return [User(http, user_id, f"{user_id}@Example.com".lower()) for user_id in ids]


async def test_a_user_has_an_account_and_may_make_teams(users: list[User]) -> None:
    one, two, _ = users
    mine = await one.account()
    status, team = await one.ask("POST", "/accounts", name="  Team 1 ")
    assert (status, team["name"], team["kind"], team["role"]) == (201, "Team 1", "team", "owner")
    listed = (await one.ask("GET", "/accounts"))[1]
    assert [item["account_id"] for item in listed["items"]] == [mine, team["account_id"]]
    path = f"/accounts/{team['account_id']}"
    assert (await one.ask("PATCH", path, name="Renamed"))[1]["name"] == "Renamed"
    for method in ("GET", "PATCH", "DELETE"):
        body = {"name": "Theirs"} if method == "PATCH" else {}
        assert await two.ask(method, path, **body) == (404, "account_not_found")
    assert (await one.ask("GET", path))[1]["name"] == "Renamed"


@pytest.mark.parametrize("name", ["", " ", "x" * 121, "a\nb", "a\x00b", 5, None], ids=repr)
async def test_a_name_is_a_line_of_text(users: list[User], name: Any) -> None:
    assert (await users[0].ask("POST", "/accounts", name=name))[0] == 400


async def test_a_user_belongs_to_a_bounded_number_of_accounts(users: list[User], pool: Pool) -> None:
    await users[0].account()
    await pool.execute(
        "with made as (insert into identity.accounts (id, name) select gen_random_uuid(), 'T' from generate_series(1, $2)"
        " returning id) insert into identity.members (account_id, user_id) select id, $1 from made",
        users[0].user_id,
        limits.MAX_ACCOUNTS_OF_USER - 3,
    )
    answers = await asyncio.gather(*(users[0].ask("POST", "/accounts", name="T") for _ in range(6)))
    assert sorted(status for status, _ in answers) == [201, 201, 409, 409, 409, 409]


async def test_an_invited_user_joins_once_with_the_role_they_were_invited_for(users: list[User]) -> None:
    owner, guest, stranger = users
    account = await owner.account()
    own = await guest.account()
    _, token = await owner.invites(guest, account, "admin")
    assert await stranger.ask("POST", f"/invitations/{token}/accept") == (403, "invitation_not_yours")
    accepted = await asyncio.gather(*(guest.ask("POST", f"/invitations/{token}/accept") for _ in range(5)))
    assert {(status, body["account_id"], body["role"]) for status, body in accepted} == {
        (200, account, "admin")
    }
    listed = (await guest.ask("GET", "/accounts"))[1]["items"]
    assert {item["account_id"] for item in listed} == {own, account}
    members = (await guest.ask("GET", f"/accounts/{account}/members"))[1]["items"]
    assert [(m["email"], m["role"]) for m in members] == [(owner.email, "owner"), (guest.email, "admin")]
    assert (await owner.ask("GET", f"/accounts/{account}/invitations"))[1]["items"] == []


async def test_an_invitation_ends_by_being_revoked_replaced_or_old(users: list[User], pool: Pool) -> None:
    owner, guest, _ = users
    account = await owner.account()
    first_id, first = await owner.invites(guest, account)
    second_id, second = await owner.invites(guest, account)
    assert await guest.ask("POST", f"/invitations/{first}/accept") == (404, "invitation_not_found")
    [listed] = (await owner.ask("GET", f"/accounts/{account}/invitations"))[1]["items"]
    assert listed["invitation_id"] == second_id
    assert "token" not in listed
    path = f"/accounts/{account}/invitations/{second_id}"
    assert await guest.ask("DELETE", path) == (404, "account_not_found")
    assert (await owner.ask("DELETE", path))[0] == 204
    assert await owner.ask("DELETE", path) == (404, "invitation_not_found")
    assert await owner.ask("DELETE", f"/accounts/{account}/invitations/{first_id}") == (
        404,
        "invitation_not_found",
    )
    assert await guest.ask("POST", f"/invitations/{second}/accept") == (404, "invitation_not_found")
    third_id, third = await owner.invites(guest, account)
    await pool.execute("update identity.invitations set expires_at = now() where id = $1", UUID(third_id))
    assert await guest.ask("POST", f"/invitations/{third}/accept") == (404, "invitation_not_found")
    assert await guest.ask("POST", "/invitations/nonsense/accept") == (404, "invitation_not_found")
    stored = await pool.fetchval("select token_hash from identity.invitations where id = $1", UUID(third_id))
    assert third.encode() not in stored


@pytest.mark.parametrize("change", ["removed", "left", "demoted"])
async def test_invitations_end_with_the_role_of_who_wrote_them(users: list[User], change: str) -> None:
    owner, admin, _ = users
    account = await owner.account()
    await admin.joins(owner, account, "admin")
    back_door = User(admin.http, new_id(), f"{new_id()}@example.com")
    _, token = await admin.invites(back_door, account, "admin")
    kept = User(admin.http, new_id(), f"{new_id()}@example.com")
    await owner.invites(kept, account)
    listed = (await owner.ask("GET", f"/accounts/{account}/invitations"))[1]["items"]
    assert [one["invited_by"] for one in listed] == [str(owner.user_id), str(admin.user_id)]
    path = f"/accounts/{account}/members/{admin.user_id}"
    if change == "demoted":
        assert (await owner.ask("PATCH", path, role="member"))[0] == 200
    else:
        assert (await (owner if change == "removed" else admin).ask("DELETE", path))[0] == 204
    assert await back_door.ask("POST", f"/invitations/{token}/accept") == (404, "invitation_not_found")
    listed = (await owner.ask("GET", f"/accounts/{account}/invitations"))[1]["items"]
    assert [one["invited_by"] for one in listed] == [str(owner.user_id)]


async def test_a_request_let_in_before_a_removal_changes_nothing_after_it(
    users: list[User], pool: Pool
) -> None:
    owner, admin, guest = users
    account = await owner.account()
    await admin.joins(owner, account, "admin")
    member = Member(Caller(admin.user_id), UUID(account), "admin")
    assert (await owner.ask("DELETE", f"/accounts/{account}/members/{admin.user_id}"))[0] == 204
    accounts, invitations = PostgresAccounts(pool), PostgresInvitations(pool)
    for late in (
        invitations.issue(member, NewInvitation(email=guest.email, role="admin")),
        invitations.revoke(member, new_id()),
        accounts.rename(member, "Theirs"),
        accounts.remove(member, owner.user_id),
    ):
        with pytest.raises(OsliraError) as caught:
            await late
        assert caught.value.code == "account_not_found"


async def test_members_do_what_their_role_allows(users: list[User]) -> None:
    owner, admin, member = users
    account = await owner.account()
    await admin.joins(owner, account, "admin")
    await member.joins(admin, account)
    members, invitations = f"/accounts/{account}/members", f"/accounts/{account}/invitations"
    refused = (403, "forbidden")
    assert await member.ask("POST", invitations, email="x@example.com") == refused
    assert await member.ask("GET", invitations) == refused
    assert await member.ask("PATCH", f"/accounts/{account}", name="Mine") == refused
    assert await member.ask("DELETE", f"{members}/{admin.user_id}") == refused
    assert await admin.ask("DELETE", f"{members}/{owner.user_id}") == refused
    assert await admin.ask("PATCH", f"{members}/{admin.user_id}", role="owner") == refused
    assert await admin.ask("DELETE", f"/accounts/{account}") == refused
    assert (await owner.ask("POST", invitations, email="x@example.com", role="owner"))[0] == 400
    assert (await admin.ask("DELETE", f"{members}/{member.user_id}"))[0] == 204
    assert await member.ask("GET", f"/accounts/{account}") == (404, "account_not_found")
    assert (await admin.ask("DELETE", f"{members}/{admin.user_id}"))[0] == 204  # leaves
    assert await owner.ask("DELETE", f"{members}/{member.user_id}") == (404, "member_not_found")


async def test_an_account_never_loses_its_last_owner(users: list[User]) -> None:
    owner, other, _ = users
    account = await owner.account()
    mine, theirs = (f"/accounts/{account}/members/{user.user_id}" for user in (owner, other))
    assert await owner.ask("DELETE", mine) == (409, "last_owner")
    assert await owner.ask("PATCH", mine, role="member") == (409, "last_owner")
    await other.joins(owner, account)
    assert (await owner.ask("PATCH", theirs, role="owner"))[1]["role"] == "owner"
    left = await asyncio.gather(owner.ask("DELETE", mine), other.ask("DELETE", theirs))
    assert sorted(status for status, _ in left) == [204, 409]


async def test_a_deleted_account_belongs_to_no_user(users: list[User], pool: Pool) -> None:
    owner, other, guest = users
    account = await owner.account()
    await other.joins(owner, account, "admin")
    _, token = await owner.invites(guest, account)
    assert (await owner.ask("DELETE", f"/accounts/{account}"))[0] == 204
    for user in (owner, other):
        assert await user.ask("GET", f"/accounts/{account}") == (404, "account_not_found") or user is owner
    assert await owner.ask("GET", f"/accounts/{account}") == (403, "no_account")  # it was the only one
    assert await guest.ask("POST", f"/invitations/{token}/accept") == (404, "account_not_found")
    # Coming back makes no second trial.
    assert (await owner.ask("GET", "/accounts"))[1]["items"] == []
    assert (
        await pool.fetchval("select count(*) from identity.sign_ups where account_id = $1", UUID(account))
        == 1
    )


async def test_an_account_that_stripe_bills_is_not_deleted(
    users: list[User], module_database: Database
) -> None:
    owner = users[0]
    account = await owner.account()
    async with await open_pool(module_database.url("billing_service"), service="test", min_size=1) as billing:
        await billing.execute("insert into billing.plans values ('pro', 1500) on conflict do nothing")
        await billing.execute(
            "insert into billing.subscriptions (account_id, plan, state, source, stripe_subscription_id)"
            " values ($1, 'pro', 'active', 'stripe', $2)",
            UUID(account),
            account,
        )
        assert await owner.ask("DELETE", f"/accounts/{account}") == (409, "subscription_active")
        await billing.execute(
            "update billing.subscriptions set cancel_at_period_end = true where account_id = $1",
            UUID(account),
        )
        assert (await owner.ask("DELETE", f"/accounts/{account}"))[0] == 204


def test_the_limits_are_what_the_documentation_says() -> None:
    assert (limits.MAX_ACCOUNTS_OF_USER, limits.MAX_MEMBERS, limits.MAX_OPEN_INVITATIONS) == (20, 100, 50)
