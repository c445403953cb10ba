"""Where a run is polled and followed."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from oslira_gateway.runs.run import Run
from oslira_gateway.streams.tickets import Follower, Tickets

POLL_AFTER_S: Final = "2"


class Addresses:
    """Addresses are relative to the API: it may be known under several names. Tickets in them are for one follower."""

    def __init__(self, tickets: Tickets) -> None:
        self._tickets = tickets

    def poll_url(self, run_id: UUID) -> str:
        """Where the run is read."""
        return f"/v1/runs/{run_id}"

    def events_url(self, run_id: UUID, follower: Follower) -> str:
        """Where it is followed, with a ticket that is good for ten minutes."""
        return f"/v1/runs/{run_id}/events?ticket={self._tickets.issue('run', run_id, follower)}"

    def bulk_events_url(self, bulk_id: UUID, follower: Follower) -> str:
        """Where a bulk is followed."""
        return f"/v1/bulk/{bulk_id}/events?ticket={self._tickets.issue('bulk', bulk_id, follower)}"

    def account_events_url(self, follower: Follower) -> str:
        """Where all runs of an account are followed."""
        return f"/v1/events?ticket={self._tickets.issue('account', follower.account_id, follower)}"

    def avatar_url(self, lead_id: UUID, reader: Follower) -> str:
        """Where the picture of a lead is."""
        return f"/v1/leads/{lead_id}/avatar?ticket={self._tickets.issue('avatar', lead_id, reader)}"

    def with_addresses(self, run: Run, follower: Follower) -> Run:
        """The run with both."""
        return replace(
            run, poll_url=self.poll_url(run.run_id), events_url=self.events_url(run.run_id, follower)
        )
