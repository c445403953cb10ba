"""Why an event cannot be applied: permanently, or not yet."""


class EventRefusedError(Exception):
    """Final: the event ends `dead` with this reason. `code` is stable, `detail` is for operators."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class NotYetError(Exception):
    """Not yet: Stripe delivers in any order, and the event with the missing information may still arrive.

    `waits_for` is the Stripe id whose arrival wakes this event.
    """

    def __init__(self, reason: str, *, waits_for: str | None = None) -> None:
        super().__init__(reason)
        self.waits_for = waits_for


class AccountUnknownError(NotYetError):
    """No event has named the customer's account yet."""

    def __init__(self, *, waits_for: str | None = None) -> None:
        super().__init__("account_unknown: no event has named its account yet", waits_for=waits_for)
