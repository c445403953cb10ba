"""Operators' adapters in memory, for tests of use cases and routes."""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from oslira_gateway.operations.audit_log import OperatorAction
from oslira_shared.ids import new_id


class MemoryActs:
    """Implements AuditLog."""

    def __init__(self) -> None:
        self.acts: dict[UUID, OperatorAction] = {}

    async def begin(self, actor: str, act: str, targets: Mapping[str, str]) -> UUID:
        act_id = new_id()
        self.acts[act_id] = OperatorAction(act_id, actor, act, dict(targets), datetime.now(UTC), None, None)
        return act_id

    async def end(self, act_id: UUID, outcome: str) -> None:
        if self.acts[act_id].outcome is None:
            self.acts[act_id] = dataclasses.replace(
                self.acts[act_id], outcome=outcome, ended_at=datetime.now(UTC)
            )

    async def newest(self, *, limit: int, before: tuple[datetime, UUID] | None) -> Sequence[OperatorAction]:
        found = sorted(self.acts.values(), key=lambda act: (act.begun_at, act.act_id), reverse=True)
        return [act for act in found if before is None or (act.begun_at, act.act_id) < before][:limit]
