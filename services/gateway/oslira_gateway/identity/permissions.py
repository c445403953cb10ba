"""The one table of what each role may do. Routes name their action; the guard checks it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from oslira_shared.errors import OsliraError

from oslira_gateway.identity.caller import Member

NEEDS: Final = "needs"  # opt: the action of a route; none is USE_ACCOUNT


class Action(StrEnum):
    """What a role can allow."""

    USE_ACCOUNT = "use the account"  # analyses, leads, business profiles, reading what the account has
    BUY = "buy for the account"
    RENAME_ACCOUNT = "rename the account"
    INVITE_MEMBERS = "invite members"
    REMOVE_MEMBERS = "remove members"
    MANAGE_WEBHOOKS = "manage webhooks"
    CHANGE_ROLES = "change roles"
    DELETE_ACCOUNT = "delete the account"


_MEMBER: Final = frozenset({Action.USE_ACCOUNT})
_ADMIN: Final = _MEMBER | {
    Action.BUY,
    Action.RENAME_ACCOUNT,
    Action.INVITE_MEMBERS,
    Action.REMOVE_MEMBERS,
    Action.MANAGE_WEBHOOKS,
}
PERMISSIONS: Final[Mapping[str, frozenset[Action]]] = {
    "member": _MEMBER,
    "admin": _ADMIN,
    "owner": frozenset(Action),
}


def may(member: Member, action: Action) -> bool:
    """Whether the member's role allows it. A role that isn't in the table may do nothing."""
    return action in PERMISSIONS.get(member.role, frozenset())


def require(member: Member, action: Action) -> None:
    """Raises OsliraError `forbidden`."""
    if not may(member, action):
        raise OsliraError("forbidden", f"Your role in this account ({member.role}) may not {action}.")


def needs(action: Action) -> dict[str, Any]:
    """A route's `opt`: `@post(…, opt=needs(Action.BUY))`."""
    return {NEEDS: action}
