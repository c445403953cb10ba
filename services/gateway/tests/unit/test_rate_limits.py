"""Rate limits: what is counted, when they reset, and their headers."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from ipaddress import IPv4Network
from typing import Any

import httpx
import pytest
from memory_identity import MemoryMemberships
from memory_limits import MemoryCounters
from oslira_devstack.make_user import sign_token
from oslira_gateway.identity.caller import Caller, Member, Membership
from oslira_gateway.limits.limit_requests import LimitRequests, LimitState
from oslira_gateway.limits.policies import DEFAULT_POLICIES, Budget, RouteClass, Scope, with_overrides
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id

SECRET = "a secret that is long enough for HS256, and for HS512 in one test too"
ANN: Mapping[Scope, str] = {Scope.ACCOUNT: "a", Scope.USER: "ann", Scope.ADDRESS: "192.0.2.1/32"}
BOB: Mapping[Scope, str] = {Scope.ACCOUNT: "a", Scope.USER: "bob", Scope.ADDRESS: "192.0.2.2/32"}
NOBODY: Mapping[Scope, str] = {Scope.ADDRESS: "2001:db8::/64"}


class Clock:
    now_s = 1_000_000.0

    def __call__(self) -> float:
        return self.now_s


class Limits:
    """Over counters that two replicas could share."""

    def __init__(self, overrides: str) -> None:
        self.counters, self.clock = MemoryCounters(), Clock()
        self.policies = with_overrides(DEFAULT_POLICIES, overrides)
        self.limit_requests = self.replica()

    def replica(self) -> LimitRequests:
        return LimitRequests(self.counters, self.policies, secret="s", clock=self.clock)

    async def passed(
        self, who: Mapping[Scope, str], times: int = 1, kind: RouteClass = RouteClass.READ
    ) -> int:
        limit_states = [await self.limit_requests(kind, who) for _ in range(times)]
        return sum(limit_state is None or not limit_state.is_refused for limit_state in limit_states)


async def test_a_limit_allows_so_many_requests_and_then_resets() -> None:
    limits = Limits("*.*=1000/60, read.user=3/60")
    assert await limits.passed(ANN, 5) == 3
    limit_state = await limits.limit_requests(RouteClass.READ, ANN)
    assert isinstance(limit_state, LimitState)
    assert (limit_state.scope, limit_state.remaining, limit_state.is_refused) == (Scope.USER, 0, True)
    limits.clock.now_s += limit_state.reset_s
    assert await limits.passed(ANN, 5) == 3


async def test_a_member_who_is_refused_leaves_the_account_its_budget() -> None:
    limits = Limits("*.*=1000/60, read.user=3/60, read.account=5/60")
    assert await limits.passed(ANN, 50) == 3
    # The refusal that found the budget used up was counted for the account too; those after it were not.
    assert await limits.passed(BOB, 5) == 1


async def test_classes_have_budgets_of_their_own() -> None:
    limits = Limits("*.*=1000/60, read.user=1/60")
    assert await limits.passed(ANN, 2) == 1
    assert await limits.passed(ANN, 2, RouteClass.POLL) == 2


async def test_two_replicas_share_one_budget() -> None:
    limits = Limits("*.*=1000/60, read.user=10/60")
    one, two = limits.replica(), limits.replica()
    limit_states = await asyncio.gather(*(limit(RouteClass.READ, ANN) for limit in [one, two] * 20))
    assert sum(limit_state is not None and not limit_state.is_refused for limit_state in limit_states) == 10


async def test_windows_of_different_callers_do_not_end_together() -> None:
    limits = Limits("")
    ends = set[int]()
    for number in range(50):
        limit_state = await limits.limit_requests(RouteClass.PUBLIC, {Scope.ADDRESS: str(number)})
        assert limit_state is not None
        ends.add(limit_state.reset_s)
    assert len(ends) > 20


async def test_keys_contain_no_identity() -> None:
    limits = Limits("")
    await limits.passed(ANN)
    assert len(limits.counters.totals) == 3
    assert not any(part in key for key in limits.counters.totals for part in ("ann", "192"))


async def test_with_the_bus_away_users_pass_and_anonymous_callers_do_not() -> None:
    limits = Limits("*.*=1/60")
    limits.counters.is_away = True
    assert await limits.passed(ANN, 5) == 5
    assert await limits.passed(NOBODY, 5, RouteClass.STREAM) == 5
    for kind in (RouteClass.PUBLIC, RouteClass.ANONYMOUS):
        with pytest.raises(OsliraError) as refused:
            await limits.limit_requests(kind, NOBODY)
        assert refused.value.code == "unavailable"


async def test_who_was_refused_stays_refused_while_the_bus_is_away() -> None:
    limits = Limits("*.*=1/60")
    assert await limits.passed(ANN, 2) == 1
    limits.counters.is_away = True
    assert await limits.passed(ANN) == 0


def test_a_deployment_may_change_the_table() -> None:
    changed = with_overrides(DEFAULT_POLICIES, "*.address=7/30, poll.user=9/10")
    assert changed[RouteClass.READ][Scope.ADDRESS] == Budget(7, 30)
    assert changed[RouteClass.POLL][Scope.USER] == Budget(9, 10)
    assert changed[RouteClass.READ][Scope.USER] == DEFAULT_POLICIES[RouteClass.READ][Scope.USER]


@pytest.mark.parametrize(
    "text",
    ["read=1/60", "read.user=1", "read.user=x/60", "read.user=1/0", "read.user=1/3601", "shop.user=1/60"],
)
def test_a_change_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="change 1"):
        with_overrides(DEFAULT_POLICIES, text)


def client_of(api: Any, address: str = "192.0.2.7") -> httpx.AsyncClient:
    transport = httpx.ASGITransport(api.app, raise_app_exceptions=False, client=(address, 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://gateway")


async def test_an_answer_says_what_is_left_and_a_refusal_when_to_come_back(api: Any, member: Member) -> None:
    api.rate_limits = "*.*=1000/60, read.account=1/3600"  # an hour: its end hardly falls between the requests
    headers = api.join(member)
    async with client_of(api) as client:
        passed = await client.get("/v1/runs", headers=headers)
        refused = await client.get("/v1/runs", headers=headers)
        other = await client.get("/v1/me", headers=headers)
    assert (passed.status_code, passed.headers["ratelimit-limit"]) == (200, "1")
    assert passed.headers["ratelimit-remaining"] == "0"
    assert passed.headers["ratelimit-policy"] == '"read-account";q=1;w=3600'
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 3600
    assert refused.headers["ratelimit-reset"] == refused.headers["retry-after"]
    body = refused.json()
    assert (body["code"], body["limit_class"], body["scope"], body["limit"]) == (
        "rate_limited",
        "read",
        "account",
        1,
    )
    assert other.status_code == 200  # of a user, in no account


async def test_an_unchanged_run_counts_as_polled(api: Any, member: Member) -> None:
    api.rate_limits = "*.*=1000/60, poll.user=2/60"
    headers = api.join(member)
    path = "/v1/runs/01a2043a-40d1-77fb-9a74-47f80fe61e20"
    async with client_of(api) as client:
        statuses = [(await client.get(path, headers=headers)).status_code for _ in range(3)]
        listed = await client.get("/v1/runs", headers=headers)
    assert (statuses, listed.status_code) == ([404, 404, 429], 200)


async def test_health_schema_and_preflight_are_not_limited(api: Any) -> None:
    api.rate_limits = "*.*=1/60"
    preflight = {"origin": "https://app.example", "access-control-request-method": "POST"}
    async with client_of(api) as client:
        for _ in range(3):
            assert (await client.get("/health/live")).status_code == 200
            assert (await client.get("/schema/openapi.json")).status_code == 200
            assert (await client.options("/v1/analyses", headers=preflight)).status_code == 204
            assert (await client.options("/v1/plans")).status_code == 204
    assert api.counters.totals == {}


async def test_guessing_tokens_is_bounded_by_address(api: Any, member: Member) -> None:
    api.rate_limits = "*.*=1000/60, sign_in.address=2/60"
    known = api.join(member)
    async with client_of(api) as client:
        guesses = [
            (await client.get("/v1/me", headers={"authorization": f"Bearer {n}"})).status_code
            for n in range(4)
        ]
        assert guesses == [401, 401, 429, 429]
        assert (await client.get("/v1/me", headers=known)).status_code == 200
        api.counters.is_away = True
        assert (await client.get("/v1/plans")).status_code == 503
        assert (await client.get("/v1/me", headers=known)).status_code == 200


class CountedMemberships(MemoryMemberships):
    """`lookups`: what would be a transaction each."""

    lookups = 0

    async def of_caller(self, caller: Caller) -> Sequence[Membership]:
        self.lookups += 1
        return await super().of_caller(caller)


@pytest.mark.parametrize("limit", ["read.user", "read.account", "read.address"])
async def test_a_refused_request_looks_nothing_up(api: Any, member: Member, limit: str) -> None:
    api.memberships, api.rate_limits = CountedMemberships(), f"*.*=1000/60, {limit}=2/3600"
    headers = api.join(member)
    async with client_of(api) as client:
        statuses = [(await client.get("/v1/runs", headers=headers)).status_code for _ in range(50)]
        lookups = api.memberships.lookups
    assert statuses == [200] * 2 + [429] * 48
    # The refusal that finds the account's budget used up may have cost a look.
    assert lookups <= 3


async def test_a_user_without_an_account_is_refused_before_anything_is_looked_up(api: Any) -> None:
    api.memberships, api.rate_limits = CountedMemberships(), "*.*=1000/60, read.user=2/3600"
    headers = {"authorization": f"Bearer {sign_token(SECRET, user_id=new_id(), email='')}"}
    async with client_of(api) as client:
        statuses = [(await client.get("/v1/runs", headers=headers)).status_code for _ in range(50)]
    assert (statuses, api.memberships.lookups) == ([403] * 2 + [429] * 48, 2)


async def test_each_account_of_a_user_is_counted_separately(api: Any, member: Member) -> None:
    api.rate_limits = "*.*=1000/60, read.account=2/3600"
    other = replace(member, account_id=new_id())
    headers = [
        {**api.join(one), "x-account-id": str(one.account_id)} for one in (member, other) for _ in range(3)
    ]
    async with client_of(api) as client:
        answers = await asyncio.gather(*(client.get("/v1/runs", headers=one) for one in headers))
        assert sorted(answer.status_code for answer in answers) == [200] * 4 + [429] * 2
        # Sent without a choice, a request is for the first account.
        assert (await client.get("/v1/runs", headers=api.join(member))).status_code == 429


async def test_who_left_an_account_takes_nothing_of_its_budget(api: Any, member: Member) -> None:
    api.rate_limits = "*.*=1000/60, read.account=5/3600"
    other = Member(Caller(new_id()), member.account_id, "member")
    theirs, mine = api.join(other), api.join(member)
    async with client_of(api) as client:
        assert (await client.get("/v1/runs", headers=theirs)).status_code == 200
        api.memberships.remove(other.caller.user_id)
        statuses = {(await client.get("/v1/runs", headers=theirs)).status_code for _ in range(20)}
        assert statuses == {403}
        assert [(await client.get("/v1/runs", headers=mine)).status_code for _ in range(3)] == [200] * 3


async def test_a_forged_forwarded_address_is_not_believed(api: Any) -> None:
    api.rate_limits = "*.*=1000/60, public.address=2/60"
    async with client_of(api, "192.0.2.7") as client:
        statuses = [
            (await client.get("/v1/plans", headers={"x-forwarded-for": f"198.51.100.{n}"})).status_code
            for n in range(4)
        ]
    assert statuses == [200, 200, 429, 429]


async def test_behind_a_trusted_proxy_clients_are_distinguished_by_its_header(api: Any) -> None:
    api.rate_limits = "*.*=1000/60, public.address=2/60"
    api.trusted_proxies = (IPv4Network("192.0.2.0/24"),)
    async with client_of(api, "192.0.2.7") as client:

        async def ask(forwarded: str) -> int:
            return (await client.get("/v1/plans", headers={"x-forwarded-for": forwarded})).status_code

        # What stands left of the proxy's own entry is the client's word; IPv6 clients are counted by their /64.
        assert [await ask(f"203.0.113.{n}, 198.51.100.1") for n in range(3)] == [200, 200, 429]
        assert await ask("198.51.100.2") == 200
        assert [await ask(f"2001:db8:0:1::{n}") for n in range(3)] == [200, 200, 429]
        assert await ask("2001:db8:0:2::1") == 200
