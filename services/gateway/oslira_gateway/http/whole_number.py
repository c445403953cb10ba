"""Integers in request bodies, taken at their word."""

from typing import Annotated

from pydantic import BeforeValidator


def _whole(value: object) -> object:
    # Litestar validates leniently whatever a field says: "5" and true would pass as integers. JSON itself knows one kind of
    # number, so 5.0 is one.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if value is not None and type(value) is not int:
        raise ValueError("must be an integer")
    return value


WholeNumber = Annotated[int, BeforeValidator(_whole)]
