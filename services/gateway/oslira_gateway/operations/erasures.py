"""Erase a profile: suppress it at once, then delete it in every service, until nothing is left."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

import structlog
from oslira_shared.contracts.analysis.v1 import Erased
from oslira_shared.errors import OsliraError

_LOG = structlog.get_logger()
_MOST_A_PASS: Final = 20


@dataclass(frozen=True, slots=True)
class Erasure:
    """`state`: due (rows may be left), watched (none are; late writes are searched), done. `removed`: rows by table."""

    erasure_id: UUID
    state: str
    removed: Mapping[str, int]


class Erasures(Protocol):
    """Erasures as work rows."""

    async def id_of(self, username: str) -> UUID:
        """The id of this profile's erasure, before and after it exists. The name cannot be derived from it."""
        ...

    async def begin(self, erasure_id: UUID, username: str) -> None:
        """Suppress the profile and make its erasure due, also a finished one, in one transaction."""
        ...

    async def take(self, erasure_id: UUID | None = None) -> UUID | None:
        """Claim a due one, or this one at any time; it isn't due for others for a while."""
        ...

    async def erase_own(self, erasure_id: UUID) -> Mapping[str, int]:
        """Delete the gateway's own rows."""
        ...

    async def note(self, erasure_id: UUID, removed: Mapping[str, int], *, is_finished: bool) -> Erasure:
        """Add up what a pass removed; once finished and watched for long enough, delete the name too."""
        ...

    async def find(self, erasure_id: UUID) -> Erasure | None:
        """Its current state."""
        ...


class Owners(Protocol):
    """Other services that store data of profiles."""

    async def erase(self, erasure_id: UUID) -> Erased:
        """Raises OsliraError."""
        ...


class EraseProfile:
    """`username` is in its normal form."""

    def __init__(self, erasures: Erasures, owners: Owners) -> None:
        self._erasures = erasures
        self._owners = owners

    async def __call__(self, erasure_id: UUID, username: str) -> Erasure:
        """Suppress, and run a first pass. If a service is unavailable the erasure stays due: the sweep retries."""
        await self._erasures.begin(erasure_id, username)
        await self._erasures.take(erasure_id)
        return await self._pass(erasure_id)

    async def sweep(self) -> None:
        """Runs a pass over due erasures."""
        for _ in range(_MOST_A_PASS):
            if (erasure_id := await self._erasures.take()) is None:
                return
            await self._pass(erasure_id)

    async def _pass(self, erasure_id: UUID) -> Erasure:
        own = await self._erasures.erase_own(erasure_id)
        try:
            erased = await self._owners.erase(erasure_id)
        except OsliraError as error:
            _LOG.warning("erasure_not_answered", erasure_id=str(erasure_id), code=error.code)
            return await self._erasures.note(erasure_id, own, is_finished=False)
        return await self._erasures.note(
            erasure_id, {**erased.removed, **own}, is_finished=erased.is_finished
        )
