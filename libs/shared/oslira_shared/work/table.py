"""A table of work: its name, the states that can be claimed, and its time limits."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WorkTable:
    """A table with the work columns.

    They are: state, attempt, failures, lease_until, not_before, due_at, progressed_at, seq.

    `attempt` only fences and is never reset; `failures` counts claims without progress; a row with `max_failures` of them
    is not claimed again, and the sweep reports it. All timestamps are Postgres's.
    """

    name: str
    claimable: frozenset[str]
    id_column: str = "id"
    lease_s: float = 15.0
    hint_every_s: float = 5.0
    # States that only wait for another service: published again with a growing interval, since the events are stored for it.
    announced: frozenset[str] = frozenset()
    announce_most_s: float = 30.0
    max_failures: int = 5
    backoff_base_s: float = 2.0
    backoff_most_s: float = 60.0
