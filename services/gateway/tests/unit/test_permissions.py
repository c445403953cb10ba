"""The one table of roles and actions, and that the guard goes by it."""

from ipaddress import ip_network
from typing import Any

import httpx
import pytest
from litestar import Request, get
from memory_identity import MemoryFreePlans, MemoryMemberships, MemorySignUps
from oslira_devstack.make_user import sign_token
from oslira_gateway.http.app import create_app
from oslira_gateway.http.auth import ACCOUNT_IN_PATH, ANY_USER, Authentication, member_of
from oslira_gateway.identity.caller import Caller, Member, Membership, Role
from oslira_gateway.identity.hs256 import Hs256Tokens
from oslira_gateway.identity.permissions import PERMISSIONS, Action, may, needs, require
from oslira_gateway.identity.sign_up import SignUp, network_key
from oslira_gateway.identity.start_trial import StartTrial
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id

SECRET = "a secret that is long enough for HS256, and for HS512 in one test too"


def as_role(role: Any) -> Member:
    return Member(Caller(new_id()), new_id(), role)


def test_what_each_role_may_do() -> None:
    """The table again, from the other side: a change of one has to be meant in both."""
    assert {action: {role for role in PERMISSIONS if may(as_role(role), action)} for action in Action} == {
        Action.USE_ACCOUNT: {"owner", "admin", "member"},
        Action.BUY: {"owner", "admin"},
        Action.RENAME_ACCOUNT: {"owner", "admin"},
        Action.INVITE_MEMBERS: {"owner", "admin"},
        Action.REMOVE_MEMBERS: {"owner", "admin"},
        Action.MANAGE_WEBHOOKS: {"owner", "admin"},
        Action.CHANGE_ROLES: {"owner"},
        Action.DELETE_ACCOUNT: {"owner"},
    }


def test_an_unknown_role_may_do_nothing() -> None:
    with pytest.raises(OsliraError, match="forbidden"):
        require(as_role("superuser"), Action.USE_ACCOUNT)


class Guarded:
    """An application with three routes behind the real guard."""

    def __init__(self) -> None:
        self.memberships = MemoryMemberships()
        self.sign_ups = MemorySignUps(self.memberships)
        self.user_id = new_id()

        @get("/any", opt={ANY_USER: True})
        async def any_user() -> dict[str, str]:
            return {}

        @get("/buy", opt=needs(Action.BUY))
        async def buy(request: Request[Any, Any, Any]) -> dict[str, str]:
            return {"account_id": str(member_of(request).account_id)}

        @get("/accounts/{account_id:str}", opt={ACCOUNT_IN_PATH: True})
        async def one(request: Request[Any, Any, Any]) -> dict[str, str]:
            return {"account_id": str(member_of(request).account_id)}

        sign_up = SignUp(self.sign_ups, StartTrial(self.sign_ups, MemoryFreePlans()), SECRET)
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(
                create_app(
                    [any_user, buy, one],
                    authentication=Authentication(Hs256Tokens(SECRET), self.memberships, sign_up),
                    operations=[],
                    cors_allow_origins=[],
                    request_timeout_s=5,
                )
            ),
            base_url="http://test",
        )

    def join(self, role: Role) -> str:
        account = Membership(new_id(), "Account", "team", role)
        self.memberships.add(self.user_id, account)
        return str(account.account_id)

    async def get(
        self, path: str, *, account: str | None = None, email: str = "a@example.com"
    ) -> tuple[int, Any]:
        token = sign_token(SECRET, user_id=self.user_id, email=email)
        headers = {"authorization": f"Bearer {token}"} | ({"x-account-id": account} if account else {})
        answer = await self.client.get(f"/v1{path}", headers=headers)
        return answer.status_code, answer.json().get("code", answer.json().get("account_id"))


@pytest.fixture
def guarded() -> Guarded:
    return Guarded()


async def test_a_route_is_for_the_roles_that_may(guarded: Guarded) -> None:
    theirs, mine = guarded.join("member"), guarded.join("admin")
    assert await guarded.get("/buy", account=theirs) == (403, "forbidden")
    assert await guarded.get("/buy", account=mine) == (200, mine)


async def test_the_account_in_the_path_is_one_of_the_users_own(guarded: Guarded) -> None:
    first, second = guarded.join("member"), guarded.join("member")
    assert await guarded.get(f"/accounts/{second}") == (200, second)
    assert await guarded.get(f"/accounts/{second}", account=first) == (200, second)
    for wrong in (str(new_id()), "x"):
        assert await guarded.get(f"/accounts/{wrong}") == (404, "account_not_found")
        assert await guarded.get(f"/accounts/{second}", account=wrong) == (404, "account_not_found")


@pytest.mark.parametrize("path", ["/any", "/buy"])
async def test_a_first_request_makes_the_account_whatever_it_asks_for(guarded: Guarded, path: str) -> None:
    assert (await guarded.get(path))[0] == 200
    [account] = await guarded.memberships.of_user(guarded.user_id)
    assert guarded.sign_ups.states == {account.account_id: "done"}


async def test_an_unconfirmed_user_has_no_account_and_gets_none(guarded: Guarded) -> None:
    assert await guarded.get("/buy", email="") == (403, "no_account")
    assert (await guarded.get("/any", email=""))[0] == 200
    assert guarded.sign_ups.states == {}


def test_networks_are_counted_by_a_keyed_hash() -> None:
    one = network_key(SECRET, ip_network("192.0.2.1/32"))
    # By the block that one customer may have.
    assert one == network_key(SECRET, ip_network("192.0.2.254/32"))
    assert one not in {
        network_key("other", ip_network("192.0.2.1/32")),
        network_key(SECRET, ip_network("192.0.3.1/32")),
    }
