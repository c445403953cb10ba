"""No change without the page's own CSRF token, whichever route makes it."""

import re
from collections.abc import Callable

import httpx
import pytest
from console_visitor import ORIGIN, Visitor
from example_api import ExampleApi, problem
from litestar import Litestar
from oslira_gateway.console.edge import Edge
from oslira_gateway.console.session import COOKIE

_ID = "019a0000-0000-7000-8000-000000000001"


@pytest.fixture
def changes(console_of: Callable[..., Edge]) -> list[str]:
    """The address of every route that is not read only."""
    app: Litestar = console_of()._app
    found = [route.path for route in app.routes if {"POST", "PUT", "PATCH", "DELETE"} & route.methods]
    return [re.sub(r"\{[^}]*:uuid\}", _ID, re.sub(r"\{[^}]*:str\}", "word", path)) for path in found]


async def test_a_change_without_the_pages_token_does_nothing(
    member: Visitor, api: ExampleApi, changes: list[str]
) -> None:
    assert len(changes) > 25
    for address in changes:
        for token in ("", "wrong"):
            member.csrf = token
            answer = await member.post(address, email="a@b.test")
            assert answer.status_code == 403, address
    assert api.asked == []


async def test_a_change_from_another_site_does_nothing(
    member: Visitor, api: ExampleApi, changes: list[str]
) -> None:
    for origin in ("https://evil.example", "null"):
        member.origin = origin
        for address in changes:
            assert (await member.post(address)).status_code == 403, address
    assert api.asked == []


async def test_a_change_after_the_session_ended_asks_to_sign_in(
    stranger: Visitor, changes: list[str]
) -> None:
    for address in changes:
        if "/sign-in/" not in address:
            answer = await stranger.http.post(address, headers={"referer": f"{ORIGIN}/app/leads"})
            assert answer.headers["location"] == "/app/sign-in?next=%2Fapp%2Fleads", address


async def test_every_page_of_a_stranger_is_the_sign_in(
    stranger: Visitor, console_of: Callable[..., Edge], api: ExampleApi
) -> None:
    app: Litestar = console_of()._app
    pages = [route.path for route in app.routes if "GET" in route.methods and route.path.startswith("/app")]
    closed = [path for path in pages if not path.startswith(("/app/static", "/app/sign-in"))]
    assert len(closed) > 20
    for path in closed:
        address = re.sub(r"\{[^}]*:uuid\}", _ID, re.sub(r"\{[^}]*:str\}", "word", path))
        answer = await stranger.get(address)
        assert answer.headers["location"].startswith("/app/sign-in?next="), path
    assert api.asked == []


async def test_another_accounts_choice_is_not_found(member: Visitor) -> None:
    answer = await member.post("/app/account", account_id=_ID)
    assert answer.status_code == 404


async def test_an_account_of_the_user_is_used_from_then_on(member: Visitor, api: ExampleApi) -> None:
    answer = await member.post("/app/account", account_id="019a0000-0000-7000-8001-000000000001")
    assert answer.headers["location"] == "/app"
    await member.get("/app/leads")
    assert api.asked[-1][1].headers["x-account-id"] == "019a0000-0000-7000-8001-000000000001"


async def test_a_page_of_one_account_changes_nothing_of_another(member: Visitor, api: ExampleApi) -> None:
    of_first = member.csrf
    await member.post("/app/account", account_id="019a0000-0000-7000-8001-000000000001")
    asked = len(api.asked)
    answer = await member.post("/app/team/invite", email="a@b.test", role="admin")
    assert (answer.status_code, "out of date" in answer.text) == (403, True)
    assert len(api.asked) == asked
    await member.get("/app/team")
    assert member.csrf != of_first
    assert (await member.post("/app/team/invite", email="a@b.test", role="admin")).status_code == 200


async def test_what_starts_is_what_the_price_was_for(member: Visitor, api: ExampleApi) -> None:
    order = {"names": "one\ntwo", "type": "light", "business_profile_id": _ID}
    price = (await member.post("/app/analyse/quote", **order)).text
    key, quoted = re.findall(r'name="(?:key|quoted)" value="([^"]+)"', price)
    for other in ({"type": "xray"}, {"names": "one\ntwo\nthree"}, {"max_credits": "5"}):
        answer = await member.post("/app/analyse/start", **{**order, **other, "key": key, "quoted": quoted})
        assert (answer.status_code, "Show the price again" in answer.text) == (400, True)
    for lacking in ({}, {"key": key}, {"quoted": quoted}):
        assert (await member.post("/app/analyse/start", **order, **lacking)).status_code == 400
    assert "createBulk" not in {name for name, _ in api.asked}
    started = await member.post("/app/analyse/start", **order, key=key, quoted=quoted)
    assert started.headers["location"].startswith("/app/bulk/")


async def test_who_has_left_the_chosen_account_goes_on_with_another(member: Visitor, api: ExampleApi) -> None:
    member.sign_in(account_id=_ID)
    api.refuse["listLeads"] = problem(404, "account_not_found")
    answer = await member.get("/app/leads")
    assert answer.headers["location"] == "/app"
    api.refuse.clear()
    await member.get("/app/leads")
    assert "x-account-id" not in api.asked[-1][1].headers


async def test_an_invitation_leads_to_the_consoles_public_origin(console_of: Callable[..., Edge]) -> None:
    transport = httpx.ASGITransport(app=console_of(APP_URL="https://app.example"))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http:
        visitor = Visitor(http)
        visitor.sign_in()
        issued = await visitor.post("/app/team/invite", email="a@b.test", role="member")
    assert "https://app.example/app/invitations/" in issued.text


async def test_a_refresh_that_ends_after_the_choice_changes_nothing_of_the_account_before(
    member: Visitor, api: ExampleApi
) -> None:
    before = member.http.cookies[COOKIE]
    await member.post("/app/account", account_id="019a0000-0000-7000-8001-000000000001")
    await member.get("/app/team")
    member.http.cookies.set(COOKIE, before, domain="127.0.0.1", path="/app")
    api.asked.clear()
    assert (await member.post("/app/team/name", name="Another")).status_code == 403
    assert api.asked == []


async def test_another_file_than_the_one_of_the_price_does_not_start(member: Visitor) -> None:
    form = {"csrf": member.csrf, "type": "deep", "business_profile_id": _ID}
    files = {"file": ("names.csv", b"name\nnasa\n", "text/csv")}
    price = await member.http.post("/app/analyse/quote", data=form, files=files)
    form |= dict(re.findall(r'name="(key|quoted)" value="([^"]+)"', price.text))
    other = {"file": ("names.csv", b"name\nesa\n", "text/csv")}
    assert (await member.http.post("/app/analyse/start", data=form, files=other)).status_code == 400
    assert (await member.http.post("/app/analyse/start", data=form, files=files)).status_code == 303
