"""Members, orders and an application over in-memory adapters."""

import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from http_answers import client_of
from memory_analyses import (
    MemoryHints,
    MemoryHolds,
    MemoryRequests,
    MemoryRuns,
    MemoryStreamAccess,
)
from memory_anonymous import MemoryAllowance, MemoryChallenge
from memory_billing import MemorySales, MemorySubscriptions
from memory_business import MemoryBusinessProfiles
from memory_credits import MemoryOffers, MemoryStatements
from memory_identity import MemoryMemberships, MemorySignOuts
from memory_insights import MemoryInsights
from memory_leads import MemoryLeads
from memory_limits import MemoryCounters
from oslira_devstack.make_user import sign_token
from oslira_gateway.anonymous.request_anonymous import RequestAnonymous
from oslira_gateway.anonymous.routes import anonymous_routes
from oslira_gateway.anonymous.run_tokens import RunTokens
from oslira_gateway.billing.routes import billing_routes
from oslira_gateway.business.change_routes import change_routes
from oslira_gateway.business.routes import business_routes
from oslira_gateway.credits.routes import credits_routes
from oslira_gateway.http.app import create_app
from oslira_gateway.http.auth import Authentication
from oslira_gateway.http.edge import Edge
from oslira_gateway.http.rate_limits import RateLimit
from oslira_gateway.identity.caller import Caller, Member, Membership
from oslira_gateway.identity.hs256 import Hs256Tokens
from oslira_gateway.identity.routes import identity_routes
from oslira_gateway.insights.routes import insights_routes
from oslira_gateway.leads.avatar_routes import avatar_routes
from oslira_gateway.leads.cursors import LeadCursors
from oslira_gateway.leads.deleted_routes import deleted_routes
from oslira_gateway.leads.export_leads import ExportLeads
from oslira_gateway.leads.export_routes import export_routes
from oslira_gateway.leads.many_routes import many_leads_routes
from oslira_gateway.leads.routes import leads_routes
from oslira_gateway.limits.limit_requests import LimitRequests
from oslira_gateway.limits.policies import DEFAULT_POLICIES, with_overrides
from oslira_gateway.runs.order import Order, read_order
from oslira_gateway.runs.order_routes import analyses_routes
from oslira_gateway.runs.read_routes import runs_routes
from oslira_gateway.runs.request_analysis import RequestAnalysis
from oslira_gateway.streams.addresses import Addresses
from oslira_gateway.streams.events_routes import events_routes
from oslira_gateway.streams.feed import ProgressFeed
from oslira_gateway.streams.follow_run import FollowRun
from oslira_gateway.streams.open_streams import OpenStreams, StreamLimits
from oslira_gateway.streams.tickets import Tickets
from oslira_shared.contracts.credits.v1 import Balance
from oslira_shared.ids import new_id
from oslira_shared.observability.health import Health, health_routes

SECRET = "a secret that is long enough for HS256, and for HS512 in one test too"
ORIGIN = "https://app.example"


class MemoryBalances:
    """Everybody has 7 credits."""

    async def of(self, account_id: UUID) -> Balance:
        return Balance(account_id=account_id, available=7, held=1, frozen=2, debt=3)


@dataclass
class Api:
    """The application, and what is behind it."""

    memberships: MemoryMemberships = field(default_factory=MemoryMemberships)
    businesses: MemoryBusinessProfiles = field(default_factory=MemoryBusinessProfiles)
    insights: MemoryInsights = field(default_factory=MemoryInsights)
    statements: MemoryStatements = field(default_factory=MemoryStatements)
    leads: MemoryLeads = field(default_factory=MemoryLeads)
    runs: MemoryRuns = field(default_factory=MemoryRuns)
    holds: MemoryHolds = field(default_factory=MemoryHolds)
    hints: MemoryHints = field(default_factory=MemoryHints)
    subscriptions: MemorySubscriptions = field(default_factory=MemorySubscriptions)
    sales: MemorySales = field(default_factory=MemorySales)
    health: Health = field(default_factory=Health)
    tickets: Tickets = field(default_factory=lambda: Tickets(SECRET))
    feed: ProgressFeed = field(default_factory=ProgressFeed)
    access: MemoryStreamAccess = field(default_factory=MemoryStreamAccess)
    counters: MemoryCounters = field(default_factory=MemoryCounters)
    rate_limits: str = "*.*=1000/60"
    trusted_proxies: tuple[IPv4Network, ...] = ()
    allowance: MemoryAllowance = field(default_factory=MemoryAllowance)
    challenge: MemoryChallenge = field(default_factory=MemoryChallenge)
    run_tokens: RunTokens = field(default_factory=lambda: RunTokens(SECRET, life=timedelta(hours=1)))
    request_timeout_s: float = 30.0

    def __post_init__(self) -> None:
        self.requests = MemoryRequests(self.runs)
        self.sign_outs = MemorySignOuts(self.memberships)
        self.streams = OpenStreams(self.access, StreamLimits(per_account=2))

    @property
    def app(self) -> Edge:
        addresses = Addresses(self.tickets)
        request_analysis = RequestAnalysis(
            requests=self.requests, holds=self.holds, hints=self.hints, stored_answers=self.requests
        )
        return create_app(
            [
                *identity_routes(self.memberships, self.sign_outs),
                *business_routes(self.businesses),
                *change_routes(self.businesses),
                *analyses_routes(request_analysis, self.runs, addresses),
                *runs_routes(self.runs, addresses),
                *events_routes(
                    self.runs,
                    self.streams,
                    FollowRun(self.runs, self.feed),
                    self.tickets,
                    addresses,
                ),
                *anonymous_routes(
                    RequestAnonymous(request_analysis, self.allowance, self.challenge, most_a_day=2),
                    self.runs,
                    addresses,
                    self.run_tokens,
                    trusted_proxies=self.trusted_proxies,
                ),
                *leads_routes(self.leads, LeadCursors(SECRET), addresses),
                *deleted_routes(self.leads, addresses),
                *many_leads_routes(self.leads),
                *avatar_routes(self.leads, self.tickets, self.access),
                *export_routes(ExportLeads(self.leads, page_rows=3)),
                *credits_routes(MemoryBalances(), self.statements, MemoryOffers()),
                *insights_routes(self.insights),
                *billing_routes(self.subscriptions, self.sales),
            ],
            authentication=Authentication(Hs256Tokens(SECRET), self.memberships, run_tokens=self.run_tokens),
            rate_limit=RateLimit(
                LimitRequests(
                    self.counters,
                    with_overrides(DEFAULT_POLICIES, self.rate_limits),
                    secret=SECRET,
                    clock=time.time,
                ),
                self.trusted_proxies,
            ),
            operations=health_routes(self.health),
            cors_allow_origins=[ORIGIN],
            request_timeout_s=self.request_timeout_s,
        )

    def join(self, member: Member, *, is_operator: bool = False) -> dict[str, str]:
        """Make the member known; the headers they send."""
        account = Membership(member.account_id, "Account", "personal", member.role)
        self.memberships.add(member.caller.user_id, account)
        token = sign_token(
            SECRET, user_id=member.caller.user_id, email="who@example.com", is_operator=is_operator
        )
        return {"authorization": f"Bearer {token}"}


def make_member() -> Member:
    return Member(caller=Caller(user_id=new_id()), account_id=new_id(), role="owner")


@pytest.fixture
def member() -> Member:
    return make_member()


@pytest.fixture
def stranger() -> Member:
    """A member of another account."""
    return make_member()


@pytest.fixture
def api() -> Api:
    return Api()


@pytest_asyncio.fixture
async def client(api: Api) -> AsyncGenerator[httpx.AsyncClient]:
    async with client_of(api.app) as client:
        yield client


@pytest.fixture
def make_order() -> Callable[..., Order]:
    def make(
        username: str = "natgeo", *, business_profile_id: UUID | None = None, max_age_s: int | None = None
    ) -> Order:
        return read_order(
            username=username,
            kind="light",
            business_profile_id=str(business_profile_id or new_id()),
            max_age_s=max_age_s,
        )

    return make
