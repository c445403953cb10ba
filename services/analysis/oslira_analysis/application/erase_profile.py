"""Erase a profile: what is at work on it ends and gives its credits back, what has ended is forgotten, for all accounts.

Whose it is stands in the erasure's row. Asked again until nothing is left: an actor that is being aborted still holds its scrape.
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
    """Who is erased. `visitors_hmac` is what visitors' runs keep in the name's place."""

    username: str
    visitors_hmac: str | None


@dataclass(frozen=True, slots=True)
class ErasedRows:
    """What was removed, by place; and whether nothing of it is left."""

    removed: dict[str, int]
    is_finished: bool


class ErasableRows(Protocol):
    """What analysis keeps in its tables."""

    async def subject(self, erasure_id: UUID) -> Subject | None:
        """None when there is no such erasure, or it is over."""
        ...

    async def suppress_ids(self, erasure_id: UUID, subject: Subject) -> Sequence[str]:
        """Refuse the ids that the name was fetched under, and forget items kept under them; other names with these ids."""
        ...

    async def at_work(self, subject: Subject) -> Sequence[tuple[UUID, UUID]]:
        """(run id, account id) of runs that have not ended."""
        ...

    async def pictures(self, subject: Subject) -> Sequence[str]:
        """Keys of pictures that are this profile's alone."""
        ...

    async def erase(self, subject: Subject) -> ErasedRows:
        """What has ended, in one transaction."""
        ...


class ErasableObjects(Protocol):
    """What analysis keeps in the bucket. Raises what the store raises: the erasure is asked for again."""

    async def erase_profile(self, username: str) -> int:
        """Every cached item of the profile; how many there were."""
        ...

    async def erase_pictures(self, keys: Sequence[str]) -> None:
        """By key."""
        ...


@dataclass(frozen=True, slots=True)
class ErasePorts:
    """What erasing needs."""

    rows: ErasableRows
    objects: ErasableObjects
    cancellations: Cancellations
    after: AfterCommit


async def erase_profile(erasure_id: UUID, ports: ErasePorts) -> ErasedRows:
    """What was removed now. Raises OsliraError `not_found`."""
    subject = await ports.rows.subject(erasure_id)
    if subject is None:
        raise OsliraError("not_found", "There is no such erasure, or it is over.")
    # First: the rows that say which ids these are go with this pass.
    other_names = await ports.rows.suppress_ids(erasure_id, subject)
    for run_id, account_id in await ports.rows.at_work(subject):
        await cancel_run(run_id, account_id, ports.cancellations, ports.after)
    # Objects first: a crash in between leaves the rows that say which pictures are this profile's.
    await ports.objects.erase_pictures(await ports.rows.pictures(subject))
    cached = sum([await ports.objects.erase_profile(name) for name in (subject.username, *other_names)])
    erased = await ports.rows.erase(subject)
    return ErasedRows({**erased.removed, "cached_profiles": cached}, erased.is_finished)
