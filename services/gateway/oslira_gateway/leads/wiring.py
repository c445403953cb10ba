"""Wires leads: routes and refreshes."""

from datetime import timedelta
from typing import Any

from oslira_shared.runtime import Runtime

from oslira_gateway.bulk.request_bulk import Bulks, RequestBulk
from oslira_gateway.leads.avatar_routes import avatar_routes
from oslira_gateway.leads.bus import BusPictures
from oslira_gateway.leads.cursors import LeadCursors
from oslira_gateway.leads.deleted_routes import deleted_routes
from oslira_gateway.leads.export_leads import ExportLeads
from oslira_gateway.leads.export_routes import export_routes
from oslira_gateway.leads.many_routes import many_leads_routes, refresh_many_routes
from oslira_gateway.leads.postgres import PostgresLeads
from oslira_gateway.leads.refresh_lead import RefreshLead
from oslira_gateway.leads.refresh_leads import RefreshLeads
from oslira_gateway.leads.refresh_routes import refresh_routes
from oslira_gateway.leads.routes import leads_routes
from oslira_gateway.runs.order import Order
from oslira_gateway.runs.ports import Runs
from oslira_gateway.runs.request_analysis import RequestAnalysis
from oslira_gateway.settings import GatewaySettings
from oslira_gateway.streams.addresses import Addresses
from oslira_gateway.streams.postgres_stream_access import PostgresStreamAccess
from oslira_gateway.streams.tickets import Tickets


def lead_routes(
    runtime: Runtime,
    settings: GatewaySettings,
    runs: Runs,
    bulks: Bulks,
    tickets: Tickets,
    *,
    request_analysis: RequestAnalysis[Order],
    request_bulk: RequestBulk,
) -> list[Any]:
    """All routes under /v1/leads."""
    leads, addresses = PostgresLeads(runtime.database), Addresses(tickets)
    unchanged_within = timedelta(seconds=settings.refresh_unchanged_s)
    refresh_lead = RefreshLead(leads, request_analysis, unchanged_within=unchanged_within)
    refresh_leads = RefreshLeads(leads, request_bulk, unchanged_within=unchanged_within)
    return [
        *refresh_routes(refresh_lead, runs, addresses),
        *refresh_many_routes(refresh_leads, bulks, addresses),
        *many_leads_routes(leads),
        *leads_routes(leads, LeadCursors(settings.token_secret), addresses),
        *deleted_routes(leads, addresses),
        *avatar_routes(BusPictures(runtime.bus), tickets, PostgresStreamAccess(runtime.database)),
        *export_routes(ExportLeads(leads)),
    ]
