"""When an account is told that it is running out."""

from oslira_credits.domain.amounts import Credits


def crosses(*, before: Credits, after: Credits, threshold: Credits) -> bool:
    """Whether this movement took the balance below the threshold: true once per crossing, not for each movement below it."""
    return after < threshold <= before
