"""Messages of analysis: work hints, ends of runs, and requests to analysis."""

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
    """The types of analysis that can be ordered."""

    LIGHT = "light"
    DEEP = "deep"
    XRAY = "xray"


class RunType(StrEnum):
    """The types of a run: an analysis, or a draft of a business profile from its owner's answers, without an Instagram profile."""

    LIGHT = "light"
    DEEP = "deep"
    XRAY = "xray"
    BUSINESS_PROFILE = "business_profile"


class FollowerTier(StrEnum):
    """The size of an audience: from 0, 10,000, 50,000, 500,000 and 1,000,000 followers."""

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
    """A run ended. Announced again until its hold is settled, with the same event_id.

    A run with a `bulk_id` has no hold of its own: the bulk's is settled when the bulk has ended; such a run is announced once.
    """

    event_id: UUID
    run_id: UUID
    account_id: UUID
    status: RunStatus
    bulk_id: UUID | None = None


class BulkEnded(Contract):
    """All runs of a bulk have ended. Announced again until its hold is settled, with the same event_id."""

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
    """The fields of both ends that the settlement needs."""

    account_id: UUID
    run_id: UUID | None = None
    bulk_id: UUID | None = None

    @property
    def hold_id(self) -> UUID | None:
        """The hold to settle; None for a run of a bulk."""
        if self.run_id is not None and self.bulk_id is not None:
            return None
        return self.run_id or self.bulk_id


class CancelRequest(Contract):
    """Cancel a run for an account. Its row shows whether it is that account's."""

    run_id: UUID
    account_id: UUID


class Cancelled(Contract):
    """The run after the request: `cancelled`, or the end that it had already reached."""

    run_id: UUID
    status: RunStatus


class CancelBulkRequest(Contract):
    """End the active runs of a bulk for an account. Its row shows whether it is that account's."""

    bulk_id: UUID
    account_id: UUID


class CancelledBulk(Contract):
    """`was_open`: whether it had not ended before."""

    bulk_id: UUID
    was_open: bool


class ReplayRequest(Contract):
    """Start a failed run again, as a new run with its own hold.

    Answers `Replayed`; errors: run_not_found, conflict, insufficient_credits, cost_limit_reached.
    """

    run_id: UUID


class Replayed(Contract):
    """The new run."""

    run_id: UUID


class EraseRequest(Contract):
    """Delete a profile from everything that analysis stores, of all accounts. The erasure's row has its name, this message never.

    Answers `Erased`; errors: not_found.
    """

    erasure_id: UUID


class Erased(Contract):
    """Rows deleted by this request, by table. `is_finished`: nothing of the profile is left or active."""

    removed: dict[str, int]
    is_finished: bool


class ContextPreviewRequest(Contract):
    """Request the texts about this business that are sent to models. Its row shows whether it is that account's.

    Answers `ContextPreview`; errors: business_profile_not_found.
    """

    business_profile_id: UUID
    account_id: UUID


class AvatarRequest(Contract):
    """Request the profile picture of a lead for an account. The lead's row shows whether it is that account's.

    `known_etags`: the versions that the caller has. Answers `Avatar`; errors: avatar_not_found, unavailable.
    """

    lead_id: UUID
    account_id: UUID
    known_etags: list[str] = []


class Avatar(Contract):
    """A picture of at most `MAX_AVATAR_BYTES`. `content_base64` is null if the caller has this version."""

    etag: str
    content_type: str
    content_base64: str | None


class CallPreview(Contract):
    """One model call. `prompt_tokens_estimate`: the prompt before the profile: our instructions and the business's text."""

    call: str
    model: str
    prompt_version: str
    prompt_tokens_estimate: int


class TypePreview(Contract):
    """The exact `text` that an analysis of this type sends to its models about the business."""

    type: AnalysisType
    text: str
    tokens_estimate: int
    calls: list[CallPreview]


class ContextPreview(Contract):
    """`version` of the business profile. Token counts are upper estimates."""

    business_profile_id: UUID
    version: int
    types: list[TypePreview]


class Progress(Contract):
    """A snapshot of a run in KV. Readers drop one whose `seq` is not higher than theirs."""

    run_id: UUID
    account_id: UUID
    bulk_ids: list[UUID] = []
    seq: int
    type: RunType
    status: RunStatus
    progress: int
    current_step: str
    should_cancel: bool
    error: dict[str, str] | None = None
    credits: dict[str, int] = {}
    extra: dict[str, Any] = {}
