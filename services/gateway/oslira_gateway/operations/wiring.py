"""Wires `/v1/admin`."""

from datetime import timedelta
from typing import Any

from litestar import Router
from oslira_shared.postgres.clients import AdminClient
from oslira_shared.runtime import Runtime

from oslira_gateway.anonymous.pseudonyms import Pseudonyms
from oslira_gateway.bulk.bus import BusBulkCancels
from oslira_gateway.identity.postgres import PostgresMemberships
from oslira_gateway.identity.tokens import TokensByAlgorithm
from oslira_gateway.insights.admin_routes import admin_insights_routes
from oslira_gateway.insights.postgres_costs import PostgresLedger
from oslira_gateway.operations.admin_app import admin_router
from oslira_gateway.operations.audit_log_routes import audit_log_routes
from oslira_gateway.operations.audit_routes import BusAudits, audit_routes
from oslira_gateway.operations.cancel_routes import PostgresWorkAccounts, cancel_routes
from oslira_gateway.operations.dead_letter_routes import dead_letter_routes
from oslira_gateway.operations.dead_letters import JetStreamDeadLetters
from oslira_gateway.operations.erase_routes import BusErasureOwners, erase_routes
from oslira_gateway.operations.erasures import EraseProfile
from oslira_gateway.operations.failed_routes import failed_routes
from oslira_gateway.operations.failed_work import BusFailedWork
from oslira_gateway.operations.import_routes import import_routes
from oslira_gateway.operations.imported_balances import ServedImportedBalances
from oslira_gateway.operations.jobs_routes import BusJobs, jobs_routes
from oslira_gateway.operations.operator import JwtOperators
from oslira_gateway.operations.postgres_audit_log import PostgresAuditLog
from oslira_gateway.operations.postgres_erasures import PostgresErasures
from oslira_gateway.operations.reconcile_routes import BusReconciliation, reconcile_routes
from oslira_gateway.runs.bus import BusCancels
from oslira_gateway.settings import GatewaySettings


def wire_admin(runtime: Runtime, settings: GatewaySettings, tokens: TokensByAlgorithm) -> Router:
    """The routes of operators, as the service: operators belong to no account."""
    service = AdminClient(runtime.database)
    audit_log = PostgresAuditLog(service)
    secret = settings.operator_secret.get_secret_value() if settings.operator_secret else None
    return admin_router(
        [
            *audit_log_routes(audit_log),
            *jobs_routes(BusJobs(runtime.bus), audit_log),
            *_erasing(runtime, settings, audit_log),
            *failed_routes(BusFailedWork(runtime.bus), audit_log),
            *cancel_routes(
                PostgresWorkAccounts(service), BusCancels(runtime.bus), BusBulkCancels(runtime.bus), audit_log
            ),
            *import_routes(ServedImportedBalances(service, runtime.bus), audit_log),
            *dead_letter_routes(JetStreamDeadLetters(runtime.bus), audit_log),
            *audit_routes(BusAudits(runtime.bus)),
            *reconcile_routes(BusReconciliation(runtime.bus), audit_log),
            *admin_insights_routes(PostgresLedger(service), audit_log),
        ],
        JwtOperators(tokens, PostgresMemberships(runtime.database), secret=secret),
    )


def _erasing(runtime: Runtime, settings: GatewaySettings, audit_log: PostgresAuditLog) -> list[Any]:
    erasures = PostgresErasures(
        AdminClient(runtime.database),
        Pseudonyms(settings.token_secret),
        watch=timedelta(seconds=settings.erasure_watch_s),
    )
    erase_profile = EraseProfile(erasures, BusErasureOwners(runtime.bus))
    runtime.every(1, "sweep-erasures", erase_profile.sweep)
    return erase_routes(erase_profile, erasures, audit_log)
