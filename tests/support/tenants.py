"""Three users in four accounts, each with data of every kind, by the API's own names."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
from oslira_devstack.access import access_to
from oslira_devstack.sign_in import SignedIn, set_credits, set_plan, sign_in
from oslira_devstack.stack import Stack
from oslira_proof.people import eventually
from pictures import JPEG, keep_picture
from receiver import Receiver, receiving

_ENDED = frozenset({"completed", "failed", "cancelled"})
# Texts by which members of several accounts recognise each one.
_OF_MEMBERS = ("account_id", "user_id")


@dataclass(frozen=True, slots=True)
class Tenant:
    """An account as one of its members sees it.

    `ids` maps a name of the API (`run_id`, `token`) to values of it; `tickets` an event stream's kind to a ticket; `marks` are
    texts that are only in this account, so no answer to another one may contain them; `names` name the account to its members.
    """

    account_id: str
    headers: Mapping[str, str]
    ids: Mapping[str, list[str]]
    tickets: Mapping[str, str]
    cursors: list[str]
    idempotency_keys: list[str]
    hook_url: str
    marks: frozenset[str]
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Membership:
    """A user with one of their accounts chosen. `own` are all accounts of that user.

    `left`: an account that the user was removed from, and `kept` the tickets of its streams that they had before.
    """

    name: str
    headers: Mapping[str, str]
    tenant: Tenant
    own: frozenset[str]
    left: str | None = None
    kept: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def is_default(self) -> bool:
        """Whether this account is used if a request names none: a user's oldest."""
        return not self.name.endswith("/C")

    def foreign_marks(self, tenants: Iterable[Tenant]) -> frozenset[str]:
        """Texts that no answer to this membership may contain."""
        others = [one for one in tenants if one is not self.tenant]
        names = (one.names for one in others if one.account_id not in self.own)
        return frozenset().union(*(one.marks for one in others), *names)


@dataclass(frozen=True, slots=True)
class TenantSet:
    """The four accounts, and five memberships from which the others' data is requested."""

    tenants: Mapping[str, Tenant]
    memberships: list[Membership] = field(default_factory=list[Membership])


@asynccontextmanager
async def make_tenants(stack: Stack) -> AsyncGenerator[tuple[TenantSet, httpx.AsyncClient]]:
    """A, B and D are the users' own accounts, C a team. The first two own it; the third was its admin and was removed."""
    access = access_to(stack.describe(), stack.credentials)
    async with (
        httpx.AsyncClient(base_url=access.gateway_url, timeout=60, trust_env=False) as http,
        receiving() as receiver,
    ):
        people: list[tuple[SignedIn, str]] = []
        for _ in range(3):
            email = f"{uuid.uuid4().hex[:12]}@oslira.test"
            people.append((await sign_in(access, email=email, available_credits=500, plan="agency"), email))
        (first, _), (second, email), (third, third_email) = people
        team = UUID(await _make_team(http, _bearer(first), _bearer(second), email, str(second.user_id)))
        await set_plan(access, team, "agency")
        await set_credits(access, team, 500)
        accounts = {
            "A": (first, first.account_id),
            "B": (second, second.account_id),
            "C": (first, team),
            "D": (third, third.account_id),
        }
        full = await asyncio.gather(
            *(
                _fill(stack, http, {**_bearer(who), "x-account-id": str(account)}, who, receiver)
                for who, account in accounts.values()
            )
        )
        tenants = dict(zip(accounts, full, strict=True))
        kept, token = await _leave(http, _bearer(first), third, third_email, tenants["C"])
        tenants["C"].ids["token"].append(token)
        tenant_set = TenantSet(tenants)
        for name, who, letter in (
            ("u1/A", first, "A"),
            ("u1/C", first, "C"),
            ("u2/B", second, "B"),
            ("u2/C", second, "C"),
        ):
            own = frozenset({str(who.account_id), str(team)})
            tenant_set.memberships.append(Membership(name, _bearer(who), tenants[letter], own))
        own = frozenset({str(third.account_id)})
        tenant_set.memberships.append(Membership("u3/D", _bearer(third), tenants["D"], own, str(team), kept))
        yield tenant_set, http


def _bearer(who: SignedIn) -> dict[str, str]:
    return {"authorization": f"Bearer {who.token}"}


async def _make_team(
    http: httpx.AsyncClient, first: dict[str, str], second: dict[str, str], email: str, second_id: str
) -> str:
    team = (await _sent(http, "POST", "/v1/accounts", first, {"name": "A team"}))["account_id"]
    path = f"/v1/accounts/{team}"
    invited = await _sent(http, "POST", f"{path}/invitations", first, {"email": email, "role": "admin"})
    await _sent(http, "POST", f"/v1/invitations/{invited['token']}/accept", second, None)
    await _sent(http, "PATCH", f"{path}/members/{second_id}", first, {"role": "owner"})
    return team


async def _leave(
    http: httpx.AsyncClient, owner: dict[str, str], who: SignedIn, email: str, team: Tenant
) -> tuple[dict[str, str], str]:
    """A guest becomes an admin, takes tickets, invites themselves, and is removed: the tickets by kind, and the invitation's token."""
    guest, path = _bearer(who), f"/v1/accounts/{team.account_id}"
    invitation = {"email": email, "role": "admin"}
    invited = await _sent(http, "POST", f"{path}/invitations", owner, invitation)
    await _sent(http, "POST", f"/v1/invitations/{invited['token']}/accept", guest, None)
    inside = {**guest, "x-account-id": team.account_id}
    tickets = await _tickets(http, inside, team.ids)
    left_behind = await _sent(http, "POST", f"{path}/invitations", inside, invitation)
    gone = await http.delete(f"{path}/members/{who.user_id}", headers=owner)
    assert gone.status_code == 204, gone.text
    return tickets, left_behind["token"]


async def _tickets(
    http: httpx.AsyncClient, headers: Mapping[str, str], ids: Mapping[str, list[str]]
) -> dict[str, str]:
    """To the streams of a run, a bulk and the account, and to the picture of a lead."""
    run = await _sent(http, "GET", f"/v1/runs/{ids['run_id'][0]}", headers, None)
    bulk = await _sent(http, "GET", f"/v1/bulk/{ids['bulk_id'][0]}", headers, None)
    lead = await _sent(http, "GET", f"/v1/leads/{ids['lead_id'][0]}", headers, None)
    address = await _sent(http, "GET", "/v1/events/address", headers, None)
    return {
        kind: url.partition("ticket=")[2]
        for kind, url in (
            ("run", run["events_url"]),
            ("bulk", bulk["events_url"]),
            ("account", address["events_url"]),
            ("avatar", lead["avatar_url"]),
        )
    }


async def _fill(
    stack: Stack, http: httpx.AsyncClient, headers: dict[str, str], who: SignedIn, receiver: Receiver
) -> Tenant:
    """One or two of everything, without active work."""
    account_id = headers["x-account-id"]
    mark, name = uuid.uuid4().hex[:10], f"Account {uuid.uuid4().hex[:10]}"
    ids: dict[str, list[str]] = {"account_id": [account_id], "user_id": [str(who.user_id)]}
    await _sent(http, "PATCH", f"/v1/accounts/{account_id}", headers, {"name": name})
    for number in (1, 2):
        body = {"name": f"Business {mark} {number}", "offer": f"Offer {mark}"}
        made = await _sent(http, "POST", "/v1/business-profiles", headers, body)
        ids.setdefault("business_profile_id", []).append(made["business_profile_id"])
    profile = ids["business_profile_id"][0]
    hook_url = f"{receiver.url}&mark={mark}"
    hook = await _sent(http, "POST", "/v1/webhook-endpoints", headers, {"url": hook_url})
    endpoint = hook["webhook_endpoint"]["webhook_endpoint_id"]
    ids["webhook_endpoint_id"] = [endpoint]
    invited = await _sent(
        http,
        "POST",
        f"/v1/accounts/{account_id}/invitations",
        headers,
        {"email": f"guest.{mark}@oslira.test"},
    )
    ids |= {"invitation_id": [invited["invitation_id"]], "token": [invited["token"]]}
    keys = [f"key-{mark}-{number}" for number in (1, 2)]
    runs = [
        await _sent(
            http,
            "POST",
            "/v1/analyses",
            {**headers, "idempotency-key": key},
            {"username": f"one.{mark}.{number}", "type": "light", "business_profile_id": profile},
        )
        for number, key in enumerate(keys)
    ]
    bulks = [
        await _sent(
            http,
            "POST",
            "/v1/analyses/bulk",
            headers,
            {"usernames": [f"many.{mark}.{number}"], "type": "light", "business_profile_id": profile},
        )
        for number in (1, 2)
    ]
    ids |= {"run_id": [run["run_id"] for run in runs], "bulk_id": [bulk["bulk_id"] for bulk in bulks]}
    await _until_quiet(http, headers, endpoint)
    leads = (await _sent(http, "GET", "/v1/leads", headers, None))["items"]
    ids["lead_id"] = [lead["lead_id"] for lead in leads]
    # A picture of its own, so that a browser's cached copy of another one does not count.
    await keep_picture(stack, [lead["username"] for lead in leads], content=JPEG + mark.encode())
    deliveries = await _sent(http, "GET", f"/v1/webhook-endpoints/{endpoint}/deliveries", headers, None)
    ids["delivery_id"] = [one["delivery_id"] for one in deliveries["items"]]
    tickets = await _tickets(http, headers, ids)
    things = {one for kind, values in ids.items() if kind not in _OF_MEMBERS for one in values}
    return Tenant(
        account_id=account_id,
        headers=headers,
        ids=ids,
        tickets=tickets,
        cursors=await _cursors(http, headers),
        idempotency_keys=keys,
        hook_url=hook_url,
        marks=frozenset({mark, *things, *tickets.values()}),
        names=frozenset({name, account_id}),
    )


async def _cursors(http: httpx.AsyncClient, headers: dict[str, str]) -> list[str]:
    pages = [
        await _sent(http, "GET", f"/v1/{what}?limit=1", headers, None)
        for what in ("leads", "runs", "bulk", "business-profiles")
    ]
    return [page["next_cursor"] for page in pages]


async def _until_quiet(http: httpx.AsyncClient, headers: dict[str, str], endpoint: str) -> None:
    """Until all runs are settled and all webhooks sent: a background change must not look like an attack's effect."""

    async def look() -> bool:
        runs = (await _sent(http, "GET", "/v1/runs", headers, None))["items"]
        path = f"/v1/webhook-endpoints/{endpoint}/deliveries?limit=100"
        sent = (await _sent(http, "GET", path, headers, None))["items"]
        settled = all(run["status"] in _ENDED and not run["credits"]["held"] for run in runs)
        # Of two runs and two bulks: an ending each.
        return settled and len(sent) >= len(runs) + 2 and all(one["status"] == "delivered" for one in sent)

    await eventually(look, timeout_s=90)


async def _sent(
    http: httpx.AsyncClient, method: str, path: str, headers: Mapping[str, str], body: Any
) -> dict[str, Any]:
    answer = await http.request(method, path, headers=headers, json=body)
    assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
    return answer.json()
