"""A typed client of the HTTP API: `client.leads.list_leads()`, `client.analyses.follow_run(run_id)`, one method for each operation.

Beside this package it needs httpx and pydantic alone. `generated/` is written from docs/generated/openapi.json; the rest is by hand.
"""

from oslira_client.calls import Csv, Retries
from oslira_client.errors import (
    ApiError,
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    PaymentRequired,
    RateLimited,
    ServerProblem,
    Unauthenticated,
)
from oslira_client.oslira import ENDED, Oslira
from oslira_client.paging import Pages
from oslira_client.streams import Event

__all__ = [
    "ENDED",
    "ApiError",
    "Conflict",
    "Csv",
    "Event",
    "Forbidden",
    "InvalidRequest",
    "NotFound",
    "Oslira",
    "Pages",
    "PaymentRequired",
    "RateLimited",
    "Retries",
    "ServerProblem",
    "Unauthenticated",
]
