"""A finding of the audit."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """`what` is a stable code, `id` the row's, `detail` a text for operators."""

    what: str
    id: str
    detail: str
