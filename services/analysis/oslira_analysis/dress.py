"""What every port passes through on its way into the engine."""

from typing import Protocol, TypeVar

PortT = TypeVar("PortT")


class Dress(Protocol):
    """What every port passes through on its way into the engine: tests count there, and die there."""

    def __call__(self, port: PortT, /) -> PortT: ...


def undressed(port: PortT, /) -> PortT:
    return port
