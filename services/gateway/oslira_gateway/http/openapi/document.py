"""The OpenAPI document: what Litestar derives from the routes, completed by what all of them share.

Routes declare their own error codes (`http/documented.py`). This adds the codes of all routes, security, the headers of all requests
and responses, and the exact schema of each problem.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.serialization import decode_json, encode_json, get_serializer

from oslira_gateway.http.auth import ANONYMOUS, ANY_USER, BY_TICKET, PUBLIC
from oslira_gateway.http.documented import Problem, Refusals, by_status, problem_example
from oslira_gateway.http.media import has_body
from oslira_gateway.http.openapi.answers import describe_answers
from oslira_gateway.http.openapi.bodies import describe_body
from oslira_gateway.http.openapi.examples import add_examples
from oslira_gateway.http.openapi.info import describe_api
from oslira_gateway.http.openapi.links import add_links
from oslira_gateway.http.openapi.names import name_operation, shorten_schema_names
from oslira_gateway.http.openapi.parameters import describe_parameters
from oslira_gateway.http.openapi.results import describe_results
from oslira_gateway.http.openapi.streams import describe_stream
from oslira_gateway.http.problems import MEDIA_TYPE
from oslira_gateway.http.status_texts import text_of
from oslira_gateway.http.timeouts import STREAMS

_EVERYBODY: Final = ("invalid_request", "headers_too_large", "rate_limited", "internal", "unavailable")
_SIGNED_IN: Final = (
    "unauthenticated",
    "token_expired",
    "token_invalid",
    "signed_out",
    "service_token_refused",
)
_MEMBERS: Final = ("no_account", "account_not_found", "forbidden")
_WITH_BODY: Final = ("body_too_large", "unsupported_media_type")

_SECURITY_SCHEMES: Final[Mapping[str, Any]] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A token of a signed-in user, as Supabase issues it.",
    },
}
_VISITORS: Final = "visitor"
_VISITORS_SCHEME: Final[Mapping[str, Any]] = {
    "type": "http",
    "scheme": "bearer",
    "description": "The `token` of a run ordered without an account: reads that run and its events for an hour, nothing else.",
}
_PARAMETERS: Final[Mapping[str, Any]] = {
    "AccountId": {
        "name": "X-Account-Id",
        "in": "header",
        "required": False,
        "schema": {"type": "string", "format": "uuid"},
        "description": "Which of your accounts this is about; without it, your oldest. `GET /v1/me` lists them.",
    },
}
_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 0}
_HEADERS: Final[Mapping[str, Any]] = {
    "X-Request-Id": {
        "schema": _TEXT,
        "required": True,
        "description": "Names the request in our logs: yours, if it is a plain token of at most 64 characters.",
    },
    "RateLimit-Limit": {
        "schema": _COUNT,
        "description": "Requests in a window, of the budget that has the least left.",
    },
    "RateLimit-Remaining": {"schema": _COUNT, "description": "What is left of it."},
    "RateLimit-Reset": {"schema": _COUNT, "description": "Seconds until its window ends."},
    "RateLimit-Policy": {
        "schema": _TEXT,
        "description": 'Which budget it is: `"<class>-<scope>";q=<requests>;w=<seconds>`.',
    },
    "Retry-After": {"schema": _COUNT, "description": "Seconds to wait before the next try."},
    "WWW-Authenticate": {"schema": _TEXT, "description": "`Bearer`."},
}

_ON_EVERY_ANSWER: Final = (
    "X-Request-Id",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "RateLimit-Policy",
)


def complete_openapi(app: Litestar) -> dict[str, Any]:
    """The whole document, as plain JSON values. The application has to have its routes.

    Raises ImproperlyConfiguredException for a route without an operation_id or a docstring.
    """
    serializer = get_serializer(app.type_encoders)
    document: dict[str, Any] = decode_json(encode_json(app.openapi_schema.to_schema(), serializer))
    components = document.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = _problem_schema()
    describe_results(components["schemas"])
    components["securitySchemes"] = {**_SECURITY_SCHEMES, _VISITORS: dict(_VISITORS_SCHEME)}
    components["parameters"] = dict(_PARAMETERS)
    components["headers"] = dict(_HEADERS)
    components["responses"] = {}
    used = set[str]()
    for path, method, handler in documented_handlers(app):
        operation = document["paths"][path][method]
        name_operation(operation)
        _complete(operation, handler, components["responses"])
        describe_body(operation, handler, components["schemas"])
        describe_parameters(operation, handler)
        describe_stream(operation, handler)
        used.update(codes_of(handler))
    components["examples"] = {
        code: {"summary": text_of(code), "value": problem_example(code)} for code in sorted(used)
    }
    shorten_schema_names(document)
    describe_answers(document)
    describe_api(document)
    add_examples(document)
    add_links(document)
    return document


def documented_handlers(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    """(path as in the document, method in lower case, handler) of every route that the document shows."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for method, (handler, _) in route.route_handler_map.items():
                if handler.resolve_include_in_schema():
                    yield route.path_format or "/", method.lower(), handler


def codes_of(handler: HTTPRouteHandler) -> tuple[str, ...]:
    """All codes of a route: its own, then those of its kind."""
    own = [
        code
        for spec in (handler.responses or {}).values()
        if isinstance(spec, Refusals)
        for code in spec.codes
    ]
    shared: list[str] = list(_EVERYBODY)
    if not handler.opt.get(PUBLIC):
        shared += _SIGNED_IN
        if not handler.opt.get(ANY_USER):
            shared += _MEMBERS
    if has_body(handler):
        shared += _WITH_BODY
    if not handler.opt.get(STREAMS):
        shared.append("timeout")
    return tuple(dict.fromkeys([*own, *shared]))


def _complete(operation: dict[str, Any], handler: HTTPRouteHandler, shared: dict[str, Any]) -> None:
    """`shared`: problems of several routes, stored once by status and codes."""
    responses = operation["responses"]
    problems = {str(status): codes for status, codes in by_status(codes_of(handler)).items()}
    for status, response in responses.items():
        if status not in problems:
            response.setdefault("headers", {}).update(_headers(*_ON_EVERY_ANSWER))
            for media_type, content in response.get("content", {}).items():
                if media_type.startswith("image/"):
                    content["schema"] = {"type": "string", "format": "binary"}
    for status, codes in problems.items():
        name = "-".join((status, *codes))
        shared[name] = _problem_response(int(status), codes)
        responses[status] = {"$ref": f"#/components/responses/{name}"}
    _secure(operation, handler)


def _secure(operation: dict[str, Any], handler: HTTPRouteHandler) -> None:
    parameters = operation.get("parameters", [])
    if handler.opt.get(PUBLIC):
        operation["security"] = []
    else:
        operation["security"] = [{"bearer": []}]
        if not handler.opt.get(ANY_USER):
            operation["parameters"] = [*parameters, {"$ref": "#/components/parameters/AccountId"}]
    if handler.opt.get(ANONYMOUS):
        operation["security"].append({_VISITORS: []})
    if handler.opt.get(BY_TICKET):
        # A parameter, not a security scheme: a generated client would send the user's token as the ticket.
        operation["security"].append({})


def _problem_response(status: int, codes: tuple[str, ...]) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": HTTPStatus(status).phrase + ": " + ", ".join(f"`{code}`" for code in codes),
        "content": {
            MEDIA_TYPE: {
                "schema": {
                    "allOf": [
                        {"$ref": "#/components/schemas/Problem"},
                        {"properties": {"code": {"enum": list(codes)}, "status": {"const": status}}},
                    ]
                },
                "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
            }
        },
        "headers": _headers(*_ON_EVERY_ANSWER),
    }
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        response["headers"] |= _headers("Retry-After")
    if status == HTTPStatus.UNAUTHORIZED:
        response["headers"] |= _headers("WWW-Authenticate")
    return response


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _problem_schema() -> dict[str, Any]:
    """Open for values that a code adds."""
    texts = ("type", "title", "detail", "instance", "code")
    return {
        "type": "object",
        "description": (Problem.__doc__ or "").strip(),
        "required": [*texts, "status"],
        "properties": {
            **dict.fromkeys(texts, _TEXT),
            "status": {"type": "integer"},
            "errors": {
                "type": "array",
                "description": "With `invalid_request`: where the request is wrong.",
                "items": {"type": "object"},
            },
        },
    }
