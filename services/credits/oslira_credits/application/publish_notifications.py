"""Telling what the ledger's transactions made known: after the commit, from rows, so that a crash between the two loses nothing."""

from dataclasses import dataclass

from oslira_credits.application.ports import Announcements, Notifications


@dataclass(frozen=True, slots=True)
class PublishNotifications:
    """At most `limit` a pass."""

    notifications: Notifications
    announcements: Announcements
    limit: int = 500

    async def __call__(self) -> int:
        """How many were told. Raises OsliraError `unavailable` when the bus is away; the rest is due again in a few seconds."""
        due = await self.notifications.due(limit=self.limit)
        for notice in due:
            await self.announcements.notice(notice)
            await self.notifications.mark_published(notice.notice_id)
        return len(due)
