"""The document says everything that a caller may meet."""

from typing import Any

import pytest
import pytest_asyncio
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from oslira_gateway.analyses.bulk_routes import BulkTerms
from oslira_gateway.describe import describe
from oslira_gateway.http.documented import refuses
from oslira_gateway.http.openapi import codes_of, documented_handlers
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


def test_a_code_nobody_knows_cannot_be_stated() -> None:
    with pytest.raises(KeyError):
        refuses("made_up")


def test_own_codes_come_before_those_of_all_routes(handlers: list[tuple[str, str, HTTPRouteHandler]]) -> None:
    codes = {f"{method} {path}": codes_of(handler) for path, method, handler in handlers}
    assert codes["get /v1/runs/{run_id}"][0] == "run_not_found"
    assert "no_account" not in codes["get /v1/me"]
    assert "unauthenticated" not in codes["get /v1/plans"]
    assert "timeout" not in codes["get /v1/runs/{run_id}/events"]
    assert "body_too_large" in codes["post /v1/analyses"]


def test_a_csv_body_says_which_terms_go_into_the_query(document: dict[str, Any]) -> None:
    with_csv = {
        name: operation["requestBody"].get("description", "")
        for name, operation in operations(document)
        if "text/csv" in operation.get("requestBody", {}).get("content", {})
    }
    assert with_csv
    unsaid = [
        f"{name}: {term}"
        for name, told in with_csv.items()
        for term in BulkTerms.model_fields
        if f"- `{term}`: " not in told
    ]
    assert not unsaid
