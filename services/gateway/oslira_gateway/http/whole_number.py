"""Integers in request bodies, taken at their word."""

from typing import Annotated

from pydantic import BeforeValidator


def _whole(value: object) -> object:
    # Litestar validates leniently whatever a field says: "5", 5.0 and true would all pass as integers.
    if value is not None and type(value) is not int:
        raise ValueError("must be an integer")
    return value


WholeNumber = Annotated[int, BeforeValidator(_whole)]
