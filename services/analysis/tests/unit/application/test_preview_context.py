"""A preview of what models read, also of a business in an older version's form."""

from typing import Any
from uuid import UUID

import pytest
from oslira_analysis.application.preview_context import preview_context
from oslira_analysis.application.rows import Business
from oslira_shared.errors import Kind, OsliraError

ID, ACCOUNT = UUID(int=1), UUID(int=2)


class StoredBusinesses:
    def __init__(self, context: dict[str, Any] | None) -> None:
        self._context = context

    async def newest(self, business_profile_id: UUID, account_id: UUID) -> Business | None:
        assert (business_profile_id, account_id) == (ID, ACCOUNT)
        return None if self._context is None else Business(3, self._context)


async def preview_of(context: dict[str, Any] | None) -> Any:
    return await preview_context(
        ID, ACCOUNT, StoredBusinesses(context), model_of=lambda call: f"m-{call.name}"
    )


async def test_a_preview_has_every_type_and_the_current_models() -> None:
    preview = await preview_of({"name": "Crumb"})
    assert (preview.version, [one.type for one in preview.types]) == (3, ["light", "deep", "xray"])
    assert preview.types[0].calls[0].model == "m-score"


@pytest.mark.parametrize(
    ("context", "code"),
    [
        (None, "business_profile_not_found"),
        ({}, "business_profile_invalid"),
        ({"name": " "}, "business_profile_invalid"),
        (
            {"name": "x", "ideal_customer": {"followers_min": 9, "followers_max": 5}},
            "business_profile_invalid",
        ),
    ],
)
async def test_a_business_that_cannot_be_previewed_is_rejected_with_its_code(
    context: dict[str, Any] | None, code: str
) -> None:
    with pytest.raises(OsliraError) as refused:
        await preview_of(context)
    assert refused.value.code == code
    assert refused.value.kind is not Kind.TRANSIENT
