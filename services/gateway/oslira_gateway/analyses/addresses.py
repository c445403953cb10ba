"""Where a run is polled and followed."""

from dataclasses import replace
from typing import Final
from uuid import UUID

from oslira_gateway.analyses.run import Run
from oslira_gateway.analyses.tickets import RunTicket, Tickets

POLL_AFTER_S: Final = "2"


class Addresses:
    """Addresses are relative to the API: it may be known under several names."""

    def __init__(self, tickets: Tickets) -> None:
        self._tickets = tickets

    def poll_url(self, run_id: UUID) -> str:
        """Where the run is read."""
        return f"/v1/runs/{run_id}"

    def events_url(self, run_id: UUID, account_id: UUID) -> str:
        """Where it is followed, with a ticket that is good for ten minutes."""
        ticket = self._tickets.issue(RunTicket(run_id=run_id, account_id=account_id))
        return f"/v1/runs/{run_id}/events?ticket={ticket}"

    def bulk_events_url(self, bulk_id: UUID, account_id: UUID) -> str:
        """Where a bulk is followed."""
        return f"/v1/bulk/{bulk_id}/events?ticket={self._tickets.issue_for('bulk', bulk_id, account_id)}"

    def account_events_url(self, account_id: UUID) -> str:
        """Where all runs of an account are followed."""
        return f"/v1/events?ticket={self._tickets.issue_for('account', account_id, account_id)}"

    def with_addresses(self, run: Run, account_id: UUID) -> Run:
        """The run with both."""
        return replace(
            run, poll_url=self.poll_url(run.run_id), events_url=self.events_url(run.run_id, account_id)
        )
