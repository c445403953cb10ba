"""A picture is shown to the account whose lead it is of, and its store can fail without harm."""

from dataclasses import dataclass, field
from uuid import UUID

import pytest
from oslira_analysis.application.show_avatar import ShowAvatar, StoredAvatar
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id

LEAD, ACCOUNT = new_id(), new_id()
KEPT = StoredAvatar("media/avatars/" + "ab" * 32, "image/png")


@dataclass
class Pictures:
    """The ports AvatarRows and PictureStore."""

    content: bytes = b"a picture"
    is_down: bool = False
    asked: list[str] = field(default_factory=list[str])

    async def of_lead(self, lead_id: UUID, account_id: UUID) -> StoredAvatar | None:
        return KEPT if (lead_id, account_id) == (LEAD, ACCOUNT) else None

    async def get(self, key: str, *, most_bytes: int) -> bytes | None:
        self.asked.append(key)
        if self.is_down:
            raise ConnectionError("no store")
        return self.content if len(self.content) <= most_bytes else None


async def shown(pictures: Pictures, *known: str, account_id: UUID = ACCOUNT) -> bytes | None:
    show_avatar = ShowAvatar(pictures, pictures, most_bytes=20)
    return (await show_avatar(LEAD, account_id, known=known)).content


async def test_what_the_caller_has_is_not_read_again() -> None:
    pictures = Pictures()
    assert await shown(pictures, "another") == b"a picture"
    assert await shown(pictures, "another", KEPT.etag) is None
    assert pictures.asked == [KEPT.key]


@pytest.mark.parametrize(
    ("pictures", "account_id", "code"),
    [
        (Pictures(), new_id(), "avatar_not_found"),
        (Pictures(content=b"x" * 21), ACCOUNT, "avatar_not_found"),
        (Pictures(is_down=True), ACCOUNT, "unavailable"),
    ],
    ids=["another account", "too large", "no store"],
)
async def test_what_cannot_be_shown_says_why(pictures: Pictures, account_id: UUID, code: str) -> None:
    with pytest.raises(OsliraError) as caught:
        await shown(pictures, account_id=account_id)
    assert caught.value.code == code
