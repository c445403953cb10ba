"""Any sequence of holds, settlements and grants: Postgres does what the plain model in memory does."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oslira_credits.application.ports import Ledger
from oslira_credits.domain.errors import HoldClosed, InsufficientCredits
from oslira_credits.infrastructure.audit import differences
from oslira_credits.infrastructure.memory import MemoryLedger
from oslira_credits.infrastructure.postgres import PostgresLedger
from oslira_shared.postgres.clients import Pool

_LIFE = timedelta(minutes=2)
_DAYS = (None, -1, 5, 9)  # one has expired before it is granted
_SLOTS = st.integers(0, 5)  # few ids, so that they meet


@dataclass(frozen=True, slots=True)
class Grant:
    slot: int
    amount: int
    days: int | None
    priority: int


@dataclass(frozen=True, slots=True)
class Hold:
    slot: int
    amount: int


@dataclass(frozen=True, slots=True)
class Settle:
    slot: int
    capture: int


_STEPS = st.lists(
    st.one_of(
        st.builds(Grant, _SLOTS, st.integers(1, 9), st.sampled_from(_DAYS), st.sampled_from((10, 100))),
        st.builds(Hold, _SLOTS, st.integers(1, 12)),
        st.builds(Settle, _SLOTS, st.integers(0, 12)),
    ),
    max_size=20,
)


class _Account:
    """One account in one ledger: the same slots mean different ids in each example."""

    def __init__(self, ledger: Ledger, example: UUID) -> None:
        self._ledger = ledger
        self._example = example
        self._holds = [UUID(int=(example.int + slot) % 2**128) for slot in range(6)]
        self._now = datetime.now(UTC)

    async def step(self, step: Grant | Hold | Settle) -> object:
        """What the step answers, without what may differ: ids and times."""
        try:
            if isinstance(step, Grant):
                expires_at = self._now + timedelta(days=step.days) if step.days is not None else None
                key = f"{self._example}:{step.slot}"
                answer = await self._ledger.grant(
                    self._example,
                    step.amount,
                    source="pack",
                    key=key,
                    expires_at=expires_at,
                    priority=step.priority,
                )
                return answer[1]
            if isinstance(step, Hold):
                held = await self._ledger.hold(self._holds[step.slot], self._example, step.amount, life=_LIFE)
                return held.amount, held.available, held.is_new
            settled = await self._ledger.settle(self._holds[step.slot], step.capture)
        except (InsufficientCredits, HoldClosed) as error:
            return error.code, error.extra
        except ValueError:
            return "refused"
        return settled.account_id, settled.captured, settled.released, settled.is_new

    async def state(self) -> object:
        purse = await self._ledger.purse(self._example)
        return purse.balance, [(grant.granted, grant.available, grant.priority) for grant in purse.grants]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # the ledger fixture holds no state of its own
@given(steps=_STEPS)
async def test_postgres_agrees_with_the_model(
    ledger: PostgresLedger, pool: Pool, steps: list[Grant | Hold | Settle]
) -> None:
    example = uuid4()
    real, model = _Account(ledger, example), _Account(MemoryLedger(), example)
    for step in steps:
        assert await real.step(step) == await model.step(step)
        assert await real.state() == await model.state()
    async with pool.acquire() as connection:
        assert await differences(connection) == []
