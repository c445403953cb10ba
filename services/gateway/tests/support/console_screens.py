"""The addresses of the console's screens, with ids that the example API knows."""

from typing import Final
from uuid import UUID

_ID: Final = UUID("019a0000-0000-7000-8000-000000000001")
SCREENS: Final = (
    "/app",
    "/app/home/runs",
    "/app/analyse",
    "/app/runs",
    "/app/runs?status=failed",
    f"/app/runs/rows?id={_ID}",
    f"/app/runs/{_ID}",
    f"/app/runs/{_ID}/part",
    f"/app/bulk/{_ID}",
    f"/app/bulk/{_ID}/part",
    "/app/leads",
    "/app/leads?q=na&score_min=10&column=contact&column=type",
    f"/app/leads/{_ID}",
    "/app/business",
    "/app/business/new",
    f"/app/business/{_ID}",
    f"/app/business/{_ID}/edit",
    "/app/credits",
    "/app/team",
    "/app/settings",
    f"/app/settings/webhooks/{_ID}",
    "/app/insights",
    "/app/insights?days=1",
    "/app/invitations/a-token",
)
