"""Why an event cannot be applied: for good, or not yet."""


class EventRefusedError(Exception):
    """Final: the event ends `dead` with this reason. `code` is stable, `detail` is for operators."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class NotYetError(Exception):
    """Not yet: Stripe delivers in no order, and the event that tells what is missing may still be on its way.

    `waits_for` is the Stripe id whose arrival is worth waking up for.
    """

    def __init__(self, reason: str, *, waits_for: str | None = None) -> None:
        super().__init__(reason)
        self.waits_for = waits_for


class AccountUnknownError(NotYetError):
    """Nothing has said yet whose customer this is."""

    def __init__(self, *, waits_for: str | None = None) -> None:
        super().__init__("account_unknown: nothing has said yet whose it is", waits_for=waits_for)
