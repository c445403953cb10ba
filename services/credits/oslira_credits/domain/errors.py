"""Errors of credits."""

from uuid import UUID

from oslira_shared.errors import OsliraError

from oslira_credits.domain.amounts import Credits


class InsufficientCredits(OsliraError):  # noqa: N818  # the field's own name
    """Less is available than was requested; nothing was written."""

    def __init__(self, *, needed: Credits, available: Credits) -> None:
        super().__init__(
            "insufficient_credits",
            f"{needed} needed, {available} available",
            need=needed,
            balance=available,
        )


class HoldClosed(OsliraError):  # noqa: N818  # says what is, as the code does
    """The id is settled already, before or after it was held, or belongs to another account."""

    def __init__(self, hold_id: UUID) -> None:
        super().__init__("id_closed", f"{hold_id} can't be held any more")
