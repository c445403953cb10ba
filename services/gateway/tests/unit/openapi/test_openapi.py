"""The document says everything that a caller may meet."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from oslira_gateway.bulk.routes import CsvTerms
from oslira_gateway.describe import describe
from oslira_gateway.http.documented import refuses
from oslira_gateway.http.listing import (
    CURSOR_PATTERN,
    MAX_CURSOR_LENGTH,
    Cursor,
    cursor_of_number,
    number_of_cursor,
)
from oslira_gateway.http.openapi.document import codes_of, documented_handlers
from oslira_gateway.http.problems import status_of_code

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def document() -> dict[str, Any]:
    return await describe()


@pytest.fixture
def handlers(api: Any) -> list[tuple[str, str, HTTPRouteHandler]]:
    application: Litestar = api.app.application
    return list(documented_handlers(application))


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]


def resolved(document: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    name = answer.get("$ref", "").removeprefix("#/components/responses/")
    return document["components"]["responses"][name] if name else answer


def test_it_is_valid_openapi(document: dict[str, Any]) -> None:
    from openapi_spec_validator import OpenAPIV31SpecValidator  # noqa: PLC0415  # seconds of imports, for each process that collects

    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()


def test_every_operation_says_who_may_call_it_and_what_it_answers(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        assert operation["operationId"], name
        assert operation["tags"], name
        assert "security" in operation, name
        assert {"400", "429", "500", "503"} <= operation["responses"].keys(), name
        assert any(status.startswith("2") for status in operation["responses"]), name


def test_what_is_named_in_a_path_may_not_be_there(document: dict[str, Any]) -> None:
    unsaid = [
        name
        for name, operation in operations(document)
        if "{" in name and "404" not in operation["responses"]
    ]
    assert unsaid == []
    # Of its own: the 404 that every member's route has is about the account.
    for name, operation in operations(document):
        if "{" in name.replace("{account_id}", ""):
            answer = resolved(document, operation["responses"]["404"])
            examples = answer["content"]["application/problem+json"]["examples"]
            assert examples.keys() - {"account_not_found"}, name


def test_every_problem_names_its_codes_and_shows_each(document: dict[str, Any]) -> None:
    shown = document["components"]["examples"]
    for name, operation in operations(document):
        for status, answer in operation["responses"].items():
            response = resolved(document, answer)
            problem = response.get("content", {}).get("application/problem+json")
            if problem is None:
                assert int(status) < 400, f"{name} {status}"
                continue
            for code in problem["examples"]:
                assert shown[code]["value"]["status"] == int(status) == status_of_code(code)
                assert f"`{code}`" in response["description"]


def test_an_unknown_code_cannot_be_documented() -> None:
    with pytest.raises(KeyError):
        refuses("made_up")


def test_own_codes_come_before_those_of_all_routes(handlers: list[tuple[str, str, HTTPRouteHandler]]) -> None:
    codes = {f"{method} {path}": codes_of(handler) for path, method, handler in handlers}
    assert codes["get /v1/runs/{run_id}"][0] == "run_not_found"
    assert "no_account" not in codes["get /v1/me"]
    assert "unauthenticated" not in codes["get /v1/plans"]
    assert "timeout" not in codes["get /v1/runs/{run_id}/events"]
    assert "body_too_large" in codes["post /v1/analyses"]


def test_the_terms_of_a_csv_body_are_parameters(document: dict[str, Any]) -> None:
    with_csv = {
        name: {one["name"]: one for one in operation["parameters"] if one.get("in") == "query"}
        for name, operation in operations(document)
        if "text/csv" in operation.get("requestBody", {}).get("content", {})
    }
    assert len(with_csv) == 2
    for parameters in with_csv.values():
        assert parameters.keys() == CsvTerms.model_fields.keys()
        assert parameters["type"]["schema"] == {"enum": ["deep", "light", "xray"], "type": "string"}
        assert parameters["stop_score"]["schema"] == {"type": "integer", "minimum": 0, "maximum": 100}
        for parameter in parameters.values():
            assert parameter["description"].startswith("With a `text/csv` body only.")
            assert not parameter["required"]  # a JSON body holds them


def test_streams_are_open_to_tokens_and_tickets(document: dict[str, Any]) -> None:
    streams = {
        operation["operationId"]: operation["security"]
        for _, operation in operations(document)
        if "text/event-stream" in operation["responses"].get("200", {}).get("content", {})
    }
    group: list[dict[str, list[str]]] = [{"bearer": []}, {}]  # without a token: by the parameter `ticket`
    run: list[dict[str, list[str]]] = [{"bearer": []}, {"visitor": []}, {}]
    assert streams == {"followRun": run, "followBulk": group, "followAccount": group}
    for _, operation in operations(document):
        named = {one.get("name") for one in operation["parameters"]} if "parameters" in operation else set()
        # A picture is for an `<img>`, which sends no headers either.
        takes_ticket = operation["operationId"] in {*streams, "getLeadAvatar"}
        assert ("ticket" in named) == takes_ticket


def test_every_event_of_a_stream_has_a_schema(document: dict[str, Any]) -> None:
    events = {
        operation["operationId"]: operation["responses"]["200"]["content"]["text/event-stream"]
        for _, operation in operations(document)
        if "text/event-stream" in operation["responses"].get("200", {}).get("content", {})
    }
    named = {
        operation_id: {name: data["$ref"].rpartition("/")[2] for name, data in media["x-events"].items()}
        for operation_id, media in events.items()
    }
    assert named == {
        "followRun": {"progress": "Run", "access_ended": "AccessEnded"},
        "followBulk": {"progress": "RunSummary", "bulk": "Bulk", "access_ended": "AccessEnded"},
        "followAccount": {"progress": "RunSummary", "access_ended": "AccessEnded"},
    }
    for media in events.values():
        assert media["schema"]["oneOf"] == list(media["x-events"].values())


def test_a_runs_result_is_of_its_type_and_a_list_has_none(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    result = schemas["Run"]["properties"]["result"]
    assert result == {"oneOf": [{"$ref": "#/components/schemas/RunResult"}, {"type": "null"}]}
    kinds = schemas["RunResult"]["discriminator"]["mapping"]
    assert kinds.keys() == set(schemas["RunType"]["enum"])
    for kind, ref in kinds.items():
        said = schemas[ref.rpartition("/")[2]]["properties"]["type"]
        assert said.get("const", said.get("enum")) in (kind, [kind])
    assert "result" not in schemas["RunSummary"]["properties"]
    assert schemas["RunSummaryPage"]["properties"]["items"]["items"] == {
        "$ref": "#/components/schemas/RunSummary"
    }


def test_cursors_have_one_form_in_questions_and_answers(document: dict[str, Any]) -> None:
    asked = [
        one["schema"]
        for _, operation in operations(document)
        for one in operation.get("parameters", ())
        if one.get("name") == "cursor"
    ]
    assert len(asked) >= 8
    pattern = re.compile(CURSOR_PATTERN)
    assert {schema["pattern"] for schema in asked} == {CURSOR_PATTERN}
    assert {(schema["type"], schema["minLength"], schema["maxLength"]) for schema in asked} == {
        ("string", 1, MAX_CURSOR_LENGTH)
    }
    pages = [schema for name, schema in document["components"]["schemas"].items() if name.endswith("Page")]
    assert len(pages) >= 12
    for page in pages:
        text, nothing = page["properties"]["next_cursor"]["oneOf"]
        assert (text["pattern"], nothing) == (CURSOR_PATTERN, {"type": "null"})
    last = Cursor(datetime(2026, 11, 28, tzinfo=UTC), UUID(int=7)).encode()
    for made in (last, cursor_of_number(1), cursor_of_number(2**63 - 1)):
        assert pattern.fullmatch(made)
    assert number_of_cursor(cursor_of_number(77)) == 77


def test_every_field_of_an_answer_is_required(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name in ("Run", "RunSummary", "Bulk", "LeadPage", "Receipt", "BalanceView", "GrantBalance"):
        assert set(schemas[name]["required"]) == schemas[name]["properties"].keys(), name


def test_values_that_are_closed_are_listed(document: dict[str, Any]) -> None:
    def values(schema: str, field: str) -> set[str]:
        said = document["components"]["schemas"][schema]["properties"][field]
        for branch in said.get("oneOf", ()):
            said = branch if branch != {"type": "null"} else said
        if "$ref" in said:
            said = document["components"]["schemas"][said["$ref"].rpartition("/")[2]]
        return {value for value in said.get("enum", [said.get("const")]) if value is not None}

    assert values("AccountView", "kind") == {"personal", "team"}
    assert values("MemberView", "role") == values("Membership", "role") == {"owner", "admin", "member"}
    assert values("InvitationView", "role") == {"admin", "member"}
    assert values("Bulk", "status") == {"running", "completed", "cancelled"}
    assert values("Bulk", "stopped_because") == {"cancelled", "enough_leads"}
    assert values("Subscription", "source") == {"stripe", "manual"}
    assert values("Subscription", "interval") == {"month", "year"}
    assert values("PaymentProblem", "problem") == {"payment_failed", "payment_action_required"}
    kinds = {"grant", "hold", "settle", "spend", "expire", "revoke", "freeze", "thaw"}
    assert values("Transaction", "kind") == kinds
    assert values("PriceView", "type") == {"light", "deep", "xray"}
    assert values("PlanView", "credits_expire") == {"never"}
    assert values("StepLatency", "step") == {"queued", "waiting", "scraping", "scoring", "total"}
    assert values("Step", "step") == set(document["components"]["schemas"]["RunStatus"]["enum"])
    assert values("CallLine", "state") == {"booked", "answered", "refused", "cut_short", "failed"}
    assert values("ScrapeLine", "outcome") == {"fetched", "unavailable", "failed", "aborted"}
    assert "ping" in values("DeliveryView", "event_type")


def test_a_purchase_is_a_plan_or_a_pack(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    branches = [schemas[one["$ref"].rpartition("/")[2]] for one in schemas["CheckoutOrder"]["oneOf"]]
    assert [branch["required"] for branch in branches] == [["plan"], ["pack"]]
    assert all(branch["additionalProperties"] is False for branch in branches)


def test_empty_texts_and_lists_are_ruled_out(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["AnonymousBody"]["properties"]["username"]["minLength"] == 1
    assert schemas["AnalysisBody"]["properties"]["username"]["minLength"] == 1
    assert schemas["BulkBody"]["properties"]["usernames"]["minItems"] == 1
    assert schemas["BulkBody"]["properties"]["usernames"]["items"]["minLength"] == 1
    assert schemas["BulkBody"]["dependentRequired"] == {
        "stop_after_leads": ["stop_score"],
        "stop_score": ["stop_after_leads"],
    }


def test_periods_are_spelt_as_they_are_asked_for(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        if "/insights/" in name:
            asked = {one["name"] for one in operation["parameters"] if "name" in one}
            answer = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
            fields = document["components"]["schemas"][answer.rpartition("/")[2]]["properties"]
            assert {"from", "to"} <= asked & fields.keys(), name


def test_every_parameter_is_described(document: dict[str, Any]) -> None:
    unsaid = [
        f"{name}: {one['name']}"
        for name, operation in operations(document)
        for one in operation.get("parameters", ())
        if "name" in one and not one.get("description")
    ]
    assert unsaid == []
