"""A finding of the audit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """`what` is a stable code, `id` the row's, `detail` a text for operators."""

    what: str
    id: str
    detail: str


def still_there(before: Iterable[Difference], now: Sequence[Difference]) -> list[Difference]:
    """The findings in `now` that an earlier audit found too. Their details may have changed."""
    seen = {(one.what, one.id) for one in before}
    return [one for one in now if (one.what, one.id) in seen]
