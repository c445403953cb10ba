"""Wires the gateway; a feature with much to wire has a `wiring.py`."""

import time
from datetime import timedelta

from oslira_shared.bus.connection import Bus
from oslira_shared.jobs import own_jobs
from oslira_shared.observability.bus_points import send_points
from oslira_shared.observability.health import health_routes
from oslira_shared.postgres.clients import AdminClient
from oslira_shared.postgres.schema_check import SchemaCheck
from oslira_shared.runtime import Runtime

from oslira_gateway.accounts.members_routes import invitation_routes, member_routes
from oslira_gateway.accounts.postgres import PostgresAccounts
from oslira_gateway.accounts.postgres_invitations import PostgresInvitations
from oslira_gateway.accounts.routes import account_routes
from oslira_gateway.anonymous.run_tokens import RunTokens
from oslira_gateway.anonymous.wiring import wire_anonymous, wire_challenge
from oslira_gateway.billing.bus import BusSales
from oslira_gateway.billing.postgres import PostgresSubscriptions
from oslira_gateway.billing.routes import billing_routes
from oslira_gateway.bulk.bus import BusBulkCancels
from oslira_gateway.bulk.cancel_bulk import CancelBulk
from oslira_gateway.bulk.postgres import PostgresBulks
from oslira_gateway.bulk.request_bulk import RequestBulk
from oslira_gateway.bulk.routes import bulk_routes
from oslira_gateway.business.bus import BusContextPreviews
from oslira_gateway.business.change_routes import change_routes
from oslira_gateway.business.draft_routes import draft_routes
from oslira_gateway.business.postgres import PostgresBusinessProfiles
from oslira_gateway.business.postgres_drafts import PostgresDraftRequests
from oslira_gateway.business.preview_routes import preview_routes
from oslira_gateway.business.routes import business_routes
from oslira_gateway.credits.bus import BusBalances
from oslira_gateway.credits.postgres import PostgresOffers, PostgresStatements
from oslira_gateway.credits.routes import credits_routes
from oslira_gateway.http.app import create_app
from oslira_gateway.http.auth import Authentication
from oslira_gateway.http.edge import Edge
from oslira_gateway.http.rate_limits import RateLimit
from oslira_gateway.identity.begin_trial import BeginTrial
from oslira_gateway.identity.bus import BusFreePlans
from oslira_gateway.identity.postgres import PostgresMemberships
from oslira_gateway.identity.postgres_sign_outs import PostgresSignOuts
from oslira_gateway.identity.postgres_sign_ups import PostgresSignUps
from oslira_gateway.identity.routes import identity_routes
from oslira_gateway.identity.sign_up import SignUp
from oslira_gateway.identity.start_trial import StartTrial, SweepSignUps
from oslira_gateway.identity.tokens import TokensByAlgorithm
from oslira_gateway.identity.trial_routes import trial_routes
from oslira_gateway.identity.wiring import wire_tokens
from oslira_gateway.insights.bus import land_points
from oslira_gateway.insights.postgres import PostgresInsights
from oslira_gateway.insights.postgres_points import PostgresPoints
from oslira_gateway.insights.routes import insights_routes
from oslira_gateway.leads.wiring import lead_routes
from oslira_gateway.limits.jetstream import JetStreamCounters
from oslira_gateway.limits.limit_requests import LimitRequests
from oslira_gateway.operations.daily_cleanup import DailyCleanup
from oslira_gateway.operations.wiring import wire_admin
from oslira_gateway.runs.bus import BusCancels, BusHints, BusHolds
from oslira_gateway.runs.cancel_analysis import CancelAnalysis
from oslira_gateway.runs.cancel_routes import cancel_routes
from oslira_gateway.runs.order_routes import analyses_routes
from oslira_gateway.runs.postgres_receipts import PostgresReceipts
from oslira_gateway.runs.postgres_requests import PostgresRequests
from oslira_gateway.runs.postgres_runs import PostgresRuns
from oslira_gateway.runs.read_routes import runs_routes
from oslira_gateway.runs.request_analysis import RequestAnalysis
from oslira_gateway.settings import GatewaySettings
from oslira_gateway.streams.addresses import Addresses
from oslira_gateway.streams.tickets import Tickets
from oslira_gateway.streams.wiring import stream_routes
from oslira_gateway.webhooks.wiring import webhook_routes


async def build(runtime: Runtime, settings: GatewaySettings) -> None:
    """Wire the gateway; the runtime serves it."""
    tokens = wire_tokens(runtime, settings)
    runtime.serve(wire(runtime, settings, tokens), host=settings.http_host, port=settings.http_port)
    runtime.health.required["schema"] = SchemaCheck(
        runtime.database,
        "identity.idempotency",
        "identity.operator_acts",
        "insights.hourly",
        "analysis.run_view",
    )
    runtime.serve_inside(wire_admin(runtime, settings, tokens))
    land_points(runtime.bus, PostgresPoints(AdminClient(runtime.database)))
    own_jobs(runtime, "identity", {"daily-cleanup": DailyCleanup(AdminClient(runtime.database))})


def wire(runtime: Runtime, settings: GatewaySettings, tokens: TokensByAlgorithm) -> Edge:
    """The application over the runtime's database and bus."""
    database, bus = runtime.database, runtime.bus
    memberships, runs = PostgresMemberships(database), PostgresRuns(database)
    tickets = Tickets(settings.token_secret)
    addresses, businesses = Addresses(tickets), PostgresBusinessProfiles(database)
    receipts, bulks = PostgresReceipts(database), PostgresBulks(database)
    run_tokens = RunTokens(settings.token_secret, life=timedelta(seconds=settings.anonymous_life_s))
    challenge, sign_ups = (
        wire_challenge(runtime, settings),
        PostgresSignUps(AdminClient(database), settings.trial_shares),
    )
    start_trial = StartTrial(sign_ups, BusFreePlans(bus))
    runtime.every(1, "sweep-sign-ups", SweepSignUps(sign_ups, start_trial))
    request_bulk = RequestBulk(bulks, BusHolds(bus), BusHints(bus))
    drafts, requests = PostgresDraftRequests(AdminClient(database)), PostgresRequests(AdminClient(database))
    request_draft = RequestAnalysis(
        requests=drafts, holds=BusHolds(bus), hints=BusHints(bus), stored_answers=drafts
    )
    request_analysis = RequestAnalysis(
        requests=requests, holds=BusHolds(bus), hints=BusHints(bus), stored_answers=requests
    )
    return create_app(
        [
            *identity_routes(memberships, PostgresSignOuts(database)),
            *trial_routes(BeginTrial(sign_ups, start_trial, challenge)),
            *account_routes(PostgresAccounts(database), memberships),
            *member_routes(PostgresAccounts(database)),
            *invitation_routes(PostgresInvitations(database)),
            *business_routes(businesses),
            *change_routes(businesses),
            *preview_routes(BusContextPreviews(bus)),
            *draft_routes(request_draft, runs, addresses),
            *analyses_routes(request_analysis, runs, addresses),
            *runs_routes(runs, addresses),
            *stream_routes(runtime, settings, runs, bulks, tickets),
            *wire_anonymous(runtime, settings, runs, addresses, run_tokens, challenge=challenge),
            *cancel_routes(CancelAnalysis(receipts, BusCancels(bus)), receipts),
            *lead_routes(
                runtime,
                settings,
                runs,
                bulks,
                tickets,
                request_analysis=request_analysis,
                request_bulk=request_bulk,
            ),
            *bulk_routes(request_bulk, bulks, CancelBulk(bulks, BusBulkCancels(bus)), addresses),
            *credits_routes(BusBalances(bus), PostgresStatements(database), PostgresOffers(database)),
            *insights_routes(PostgresInsights(database)),
            *webhook_routes(database, settings),
            *billing_routes(PostgresSubscriptions(database), BusSales(bus)),
        ],
        authentication=Authentication(
            tokens,
            memberships,
            SignUp(sign_ups, start_trial, settings.token_secret),
            run_tokens=run_tokens,
            trusted_proxies=settings.trusted_proxies,
        ),
        rate_limit=_rate_limit(bus, settings),
        points=send_points(runtime),
        operations=health_routes(runtime.health),
        cors_allow_origins=settings.cors_allow_origins,
        request_timeout_s=settings.request_timeout_s,
    )


def _rate_limit(bus: Bus, settings: GatewaySettings) -> RateLimit:
    limit_requests = LimitRequests(
        JetStreamCounters(bus), settings.rate_policies, secret=settings.token_secret, clock=time.time
    )
    return RateLimit(limit_requests, settings.trusted_proxies)
