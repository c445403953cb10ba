"""Publishes that a bulk has ended, so that credits settles its hold."""

from uuid import uuid4

import structlog
from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.analysis import v1
from oslira_shared.errors import OsliraError
from oslira_shared.observability import trace

from oslira_analysis.application.bulk_ports import EndedBulk

_LOG = structlog.get_logger()


class NatsBulkEvents:
    """Implements BulkEvents."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def ended(self, bulk: EndedBulk, *, is_repeat: bool) -> bool:
        if not self._bus.is_connected:
            return False
        event = v1.BulkEnded(
            event_id=v1.bulk_ended_id(bulk.bulk_id), bulk_id=bulk.bulk_id, account_id=bulk.account_id
        )
        # The server drops a message id that it has seen within two minutes, so a repeat needs a new one.
        suffix = f":{uuid4()}" if is_repeat else ""
        try:
            with trace.span(v1.BULK_ENDED, under=trace.continued(bulk.bulk_id), kind="producer"):
                await self._bus.publish(v1.BULK_ENDED, event, msg_id=f"{bulk.bulk_id}:ended{suffix}")
        except OsliraError as error:
            _LOG.warning("bulk_ending_not_sent", bulk_id=str(bulk.bulk_id), reason=error.detail)
            return False
        return True
