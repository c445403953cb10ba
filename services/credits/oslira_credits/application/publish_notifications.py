"""Publish the notifications of the ledger's transactions: after the commit, from rows, so that a crash in between loses none."""

from dataclasses import dataclass

from oslira_credits.application.ports import Announcements, Notifications


@dataclass(frozen=True, slots=True)
class PublishNotifications:
    """At most `limit` per pass."""

    notifications: Notifications
    announcements: Announcements
    limit: int = 500

    async def __call__(self) -> int:
        """Returns how many were published. Raises OsliraError `unavailable` without the bus; the rest is due again in seconds."""
        due = await self.notifications.due(limit=self.limit)
        for notice in due:
            await self.announcements.notice(notice)
            await self.notifications.mark_published(notice.notice_id)
        return len(due)
