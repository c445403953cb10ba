"""Who a visitor without an account is to the rest of the gateway, and what they can order."""

from typing import Final

from oslira_shared.anonymous import ANONYMOUS_ACCOUNT_ID, EXAMPLE_BUSINESS_ID

from oslira_gateway.identity.caller import Caller, Member
from oslira_gateway.runs.order import Order, read_order

# The system account stands in for a user too: nobody signs in under this id, since tokens are issued to real users.
ANONYMOUS_FOLLOWER: Final = Member(
    caller=Caller(user_id=ANONYMOUS_ACCOUNT_ID), account_id=ANONYMOUS_ACCOUNT_ID, role="member"
)


def read_visitors_order(username: str) -> Order:
    """A light analysis for the example business. Raises OsliraError `invalid_username`.

    As a refresh: what another visitor has finished is not returned, so nobody learns whom others have looked at.
    """
    return read_order(
        username=username,
        kind="light",
        business_profile_id=str(EXAMPLE_BUSINESS_ID),
        max_age_s=None,
        is_refresh=True,
    )
