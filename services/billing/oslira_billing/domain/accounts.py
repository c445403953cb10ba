"""Whose an event is: the stored customer mapping decides, metadata has to agree."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from oslira_billing.domain.errors import AccountUnknownError, EventRefusedError
from oslira_billing.domain.fields import StripeObject, at, text


def named_account(described: StripeObject) -> UUID | None:
    """The account that the object itself names, in its metadata, its subscription's, or as client reference.

    `user_id` is the older key for the same thing and counts where no `account_id` is given. Raises EventRefusedError when names
    contradict each other or aren't ids.
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
    """The account to act for. Raises EventRefusedError on a contradiction, AccountUnknownError when nothing says whose it is."""
    named = named_account(described)
    if stored and named and stored != named:
        raise EventRefusedError("account_mismatch", f"the customer is {stored}'s, the metadata names {named}")
    owner = stored or named
    if owner is None:
        raise AccountUnknownError
    return owner


def one_owner(owners: Sequence[UUID], *, waits_for: str | None) -> UUID:
    """The one they all are. Raises EventRefusedError `account_mismatch`; NotYetError, which `waits_for` may end, for none."""
    if len(set(owners)) > 1:
        raise EventRefusedError(
            "account_mismatch", f"the event and what it is about are of {len(set(owners))} accounts"
        )
    if not owners:
        raise AccountUnknownError(waits_for=waits_for)
    return owners[0]


def _ids(values: Iterable[str | None]) -> set[UUID]:
    try:
        return {UUID(value) for value in values if value}
    except ValueError as error:
        raise EventRefusedError(
            "account_malformed", "the event names an account by something that isn't an id"
        ) from error
