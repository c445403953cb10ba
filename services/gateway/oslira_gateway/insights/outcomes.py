"""How an account's runs ended, why some failed, and how its profiles scored."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from oslira_shared.contracts.analysis.v1 import ENDED, RunStatus, RunType
from oslira_shared.contracts.run_errors import Cause, cause_of

from oslira_gateway.insights.period import OfPeriod, Period

SCORE_CLASSES: Final = 10


@dataclass(frozen=True, slots=True)
class EndCount:
    """The number of runs of a type in this status; `error_code` of failed ones."""

    type: RunType
    status: RunStatus
    error_code: str | None
    runs: int


@dataclass(frozen=True, slots=True)
class ScoreCount:
    """The number of analyses of a type with a score in this class of ten: 0-9, 10-19 … 90-100. `total`: the sum of their scores."""

    type: RunType
    score_class: int
    analyses: int
    total: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Runs that failed for one reason. `cause`: ours, a supplier's, or a verdict: a correct answer about the profile."""

    code: str
    cause: Cause
    runs: int


@dataclass(frozen=True, slots=True)
class Scores:
    """Of the analyses that still exist. `distribution`: how many scored 0-9, 10-19 … 90-100."""

    analyses: int
    mean: float | None
    distribution: list[int]


@dataclass(frozen=True, slots=True)
class OutcomesOfType:
    """Of the runs of one type that were ordered in the period. `completed_rate`: of those that have ended; null if none has.

    `faults` and `verdicts` are the failed ones by cause. `success_rate`: completed ones of those that completed or failed by a
    fault; null if there is none.
    """

    type: RunType
    runs: int
    completed: int
    failed: int
    faults: int
    verdicts: int
    cancelled: int
    unfinished: int
    completed_rate: float | None
    success_rate: float | None
    failures: list[Failure]
    scores: Scores


class Outcomes(OfPeriod, frozen=True):
    """Types that had runs, by name; failures with the most frequent first."""

    types: list[OutcomesOfType]


def outcomes(period: Period, ends: Sequence[EndCount], scores: Sequence[ScoreCount]) -> Outcomes:
    """From counts by type."""
    types = sorted({one.type for one in ends})
    return Outcomes(
        period.start,
        period.end,
        [_of_type(kind, [one for one in ends if one.type == kind], scores) for kind in types],
    )


def _of_type(kind: RunType, ends: Sequence[EndCount], scores: Sequence[ScoreCount]) -> OutcomesOfType:
    runs = {status: _runs(one for one in ends if one.status == status) for status in RunStatus}
    ended = sum(runs[status] for status in ENDED)
    failures = [
        Failure(code := one.error_code or "internal", cause_of(code), one.runs)
        for one in ends
        if one.status == RunStatus.FAILED
    ]
    completed = runs[RunStatus.COMPLETED]
    verdicts = sum(one.runs for one in failures if one.cause is Cause.VERDICT)
    faults = runs[RunStatus.FAILED] - verdicts
    return OutcomesOfType(
        type=kind,
        runs=_runs(ends),
        completed=completed,
        failed=runs[RunStatus.FAILED],
        faults=faults,
        verdicts=verdicts,
        cancelled=runs[RunStatus.CANCELLED],
        unfinished=_runs(ends) - ended,
        completed_rate=round(completed / ended, 4) if ended else None,
        success_rate=round(completed / (completed + faults), 4) if completed + faults else None,
        failures=sorted(failures, key=lambda one: (-one.runs, one.code)),
        scores=_scores([one for one in scores if one.type == kind]),
    )


def _scores(counted: Sequence[ScoreCount]) -> Scores:
    analyses = sum(one.analyses for one in counted)
    distribution = [0] * SCORE_CLASSES
    for one in counted:
        distribution[one.score_class] += one.analyses
    mean = round(sum(one.total for one in counted) / analyses, 1) if analyses else None
    return Scores(analyses, mean, distribution)


def _runs(ends: Iterable[EndCount]) -> int:
    return sum(one.runs for one in ends)
