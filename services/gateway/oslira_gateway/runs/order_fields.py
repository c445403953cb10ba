"""Fields of orders that the use case judges, in the words of the document: a wrong one is a problem with a code of its own."""

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
