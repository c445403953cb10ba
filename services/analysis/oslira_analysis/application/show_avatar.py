"""The picture of a lead's profile, for the lead's account.

The gateway has no access to the bucket. An erasure deletes the row and the object, so after it there is no picture.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import structlog
from oslira_shared.errors import OsliraError

_LOG = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class StoredAvatar:
    """Where a picture is stored. The key ends with a hash of its content."""

    key: str
    content_type: str

    @property
    def etag(self) -> str:
        """Equal for equal bytes."""
        return self.key.rpartition("/")[2][:32]


class AvatarRows(Protocol):
    """The pictures of leads."""

    async def of_lead(self, lead_id: UUID, account_id: UUID) -> StoredAvatar | None:
        """None if the account has no such lead, or the lead's profile has no picture."""
        ...


class PictureStore(Protocol):
    """The bucket's pictures."""

    async def get(self, key: str, *, most_bytes: int) -> bytes | None:
        """None if there is none, or it is larger. Raises what the store raises."""
        ...


@dataclass(frozen=True, slots=True)
class ShownAvatar:
    """`content` is None if the caller has it already."""

    kept: StoredAvatar
    content: bytes | None


class ShowAvatar:
    """Raises OsliraError: avatar_not_found, unavailable."""

    def __init__(self, rows: AvatarRows, pictures: PictureStore, *, most_bytes: int) -> None:
        self._rows = rows
        self._pictures = pictures
        self._most_bytes = most_bytes

    async def __call__(self, lead_id: UUID, account_id: UUID, *, known: Collection[str]) -> ShownAvatar:
        kept = await self._rows.of_lead(lead_id, account_id)
        if kept is None:
            raise _not_found()
        if kept.etag in known:
            return ShownAvatar(kept, None)
        try:
            content = await self._pictures.get(kept.key, most_bytes=self._most_bytes)
        except Exception as error:
            _LOG.warning("avatar_not_read", reason=type(error).__name__)
            raise OsliraError("unavailable", "The store of pictures does not answer.") from error
        if content is None:
            raise _not_found()
        return ShownAvatar(kept, content)


def _not_found() -> OsliraError:
    return OsliraError("avatar_not_found", "There is no picture of this lead.")
