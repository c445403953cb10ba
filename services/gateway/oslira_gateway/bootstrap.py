"""The only place that wires concrete classes."""

import os
import time
from datetime import timedelta
from typing import Any

from litestar import Router
from oslira_shared.bus.connection import Bus
from oslira_shared.jobs import own_jobs
from oslira_shared.observability.bus_points import send_points
from oslira_shared.observability.health import health_routes
from oslira_shared.postgres.clients import AdminClient, Pool
from oslira_shared.postgres.schema_check import SchemaCheck
from oslira_shared.runtime import Runtime

from oslira_gateway.accounts.members_routes import invitation_routes, member_routes
from oslira_gateway.accounts.postgres import PostgresAccounts
from oslira_gateway.accounts.postgres_invitations import PostgresInvitations
from oslira_gateway.accounts.routes import account_routes
from oslira_gateway.anonymous.challenges import NoChallenge, Turnstile
from oslira_gateway.anonymous.ports import Challenge
from oslira_gateway.anonymous.postgres import PostgresAllowance, PostgresVisitorsRequests
from oslira_gateway.anonymous.pseudonyms import Pseudonyms
from oslira_gateway.anonymous.request_anonymous import RequestAnonymous
from oslira_gateway.anonymous.routes import anonymous_routes
from oslira_gateway.anonymous.run_tokens import RunTokens
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
from oslira_gateway.identity.fetch_jwks import fetch_jwks
from oslira_gateway.identity.hs256 import Hs256Tokens
from oslira_gateway.identity.jwks_keys import REFRESH_EVERY_S, JwksKeys
from oslira_gateway.identity.postgres import PostgresMemberships
from oslira_gateway.identity.postgres_sign_outs import PostgresSignOuts
from oslira_gateway.identity.postgres_sign_ups import PostgresSignUps
from oslira_gateway.identity.routes import identity_routes
from oslira_gateway.identity.sign_up import SignUp
from oslira_gateway.identity.start_trial import StartTrial, SweepSignUps
from oslira_gateway.identity.tokens import JwksTokens, TokensByAlgorithm, issuer_of
from oslira_gateway.identity.trial_routes import trial_routes
from oslira_gateway.insights.admin_routes import admin_insights_routes
from oslira_gateway.insights.bus import land_points
from oslira_gateway.insights.postgres import PostgresInsights
from oslira_gateway.insights.postgres_costs import PostgresLedger
from oslira_gateway.insights.postgres_points import PostgresPoints
from oslira_gateway.insights.routes import insights_routes
from oslira_gateway.leads.leads_bootstrap import lead_routes
from oslira_gateway.limits.jetstream import JetStreamCounters
from oslira_gateway.limits.limit_requests import LimitRequests
from oslira_gateway.operations.acts_routes import acts_routes
from oslira_gateway.operations.admin_app import admin_router
from oslira_gateway.operations.audit_routes import BusAudits, audit_routes
from oslira_gateway.operations.daily_cleanup import DailyCleanup
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
from oslira_gateway.operations.postgres_acts import PostgresActs
from oslira_gateway.operations.postgres_erasures import PostgresErasures
from oslira_gateway.operations.reconcile_routes import BusReconciliation, reconcile_routes
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
from oslira_gateway.streams.bootstrap import stream_routes
from oslira_gateway.streams.tickets import Tickets
from oslira_gateway.webhooks.create_endpoint import CreateEndpoint
from oslira_gateway.webhooks.delivery_routes import delivery_routes
from oslira_gateway.webhooks.postgres_deliveries import PostgresDeliveries
from oslira_gateway.webhooks.postgres_endpoints import PostgresEndpoints
from oslira_gateway.webhooks.rotate_secret import RotateSecret
from oslira_gateway.webhooks.routes import endpoint_routes
from oslira_gateway.webhooks.signing_secret import Keyring


async def build(runtime: Runtime, settings: GatewaySettings) -> None:
    """Wire the gateway and let the runtime serve it."""
    tokens = _tokens(runtime, settings)
    runtime.serve(wire(runtime, settings, tokens), host=settings.http_host, port=settings.http_port)
    runtime.health.required["schema"] = SchemaCheck(
        runtime.database,
        "identity.idempotency",
        "identity.operator_acts",
        "insights.hourly",
        "analysis.run_view",
    )
    runtime.serve_inside(_admin(runtime, settings, tokens))
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
        _challenge(runtime, settings),
        PostgresSignUps(AdminClient(database), settings.trial_shares),
    )
    start_trial = StartTrial(sign_ups, BusFreePlans(bus))
    runtime.every(1, "sweep-sign-ups", SweepSignUps(sign_ups, start_trial))
    request_bulk = RequestBulk(bulks, BusHolds(bus), BusHints(bus))
    drafts, requests = PostgresDraftRequests(AdminClient(database)), PostgresRequests(AdminClient(database))
    request_draft = RequestAnalysis(
        requests=drafts, holds=BusHolds(bus), hints=BusHints(bus), kept_answers=drafts
    )
    request_analysis = RequestAnalysis(
        requests=requests, holds=BusHolds(bus), hints=BusHints(bus), kept_answers=requests
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
            *_anonymous(runtime, settings, runs, addresses, run_tokens, challenge=challenge),
            *cancel_routes(CancelAnalysis(receipts, BusCancels(bus), BusCancels(bus)), receipts),
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
            *_webhook_routes(database, settings),
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


def _admin(runtime: Runtime, settings: GatewaySettings, tokens: TokensByAlgorithm) -> Router:
    """What operators do. As the service: they belong to no account."""
    service = AdminClient(runtime.database)
    acts = PostgresActs(service)
    secret = settings.operator_secret.get_secret_value() if settings.operator_secret else None
    return admin_router(
        [
            *acts_routes(acts),
            *jobs_routes(BusJobs(runtime.bus), acts),
            *_erasing(runtime, settings, acts),
            *failed_routes(BusFailedWork(runtime.bus), acts),
            *import_routes(ServedImportedBalances(service, runtime.bus), acts),
            *dead_letter_routes(JetStreamDeadLetters(runtime.bus), acts),
            *audit_routes(BusAudits(runtime.bus)),
            *reconcile_routes(BusReconciliation(runtime.bus), acts),
            *admin_insights_routes(PostgresLedger(service), acts),
        ],
        JwtOperators(tokens, PostgresMemberships(runtime.database), secret=secret),
    )


def _erasing(runtime: Runtime, settings: GatewaySettings, acts: PostgresActs) -> list[Any]:
    erasures = PostgresErasures(
        AdminClient(runtime.database),
        Pseudonyms(settings.token_secret),
        watch=timedelta(seconds=settings.erasure_watch_s),
    )
    erase_profile = EraseProfile(erasures, BusErasureOwners(runtime.bus))
    runtime.every(1, "sweep-erasures", erase_profile.sweep)
    return erase_routes(erase_profile, erasures, acts)


def _webhook_routes(database: Pool, settings: GatewaySettings) -> list[Any]:
    endpoints, addresses = PostgresEndpoints(database), settings.webhook_addresses
    keyring = Keyring(settings.webhook_keys, random_bytes=os.urandom)
    create = CreateEndpoint(endpoints, keyring, addresses, os.urandom)
    rotate = RotateSecret(endpoints, keyring, os.urandom)
    return [
        *endpoint_routes(endpoints, create, rotate, addresses),
        *delivery_routes(endpoints, PostgresDeliveries(database)),
    ]


def _anonymous(
    runtime: Runtime,
    settings: GatewaySettings,
    runs: PostgresRuns,
    addresses: Addresses,
    run_tokens: RunTokens,
    *,
    challenge: Challenge,
) -> list[Any]:
    """Analyses without an account, unless they are switched off."""
    if settings.anonymous_analyses == "off":
        return []
    service, pseudonyms = AdminClient(runtime.database), Pseudonyms(settings.token_secret)
    requests = PostgresVisitorsRequests(
        service, pseudonyms, life=timedelta(seconds=settings.anonymous_life_s)
    )
    request_anonymous = RequestAnonymous(
        RequestAnalysis(
            requests=requests, holds=BusHolds(runtime.bus), hints=BusHints(runtime.bus), kept_answers=None
        ),
        PostgresAllowance(service, pseudonyms),
        challenge,
        most_a_day=settings.anonymous_per_network,
    )
    return anonymous_routes(
        request_anonymous, runs, addresses, run_tokens, trusted_proxies=settings.trusted_proxies
    )


def _tokens(runtime: Runtime, settings: GatewaySettings) -> TokensByAlgorithm:
    """By the shared secret, by the issuer's keys, or by both while a project moves from one to the other."""
    shared_secret = jwks = None
    if settings.jwt_secret is not None:
        shared_secret = Hs256Tokens(settings.secret("jwt_secret"), issuer=settings.jwt_issuer)
    if settings.jwks_url is not None:
        keys = JwksKeys(fetch_jwks(settings.jwks_url))
        runtime.every(REFRESH_EVERY_S, "refresh-jwks", keys.refresh)
        runtime.ready_check("jwks", keys.state)
        jwks = JwksTokens(keys, issuer=settings.jwt_issuer or issuer_of(settings.jwks_url))
    return TokensByAlgorithm(shared_secret=shared_secret, jwks=jwks)


def _challenge(runtime: Runtime, settings: GatewaySettings) -> Challenge:
    """One for visitors' analyses and for trials: both are asked for by the same pages."""
    secret = settings.challenge_secret.get_secret_value() if settings.challenge_secret else ""
    challenge = (
        Turnstile(secret, url=settings.challenge_url, hostnames=settings.solved_at)
        if secret
        else NoChallenge()
    )
    runtime.on_stop(challenge.close)
    return challenge


def _rate_limit(bus: Bus, settings: GatewaySettings) -> RateLimit:
    limit_requests = LimitRequests(
        JetStreamCounters(bus), settings.rate_policies, secret=settings.token_secret, clock=time.time
    )
    return RateLimit(limit_requests, settings.trusted_proxies)
