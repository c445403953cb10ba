"""The text that models get about a business, by type of analysis, rendered by the code of the model calls."""

from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from oslira_shared.catalog import OFFERS
from oslira_shared.contracts.analysis.v1 import AnalysisType, CallPreview, ContextPreview, TypePreview
from oslira_shared.errors import OsliraError

from oslira_analysis.application.rows import Business
from oslira_analysis.domain.business import BusinessContext, InvalidBusinessContext
from oslira_analysis.domain.models.calls import Call, calls_of
from oslira_analysis.domain.prompts.prompt import render_business, render_system
from oslira_analysis.domain.prompts.token_estimate import estimate_tokens
from oslira_analysis.prompts import load_instructions


class Businesses(Protocol):
    """Business profiles, which the gateway owns."""

    async def newest(self, business_profile_id: UUID, account_id: UUID) -> Business | None:
        """Its newest version. None if it is of another account, or was deleted."""
        ...


async def preview_context(
    business_profile_id: UUID, account_id: UUID, businesses: Businesses, *, model_of: Callable[[Call], str]
) -> ContextPreview:
    """`model_of` returns the current model of a call.

    Raises OsliraError `business_profile_not_found`, or `business_profile_invalid` for one stored by another version's rules.
    """
    found = await businesses.newest(business_profile_id, account_id)
    if found is None:
        raise OsliraError("business_profile_not_found", "There is no such business profile in this account.")
    try:
        business = BusinessContext.from_dict(found.context)
    except InvalidBusinessContext as error:
        raise OsliraError("business_profile_invalid", f"Save the business profile again: {error}.") from error
    return ContextPreview(
        business_profile_id=business_profile_id,
        version=found.version,
        types=[_type_preview(kind, business, model_of) for kind in OFFERS],
    )


def _type_preview(
    kind: AnalysisType, business: BusinessContext, model_of: Callable[[Call], str]
) -> TypePreview:
    text = render_business(business)
    return TypePreview(
        type=kind,
        text=text,
        tokens_estimate=estimate_tokens(text),
        calls=[_call_preview(call, business, model_of(call)) for call in calls_of(kind)],
    )


def _call_preview(call: Call, business: BusinessContext, model: str) -> CallPreview:
    instructions = load_instructions(call.task)
    return CallPreview(
        call=call.name,
        model=model,
        prompt_version=instructions.version,
        prompt_tokens_estimate=estimate_tokens(render_system(instructions, business)),
    )
