"""Select the account of a request."""

from collections.abc import Sequence
from uuid import UUID

from oslira_shared.errors import OsliraError

from oslira_gateway.identity.caller import Caller, Member, Membership


def choose_account(caller: Caller, memberships: Sequence[Membership], *, wanted: str | None) -> Member:
    """The account that `wanted` (X-Account-Id) names, else the user's oldest.

    Raises no_account if the user has none, account_not_found if `wanted` is not one of the user's.
    """
    if not memberships:
        if not caller.is_confirmed:
            raise OsliraError("no_account", "Confirm your e-mail address first; then you get an account.")
        raise OsliraError("no_account", "You belong to no account.")
    chosen = memberships[0] if wanted is None else _named(memberships, wanted)
    return Member(caller=caller, account_id=chosen.account_id, role=chosen.role)


def _named(memberships: Sequence[Membership], wanted: str) -> Membership:
    try:
        account_id = UUID(wanted)
    except ValueError:
        account_id = None
    for membership in memberships:
        if membership.account_id == account_id:
            return membership
    raise OsliraError("account_not_found", "There is no such account among yours.")
