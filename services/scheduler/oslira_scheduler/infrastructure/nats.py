"""The topology on a NATS server."""

from nats.errors import Error as NatsError
from oslira_shared.bus.connection import Bus
from oslira_shared.bus.provision import provision_bus
from oslira_shared.errors import OsliraError
from oslira_shared.observability.server_words import server_words


class NatsTopology:
    """Implements Topology."""

    def __init__(self, bus: Bus, *, replicas: int = 1) -> None:
        self._bus, self._replicas = bus, replicas

    @property
    def is_reachable(self) -> bool:
        return self._bus.is_connected

    async def repair(self) -> list[str]:
        try:
            return await provision_bus(self._bus.jetstream, replicas=self._replicas)
        except (NatsError, TimeoutError) as error:
            raise OsliraError("unavailable", server_words(error)) from error
