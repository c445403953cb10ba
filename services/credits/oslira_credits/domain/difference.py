"""What an audit found."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that isn't as it should be: `what` is a stable word, `id` the row's, `detail` for people."""

    what: str
    id: str
    detail: str


def still_there(before: Iterable[Difference], now: Sequence[Difference]) -> list[Difference]:
    """Those of `now` that an earlier look found too. The detail may have changed."""
    seen = {(one.what, one.id) for one in before}
    return [one for one in now if (one.what, one.id) in seen]
