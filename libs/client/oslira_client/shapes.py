"""What the generated models are: answers grow, orders are exact."""

from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

ItemT = TypeVar("ItemT")


class Answer(BaseModel):
    """What the API says. Fields that it gained since are ignored, and new words of a list are taken as they are."""

    model_config = ConfigDict(frozen=True, extra="ignore", serialize_by_alias=True)


class Order(BaseModel):
    """A request body. An unset field isn't sent: for a PATCH that means *unchanged*, and None means *clear it*."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def as_json(self) -> dict[str, Any]:
        """What was set."""
        return self.model_dump(mode="json", exclude_unset=True)


class Page(Answer, Generic[ItemT]):
    """Part of a list; `next_cursor` leads on, until it is None."""

    items: list[ItemT]
    next_cursor: str | None = None
