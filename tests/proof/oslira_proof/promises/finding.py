"""What a measurement found: one line of the table."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """`holds` is the verdict; None where there is nothing to promise, only to know. `details` are for `--json`."""

    promise: str
    target: str
    figure: str
    holds: bool | None
    details: dict[str, Any] = field(default_factory=dict[str, Any])

    def line(self) -> str:
        """For the campaign's output."""
        verdict = {True: "kept", False: "BROKEN", None: "-"}[self.holds]
        return f"{self.promise}: {self.figure} (target: {self.target}) {verdict}"


# Called with (done, of) as a long measurement goes on.
Tick = Callable[[int, int], None]


def no_tick(_done: int, _of: int) -> None:
    """For who doesn't watch."""
