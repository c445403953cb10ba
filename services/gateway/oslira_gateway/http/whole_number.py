"""Strict integers in request bodies."""

from typing import Annotated

from pydantic import BeforeValidator


def _whole(value: object) -> object:
    # Litestar validates in lax mode, where "5" and true are integers. JSON has one kind of number, so 5.0 is accepted.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if value is not None and type(value) is not int:
        raise ValueError("must be an integer")
    return value


WholeNumber = Annotated[int, BeforeValidator(_whole)]
