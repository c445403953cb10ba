"""AfterCommit over fakes: it records what it publishes, and promotes nothing unless a test passes a queue."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from oslira_analysis.application.after_commit import AfterCommit
from oslira_analysis.application.bulk_ports import BulkChanges, EndedBulk
from oslira_analysis.application.ports import Promoted
from oslira_analysis.application.rows import Effects
from oslira_analysis.infrastructure.bus.local_dispatch import LocalDispatcher


class FakeEngine:
    """The ports of AfterCommit. Override what a test looks at."""

    def __init__(self) -> None:
        self.published = Effects()

    async def announce(self, effects: Effects, *, is_repeat: bool = False) -> Effects:
        del is_repeat
        self.published += effects
        return Effects()

    async def promote(self) -> Promoted:
        return Promoted([], [])

    async def changed(self, run_ids: Sequence[UUID]) -> Effects:
        del run_ids
        return Effects()

    async def close_listing(self, run_ids: Sequence[UUID]) -> BulkChanges:
        del run_ids
        return BulkChanges()

    async def ended(self, bulk: EndedBulk, *, is_repeat: bool) -> bool:
        del bulk, is_repeat
        return True

    def after_commit(self, **ports: Any) -> AfterCommit:
        """`ports` take the place of this one."""
        fake: Any = self
        chosen: dict[str, Any] = {
            "queue": fake,
            "announcer": fake,
            "local": LocalDispatcher(),
            "bulks": fake,
            "bulk_events": fake,
        }
        return AfterCommit(**{**chosen, **ports})
