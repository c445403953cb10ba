"""Categories of supplier failures. The category decides what happens next."""

from typing import Final, Literal

from oslira_analysis.domain.breaker import Breaker

# outage: unreachable, or broken. limited: too many requests. used_up: our budget there is spent, and only an operator can
# raise it. key_refused: it rejects our key. unusable: it answers, but it cannot serve this request or the answer is unreadable;
# other requests are not affected.
Trouble = Literal["outage", "limited", "used_up", "key_refused", "unusable"]
KEY_REFUSED: Final = "key_refused"

# Defaults, if the supplier sends none.
_LIMITED_FOR_S: Final = 5.0
_USED_UP_FOR_S: Final = 60.0
_LONGEST_HOLD_S: Final = 600.0


class SupplierUnavailable(Exception):  # noqa: N818
    """A later attempt may work. The work waits, and no failure is counted. `retry_after_s`: not before that."""

    def __init__(
        self, reason: str, *, trouble: Trouble = "outage", retry_after_s: float | None = None
    ) -> None:
        super().__init__(reason)
        self.trouble = trouble
        self.retry_after_s = retry_after_s


def record_failure(breaker: Breaker, now_s: float, error: SupplierUnavailable) -> None:
    """Report the failure to the supplier's breaker."""
    reason = f"{error.trouble}: {error}"
    if error.trouble == "limited":
        breaker.limited(now_s, reason, for_s=min(error.retry_after_s or _LIMITED_FOR_S, _LONGEST_HOLD_S))
    elif error.trouble == "used_up":
        breaker.limited(now_s, reason, for_s=_USED_UP_FOR_S)
    elif error.trouble != "unusable":
        breaker.failed(now_s, reason)
