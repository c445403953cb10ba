"""Why an event cannot be applied: for good, or not yet."""


class EventRefusedError(Exception):
    """Final: the event ends `dead` with this reason. `code` is stable, `detail` is for operators."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class AccountUnknownError(Exception):
    """Not yet: Stripe delivers in no order, and the event that says whose customer this is may still be on its way."""
