"""What is sold: plans, packs, and the Stripe prices that stand for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oslira_billing.domain.errors import EventRefusedError
from oslira_billing.domain.fields import text


@dataclass(frozen=True, slots=True)
class Catalogue:
    """`plans` and `packs`: name → credits. `prices`: Stripe price id → plan name; prices of packs aren't in it."""

    plans: Mapping[str, int]
    packs: Mapping[str, int]
    prices: Mapping[str, str]

    def plan_of(self, price_id: str | None, *metadata: Any) -> str:
        """The plan a price sells, else the first one that metadata names. Raises EventRefusedError `plan_unknown`."""
        if price_id and price_id in self.prices:
            return self.prices[price_id]
        named = [name.lower() for data in metadata if (name := text(data, "plan"))]
        for name in named:
            if name in self.plans:
                return name
        raise EventRefusedError(
            "plan_unknown", f"price {price_id} is not mapped, and metadata names {named or 'no plan'}"
        )

    def pack_of(self, metadata: Any) -> str | None:
        """The pack that metadata names: as `pack`, or by its size as `credit_pack`, the older key.

        Raises EventRefusedError `pack_unknown` for one we don't sell.
        """
        name = text(metadata, "pack") or text(metadata, "credit_pack")
        if name is None:
            return None
        for known in (name, f"pack_{name}"):
            if known in self.packs:
                return known
        raise EventRefusedError("pack_unknown", f"there is no pack {name!r}")
