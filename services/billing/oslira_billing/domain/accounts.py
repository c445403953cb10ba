"""The account of an event: the stored customer mapping decides, and metadata must agree."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from oslira_billing.domain.catalogue import Catalogue
from oslira_billing.domain.errors import AccountUnknownError, EventRefusedError
from oslira_billing.domain.fields import StripeObject, at, reference, rows, text

_ID: Final = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


def named_account(described: StripeObject) -> UUID | None:
    """The account that the object itself names, in its metadata, its subscription's, or as client reference.

    `user_id` is the older key for the same thing and is used without `account_id`. A value that isn't an id is an external
    reference, as payment links set them. Raises EventRefusedError when names contradict each other.
    """
    sources: list[Any] = [
        at(described, "metadata"),
        at(described, "parent", "subscription_details", "metadata"),
    ]
    current = _ids(text(source, "account_id") for source in sources)
    older = _ids(text(source, "user_id") for source in sources)
    by_reference = _ids([text(described, "client_reference_id")])
    named = current or older or by_reference
    if len(named) > 1 or not by_reference <= (current | older or by_reference):
        raise EventRefusedError("account_contradicts", "the event names more than one account")
    return next(iter(named), None)


def owner_of(described: StripeObject, stored: UUID | None) -> UUID:
    """The event's account. Raises EventRefusedError on a contradiction, AccountUnknownError when nothing names one."""
    named = named_account(described)
    if stored and named and stored != named:
        raise EventRefusedError("account_mismatch", f"the customer is {stored}'s, the metadata names {named}")
    owner = stored or named
    if owner is None:
        raise AccountUnknownError
    return owner


def one_owner(owners: Sequence[UUID], *, waits_for: str | None) -> UUID:
    """The one that all are equal to. Raises EventRefusedError `account_mismatch`; NotYetError, which `waits_for` may end, for none."""
    if len(set(owners)) > 1:
        raise EventRefusedError(
            "account_mismatch", f"the event and what it is about are of {len(set(owners))} accounts"
        )
    if not owners:
        raise AccountUnknownError(waits_for=waits_for)
    return owners[0]


def names_us(described: StripeObject, catalogue: Catalogue) -> bool:
    """Whether an object is about something that we sell, or about an account: then an operator must look at it."""
    if named_account(described) is not None or text(described, "metadata", "pack") in catalogue.packs:
        return True
    items = [*rows(described, "lines"), *rows(described, "items")]
    return any(_is_sold(item, catalogue) for item in items)


def _is_sold(item: StripeObject, catalogue: Catalogue) -> bool:
    price_id = reference(item, "pricing", "price_details", "price") or reference(item, "price")
    if price_id is not None:
        return price_id in catalogue.prices
    return (text(item, "metadata", "plan") or "").lower() in catalogue.plans


def _ids(values: Iterable[str | None]) -> set[UUID]:
    return {UUID(value) for value in values if value and _ID.fullmatch(value)}
