"""Erasing a profile: suppressed at once, then removed by every owner, until nothing is left anywhere."""

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
    """`state`: due (something may be left), watched (nothing is; what was under way is looked for), done. `removed`: rows by place."""

    erasure_id: UUID
    state: str
    removed: Mapping[str, int]


class Erasures(Protocol):
    """Erasures as work."""

    async def id_of(self, username: str) -> UUID:
        """The id that an erasure of this profile has, whether there is one yet or not. It says nothing of the name."""
        ...

    async def begin(self, erasure_id: UUID, username: str) -> None:
        """Suppress the profile and make the erasure due, again too, in one transaction."""
        ...

    async def take(self, erasure_id: UUID | None = None) -> UUID | None:
        """One that is due, or this one whenever it is; it isn't due to others for a while."""
        ...

    async def erase_own(self, erasure_id: UUID) -> Mapping[str, int]:
        """What the gateway itself keeps."""
        ...

    async def note(self, erasure_id: UUID, removed: Mapping[str, int], *, is_finished: bool) -> Erasure:
        """What a pass removed is added up; finished and watched for long enough, the name goes too."""
        ...

    async def find(self, erasure_id: UUID) -> Erasure | None:
        """As it stands."""
        ...


class Owners(Protocol):
    """Other services that keep something of profiles."""

    async def erase(self, erasure_id: UUID) -> Erased:
        """Raises OsliraError."""
        ...


class EraseProfile:
    """`username` is in its normal form."""

    def __init__(self, erasures: Erasures, owners: Owners) -> None:
        self._erasures = erasures
        self._owners = owners

    async def __call__(self, erasure_id: UUID, username: str) -> Erasure:
        """Suppress, and a first pass. Where an owner is away the erasure stays due: the sweep asks again."""
        await self._erasures.begin(erasure_id, username)
        await self._erasures.take(erasure_id)
        return await self._pass(erasure_id)

    async def sweep(self) -> None:
        """Passes over what is due."""
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
