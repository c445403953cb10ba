"""Wires the console."""

from typing import Any, Final

import httpx
from litestar import Litestar, get
from litestar.config.compression import CompressionConfig
from litestar.response import Redirect
from oslira_shared.observability.health import Health, health_routes

from oslira_gateway.console.addresses import HOME
from oslira_gateway.console.analyse.routes import analyse_routes
from oslira_gateway.console.business.routes import business_routes
from oslira_gateway.console.credits.routes import credits_routes
from oslira_gateway.console.edge import Edge
from oslira_gateway.console.errors import failures
from oslira_gateway.console.guard import OPEN, Surroundings, admit, visit_for
from oslira_gateway.console.home.routes import home_routes
from oslira_gateway.console.insights.routes import insights_routes
from oslira_gateway.console.leads.routes import leads_routes
from oslira_gateway.console.page_limit import PageLimit
from oslira_gateway.console.passage import passage_routes
from oslira_gateway.console.people import People
from oslira_gateway.console.render import templates
from oslira_gateway.console.runs.routes import runs_routes
from oslira_gateway.console.session import Sealer
from oslira_gateway.console.settings import ConsoleSettings
from oslira_gateway.console.sign_in.routes import sign_in_routes
from oslira_gateway.console.sign_in.supabase import SupabaseIssuer
from oslira_gateway.console.static_routes import static_routes
from oslira_gateway.console.streams import stream_routes
from oslira_gateway.console.team.routes import team_routes

# A CSV with a thousand names, and the form around it.
_MAX_BODY_BYTES: Final = 1_200_000


def wire(settings: ConsoleSettings, transport: httpx.AsyncBaseTransport, health: Health) -> Edge:
    """The application. `transport` leads to the API, and to Supabase."""
    issuer = None
    if settings.supabase_url:
        http = httpx.AsyncClient(transport=transport, trust_env=False)
        issuer = SupabaseIssuer(http, settings.supabase_url, settings.supabase_anon_key)
    shared = Surroundings(
        api_url=settings.api_url,
        api_timeout_s=settings.api_timeout_s,
        transport=transport,
        templates=templates(),
        sealer=Sealer(settings.sealing_keys, life_s=settings.session_life_s),
        people=People(),
        issuer=issuer,
    )

    @get("/", opt={OPEN: True}, sync_to_thread=False)
    def to_home() -> Redirect:
        return Redirect(HOME)

    routes: list[Any] = [
        to_home,
        *sign_in_routes(issuer, app_url=settings.app_url, development_secret=settings.development_secret),
        *home_routes(),
        *analyse_routes(),
        *runs_routes(),
        *stream_routes(),
        *leads_routes(),
        *business_routes(),
        *credits_routes(app_url=settings.app_url),
        *team_routes(app_url=settings.app_url),
        *insights_routes(),
        *static_routes(),
        *(passage_routes(transport, settings.api_url) if settings.passes_streams else ()),
    ]
    app = Litestar(
        [*routes, *health_routes(health)],
        before_request=admit(shared),
        middleware=[PageLimit(settings.page_timeout_s)],
        exception_handlers=failures(lambda request: visit_for(request, shared)),
        compression_config=CompressionConfig(
            backend="gzip", gzip_compress_level=6, exclude=["/app/static", "^/v1/"]
        ),
        openapi_config=None,
        logging_config=None,
        request_max_body_size=_MAX_BODY_BYTES,
    )
    return Edge(
        app,
        form_targets=settings.form_targets,
        is_secure=settings.has_secure_cookies,
        life_s=settings.session_life_s,
    )
