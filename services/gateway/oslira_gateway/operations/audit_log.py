"""The audit log of operator actions: an entry is written before the action, and its outcome after it."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from oslira_shared.errors import OsliraError

from oslira_gateway.operations.operator import Operator

DONE: Final = "done"


@dataclass(frozen=True, slots=True)
class OperatorAction:
    """`outcome`: done, or the code of the error; None while it runs, or if its process died."""

    act_id: UUID
    actor: str
    act: str
    targets: Mapping[str, str]
    begun_at: datetime
    outcome: str | None
    ended_at: datetime | None


class AuditLog(Protocol):
    """The audit log. Entries are append-only; only the outcome is added."""

    async def begin(self, actor: str, act: str, targets: Mapping[str, str]) -> UUID:
        """`targets` holds ids, never names."""
        ...

    async def end(self, act_id: UUID, outcome: str) -> None:
        """Store the outcome."""
        ...

    async def newest(self, *, limit: int, before: tuple[datetime, UUID] | None) -> Sequence[OperatorAction]:
        """Newest first; `before` is the last one of the page before."""
        ...


@asynccontextmanager
async def recorded(audit_log: AuditLog, operator: Operator, act: str, **targets: str) -> AsyncGenerator[None]:
    """Record the action in this block. If the entry cannot be written, the error is raised and the action does not run."""
    act_id = await audit_log.begin(operator.actor, act, targets)
    outcome = "internal"
    try:
        yield
        outcome = DONE
    except OsliraError as error:
        outcome = error.code
        raise
    finally:
        await audit_log.end(act_id, outcome)
