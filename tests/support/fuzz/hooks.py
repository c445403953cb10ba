"""What the fuzzer can't guess: ids of things that are there, and which one must stay there."""

import os
from typing import Any

import schemathesis
from schemathesis import HookContext
from schemathesis.generation import GenerationMode

_ACCOUNT = os.environ["FUZZ_ACCOUNT_ID"]
_BUSINESS_PROFILE = os.environ["FUZZ_BUSINESS_PROFILE_ID"]


@schemathesis.hook
def before_load_schema(_context: HookContext, document: dict[str, Any]) -> None:
    """Schemathesis reads the schema of a stream as OpenAPI 3.2 means it: of a whole event, whose data is a text."""
    for item in document["paths"].values():
        for operation in item.values():
            stream = operation["responses"].get("200", {}).get("content", {}).get("text/event-stream")
            if stream is not None:
                stream["schema"] = {
                    "properties": {"event": {"enum": list(stream["x-events"])}, "data": {"type": "string"}}
                }


@schemathesis.hook
def before_call(_context: HookContext, case: Any, _kwargs: dict[str, Any]) -> None:
    """In valid requests: our own account and business profile, and no cursor, since only a list can make one."""
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    for name, value in (("X-Account-Id", _ACCOUNT), ("If-Match", "*")):
        if name in (case.headers or {}):
            case.headers[name] = value
    if case.query:
        case.query.pop("cursor", None)
        if case.path.startswith("/v1/insights/"):  # before `to`, and by 92 days at most
            case.query.pop("from", None)
    if case.path in {
        "/v1/analyses/bulk",
        "/v1/analyses/quote",
    }:  # terms of a CSV; a JSON body holds them itself
        is_csv = case.media_type == "text/csv"
        case.query = {"type": "light", "business_profile_id": _BUSINESS_PROFILE} if is_csv else {}
    if isinstance(case.body, dict):
        _mend(case.body, case)


def _mend(body: dict[str, Any], case: Any) -> None:
    """What one field means for another, which a schema can't say without repeating the rest."""
    if "business_profile_id" in body:
        body["business_profile_id"] = _BUSINESS_PROFILE
    if (
        case.method == "PATCH" and body.get("name", ...) is None
    ):  # null takes a field away, and this one has to stay
        del body["name"]
    if not (body.get("stop_after_leads") and body.get("stop_score")):
        body.pop("stop_after_leads", None)
        body.pop("stop_score", None)
    if isinstance(customer := body.get("ideal_customer"), dict):
        customer.pop("followers_max", None)  # not below followers_min


@schemathesis.hook
def filter_case(_context: HookContext, case: Any) -> bool:
    """Everything else stands on this account."""
    return not (case.method == "DELETE" and (case.path_parameters or {}).get("account_id") == _ACCOUNT)
