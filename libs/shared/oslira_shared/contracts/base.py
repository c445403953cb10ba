"""The base of every contract: frozen, made of primitives, ignores unknown fields."""

from pydantic import BaseModel, ConfigDict


class Contract(BaseModel):
    """A message or an answer between services. Any change but an added optional field is a new version."""

    model_config = ConfigDict(frozen=True, extra="ignore")
