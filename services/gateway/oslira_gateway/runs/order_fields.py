"""Fields of orders that the use case validates, so that each invalid one has its own error code.

The document has their formats; pydantic does not check them.
"""

from typing import Annotated

from oslira_shared.catalog import OFFERS
from pydantic import Field

UsernameText = Annotated[
    str,
    Field(
        examples=["bakery.example", "https://www.instagram.com/bakery.example/"],
        json_schema_extra={"minLength": 1},
    ),
]
TypeName = Annotated[str, Field(json_schema_extra={"enum": [kind.value for kind in sorted(OFFERS)]})]
IdText = Annotated[str, Field(json_schema_extra={"format": "uuid"})]
