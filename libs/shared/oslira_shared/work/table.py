"""Which table, which states a worker may claim, and how long things last."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WorkTable:
    """A table with the work columns.

    They are: state, attempt, failures, lease_until, not_before, due_at, progressed_at, seq.

    `attempt` only fences and never resets; `failures` counts claims that led nowhere; a row with `max_failures` of them is
    not claimed again, and its sweep says so. All times are Postgres's.
    """

    name: str
    claimable: frozenset[str]
    id_column: str = "id"
    lease_s: float = 15.0
    hint_every_s: float = 5.0
    # States that only wait for another service to take note: announced ever more rarely, since its events are kept for it.
    announced: frozenset[str] = frozenset()
    announce_most_s: float = 30.0
    max_failures: int = 5
    backoff_base_s: float = 2.0
    backoff_most_s: float = 60.0
