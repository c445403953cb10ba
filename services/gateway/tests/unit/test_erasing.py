"""Erasing goes on until every owner has confirmed, and a suppressed name leaves no text in a bulk."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from oslira_gateway.bulk.bulk import BulkOrder
from oslira_gateway.bulk.name_list import read_names
from oslira_gateway.bulk.request_bulk import without
from oslira_gateway.operations.erasures import EraseProfile, Erasure
from oslira_shared.contracts.analysis.v1 import AnalysisType, Erased
from oslira_shared.errors import OsliraError
from oslira_shared.ids import new_id


class OneErasure:
    """Erasures with room for one."""

    def __init__(self) -> None:
        self.id, self.state = new_id(), "done"
        self.removed: dict[str, int] = {}

    async def id_of(self, username: str) -> UUID:
        assert username
        return self.id

    async def begin(self, erasure_id: UUID, username: str) -> None:
        assert (erasure_id, username) == (self.id, "gone.girl")
        self.state = "due"

    async def take(self, erasure_id: UUID | None = None) -> UUID | None:
        assert erasure_id in {None, self.id}
        return self.id if self.state == "due" else None

    async def erase_own(self, erasure_id: UUID) -> Mapping[str, int]:
        assert erasure_id == self.id
        return {"idempotency_keys": 1}

    async def note(self, erasure_id: UUID, removed: Mapping[str, int], *, is_finished: bool) -> Erasure:
        for place, count in removed.items():
            self.removed[place] = self.removed.get(place, 0) + count
        self.state = "watched" if is_finished else "due"
        return Erasure(erasure_id, self.state, dict(self.removed))

    async def find(self, erasure_id: UUID) -> Erasure | None:
        return Erasure(erasure_id, self.state, self.removed)


class Owner:
    """Answers what it was told to, in turn; None: it is away."""

    def __init__(self, *answers: Erased | None) -> None:
        self._answers = list(answers)

    async def erase(self, erasure_id: UUID) -> Erased:
        assert erasure_id
        if (answer := self._answers.pop(0)) is None:
            raise OsliraError("unavailable", "away")
        return answer


async def test_an_owner_that_is_away_is_asked_again_until_nothing_is_left() -> None:
    erasures = OneErasure()
    owner = Owner(
        None, Erased(removed={"runs": 2}, is_finished=False), Erased(removed={"runs": 1}, is_finished=True)
    )
    erase = EraseProfile(erasures, owner)
    assert (await erase(erasures.id, "gone.girl")).state == "due"
    await erase.sweep()
    assert erasures.state == "watched"
    assert erasures.removed == {"idempotency_keys": 3, "runs": 3}


def order_of(*texts: str) -> Any:
    return BulkOrder(names=read_names(texts), type=AnalysisType.LIGHT, **_REST)


_REST: Any = {"business_profile_id": new_id(), "max_age": None}


def test_a_suppressed_name_is_reported_as_one_that_no_profile_has() -> None:
    order = without(order_of("gone.girl", "else.where", "else.where"), frozenset({"gone.girl"}))
    assert [(name.line, name.username) for name in order.names.names] == [(2, "else.where")]
    assert [(line.line, line.text, line.problem) for line in order.names.rejected] == [
        (1, "", "profile_not_found"),
        (3, "else.where", "duplicate"),
    ]
