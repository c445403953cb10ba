"""A ledger that was changed by hand: for every role, the database rejects it or the audit reports it."""

from collections.abc import AsyncGenerator
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from oslira_credits.infrastructure.audit.compare_services import look
from oslira_devstack.databases import Database
from oslira_shared.ids import new_id
from oslira_shared.postgres.clients import Connection

ROLES = (
    "credits_service",
    "billing_service",
    "analysis_service",
    "gateway_service",
    "scheduler_service",
    "credits_owner",
    "billing_owner",
    "analysis_owner",
)
_REFUSALS = (
    asyncpg.InsufficientPrivilegeError,
    asyncpg.CheckViolationError,
    asyncpg.UniqueViolationError,
    asyncpg.ForeignKeyViolationError,
)
_SUBSCRIPTION = "sub_1"
ACCOUNT = UUID("00000000-0000-4000-8000-00000000aaaa")
MANUAL = UUID("00000000-0000-4000-8000-00000000bbbb")
PAID, DISPUTED, REFUNDED = "sub:sub_1:1", "session:cs_disputed", "session:cs_refunded"


async def _purchase(admin: Connection, key: str, purchase_id: str, group: str, taken: int = 0) -> None:
    await admin.execute(
        """insert into billing.purchases (purchase_id, group_key, account_id, made_at, total_credits, currency, cash_minor)
           values ($1, $2, $3, now(), 100, 'usd', 1000)""",
        purchase_id,
        group,
        ACCOUNT,
    )
    await admin.execute(
        """insert into billing.purchase_grants (grant_key, purchase_id, group_key, account_id, credits, starts_at, taken_credits)
           values ($1, $2, $3, $4, 100, now(), $5)""",
        key,
        purchase_id,
        group,
        ACCOUNT,
        taken,
    )


async def _run(admin: Connection, run_id: UUID, state: str) -> None:
    await admin.execute(
        """insert into analysis.runs (id, state, account_id, user_id, business_profile_id, username, type, price_credits,
             max_age_s, finished_at, charged_credits, released_credits, settled_at)
           values ($1, $2, $3, gen_random_uuid(), gen_random_uuid(), 'nasa', 'deep', 2, 300, $4, $5, $6, $4)""",
        run_id,
        state,
        ACCOUNT,
        None if state == "queued" else await admin.fetchval("select now()"),
        None if state == "queued" else 2,
        None if state == "queued" else 0,
    )


@pytest_asyncio.fixture(scope="module")
async def sound(module_database: Database) -> AsyncGenerator[Connection]:
    """A paid month, a pack in dispute and one half refunded; a run that was charged and one at work. The audit is clean."""
    admin = await asyncpg.connect(module_database.admin_url)
    for role in ROLES:
        await admin.execute(f"grant {role} to current_user with set true")
    await admin.execute("set role billing_owner")
    await admin.execute("insert into billing.plans values ('growth', 100), ('agency', 5000), ('free', 25)")
    await admin.execute(
        "insert into billing.prices (stripe_price_id, plan, interval) values ('price_1', 'growth', 'month')"
    )
    await admin.execute("select billing.set_manual_plan($1, 'growth')", MANUAL)
    await _purchase(admin, PAID, "in_1", _SUBSCRIPTION)
    await _purchase(admin, DISPUTED, "cs_disputed", "cs_disputed")
    await _purchase(admin, REFUNDED, "cs_refunded", "cs_refunded", taken=50)
    await admin.execute(
        """insert into billing.subscriptions (account_id, plan, state, source, stripe_subscription_id, stripe_price_id, created_at)
           values ($1, 'growth', 'active', 'stripe', $2, 'price_1', now() - interval '2 days')""",
        ACCOUNT,
        _SUBSCRIPTION,
    )
    await admin.execute(
        """insert into billing.invoices (stripe_invoice_id, account_id, stripe_subscription_id, amount_paid_minor, currency,
             grant_key, granted_credits) values ('in_1', $1, $2, 1000, 'usd', $3, 100)""",
        ACCOUNT,
        _SUBSCRIPTION,
        PAID,
    )
    await admin.execute(
        """insert into billing.charges (stripe_charge_id, account_id, purchase_id, amount_minor, currency)
           values ('ch_1', $1, 'cs_disputed', 1000, 'usd')""",
        ACCOUNT,
    )
    await admin.execute("insert into billing.disputes values ('dp_1', 'ch_1', 1000, 'needs_response')")
    await admin.execute(
        "update billing.purchase_grants set frozen_under = 'dispute:1', freezes = 1 where grant_key = $1",
        DISPUTED,
    )
    await admin.execute("set role credits_service")
    for key in (PAID, DISPUTED, REFUNDED):
        await admin.execute("select credits.grant($1, 100, 'subscription', $2)", ACCOUNT, key)
    await admin.execute("select credits.freeze($1, 'dispute:1', $2)", DISPUTED, ACCOUNT)
    await admin.execute("select credits.revoke($1, 50, 'back:1', $2)", REFUNDED, ACCOUNT)
    charged, at_work = new_id(), new_id()
    for run_id in (charged, at_work):
        await admin.execute("select credits.hold($1, $2, 2, interval '2 minutes')", run_id, ACCOUNT)
    await admin.execute("select credits.settle($1, 2)", charged)
    await admin.execute("set role analysis_owner")
    await _run(admin, charged, "completed")
    await _run(admin, at_work, "queued")
    await admin.execute("reset role")
    yield admin
    await admin.close()


async def named(admin: Connection) -> set[str]:
    await admin.execute("set local role credits_service")
    return {one.what for one in await look(admin, settling_s=60)}


async def test_sound_books_have_no_difference(sound: Connection) -> None:
    async with sound.transaction():
        assert await named(sound) == set()


def _transfer(kind: str, key: str, *lines: tuple[str, str | None, int]) -> str:
    """A transfer written by hand, balanced as it has to be."""
    values = ", ".join(
        f"({n}, '{balance}', {'null' if grant is None else repr(grant)}, {amount})"
        for n, (balance, grant, amount) in enumerate(lines, 1)
    )
    return f"""
      insert into credits.balances (account_id, kind, grant_id)
        select '{ACCOUNT}', l.balance, g.id from (values {values}) as l(n, balance, key, amount)
        left join credits.grants g on g.idempotency_key = l.key on conflict do nothing;
      with t as (
        insert into credits.transfers (idempotency_key, kind, account_id, transaction_type)
        values ('{key}', '{kind}', '{ACCOUNT}', 'x') returning id
      )
      insert into credits.entries (transfer_id, line, account_id, balance_id, amount)
        select t.id, l.n, '{ACCOUNT}', b.id, l.amount
        from t, (values {values}) as l(n, balance, key, amount)
        left join credits.grants g on g.idempotency_key = l.key
        join credits.balances b on b.account_id = '{ACCOUNT}' and b.kind = l.balance and b.grant_id is not distinct from g.id"""


_DELETED_WAITING = f"""
  insert into credits.revocations (idempotency_key, grant_key, account_id) values ('late', 'session:late', '{ACCOUNT}');
  delete from credits.revocations where idempotency_key = 'late'"""
_RAISED_HOLD = """
  update credits.holds set amount = amount + 3 where state = 'open';
  insert into credits.entries (transfer_id, line, account_id, balance_id, amount)
    select t.id, 3 + row_number() over (), t.account_id, b.id, case b.kind when 'held' then 3 else -3 end
    from credits.transfers t
    join credits.holds h on h.id = t.hold_id and h.state = 'open'
    join credits.entries e on e.transfer_id = t.id
    join credits.balances b on b.id = e.balance_id where t.kind = 'hold'"""
CORRUPTIONS = {
    "a grant of no source": f"select credits.grant('{ACCOUNT}', 500, 'gift', 'because')",
    "a grant of a payment that never was": f"select credits.grant('{ACCOUNT}', 500, 'pack', 'session:cs_fake')",
    "a revocation without a refund": f"select credits.revoke('{PAID}', 10, 'by-hand', '{ACCOUNT}')",
    "a freeze without a dispute": f"select credits.freeze('{PAID}', 'by-hand', '{ACCOUNT}')",
    "a dispute's freeze ended by hand": f"select credits.unfreeze('{DISPUTED}', 'dispute:1', '{ACCOUNT}')",
    "a paid invoice that granted nothing": f"""
      insert into billing.invoices (stripe_invoice_id, account_id, amount_paid_minor, currency, created_at)
      values ('in_lost', '{ACCOUNT}', 19900, 'usd', now() - interval '1 hour')""",
    "a dead invoice.paid": """
      insert into billing.webhook_events (id, stripe_event_id, type, livemode, state, reason)
      values (gen_random_uuid(), 'evt_dead', 'invoice.paid', false, 'dead', 'by hand')""",
    "another plan of a subscription": "update billing.subscriptions set plan = 'agency'",
    "a subscription that is not paid": f"""
      insert into billing.subscriptions (account_id, plan, state, source, stripe_subscription_id, created_at)
      values ('{ACCOUNT}', 'agency', 'active', 'stripe', 'sub_made_up', now() - interval '2 hours')""",
    "a manual plan that was not set": f"""
      insert into billing.subscriptions (account_id, plan, state, source) values ('{ACCOUNT}', 'agency', 'active', 'manual')""",
    "another manual plan": "update billing.subscriptions set plan = 'agency' where source = 'manual'",
    "a run repriced at 0": "update analysis.runs set price_credits = 0 where state = 'queued'",
    "a run accepted at 0": f"""
      insert into analysis.runs (id, state, account_id, user_id, business_profile_id, username, type, price_credits, max_age_s)
      values ('{uuid4()}', 'queued', '{ACCOUNT}', '{uuid4()}', '{uuid4()}', 'nasa', 'xray', 0, 300)""",
    "charged_credits changed": "update analysis.runs set charged_credits = 1 where state = 'completed'",
    "credits moved between grants": _transfer("hold", "x", ("available", PAID, -5), ("held", REFUNDED, 5)),
    "credits moved from spent to available": _transfer(
        "settle", "x", ("spent", None, -2), ("available", PAID, 2)
    ),
    "credits moved from spent to available by another word": _transfer(
        "thaw", "thaw:x", ("spent", None, -1), ("available", PAID, 1)
    ),
    "an entry without a word of why": _transfer("expire", "x", ("available", PAID, -5), ("expired", PAID, 5)),
    "a balance moved by hand": "update credits.balances set amount = amount + 1 where kind = 'spent'",
    "an account's balance changed by hand": "update credits.account_balances set available = available + 1",
    "an expiry moved": f"update credits.grants set expires_at = now() + interval '9 years' where idempotency_key = '{PAID}'",
    "a hold pushed to 2100": "update credits.holds set due_at = '2100-01-01' where state = 'open'",
    "a waiting refund deleted": _DELETED_WAITING,
    "a hold and its entries raised together": _RAISED_HOLD,
    "a hold deleted": "delete from credits.holds where state = 'open'",
    "a statement's line deleted": "delete from credits.statement_lines where position = 2",
    "a statement's line changed": "update credits.statement_lines set change = change + 1 where position = 2",
}


async def _unguard(admin: Connection, role: str) -> None:
    """An owner may switch triggers off; only the audit is left then."""
    schema = role.removesuffix("_owner")
    tables = await admin.fetch(
        "select relname from pg_class where relnamespace = $1::regnamespace and relkind = 'r'", schema
    )
    # What moves balances stays on: a corruption that leaves it out is named by that alone.
    kept = "entries_posted", "revocations_counted"
    for table in tables:
        triggers = await admin.fetch(
            "select tgname from pg_trigger where tgrelid = $1::regclass and not tgisinternal",
            f"{schema}.{table['relname']}",
        )
        for trigger in triggers:
            if trigger["tgname"] not in kept:
                await admin.execute(
                    f"alter table {schema}.{table['relname']} disable trigger {trigger['tgname']}"
                )


async def _outcome(admin: Connection, role: str, corruption: str, *, is_guarded: bool) -> str:
    transaction = admin.transaction()
    await transaction.start()
    try:
        await admin.execute(f"set local role {role}")
        if not is_guarded:
            await _unguard(admin, role)
            if role == "credits_owner":  # it may give itself what was taken from it
                await admin.execute("grant update, delete on all tables in schema credits to credits_owner")
        try:
            await admin.execute(corruption)
            await admin.execute("set constraints all immediate")
        except _REFUSALS as refusal:
            return f"refused: {refusal}"
        return "named: " + ", ".join(sorted(await named(admin)))
    finally:
        await transaction.rollback()


@pytest.mark.parametrize("what", CORRUPTIONS)
async def test_a_corruption_is_rejected_or_found_for_every_role(sound: Connection, what: str) -> None:
    outcomes = {role: await _outcome(sound, role, CORRUPTIONS[what], is_guarded=True) for role in ROLES}
    owners = [role for role in ROLES if role.endswith("_owner")]
    outcomes |= {
        f"{role}, triggers off": await _outcome(sound, role, CORRUPTIONS[what], is_guarded=False)
        for role in owners
    }
    assert {role: outcome for role, outcome in outcomes.items() if outcome == "named: "} == {}


@pytest.mark.parametrize(
    "change",
    [
        f"insert into billing.manual_plans (account_id, plan) values ('{MANUAL}', 'agency')",
        "update billing.manual_plans set plan = 'agency'",
        "delete from billing.manual_plans",
    ],
    ids=["insert", "update", "delete"],
)
async def test_the_record_of_manual_plans_is_written_by_its_function_alone(
    sound: Connection, change: str
) -> None:
    outcomes = {role: await _outcome(sound, role, change, is_guarded=True) for role in ROLES}
    assert {role for role, outcome in outcomes.items() if not outcome.startswith("refused")} == set()
