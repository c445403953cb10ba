"""Messages of credits: holds, settlements, balances."""

from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import AwareDatetime, Field

from oslira_shared.contracts.base import Contract

HOLD: Final = "credits.rpc.hold"
SETTLE: Final = "credits.rpc.settle"
BALANCE: Final = "credits.rpc.balance"
IMPORT_BALANCE: Final = "credits.rpc.import_balance"
MOST_IMPORTED_CREDITS: Final = 1_000_000_000
AUDIT: Final = "credits.rpc.audit"
SETTLED: Final = "credits.evt.settled.v1"
GRANTED: Final = "credits.evt.granted.v1"
LOW_BALANCE: Final = "credits.evt.low_balance.v1"


class HoldRequest(Contract):
    """Set `amount_credits` aside for a run or bulk; `hold_id` is that run's or bulk's id and the idempotency key.

    Answers `Held`; errors: insufficient_credits (extra: need, balance), id_closed (a tombstone: it was settled before it was held).
    """

    hold_id: UUID
    account_id: UUID
    amount_credits: int


class Held(Contract):
    """The current hold. `expires_at`: when credits reads the outcome of its run."""

    hold_id: UUID
    amount_credits: int
    available_credits: int
    expires_at: datetime


class SettleRequest(Contract):
    """Settle this hold now. It has only the id: credits requests the outcome from analysis."""

    hold_id: UUID


class Settlement(Contract):
    """The settlement; `is_settled` is False while the run is unfinished."""

    hold_id: UUID
    is_settled: bool
    captured_credits: int = 0
    released_credits: int = 0


class BalanceRequest(Contract):
    """Request an account's balance; answers `Balance`. An account without entries has zeros."""

    account_id: UUID


class GrantBalance(Contract):
    """What is left of one grant."""

    grant_id: UUID
    source: str
    available_credits: int
    granted_credits: int
    expires_at: datetime | None = None


class Balance(Contract):
    """Credits that can be spent, credits that are held, and the grants they come from."""

    account_id: UUID
    available: int
    held: int
    grants: list[GrantBalance] = []  # the first 100 to be drawn
    frozen: int = 0  # of disputed grants
    debt: int = 0  # spent of grants that were revoked later: the next grants pay it first


class ImportBalance(Contract):
    """Grant the balance that an account had in an earlier system; `balance_id` is its id there and the idempotency key.

    Answers `ImportedBalance`; error: conflict (the id was imported before with another account or amount; nothing is written).
    """

    balance_id: str = Field(min_length=1, max_length=200)
    account_id: UUID
    amount_credits: int = Field(ge=1, le=MOST_IMPORTED_CREDITS)
    expires_at: AwareDatetime | None = None


class ImportedBalance(Contract):
    """`is_new`: False when the same balance was imported before."""

    grant_id: UUID
    is_new: bool


class AuditRequest(Contract):
    """Run the audit now. A run that ended less than `settling_s` ago may have an open hold.

    Answers `Audited`; one audit at a time.
    """

    settling_s: float = Field(default=60.0, ge=0, le=600)


class AuditDifference(Contract):
    """A difference: `what` is a stable name, `id` the row's, `detail` for people."""

    what: str
    id: str
    detail: str


class Audited(Contract):
    """`differences`: the first 500 of `count`."""

    count: int
    differences: list[AuditDifference]


class Settled(Contract):
    """A hold was settled. Published again at each repeated request."""

    event_id: UUID
    hold_id: UUID
    account_id: UUID


class Granted(Contract):
    """Credits were granted."""

    event_id: UUID
    grant_id: UUID
    account_id: UUID
    amount_credits: int
    source: str


class LowBalance(Contract):
    """An account's available credits fell below its threshold: once per crossing."""

    event_id: UUID
    account_id: UUID
    available: int
    threshold: int
