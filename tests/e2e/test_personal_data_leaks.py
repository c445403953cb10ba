"""No log, metric, message or report has a name, an address or a text, in success and failure."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
import httpx
from oslira_devstack.credentials import SUPERUSER
from oslira_devstack.sentry_ingest import SentryIngest
from oslira_devstack.simulated import Simulators, connect_simulators
from oslira_devstack.stack import Stack
from people import Person, differences, eventually, person
from traces import since_now, told

# In every name, address, text, token and query below, and nowhere else.
_MARK: Final = "zqmark"
_OFFER: Final = f"{_MARK}-offer: cakes for people who like cakes"
# As Postgres itself reports a row that breaks a rule.
_CRASHES: Final = {
    "analysis.leads": "new.username like 'zqmark.crash%'",
    "identity.invitations": "new.email like 'zqmark-crash%'",
}
_CRASH: Final = """
create function public.zq_crash() returns trigger language plpgsql as $$
begin
  raise exception using errcode = '23514', message = 'new row for relation "' || tg_table_name || '" violates "zq"',
    detail = 'Failing row contains (' || new::text || E',\\n zqmark two lines).', hint = 'zqmark';
end $$;
"""


async def test_no_name_address_or_text_is_in_a_log_metric_message_or_report(
    stack: Stack, sentry: SentryIngest
) -> None:
    since = await since_now(stack)
    async with (
        person(stack, available_credits=200) as user,
        connect_simulators(stack.simulators_url) as simulators,
        _crashing(stack),
        _failing(simulators),
    ):
        context = {"name": f"{_MARK} & Co", "industry": "food", "offer": _OFFER}
        business = await user.client.http.post("/v1/business-profiles", json=context)
        business_id: str = business.json()["business_profile_id"]
        run_ids = await _ordered(user, business_id)
        bulk = await user.client.make_bulk(
            [f"{_MARK}.one", f"@{_MARK}.ONE", f"missing-{_MARK}", f"not {_MARK}!"],
            business_profile_id=business_id,
        )
        _, crashing = await user.client.analyze(f"{_MARK}.crash", business_profile_id=business_id)
        await _asked_wrongly(stack, user)
        await eventually(lambda: _logged(stack, "work_failed", crashing["run_id"]))
        await user.client.cancel(crashing["run_id"])
        for run_id in [*run_ids, crashing["run_id"]]:
            await user.settled(run_id)
        await eventually(lambda: _has_ended(user, bulk["bulk_id"]))
        await eventually(lambda: _logged(stack, "request_failed", "CheckViolationError"))
    assert await told(stack, since, _MARK, sentry=sentry) == []
    assert await differences(stack) == []


async def _ordered(user: Person, business_id: str) -> list[str]:
    """Every kind of analysis, and those that are refused after a look at the profile."""
    orders = [(f"{_MARK}.light", "light"), (f"{_MARK}.deep", "deep"), (f"{_MARK}.xray", "xray")]
    orders += [(f"{prefix}-{_MARK}", "light") for prefix in ("private", "restricted", "locked")]
    accepted = [
        (await user.client.analyze(name, kind=kind, business_profile_id=business_id))[1]
        for name, kind in orders
    ]
    return [one["run_id"] for one in accepted]


@asynccontextmanager
async def _failing(simulators: Simulators) -> AsyncGenerator[None]:
    """Providers fail in every way, each once or twice: what is tried again, falls back, or ends the run."""
    for provider, kind, details in (
        # Of what was scraped, not of a start: whether that has happened is waited out for half a minute.
        ("apify", "status", {"path": "datasets", "status": 500, "times": 1}),
        ("apify", "malformed", {"path": "datasets", "times": 1}),
        ("openai", "status", {"status": 400, "times": 1}),
        ("openai", "malformed", {"times": 2}),
        ("openai", "refusal", {"times": 1}),
        ("openai", "drop", {"times": 1}),
        ("anthropic", "status", {"status": 529, "times": 1}),
    ):
        await simulators.add_fault(provider, kind, **details)
    try:
        yield
    finally:
        await simulators.clear_faults()


async def _asked_wrongly(stack: Stack, user: Person) -> None:
    """Requests that break a rule, each with something of somebody's in it."""
    http, mail = user.client.http, f"{_MARK}@mail.example"
    business_id, account_id = user.who.business_profile_id, user.who.account_id
    order = {"type": "light", "business_profile_id": str(business_id)}
    broken: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/v1/analyses", {"json": {**order, "username": f"not {_MARK}!"}}),
        ("POST", "/v1/analyses", {"json": {**order, "username": {_MARK: 1}, _MARK: 2}}),
        ("POST", "/v1/analyses", {"content": f'{{"username": "{_MARK}'.encode(), "headers": {"content-type": "application/json"}}),
        ("POST", "/v1/analyses/quote", {"content": b"\xff" + _MARK.encode(), "headers": {"content-type": "text/csv"}}),
        ("GET", "/v1/leads", {"params": {"text": _MARK, "cursor": _MARK, "sort": _MARK}}),
        ("GET", f"/v1/leads/{_MARK}", {}),
        ("GET", f"/v1/{_MARK}/nowhere", {"params": {"q": mail}}),
        ("GET", f"/v1/runs/{_MARK}/events", {"params": {"ticket": _MARK}}),
        ("POST", f"/v1/invitations/{_MARK}-token/accept", {}),
        ("POST", f"/v1/accounts/{account_id}/invitations", {"json": {"email": f"{_MARK}-crash@mail.example", "role": "member"}}),
        ("POST", f"/v1/accounts/{account_id}/invitations", {"json": {"email": mail, "role": _MARK}}),
        ("GET", "/v1/me", {"headers": {"authorization": f"Bearer {_MARK}.{_MARK}.{_MARK}", "cookie": f"a={_MARK}"}}),
        ("POST", "/v1/webhook-endpoints", {"json": {"url": f"http://{_MARK}.internal/", "event_types": [_MARK]}}),
        ("POST", "/v1/business-profiles/generate", {"json": {"name": _MARK, "offer": 5}}),
    ]  # fmt: skip
    for method, path, more in broken:
        answer = await http.request(method, path, **more)
        assert answer.is_error, (method, path, answer.text)
    async with httpx.AsyncClient(trust_env=False) as stripe:
        event = json.dumps({"id": "evt_zq", "data": {"object": {"email": mail}}})
        signature = {"stripe-signature": f"t=1,v1={_MARK}"}
        answer = await stripe.post(f"{stack.billing_url}/stripe/webhooks", content=event, headers=signature)
        assert answer.is_client_error


@asynccontextmanager
async def _crashing(stack: Stack) -> AsyncGenerator[None]:
    """While this lasts, Postgres refuses certain rows, in its own way."""
    connection = await asyncpg.connect(stack.servers.postgres.url(SUPERUSER))
    try:
        await connection.execute(_CRASH)
        for table, when in _CRASHES.items():
            await connection.execute(
                f"create trigger zq_crash before insert on {table} for each row when ({when}) execute function public.zq_crash()"
            )
        yield
    finally:
        await connection.execute("drop function if exists public.zq_crash() cascade")
        await connection.close()


async def _logged(stack: Stack, *words: str) -> bool:
    """Whether some service has written a line with all of these."""

    def look() -> bool:
        texts = [path.read_text(errors="replace") for path in stack.data.logs.glob("*.log")]
        return any(all(word in line for word in words) for text in texts for line in text.splitlines())

    return await asyncio.to_thread(look)


async def _has_ended(user: Person, bulk_id: str) -> bool:
    return (await user.client.read_bulk(bulk_id))["status"] != "running"
