"""The form of a business profile as the API's body."""

from typing import Any, Final

from litestar import Request
from oslira_client.generated.business import BusinessContext, IdealCustomer

from oslira_gateway.console.forms import field_of, number_of

_TEXTS: Final = ("description", "industry", "language", "offer", "tone")
_CUSTOMER_TEXTS: Final = ("company_size", "description", "industry", "location")
_CUSTOMER_LISTS: Final = ("signals", "exclusions")


async def context_of(request: Request[Any, Any, Any]) -> BusinessContext:
    """Empty fields are left out, which empties them. Raises ValidationException."""
    customer: dict[str, Any] = {}
    for name in _CUSTOMER_TEXTS:
        if value := await field_of(request, f"customer_{name}"):
            customer[name] = value
    for name in _CUSTOMER_LISTS:
        lines = (await field_of(request, f"customer_{name}")).splitlines()
        if values := [line.strip() for line in lines if line.strip()]:
            customer[name] = values
    for name in ("followers_min", "followers_max"):
        if (value := await number_of(request, f"customer_{name}")) is not None:
            customer[name] = value
    given: dict[str, Any] = {name: value for name in _TEXTS if (value := await field_of(request, name))}
    if customer:
        given["ideal_customer"] = IdealCustomer(**customer)
    return BusinessContext(name=await field_of(request, "name"), **given)
