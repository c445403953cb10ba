"""The audit finds every inconsistency. Each one is created in a transaction that is rolled back."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
import pytest_asyncio
from granting_ledger import GrantingLedger
from oslira_credits.infrastructure.audit import differences
from oslira_devstack.databases import Database
from oslira_shared.postgres.clients import Pool

# The triggers refuse all of it. An owner may switch them off: then the audit has to see it.
_UNGUARDED = "; ".join(
    f"alter table credits.{table} disable trigger user"
    for table in (
        "transfers",
        "entries",
        "statement_lines",
        "grants",
        "balances",
        "account_balances",
        "holds",
        "revocations",
        "freezes",
    )
)
_EMPTY_TRANSFER = (
    "insert into credits.transfers (idempotency_key, kind, account_id, transaction_type)"
    " select 'x', 'spend', account_id, 'x' from credits.grants limit 1"
)


@dataclass(frozen=True, slots=True)
class Sound:
    """An open hold beside a settled one, a grant in debt, one that is refunded in part, and one that is disputed."""

    account_id: UUID
    hold_id: UUID


@pytest_asyncio.fixture(scope="module")
async def sound(pool: Pool) -> Sound:
    ledger, account_id = GrantingLedger(pool), uuid4()
    await ledger.grant(account_id, 3, source="pack", key="spent")
    await pool.execute("select public.deduct_credits($1, -3, 'x', '')", account_id)
    await pool.execute("select credits.revoke('spent', null, 'refund', $1)", account_id)
    await ledger.grant(account_id, 12, source="pack", key="one")
    await pool.execute("select credits.revoke('one', 1, 'refund-2', $1)", account_id)
    await ledger.grant(account_id, 4, source="pack", key="disputed")
    await pool.execute("select credits.freeze('disputed', 'dispute', $1)", account_id)
    hold_id, settled = uuid4(), uuid4()
    await ledger.hold(hold_id, account_id, 2, life=timedelta(minutes=2))
    await ledger.hold(settled, account_id, 3, life=timedelta(minutes=2))
    await ledger.settle(settled, 1)
    return Sound(account_id, hold_id)


async def test_a_sound_ledger_has_no_difference(pool: Pool, sound: Sound) -> None:
    async with pool.acquire() as connection:
        assert await differences(connection) == []


async def test_a_grant_that_never_expires_is_sound_however_old(
    module_database: Database, sound: Sound
) -> None:
    assert sound
    owner = await asyncpg.connect(module_database.admin_url)
    await owner.execute(f"begin; set local role credits_owner; {_UNGUARDED}")
    aged = await owner.execute("update credits.grants set created_at = created_at - interval '1 year'")
    named = await differences(owner)
    await owner.execute("rollback")
    await owner.close()
    assert (aged, named) == ("UPDATE 3", [])


_OF_A_DEBTOR = "idempotency_key = 'spent'"


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (
            "update credits.balances set amount = amount + 1 where kind = 'spent'",
            {"balance_is_not_its_entries", "spent_is_not_what_grants_lost"},
        ),
        (
            "update credits.balances set amount = amount + 1 where kind = 'held' and amount > 0",
            {
                "balance_is_not_its_entries",
                "held_is_not_its_holds",
                "account_balance_mismatch",
                "spent_is_not_what_grants_lost",
            },
        ),
        (
            "update credits.holds set captured = 2, released = 1 where state = 'settled'",
            {"settlement_is_not_its_entries"},
        ),
        (
            "update credits.holds set amount = 1 where state = 'open'",
            {"held_is_not_its_holds", "hold_is_not_its_entries"},
        ),
        (
            "update credits.grants set idempotency_key = 'other' where idempotency_key = 'one'",
            {
                "credits_moved_between_grants",
                "grant_without_transfer",
                "grant_is_not_its_transfer",
                "revocation_is_not_what_was_asked",
            },
        ),
        (
            "update credits.grants set amount = amount + 1 where idempotency_key = 'one'",
            {"grant_is_not_its_transfer", "spent_is_not_what_grants_lost"},
        ),
        (_EMPTY_TRANSFER, {"transfer_is_not_zero"}),
        (
            "update credits.transfers set account_id = gen_random_uuid() where kind = 'hold'",
            {"entry_of_another_account", "transfer_without_hold"},
        ),
        (
            "update credits.transfers set kind = 'spend' where kind = 'settle'",
            {
                "transfer_moves_what_its_kind_does_not",
                "hold_without_transfer",
                "settlement_is_not_its_entries",
            },
        ),
        (
            "update credits.account_balances set available = available + 1",
            {"account_balance_mismatch", "statement_mismatch"},
        ),
        ("delete from credits.account_balances", {"account_balance_mismatch"}),
        ("update credits.grants set is_depleted = not is_depleted", {"depleted_flag_mismatch"}),
        (
            "update credits.grants set expires_at = now() - interval '1 h', created_at = now() - interval '1 d'",
            {"expiry_is_not_booked", "grant_is_not_its_transfer"},
        ),
        (
            f"update credits.grants set reversed = reversed - 1 where {_OF_A_DEBTOR}",
            {"revocation_is_not_what_was_asked", "revocation_is_not_its_balances"},
        ),
        (f"update credits.grants set awaited = 1 where {_OF_A_DEBTOR}", {"revocation_is_not_its_balances"}),
        ("update credits.revocations set amount = 2", {"revocation_is_not_what_was_asked"}),
        (
            "update credits.revocations set account_id = gen_random_uuid()",
            {
                "revocation_is_not_what_was_asked",
                "revocation_of_another_account",
                "revocation_or_freeze_is_gone",
            },
        ),
        ("update credits.freezes set unfrozen_at = now()", {"freeze_is_not_its_balances"}),
        (
            "update credits.freezes set account_id = gen_random_uuid()",
            {
                "freeze_is_not_its_balances",
                "freeze_of_another_account",
                "revocation_or_freeze_is_gone",
            },
        ),
        (
            "update credits.balances set account_id = gen_random_uuid() where kind = 'debt'",
            {
                "balance_of_another_accounts_grant",
                "entry_of_another_account",
                "account_balance_mismatch",
            },
        ),
    ],
)
async def test_each_kind_of_damage_is_named(
    module_database: Database, sound: Sound, damage: str, found: set[str]
) -> None:
    assert sound
    owner = await asyncpg.connect(module_database.admin_url)
    await owner.execute(f"begin; set local role credits_owner; {_UNGUARDED}; {damage}")
    named = await differences(owner)
    await owner.execute("rollback")
    await owner.close()
    assert {difference.what for difference in named} == found
    assert all(difference.id and difference.detail for difference in named)
