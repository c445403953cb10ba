"""Begin a trial that waits for a challenge. Sign-up is a side effect of the first request, so this needs its own request."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from oslira_shared.errors import OsliraError

from oslira_gateway.anonymous.ports import Challenge
from oslira_gateway.identity.ports import SignUps
from oslira_gateway.identity.start_trial import StartTrial


class TrialStatus(StrEnum):
    """The status of an account's trial."""

    STARTED = "started"
    STARTING = "starting"  # requested from billing
    CHALLENGE_REQUIRED = "challenge_required"
    NEXT_DAY = "next_day"  # its network or mail host has no trial left today (UTC)
    REFUSED = "refused"  # the mailbox has had its trial
    NONE = "none"  # team accounts, and accounts that came without a sign-up


STATUS_OF_STATE = {
    "done": TrialStatus.STARTED,
    "allowed": TrialStatus.STARTING,
    "challenge": TrialStatus.CHALLENGE_REQUIRED,
    "due": TrialStatus.NEXT_DAY,
    "refused": TrialStatus.REFUSED,
    None: TrialStatus.NONE,
}


@dataclass(frozen=True, slots=True)
class BeginTrial:
    """Safe to repeat: a response is checked only while the trial waits for one."""

    sign_ups: SignUps
    start_trial: StartTrial
    challenge: Challenge

    async def status(self, account_id: UUID) -> TrialStatus:
        """The status of the account's trial."""
        return STATUS_OF_STATE[await self.sign_ups.state(account_id)]

    async def __call__(self, account_id: UUID, response: str | None) -> TrialStatus:
        """The status after the attempt. Raises OsliraError: challenge_required, challenge_failed, unavailable."""
        status = await self.status(account_id)
        if status is not TrialStatus.CHALLENGE_REQUIRED:
            return status
        if response is None:
            raise OsliraError(
                "challenge_required",
                "Solve the Turnstile challenge and send its response as `challenge`; then the trial begins.",
            )
        # Outside any transaction. If the process dies after this, the user solves another challenge: a response is valid once.
        await self.challenge.check(response)
        await self.sign_ups.pass_challenge(account_id)
        await self.start_trial(account_id)
        return await self.status(account_id)
