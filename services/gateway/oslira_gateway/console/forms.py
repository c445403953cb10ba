"""What forms send."""

from typing import Any
from uuid import UUID

from litestar import Request
from litestar.datastructures import UploadFile
from litestar.exceptions import ValidationException


async def field_of(request: Request[Any, Any, Any], name: str) -> str:
    """A field without the spaces around it; empty for one that is not there."""
    value = (await request.form()).get(name, "")
    return value.strip() if isinstance(value, str) else ""


async def number_of(request: Request[Any, Any, Any], name: str) -> int | None:
    """A whole number; None for an empty field. Raises ValidationException."""
    text = await field_of(request, name)
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise ValidationException(
            f"{name.replace('_', ' ').capitalize()} has to be a whole number."
        ) from None


async def ids_of(request: Request[Any, Any, Any], name: str) -> list[UUID]:
    """All values of a field, as ids. Raises ValidationException."""
    try:
        return [UUID(str(value)) for value in (await request.form()).getall(name, [])]
    except ValueError:
        raise ValidationException("That is not an id.") from None


async def file_of(request: Request[Any, Any, Any], name: str) -> bytes:
    """An uploaded file's content; empty for none."""
    value = (await request.form()).get(name)
    return await value.read() if isinstance(value, UploadFile) else b""
