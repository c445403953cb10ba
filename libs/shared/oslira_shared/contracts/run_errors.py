"""Why runs fail: our fault, a supplier's, or a final verdict about what was asked for. The one table of that question.

A verdict is a correct answer: trying again gives the same. Success rates, alerts and the list of failed work leave verdicts out.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Cause(StrEnum):
    """Who can do something about it."""

    OURS = "ours"  # our code, our settings, our budget with a supplier
    SUPPLIER = "supplier"  # an outage or a failure of the scraper or of the models
    VERDICT = "verdict"  # the profile or the business is like that


RUN_ERRORS: Final[Mapping[str, Cause]] = {
    "attempts_used_up": Cause.OURS,
    "stalled": Cause.OURS,
    "scraper_limit_reached": Cause.OURS,
    "answer_invalid": Cause.SUPPLIER,
    "models_unavailable": Cause.SUPPLIER,
    "scrape_failed": Cause.SUPPLIER,
    "scraper_unavailable": Cause.SUPPLIER,
    "profile_not_found": Cause.VERDICT,
    "profile_private": Cause.VERDICT,
    "profile_restricted": Cause.VERDICT,
    "profile_empty": Cause.VERDICT,
    "followers_out_of_bounds": Cause.VERDICT,
    "business_profile_invalid": Cause.VERDICT,
    "business_profile_not_found": Cause.VERDICT,
}
VERDICTS: Final = tuple(sorted(code for code, cause in RUN_ERRORS.items() if cause is Cause.VERDICT))


def cause_of(code: str) -> Cause:
    """Of a run's error code. One that the table lacks is our fault."""
    return RUN_ERRORS.get(code, Cause.OURS)
