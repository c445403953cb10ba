"""Signing in, staying signed in, and what a stranger can't do with it."""

import time
from collections.abc import AsyncGenerator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import pytest_asyncio
from console_visitor import ORIGIN, SECRET, Visitor, console_settings
from example_api import ExampleApi, problem
from oslira_gateway.console.addresses import own
from oslira_gateway.console.bootstrap import wire
from oslira_gateway.console.session import COOKIE, Sealer, Session, SessionTooLarge
from oslira_shared.observability.health import Health
from pydantic import ValidationError
from supabase_stand_in import KEY, PASSWORD, URL, SupabaseStandIn

_PUBLIC = "https://app.example.com"
_PRODUCTION = {
    "OSLIRA_ENV": "production",
    "APP_URL": _PUBLIC,
    "OSLIRA_API_URL": "http://gateway:8080",
    "SUPABASE_URL": URL,
    "SUPABASE_ANON_KEY": KEY,
}


@pytest.fixture
def supabase(api: ExampleApi) -> SupabaseStandIn:
    return SupabaseStandIn(api)


@pytest_asyncio.fixture
async def customer(supabase: SupabaseStandIn) -> AsyncGenerator[Visitor]:
    """A browser at the console of a production deployment."""
    app = wire(console_settings(**_PRODUCTION), supabase, Health())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=_PUBLIC) as http:
        yield Visitor(http, origin=_PUBLIC)


def opened(visitor: Visitor) -> Session:
    session = Sealer([SECRET], life_s=3_600).open(visitor.http.cookies[COOKIE])
    assert session is not None
    return session


async def test_a_mailed_link_signs_in_and_leads_to_the_page_that_was_wanted(
    customer: Visitor, supabase: SupabaseStandIn
) -> None:
    refused = await customer.get("/app/leads?score_min=80")
    assert refused.status_code == 303
    await customer.get(refused.headers["location"])
    sent = await customer.post("/app/sign-in/link", email="a@b.test", next="/app/leads?score_min=80")
    assert "A link is on its way" in sent.text
    link = urlsplit(supabase.mailed[0])
    assert f"{link.scheme}://{link.netloc}" == _PUBLIC
    confirmed = await customer.get(f"{link.path}?{link.query}")
    assert (confirmed.status_code, confirmed.headers["location"]) == (303, "/app/leads?score_min=80")
    assert (await customer.get("/app/leads")).status_code == 200


async def test_a_link_is_good_in_the_browser_that_asked_for_it_alone(
    customer: Visitor, supabase: SupabaseStandIn
) -> None:
    await customer.get("/app/sign-in")
    await customer.post("/app/sign-in/link", email="a@b.test")
    customer.http.cookies.clear()
    link = urlsplit(supabase.mailed[0])
    answer = await customer.get(f"{link.path}?{link.query}")
    assert answer.status_code == 422
    assert "another browser" in answer.text


async def test_a_password_signs_in_and_a_wrong_one_is_said_so(customer: Visitor) -> None:
    await customer.get("/app/sign-in")
    wrong = await customer.post("/app/sign-in/password", email="a@b.test", password="wrong")
    assert (wrong.status_code, "is wrong" in wrong.text) == (422, True)
    right = await customer.post("/app/sign-in/password", email="a@b.test", password=PASSWORD)
    assert (right.status_code, right.headers["location"]) == (303, "/app")


async def test_an_issuer_that_is_away_is_said_so(customer: Visitor, supabase: SupabaseStandIn) -> None:
    await customer.get("/app/sign-in")
    supabase.is_away = True
    for path, fields in (("link", {}), ("password", {"password": PASSWORD})):
        answer = await customer.post(f"/app/sign-in/{path}", email="a@b.test", **fields)
        assert (answer.status_code, "does not answer" in answer.text) == (422, True)


async def test_a_token_is_refreshed_before_it_ends_once_for_all_requests_of_a_page(
    customer: Visitor, supabase: SupabaseStandIn
) -> None:
    supabase.life_s = 60
    await customer.get("/app/sign-in")
    await customer.post("/app/sign-in/password", email="a@b.test", password=PASSWORD)
    supabase.life_s = 3_600
    first = opened(customer)
    assert (await customer.get("/app/leads")).status_code == 200
    second = opened(customer)
    assert second.access_token != first.access_token
    assert (second.csrf, supabase.refreshes) == (first.csrf, 1)
    assert (await customer.get("/app/leads")).status_code == 200
    assert supabase.refreshes == 1


async def test_a_refused_refresh_leads_to_the_sign_in_and_back(
    customer: Visitor, supabase: SupabaseStandIn
) -> None:
    supabase.life_s = 60
    await customer.get("/app/sign-in")
    await customer.post("/app/sign-in/password", email="a@b.test", password=PASSWORD)
    supabase.refresh_tokens.clear()
    answer = await customer.get("/app/leads?q=a")
    assert answer.headers["location"] == "/app/sign-in?next=%2Fapp%2Fleads%3Fq%3Da"
    assert customer.http.cookies.get(COOKIE) is None


async def test_an_issuer_that_is_away_does_not_end_a_session_that_is_still_good(
    customer: Visitor, supabase: SupabaseStandIn
) -> None:
    supabase.life_s = 60
    await customer.get("/app/sign-in")
    await customer.post("/app/sign-in/password", email="a@b.test", password=PASSWORD)
    supabase.is_away = True
    assert (await customer.get("/app/leads")).status_code == 200


@pytest.mark.parametrize("is_limited", [False, True])
async def test_an_issuer_without_an_answer_ends_no_session(
    customer: Visitor, supabase: SupabaseStandIn, *, is_limited: bool
) -> None:
    supabase.life_s = -1
    await customer.get("/app/sign-in")
    await customer.post("/app/sign-in/password", email="a@b.test", password=PASSWORD)
    supabase.is_limited, supabase.is_away = is_limited, not is_limited
    answer = await customer.get("/app/leads")
    assert (answer.status_code, "Try again" in answer.text) == (503, True)
    supabase.is_limited = supabase.is_away = False
    supabase.life_s = 3_600
    assert (await customer.get("/app/leads")).status_code == 200


async def test_a_refusal_that_is_not_about_the_token_ends_no_session(
    customer: Visitor, supabase: SupabaseStandIn
) -> None:
    supabase.life_s = -1
    await customer.get("/app/sign-in")
    await customer.post("/app/sign-in/password", email="a@b.test", password=PASSWORD)
    supabase.refuses_with = "conflict"
    assert (await customer.get("/app/leads")).status_code == 503
    assert opened(customer).is_signed_in
    supabase.refuses_with = "session_expired"
    assert (await customer.get("/app/leads")).headers["location"].startswith("/app/sign-in")


async def test_one_can_sign_out_while_the_issuer_is_unavailable(
    customer: Visitor, supabase: SupabaseStandIn
) -> None:
    supabase.life_s = -1
    await customer.get("/app/sign-in")
    await customer.post("/app/sign-in/password", email="a@b.test", password=PASSWORD)
    supabase.is_away = True
    await customer.get("/app/leads")
    answer = await customer.post("/app/sign-out")
    assert answer.headers["location"] == "/app/sign-in"
    assert customer.http.cookies.get(COOKIE) is None


async def test_the_cookie_ends_at_sign_out_though_the_api_hangs(
    customer: Visitor, supabase: SupabaseStandIn, api: ExampleApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oslira_gateway.console.sign_in.routes._SIGN_OUT_S", 0.05)
    await customer.get("/app/sign-in")
    await customer.post("/app/sign-in/password", email="a@b.test", password=PASSWORD)
    await customer.get("/app")
    supabase.hangs_s = 5
    answer = await customer.post("/app/sign-out")
    assert answer.headers["location"] == "/app/sign-in"
    assert customer.http.cookies.get(COOKIE) is None


async def test_signing_out_ends_the_session_here_at_the_api_and_at_the_issuer(
    customer: Visitor, supabase: SupabaseStandIn, api: ExampleApi
) -> None:
    await customer.get("/app/sign-in")
    await customer.post("/app/sign-in/password", email="a@b.test", password=PASSWORD)
    await customer.get("/app")
    answer = await customer.post("/app/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/app/sign-in")
    assert ("signOut" in [name for name, _ in api.asked], supabase.signed_out) == (True, 1)
    assert customer.http.cookies.get(COOKIE) is None


async def test_the_cookie_is_closed_to_scripts_other_sites_and_plain_http(customer: Visitor) -> None:
    cookie = (await customer.get("/app/sign-in")).headers["set-cookie"]
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/app"} <= set(cookie.split("; "))


@pytest.mark.parametrize(
    ("url", "is_secure"),
    [("http://127.0.0.1:8082", False), ("http://localhost:8082", False), ("http://10.0.0.5:8082", True)],
)
def test_only_this_machine_gets_a_cookie_without_secure(url: str, is_secure: bool) -> None:  # noqa: FBT001
    assert console_settings(APP_URL=url).has_secure_cookies is is_secure


async def test_a_session_that_was_planted_before_signing_in_is_not_the_users(customer: Visitor) -> None:
    planted = customer.sign_in(access_token="", expires_at=0, account_id="planted")
    await customer.post("/app/sign-in/password", email="a@b.test", password=PASSWORD)
    session = opened(customer)
    assert session.csrf != planted.csrf
    assert session.account_id == ""


@pytest.mark.parametrize(
    "address",
    ["//evil.example", "https://evil.example/app", "/\\evil.example", "/app/../../evil", "/app//evil.example",
     "javascript:alert(1)", "/appetite", "/app/%2e%2e/x", "/app\n/x", "/app/%5cevil", "", None],
)  # fmt: skip
def test_nobody_is_sent_to_another_site(address: str | None) -> None:
    assert own(address) == "/app"


async def test_a_sign_in_leads_to_pages_of_the_console_alone(stranger: Visitor) -> None:
    await stranger.get("/app/sign-in?next=https://evil.example/")
    answer = await stranger.post("/app/sign-in/as", email="dev@oslira.test", next="https://evil.example/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/app")


async def test_in_development_one_signs_in_as_anybody(stranger: Visitor, api: ExampleApi) -> None:
    page = await stranger.get("/app/sign-in")
    assert "sign in as" in page.text
    answer = await stranger.post("/app/sign-in/as", email="Dev@Oslira.test", next="/app/runs")
    assert (answer.status_code, answer.headers["location"]) == (303, "/app/runs")
    await stranger.get("/app/runs")
    assert {request.headers["authorization"][:10] for _, request in api.asked} == {"Bearer eyJ"}


@pytest.mark.parametrize("env", ["staging", "production"])
async def test_outside_development_nobody_signs_in_as_another(supabase: SupabaseStandIn, env: str) -> None:
    app = wire(console_settings(**{**_PRODUCTION, "OSLIRA_ENV": env}), supabase, Health())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=_PUBLIC) as http:
        visitor = Visitor(http, origin=_PUBLIC)
        assert "sign in as" not in (await visitor.get("/app/sign-in")).text
        answer = await visitor.post("/app/sign-in/as", email="dev@oslira.test")
        assert answer.status_code in (404, 405)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"CONSOLE_SECRET": ""}, "CONSOLE_SECRET is missing"),
        ({"CONSOLE_SECRET": "short"}, "CONSOLE_SECRET needs at least"),
        ({"CONSOLE_SECRET": "oslira-dev-" + "x" * 32}, "CONSOLE_SECRET holds a development secret"),
        ({"SUPABASE_URL": None}, "SUPABASE_URL is missing"),
        ({"SUPABASE_ANON_KEY": ""}, "SUPABASE_ANON_KEY is missing"),
        ({"SUPABASE_URL": "http://a.example"}, "SUPABASE_URL must be https"),
        ({"APP_URL": "http://a.example"}, "APP_URL must be https"),
        ({"CONSOLE_FORM_TARGETS": "https://a.example; script-src *"}, "CONSOLE_FORM_TARGETS lists"),
    ],
)
def test_a_deployment_that_can_not_sign_in_safely_does_not_start(changed: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValidationError, match=fault):
        console_settings(**{**_PRODUCTION, **changed})


@pytest.mark.parametrize("code", ["token_expired", "token_invalid", "signed_out"])
async def test_a_token_that_the_api_refuses_leads_to_the_sign_in_and_back(
    member: Visitor, api: ExampleApi, code: str
) -> None:
    api.refuse["listLeads"] = problem(401, code)
    answer = await member.get("/app/leads?q=a")
    assert answer.headers["location"] == "/app/sign-in?next=%2Fapp%2Fleads%3Fq%3Da"


async def test_a_part_of_a_page_leads_the_whole_page_to_the_sign_in_and_back(stranger: Visitor) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": f"{ORIGIN}/app/leads?q=a"}
    answer = await stranger.get("/app/home/runs", headers=headers)
    assert answer.headers["hx-redirect"] == "/app/sign-in?next=%2Fapp%2Fleads%3Fq%3Da"


def test_a_session_can_be_neither_read_nor_changed_nor_kept_for_ever() -> None:
    session = Session(csrf="c", access_token="a-token", expires_at=int(time.time()))
    sealed = Sealer(["new" * 12, "old" * 12], life_s=60).seal(session)
    assert "a-token" not in sealed
    assert Sealer(["old" * 12, "new" * 12], life_s=60).open(sealed) == session
    assert Sealer(["other" * 12], life_s=60).open(sealed) is None
    assert Sealer(["new" * 12], life_s=60).open(sealed[:-8] + "AAAAAAA=") is None
    assert Sealer(["new" * 12], life_s=-1).open(sealed) is None
    assert Sealer(["new" * 12], life_s=60).open("") is None


def test_a_token_that_no_cookie_holds_is_refused() -> None:
    noise = "".join(f"{number * 7919:x}" for number in range(4_000))
    with pytest.raises(SessionTooLarge):
        Sealer([SECRET], life_s=60).seal(Session(csrf="c", access_token=noise))
