"""The member that represents anonymous callers, and what they can order."""

from typing import Final

from oslira_shared.anonymous import ANONYMOUS_ACCOUNT_ID, EXAMPLE_BUSINESS_ID

from oslira_gateway.identity.caller import Caller, Member
from oslira_gateway.runs.order import Order, read_order

# The system account's id is also the user's id. No token is issued for it, so no user can sign in with it.
ANONYMOUS_FOLLOWER: Final = Member(
    caller=Caller(user_id=ANONYMOUS_ACCOUNT_ID), account_id=ANONYMOUS_ACCOUNT_ID, role="member"
)


def read_visitors_order(username: str) -> Order:
    """A light analysis for the example business. Raises OsliraError `invalid_username`.

    As a refresh: finished analyses of others are not returned, so that callers do not learn what others analysed.
    """
    return read_order(
        username=username,
        kind="light",
        business_profile_id=str(EXAMPLE_BUSINESS_ID),
        max_age_s=None,
        is_refresh=True,
    )
