"""Why a supplier gives no answer, in the words that decide what happens next."""

from typing import Final, Literal

from oslira_analysis.domain.breaker import Breaker

# outage: not there, or broken. limited: this was one request too many. used_up: its budget with us is spent, and only an
# operator can raise it. key_refused: it doesn't accept our key. unusable: it answers, and this one request can't be served or its
# answer can't be read; that says nothing about other requests.
Trouble = Literal["outage", "limited", "used_up", "key_refused", "unusable"]
KEY_REFUSED: Final = "key_refused"

# Where the supplier doesn't say.
_LIMITED_FOR_S: Final = 5.0
_USED_UP_FOR_S: Final = 60.0
_LONGEST_HOLD_S: Final = 600.0


class SupplierUnavailable(Exception):  # noqa: N818
    """Later it may work: the work waits, and that is no failure of it. `retry_after_s`: not before that."""

    def __init__(
        self, reason: str, *, trouble: Trouble = "outage", retry_after_s: float | None = None
    ) -> None:
        super().__init__(reason)
        self.trouble = trouble
        self.retry_after_s = retry_after_s


def note_trouble(breaker: Breaker, now_s: float, error: SupplierUnavailable) -> None:
    """What the supplier's breaker makes of it."""
    reason = f"{error.trouble}: {error}"
    if error.trouble == "limited":
        breaker.limited(now_s, reason, for_s=min(error.retry_after_s or _LIMITED_FOR_S, _LONGEST_HOLD_S))
    elif error.trouble == "used_up":
        breaker.limited(now_s, reason, for_s=_USED_UP_FOR_S)
    elif error.trouble != "unusable":
        breaker.failed(now_s, reason)
