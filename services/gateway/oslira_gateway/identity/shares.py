"""Limits of trials per day (UTC), by network and by mail host, with and without a challenge."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caps:
    """Trials that may have begun today. A public mail provider has no cap."""

    network: int
    mail_host: int


@dataclass(frozen=True, slots=True)
class TrialShares:
    """`unchallenged` trials of a network or mail host begin at once; later ones wait for a challenge, up to the caps.

    Without a challenge they wait for the next day.
    """

    per_network: int = 10
    per_mail_host: int = 10
    unchallenged: int = 2
    has_challenge: bool = False

    @property
    def at_once(self) -> Caps:
        """For a new user."""
        return Caps(min(self.per_network, self.unchallenged), min(self.per_mail_host, self.unchallenged))

    @property
    def later(self) -> Caps:
        """For a user who waited; with challenges enabled, the user has solved one."""
        return Caps(self.per_network, self.per_mail_host) if self.has_challenge else self.at_once

    @property
    def beyond(self) -> str:
        """The state of a sign-up that finds no share left at once."""
        return "challenge" if self.has_challenge else "due"
