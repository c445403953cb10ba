"""The order that the form describes, for a quote and for the start."""

import hashlib
from dataclasses import astuple, dataclass
from typing import Any, Literal
from uuid import UUID

from litestar import Request
from litestar.exceptions import ValidationException
from oslira_client import Csv
from oslira_client.generated.bulk import BulkBody

from oslira_gateway.console.analyse.names import lines_of
from oslira_gateway.console.forms import field_of, file_of, number_of

Kind = Literal["light", "deep", "xray"]


@dataclass(frozen=True, slots=True)
class Order:
    """Names as pasted lines, or as a CSV file, and the terms for all of them."""

    lines: list[str]
    csv: bytes
    kind: Kind
    business_profile_id: UUID
    max_credits: int | None
    stop_after_leads: int | None
    stop_score: int | None
    column: str | None

    @property
    def digest(self) -> str:
        """Of all that is quoted, so that what starts is what was quoted."""
        return hashlib.sha256(repr(astuple(self)).encode()).hexdigest()

    @property
    def body(self) -> BulkBody | Csv:
        """The request's body. A file is read by the API."""
        if self.csv:
            return Csv(self.csv)
        given: dict[str, Any] = {
            name: value
            for name, value in (
                ("max_credits", self.max_credits),
                ("stop_after_leads", self.stop_after_leads),
                ("stop_score", self.stop_score),
            )
            if value is not None
        }
        return BulkBody(
            business_profile_id=self.business_profile_id, type=self.kind, usernames=self.lines, **given
        )

    @property
    def terms(self) -> dict[str, Any]:
        """The query of a CSV body; nothing for JSON."""
        if not self.csv:
            return {}
        return {
            "type": self.kind,
            "business_profile_id": self.business_profile_id,
            "max_credits": self.max_credits,
            "stop_after_leads": self.stop_after_leads,
            "stop_score": self.stop_score,
            "column": self.column,
        }


async def order_of(request: Request[Any, Any, Any]) -> Order:
    """Raises ValidationException for what the form can't say; the API judges the rest."""
    lines, csv = lines_of(await field_of(request, "names")), await file_of(request, "file")
    if not csv and not any(line.strip() for line in lines):
        raise ValidationException("Paste at least one name, or choose a CSV file.")
    kind = await field_of(request, "type") or "light"
    if kind not in ("light", "deep", "xray"):
        raise ValidationException("Choose a type of analysis.")
    try:
        business_profile_id = UUID(await field_of(request, "business_profile_id"))
    except ValueError:
        raise ValidationException("Choose a business to score leads for.") from None
    stop_after = await number_of(request, "stop_after_leads")
    return Order(
        lines=lines,
        csv=csv,
        kind=kind,
        business_profile_id=business_profile_id,
        max_credits=await number_of(request, "max_credits"),
        stop_after_leads=stop_after,
        stop_score=await number_of(request, "stop_score") if stop_after is not None else None,
        column=await field_of(request, "column") or None,
    )
