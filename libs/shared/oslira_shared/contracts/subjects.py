"""The contract of each subject. The bus rejects other messages there; docs/generated/asyncapi is generated from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from oslira_shared.contracts import failed
from oslira_shared.contracts.analysis import v1 as analysis
from oslira_shared.contracts.base import Contract
from oslira_shared.contracts.billing import v1 as billing
from oslira_shared.contracts.credits import v1 as credits_
from oslira_shared.contracts.jobs import JOBS
from oslira_shared.contracts.points import SENDERS, PointBatch, points_subject
from oslira_shared.contracts.scheduler import v1 as scheduler
from oslira_shared.contracts.work import WorkHint


@dataclass(frozen=True, slots=True)
class Carried:
    """`reply`: the answer, in an envelope; None without a responder."""

    payload: type[Contract]
    reply: type[Contract] | None = None


CARRIED: Final[Mapping[str, Carried]] = {
    analysis.RUN: Carried(WorkHint),
    analysis.SCRAPE: Carried(WorkHint),
    analysis.SCORE: Carried(WorkHint),
    analysis.RUN_ENDED: Carried(analysis.RunEnded),
    analysis.BULK_ENDED: Carried(analysis.BulkEnded),
    analysis.CANCEL: Carried(analysis.CancelRequest, analysis.Cancelled),
    analysis.CANCEL_BULK: Carried(analysis.CancelBulkRequest, analysis.CancelledBulk),
    analysis.REPLAY: Carried(analysis.ReplayRequest, analysis.Replayed),
    analysis.ERASE: Carried(analysis.EraseRequest, analysis.Erased),
    analysis.CONTEXT_PREVIEW: Carried(analysis.ContextPreviewRequest, analysis.ContextPreview),
    analysis.AVATAR: Carried(analysis.AvatarRequest, analysis.Avatar),
    # The subject of a plain subscription: KV republishes what analysis writes.
    f"{analysis.PROGRESS}.*": Carried(analysis.Progress),
    billing.WEBHOOK: Carried(WorkHint),
    billing.SUBSCRIPTION_CHANGED: Carried(billing.SubscriptionChanged),
    billing.CHECKOUT: Carried(billing.CheckoutRequest, billing.Page),
    billing.PORTAL: Carried(billing.PortalRequest, billing.Page),
    billing.REPLAY: Carried(billing.ReplayRequest, billing.Replayed),
    billing.RECONCILE: Carried(billing.ReconcileRequest, billing.ReconcileStep),
    billing.START_FREE_PLAN: Carried(billing.StartFreePlan, billing.FreePlan),
    credits_.HOLD: Carried(credits_.HoldRequest, credits_.Held),
    credits_.SETTLE: Carried(credits_.SettleRequest, credits_.Settlement),
    credits_.BALANCE: Carried(credits_.BalanceRequest, credits_.Balance),
    credits_.IMPORT_BALANCE: Carried(credits_.ImportBalance, credits_.ImportedBalance),
    credits_.AUDIT: Carried(credits_.AuditRequest, credits_.Audited),
    credits_.SETTLED: Carried(credits_.Settled),
    credits_.GRANTED: Carried(credits_.Granted),
    credits_.LOW_BALANCE: Carried(credits_.LowBalance),
    **{points_subject(sender): Carried(PointBatch) for sender in SENDERS},
    **{scheduler.tick_subject(job.name): Carried(scheduler.Tick) for job in JOBS},
    **{
        scheduler.run_job_subject(owner): Carried(scheduler.RunJob, scheduler.JobState)
        for job in JOBS
        for owner in job.owners
    },
    **{
        failed.list_failed_subject(owner): Carried(failed.FailedQuery, failed.FailedList)
        for owner in failed.OWNERS
    },
    **{
        failed.show_failed_subject(owner): Carried(failed.FailedRequest, failed.FailedDetail)
        for owner in failed.OWNERS
    },
}


def require_carried(subject: str, message: Contract) -> None:
    """Raises TypeError if `message` is not the contract of `subject`: readers would reject it, and no document would list it."""
    carried = CARRIED.get(subject)
    if carried is None or type(message) is not carried.payload:
        expected = "nothing" if carried is None else carried.payload.__name__
        raise TypeError(f"{subject} carries {expected}, not {type(message).__name__}")


def owner_of(subject: str) -> str:
    """The service that owns the subject."""
    return subject.partition(".")[0]
