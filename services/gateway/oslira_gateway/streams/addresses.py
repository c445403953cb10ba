"""Addresses of runs, event streams and pictures."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from oslira_gateway.runs.run import Run
from oslira_gateway.streams.tickets import Follower, Tickets

POLL_AFTER_S: Final = "2"


class Addresses:
    """Paths without a host, because the API may have several. Their tickets are for one follower."""

    def __init__(self, tickets: Tickets) -> None:
        self._tickets = tickets

    def poll_url(self, run_id: UUID) -> str:
        """The address of the run."""
        return f"/v1/runs/{run_id}"

    def events_url(self, run_id: UUID, follower: Follower) -> str:
        """The address of its event stream, with a ticket that is valid for ten minutes."""
        return f"/v1/runs/{run_id}/events?ticket={self._tickets.issue('run', run_id, follower)}"

    def bulk_events_url(self, bulk_id: UUID, follower: Follower) -> str:
        """The address of a bulk's event stream."""
        return f"/v1/bulk/{bulk_id}/events?ticket={self._tickets.issue('bulk', bulk_id, follower)}"

    def account_events_url(self, follower: Follower) -> str:
        """The address of an account's event stream."""
        return f"/v1/events?ticket={self._tickets.issue('account', follower.account_id, follower)}"

    def avatar_url(self, lead_id: UUID, reader: Follower) -> str:
        """The address of a lead's picture."""
        return f"/v1/leads/{lead_id}/avatar?ticket={self._tickets.issue('avatar', lead_id, reader)}"

    def with_addresses(self, run: Run, follower: Follower) -> Run:
        """The run with both addresses."""
        return replace(
            run, poll_url=self.poll_url(run.run_id), events_url=self.events_url(run.run_id, follower)
        )
