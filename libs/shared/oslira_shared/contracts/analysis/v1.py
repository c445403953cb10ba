"""What analysis owns: work hints, how runs end, and what others may ask it."""

from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from oslira_shared.contracts.base import Contract
from oslira_shared.ids import derived_id

RUN: Final = "analysis.cmd.run.v1"
SCRAPE: Final = "analysis.cmd.scrape.v1"
SCORE: Final = "analysis.cmd.score.v1"
RUN_ENDED: Final = "analysis.evt.run_ended.v1"
BULK_ENDED: Final = "analysis.evt.bulk_ended.v1"
OUTCOME: Final = "analysis.rpc.outcome"
CANCEL: Final = "analysis.rpc.cancel"
CANCEL_BULK: Final = "analysis.rpc.cancel_bulk"
REPLAY: Final = "analysis.rpc.replay"
ERASE: Final = "analysis.rpc.erase"
CONTEXT_PREVIEW: Final = "analysis.rpc.context_preview"
AVATAR: Final = "analysis.rpc.avatar"
# As base64 in an answer it stays below the bus's limit of 1 MiB for a message.
MAX_AVATAR_BYTES: Final = 640 * 1024
PROGRESS: Final = "analysis.progress"  # republished from KV: analysis.progress.<run_id>


class AnalysisType(StrEnum):
    """What can be asked for."""

    LIGHT = "light"
    DEEP = "deep"
    XRAY = "xray"


class RunType(StrEnum):
    """What a run can be: an analysis, or one that looks at no profile and drafts a business profile from its owner's answers."""

    LIGHT = "light"
    DEEP = "deep"
    XRAY = "xray"
    BUSINESS_PROFILE = "business_profile"


class FollowerTier(StrEnum):
    """How large an audience is: from 0, 10,000, 50,000, 500,000 and 1,000,000 followers."""

    NANO = "nano"
    MICRO = "micro"
    MID = "mid"
    MACRO = "macro"
    MEGA = "mega"


class RunStatus(StrEnum):
    """The public statuses of a run."""

    QUEUED = "queued"
    WAITING = "waiting"
    SCRAPING = "scraping"
    SCORING = "scoring"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED: Final = frozenset({RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED})


class RunEnded(Contract):
    """A run reached its end. Announced again until its hold is settled, with the same event_id.

    One with a `bulk_id` has no hold of its own: the bulk's is settled when the bulk has ended, and it is announced once.
    """

    event_id: UUID
    run_id: UUID
    account_id: UUID
    status: RunStatus
    bulk_id: UUID | None = None


class BulkEnded(Contract):
    """Everything that a bulk lists has ended. Announced again until its hold is settled, with the same event_id."""

    event_id: UUID
    bulk_id: UUID
    account_id: UUID


def run_ended_id(run_id: UUID) -> UUID:
    """The event_id of a run's end, the same for every publisher."""
    return derived_id("run_ended", run_id)


def bulk_ended_id(bulk_id: UUID) -> UUID:
    """The event_id of a bulk's end, the same for every publisher."""
    return derived_id("bulk_ended", bulk_id)


class HoldEnded(Contract):
    """The fields of both endings for the service that keeps the holds."""

    account_id: UUID
    run_id: UUID | None = None
    bulk_id: UUID | None = None

    @property
    def hold_id(self) -> UUID | None:
        """The hold to settle; None for a run of a bulk."""
        if self.run_id is not None and self.bulk_id is not None:
            return None
        return self.run_id or self.bulk_id


class OutcomeRequest(Contract):
    """How did this run (or bulk) end? Asking about an unknown id closes that id for good."""

    hold_id: UUID


class OutcomeState(StrEnum):
    """What a hold's owner may do with it."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    UNFINISHED = "unfinished"


class Outcome(Contract):
    """`capture_credits` is what the hold owes; the rest is released. Zero unless completed."""

    hold_id: UUID
    state: OutcomeState
    capture_credits: int


class CancelRequest(Contract):
    """Cancel a run on behalf of an account; the row decides whether it is that account's."""

    run_id: UUID
    account_id: UUID


class Cancelled(Contract):
    """The run as it is after the request: `cancelled`, or the end it had already reached."""

    run_id: UUID
    status: RunStatus


class CancelBulkRequest(Contract):
    """End what a bulk still has at work, on behalf of an account; the row decides whether it is that account's."""

    bulk_id: UUID
    account_id: UUID


class CancelledBulk(Contract):
    """`was_open`: whether there was anything left to end."""

    bulk_id: UUID
    was_open: bool


class ReplayRequest(Contract):
    """Start a failed run again, as a new run with its own hold.

    Answers `Replayed`; errors: run_not_found, conflict, insufficient_credits, cost_limit_reached.
    """

    run_id: UUID


class Replayed(Contract):
    """The run that does it now."""

    run_id: UUID


class EraseRequest(Contract):
    """Remove a profile from all that analysis keeps, of all accounts. Whose it is stands in the erasure, never here.

    Answers `Erased`; errors: not_found.
    """

    erasure_id: UUID


class Erased(Contract):
    """What was removed now, by place. `is_finished`: nothing of the profile is left, and nothing of it is at work."""

    removed: dict[str, int]
    is_finished: bool


class ContextPreviewRequest(Contract):
    """What do models get to read about this business? The row decides whether it is that account's.

    Answers `ContextPreview`; errors: business_profile_not_found.
    """

    business_profile_id: UUID
    account_id: UUID


class AvatarRequest(Contract):
    """The profile picture of a lead, on behalf of an account; the row decides whether the lead is that account's.

    `known_etags`: what the caller has already. Answers `Avatar`; errors: avatar_not_found, unavailable.
    """

    lead_id: UUID
    account_id: UUID
    known_etags: list[str] = []


class Avatar(Contract):
    """A picture of at most `MAX_AVATAR_BYTES`, and what its bytes are. `content_base64` is null where the caller has it already."""

    etag: str
    content_type: str
    content_base64: str | None


class CallPreview(Contract):
    """One model call. `prompt_tokens_estimate`: what stands before the profile, our instructions and the business's text."""

    call: str
    model: str
    prompt_version: str
    prompt_tokens_estimate: int


class TypePreview(Contract):
    """What an analysis of this type tells its models about the business: `text`, to the letter."""

    type: AnalysisType
    text: str
    tokens_estimate: int
    calls: list[CallPreview]


class ContextPreview(Contract):
    """`version` of the business profile that it is made of. Token counts are estimates on the high side."""

    business_profile_id: UUID
    version: int
    types: list[TypePreview]


class Progress(Contract):
    """A snapshot of a run, as KV holds it. Readers drop one whose `seq` is not above what they have."""

    run_id: UUID
    account_id: UUID
    bulk_ids: list[UUID] = []
    seq: int
    type: RunType
    username: str | None
    status: RunStatus
    progress: int
    current_step: str
    should_cancel: bool
    error: dict[str, str] | None = None
    credits: dict[str, int] = {}
    extra: dict[str, Any] = {}
