"""Responders of analysis, without outcomes: cancel a run or a bulk, erase, read a picture, list failed runs, replay one."""

import asyncio
import base64
from collections.abc import Callable, Sequence

from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.analysis import v1
from oslira_shared.work import LeaseKeeper

from oslira_analysis.application.after_commit import AfterCommit
from oslira_analysis.application.bulk_ports import Bulks
from oslira_analysis.application.cancel_run import Cancellations, cancel_run
from oslira_analysis.application.close_bulks import cancel_bulk
from oslira_analysis.application.erase_profile import ErasePorts, erase_profile
from oslira_analysis.application.preview_context import Businesses, preview_context
from oslira_analysis.application.replay_run import ReplayPorts, replay_run
from oslira_analysis.application.show_avatar import ShowAvatar
from oslira_analysis.domain.models.calls import Call


def answer_cancels(
    bus: Bus,
    cancellations: Cancellations,
    bulks: Bulks,
    after: AfterCommit,
    *,
    lease_keepers: Sequence[LeaseKeeper],
) -> None:
    """analysis.rpc.cancel and analysis.rpc.cancel_bulk. What runs under `lease_keepers` stops at once, elsewhere at the next beat."""

    @bus.responder(v1.CANCEL)
    async def on_cancel(request: v1.CancelRequest) -> v1.Cancelled:
        state = await cancel_run(request.run_id, request.account_id, cancellations, after)
        await asyncio.gather(*(lease_keeper.extend_leases() for lease_keeper in lease_keepers))
        return v1.Cancelled(run_id=request.run_id, status=v1.RunStatus(state))

    @bus.responder(v1.CANCEL_BULK)
    async def on_cancel_bulk(request: v1.CancelBulkRequest) -> v1.CancelledBulk:
        state = await cancel_bulk(request.bulk_id, request.account_id, bulks, after)
        await asyncio.gather(*(lease_keeper.extend_leases() for lease_keeper in lease_keepers))
        return v1.CancelledBulk(bulk_id=request.bulk_id, was_open=state == "open")


def answer_erasures(bus: Bus, ports: ErasePorts, *, lease_keepers: Sequence[LeaseKeeper]) -> None:
    """analysis.rpc.erase. What runs under `lease_keepers` stops at once, elsewhere at the next beat."""

    @bus.responder(v1.ERASE)
    async def on_erase(request: v1.EraseRequest) -> v1.Erased:
        erased = await erase_profile(request.erasure_id, ports)
        await asyncio.gather(*(lease_keeper.extend_leases() for lease_keeper in lease_keepers))
        return v1.Erased(removed=erased.removed, is_finished=erased.is_finished)


def answer_avatars(bus: Bus, show_avatar: ShowAvatar) -> None:
    """analysis.rpc.avatar."""

    @bus.responder(v1.AVATAR)
    async def on_avatar(request: v1.AvatarRequest) -> v1.Avatar:
        shown = await show_avatar(request.lead_id, request.account_id, known=request.known_etags)
        content = None if shown.content is None else base64.b64encode(shown.content).decode()
        return v1.Avatar(etag=shown.kept.etag, content_type=shown.kept.content_type, content_base64=content)


def answer_previews(bus: Bus, businesses: Businesses, *, model_of: Callable[[Call], str]) -> None:
    """analysis.rpc.context_preview."""

    @bus.responder(v1.CONTEXT_PREVIEW)
    async def on_preview(request: v1.ContextPreviewRequest) -> v1.ContextPreview:
        return await preview_context(
            request.business_profile_id, request.account_id, businesses, model_of=model_of
        )


def answer_replays(bus: Bus, ports: ReplayPorts) -> None:
    """analysis.rpc.replay."""

    @bus.responder(v1.REPLAY)
    async def on_replay(request: v1.ReplayRequest) -> v1.Replayed:
        return v1.Replayed(run_id=await replay_run(request.run_id, ports))
