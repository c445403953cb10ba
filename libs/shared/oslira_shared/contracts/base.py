"""What every contract is: frozen, made of primitives, blind to fields it doesn't know."""

from pydantic import BaseModel, ConfigDict


class Contract(BaseModel):
    """A message or an answer between services. Any change but an added optional field is a new version."""

    model_config = ConfigDict(frozen=True, extra="ignore")
