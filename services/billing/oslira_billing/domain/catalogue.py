"""What is sold: plans, packs, and their Stripe prices."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from oslira_billing.domain.errors import EventRefusedError
from oslira_billing.domain.fields import text


@dataclass(frozen=True, slots=True)
class Priced:
    """What a Stripe price sells: a plan for so many `months` at a time, or a pack. Neither: something without credits."""

    plan: str | None = None
    pack: str | None = None
    months: int | None = None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """`plans`: name → credits per month; `packs`: name → credits; `prices`: Stripe price id → what it sells.

    `trials`: plan → credits that a trial of it grants, once per account.
    """

    plans: Mapping[str, int]
    packs: Mapping[str, int]
    prices: Mapping[str, Priced]
    trials: Mapping[str, int] = field(default_factory=dict[str, int])

    def sold_by(self, price_id: str | None, *metadata: Any) -> Priced:
        """What a price sells; without a price, the first plan that metadata names.

        Metadata never replaces a price that the table lacks: after a change in Stripe's portal it names the previous plan.
        Raises EventRefusedError `price_unknown` or `plan_unknown`.
        """
        if price_id is not None:
            if price_id not in self.prices:
                raise EventRefusedError("price_unknown", f"billing.prices has no {price_id}")
            return self.prices[price_id]
        named = [name.lower() for data in metadata if (name := text(data, "plan"))]
        for name in named:
            if name in self.plans:
                return Priced(plan=name)
        raise EventRefusedError("plan_unknown", f"no price, and metadata names {named or 'no plan'}")

    def credits_of(self, sold: Priced) -> int:
        """Credits of one: a month of the plan, or the pack."""
        if sold.plan is not None:
            return self.plans[sold.plan]
        return self.packs[sold.pack] if sold.pack is not None else 0

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
