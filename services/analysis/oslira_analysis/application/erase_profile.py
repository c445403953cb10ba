"""Erase a profile for all accounts: active runs end and their credits are released, ended runs are purged.

The erasure's row names the profile. Repeated until nothing is left: a scrape whose actor is being aborted remains.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from oslira_shared.errors import OsliraError

from oslira_analysis.application.after_commit import AfterCommit
from oslira_analysis.application.cancel_run import Cancellations, cancel_run


@dataclass(frozen=True, slots=True)
class Subject:
    """The erased profile. `username_hmac` is what anonymous runs store instead of the name."""

    username: str
    username_hmac: str | None


@dataclass(frozen=True, slots=True)
class ErasedRows:
    """What was removed, by place, and whether anything is left."""

    removed: dict[str, int]
    is_finished: bool


class ErasableRows(Protocol):
    """The profile's rows in analysis's tables."""

    async def subject(self, erasure_id: UUID) -> Subject | None:
        """None if there is no such erasure, or it is complete."""
        ...

    async def suppress_ids(self, erasure_id: UUID, subject: Subject) -> Sequence[str]:
        """Suppress the ids that the name was fetched under, and delete items stored under them. Returns other names with these ids."""
        ...

    async def at_work(self, subject: Subject) -> Sequence[tuple[UUID, UUID]]:
        """(run id, account id) of runs that have not ended."""
        ...

    async def pictures(self, subject: Subject) -> Sequence[str]:
        """Keys of pictures that only this profile has."""
        ...

    async def erase(self, subject: Subject) -> ErasedRows:
        """Erase ended runs, in one transaction."""
        ...


class ErasableObjects(Protocol):
    """The profile's objects in the bucket. Raises what the store raises: the erasure is requested again."""

    async def erase_profile(self, username: str) -> int:
        """Delete all cached items of the profile. Returns their number."""
        ...

    async def erase_pictures(self, keys: Sequence[str]) -> None:
        """Delete by key."""
        ...


@dataclass(frozen=True, slots=True)
class ErasePorts:
    """The ports of erasing."""

    rows: ErasableRows
    objects: ErasableObjects
    cancellations: Cancellations
    after: AfterCommit


async def erase_profile(erasure_id: UUID, ports: ErasePorts) -> ErasedRows:
    """What this pass removed. Raises OsliraError `not_found`."""
    subject = await ports.rows.subject(erasure_id)
    if subject is None:
        raise OsliraError("not_found", "There is no such erasure, or it is complete.")
    # First, because this pass deletes the rows that contain these ids.
    other_names = await ports.rows.suppress_ids(erasure_id, subject)
    for run_id, account_id in await ports.rows.at_work(subject):
        await cancel_run(run_id, account_id, ports.cancellations, ports.after)
    # Objects first: after a crash the rows still name this profile's pictures.
    await ports.objects.erase_pictures(await ports.rows.pictures(subject))
    cached = sum([await ports.objects.erase_profile(name) for name in (subject.username, *other_names)])
    erased = await ports.rows.erase(subject)
    return ErasedRows({**erased.removed, "cached_profiles": cached}, erased.is_finished)
