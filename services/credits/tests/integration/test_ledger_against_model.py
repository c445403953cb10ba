"""Any sequence of movements: the ledger in SQL does what a plain model does, in which each credit is somewhere.

The model shares nothing with the ledger: no double entry, no SQL, no order of locks. Each example is one transaction, rolled back.
"""

import asyncio
import os
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final, TypeVar
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from ledger_model import Model, Refused
from oslira_credits.infrastructure.audit import differences
from oslira_devstack.databases import Database

_DAYS: Final = (None, 5, 9)
_EXAMPLES: Final = int(os.environ.get("OSLIRA_LEDGER_EXAMPLES", "2000"))
_T = TypeVar("_T")
_SLOTS = st.integers(0, 4)  # few ids, so that they meet
_AMOUNTS = st.integers(1, 12)
_STATES: Final = ("available", "held", "frozen", "expired", "revoked", "debt")
_BALANCES: Final = """
    select g.idempotency_key as key, b.kind, b.amount from credits.balances b join credits.grants g on g.id = b.grant_id
    where b.account_id = $1 and b.amount > 0
"""
_WHOLE: Final = """
    select p.available, p.held, p.frozen, p.debt, p.is_low,
      (select count(*) from credits.notices n where n.account_id = $1 and n.kind = 'low_balance') as fallen,
      (select count(*) from credits.notices n where n.account_id = $1 and n.kind = 'granted') as granted,
      (select b.amount from credits.balances b where b.account_id = $1 and b.kind = 'spent') as spent
    from credits.account_balances p where p.account_id = $1
"""


class LedgerMachine(RuleBasedStateMachine):
    runner: ClassVar[asyncio.Runner]
    connection: ClassVar["asyncpg.Connection[asyncpg.Record]"]
    examples: ClassVar[int] = 0
    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.account_id = uuid4()
        self.now = datetime.now(UTC)
        self.example = self.connection.transaction()
        self.do(self.example.start())
        type(self).examples += 1

    def do(self, call: Coroutine[Any, Any, _T]) -> _T:
        return self.runner.run(call)

    def key(self, what: str, slot: int) -> str:
        return f"{what}:{self.account_id}:{slot}"

    def id(self, slot: int) -> UUID:
        return UUID(int=(self.account_id.int + slot) % 2**128)

    async def _answer(self, query: str, *values: object) -> "asyncpg.Record | None":
        try:
            async with self.connection.transaction():
                return await self.connection.fetchrow(query, *values)
        except asyncpg.UniqueViolationError as error:
            raise Refused("another grant") from error
        except asyncpg.InvalidParameterValueError as error:
            raise Refused("too much") from error
        except asyncpg.PostgresError as error:
            if error.sqlstate != "PT402":
                raise
            raise Refused("insufficient") from error

    def ask(self, query: str, *values: object) -> "asyncpg.Record":
        row = self.do(self._answer(query, *values))
        assert row is not None
        return row

    def both(self, real: "tuple[str, tuple[object, ...]]", model: Any, columns: tuple[str, ...] = ()) -> None:
        """Ask the ledger and the model; both answer the same, or refuse with the same word."""
        answers: list[object] = []
        try:
            row = self.ask(real[0], *real[1])
            if "outcome" in row.keys() and row["outcome"] != "held":  # noqa: SIM118  # a Record
                answers.append(row["outcome"])
            else:
                answers.append(tuple(row[column] for column in columns))
        except Refused as refused:
            answers.append(str(refused))
        try:
            answer = model()
            answers.append(answer if columns else ())
        except Refused as refused:
            answers.append(str(refused))
        self.model.watch()
        assert answers[0] == answers[1]

    @rule(slot=_SLOTS, amount=_AMOUNTS, days=st.sampled_from(_DAYS), priority=st.sampled_from((10, 100)))
    def grant(self, slot: int, amount: int, days: int | None, priority: int) -> None:
        expires_at = self.now + timedelta(days=days) if days is not None else None
        self.both(
            (
                "select * from credits.grant($1, $2, 'pack', $3, $4, $5)",
                (self.account_id, amount, self.key("grant", slot), expires_at, priority),
            ),
            lambda: (self.model.grant(slot, amount, days, priority),),
            ("is_new",),
        )

    @rule(slot=_SLOTS, amount=_AMOUNTS)
    def hold(self, slot: int, amount: int) -> None:
        self.both(
            ("select * from credits.hold($1, $2, $3, '1 min')", (self.id(slot), self.account_id, amount)),
            lambda: self.model.hold(slot, amount),
            ("amount", "is_new"),
        )

    @rule(slot=_SLOTS, capture=st.integers(0, 12))
    def settle(self, slot: int, capture: int) -> None:
        self.both(
            ("select * from credits.settle($1, $2)", (self.id(slot), capture)),
            lambda: self.model.settle(slot, capture),
            ("captured", "released"),
        )

    @rule(key=_SLOTS, amount=_AMOUNTS)
    def spend(self, key: int, amount: int) -> None:
        self.both(
            (
                "select public.deduct_credits($1, $2, 'x', '', '{}', $3)",
                (self.account_id, -amount, str(key)),
            ),
            lambda: self.model.spend(key, amount),
        )

    @rule(key=_SLOTS, slot=_SLOTS, amount=st.none() | _AMOUNTS)
    def revoke(self, key: int, slot: int, amount: int | None) -> None:
        self.both(
            (
                "select * from credits.revoke($1, $2, $3, $4)",
                (self.key("grant", slot), amount, self.key("revoke", key), self.account_id),
            ),
            lambda: self.model.revoke(key, slot, amount),
        )

    @rule(key=_SLOTS, slot=_SLOTS)
    def freeze(self, key: int, slot: int) -> None:
        self.both(
            ("select * from credits.freeze($1, $2, $3)", self._dispute(key, slot)),
            lambda: self.model.freeze(key, slot),
        )

    @rule(key=_SLOTS, slot=_SLOTS)
    def unfreeze(self, key: int, slot: int) -> None:
        self.both(
            ("select * from credits.unfreeze($1, $2, $3)", self._dispute(key, slot)),
            lambda: self.model.unfreeze(key, slot),
        )

    def _dispute(self, key: int, slot: int) -> tuple[object, ...]:
        return self.key("grant", slot), self.key("freeze", key), self.account_id

    @precondition(lambda self: any(grant.days is not None for grant in self.model.grants.values()))
    @rule(slot=_SLOTS)
    def pass_time(self, slot: int) -> None:
        """A grant's time passes: nobody but the clock does anything."""
        grant = self.model.grants.get(slot)
        if grant is None or grant.days is None:
            return
        past = (
            "with past as (update credits.grants set expires_at = clock_timestamp() - interval '1 s' where idempotency_key = $1"
            " returning idempotency_key, expires_at) update credits.transfers t set expires_at = past.expires_at from past"
            " where t.idempotency_key = 'grant:' || past.idempotency_key returning t.id"
        )
        if not grant.has_expired:
            self.ask(past, self.key("grant", slot))
        grant.has_expired = True

    @rule()
    def book_out(self) -> None:
        self.both(("select credits.expire_due(1000)", ()), self.model.book_out)

    @invariant()
    def every_credit_is_where_the_model_has_it(self) -> None:
        type(self).steps += 1
        row = self.do(self.connection.fetchrow(_WHOLE, self.account_id))
        if row is None:
            assert not self.model.grants
            return
        model = self.model
        assert {kind: row[kind] for kind in ("available", "held", "frozen", "debt", "spent")} == {
            kind: model.total(kind) for kind in ("available", "held", "frozen", "debt", "spent")
        }
        assert (row["is_low"], row["fallen"], row["granted"]) == (
            model.is_low,
            model.fallen,
            len(model.grants),
        )
        balances = {
            (balance["key"], balance["kind"]): balance["amount"]
            for balance in self.do(self.connection.fetch(_BALANCES, self.account_id))
        }
        assert balances == {
            (self.key("grant", slot), state): grant.at[state]
            for slot, grant in model.grants.items()
            for state in _STATES
            if grant.at[state]
        }

    def teardown(self) -> None:
        try:
            self.do(self.connection.execute("set constraints all immediate"))
            assert self.do(differences(self.connection)) == []
        finally:
            self.do(self.example.rollback())


def _run(database: Database, max_examples: int) -> None:
    with asyncio.Runner() as runner:
        LedgerMachine.runner = runner
        LedgerMachine.examples = LedgerMachine.steps = 0
        # The migrator's session acts as the owner: it may do all that the services may.
        LedgerMachine.connection = runner.run(asyncpg.connect(database.admin_url))
        # Time passes by moving what must not move otherwise.
        runner.run(
            LedgerMachine.connection.execute(
                "set role credits_owner; alter table credits.grants disable trigger grants_immutable;"
                " alter table credits.transfers disable trigger transfers_immutable"
            )
        )
        try:
            run_state_machine_as_test(
                LedgerMachine,
                settings=settings(
                    max_examples=max_examples,
                    stateful_step_count=25,
                    deadline=None,
                    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
                    print_blob=True,
                ),
            )
        finally:
            runner.run(LedgerMachine.connection.close())
    print(f"\nledger against model: {LedgerMachine.examples} examples, {LedgerMachine.steps} steps")  # noqa: T201  # the figure


def test_the_ledger_agrees_with_the_model(module_database: Database) -> None:
    _run(module_database, 40)


@pytest.mark.campaign
@pytest.mark.timeout(1800)
def test_the_ledger_agrees_with_the_model_at_full_count(module_database: Database) -> None:
    _run(module_database, _EXAMPLES)
    assert LedgerMachine.examples >= _EXAMPLES
