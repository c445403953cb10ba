"""The one place that wires the credits service."""

from typing import Final

from oslira_shared.anonymous import ANONYMOUS_ACCOUNT_ID
from oslira_shared.jobs import own_jobs
from oslira_shared.postgres.clients import AdminClient
from oslira_shared.postgres.schema_check import SchemaCheck
from oslira_shared.runtime import Runtime

from oslira_credits.application.audit_ledger import AuditLedger
from oslira_credits.application.expire_grants import ExpireGrants
from oslira_credits.application.hold_credits import HoldCredits
from oslira_credits.application.publish_notifications import PublishNotifications
from oslira_credits.application.settle_due_holds import SettleDueHolds
from oslira_credits.application.settle_hold import SettleHold
from oslira_credits.infrastructure import bus
from oslira_credits.infrastructure.gauges import MEASURE_EVERY_S, Gauges
from oslira_credits.infrastructure.postgres import PostgresLedger
from oslira_credits.infrastructure.postgres_audit import PostgresAuditStore
from oslira_credits.infrastructure.postgres_daily_cleanup import DailyCleanup
from oslira_credits.infrastructure.postgres_grant_to_anonymous import GrantToAnonymous
from oslira_credits.infrastructure.postgres_imported_balances import PostgresImportedBalances
from oslira_credits.infrastructure.postgres_notifications import PostgresNotifications
from oslira_credits.infrastructure.postgres_outcomes import PostgresOutcomes
from oslira_credits.settings import CreditsSettings

_POLICY_EVERY_S: Final = 30.0


async def build(runtime: Runtime, settings: CreditsSettings) -> None:
    """Declare everything on `runtime`; it starts it."""
    runtime.health.required["schema"] = SchemaCheck(
        runtime.database, "credits.transfers", "credits.notices", "credits.job_runs", "credits.differences"
    )
    ledger = PostgresLedger(runtime.database)
    announcements = bus.BusAnnouncements(runtime.bus)
    settle = SettleHold(
        ledger, PostgresOutcomes(AdminClient(runtime.database)), announcements, life=settings.hold_extension
    )
    hold = HoldCredits(ledger, life=settings.hold_life)
    bus.answer_holds(runtime.bus, hold)
    bus.answer_settlements(runtime.bus, settle)
    bus.answer_balances(runtime.bus, ledger)
    bus.answer_imports(runtime.bus, PostgresImportedBalances(runtime.database))
    bus.subscribe_outcomes(runtime.bus, settle)
    settle_due = SettleDueHolds(ledger, settle)
    expire = ExpireGrants(ledger)
    announce = PublishNotifications(PostgresNotifications(runtime.database), announcements)

    async def settle_due_holds() -> None:
        # Without the bus no settlement can be published.
        if runtime.bus.is_connected:
            await settle_due()

    runtime.every(settings.sweep_every_s, "settle-due-holds", settle_due_holds)
    audit = AuditLedger(PostgresAuditStore(AdminClient(runtime.database)))
    bus.answer_audits(runtime.bus, audit)
    own_jobs(
        runtime, "credits", {"daily-cleanup": DailyCleanup(AdminClient(runtime.database)), "audit": audit}
    )

    runtime.every(MEASURE_EVERY_S, "measure", Gauges(AdminClient(runtime.database)))

    async def publish_notifications() -> None:
        if runtime.bus.is_connected:
            await announce()

    async def expire_grants() -> None:
        await expire()

    async def keep_policy() -> None:
        await ledger.set_low_balance(settings.low_balance_credits)

    if settings.anonymous_analyses == "on":
        grant_to_anonymous = GrantToAnonymous(
            runtime.database, ANONYMOUS_ACCOUNT_ID, settings.anonymous_daily_credits
        )
        runtime.every(settings.sweep_every_s, "grant-to-anonymous", grant_to_anonymous)
    runtime.every(settings.sweep_every_s, "publish-notifications", publish_notifications)
    runtime.every(settings.sweep_every_s, "expire-grants", expire_grants)
    runtime.every(_POLICY_EVERY_S, "keep-policy", keep_policy)
