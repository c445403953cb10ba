"""Generated clients keep their names: operation ids are stated, and schemas are called as their types are."""

import re
from typing import Any

import pytest
import pytest_asyncio
from litestar.exceptions import ImproperlyConfiguredException
from oslira_gateway.describe import describe
from oslira_gateway.http.openapi.names import name_operation, refuse_unnamed, shorten_schema_names

# A name in this table is in callers' code: change one only together with a new version of the API.
OPERATIONS = {
    "GET /v1/accounts": "listAccounts",
    "POST /v1/accounts": "createAccount",
    "DELETE /v1/accounts/{account_id}": "deleteAccount",
    "GET /v1/accounts/{account_id}": "getAccount",
    "PATCH /v1/accounts/{account_id}": "updateAccount",
    "GET /v1/accounts/{account_id}/invitations": "listInvitations",
    "POST /v1/accounts/{account_id}/invitations": "createInvitation",
    "DELETE /v1/accounts/{account_id}/invitations/{invitation_id}": "revokeInvitation",
    "GET /v1/accounts/{account_id}/members": "listMembers",
    "DELETE /v1/accounts/{account_id}/members/{user_id}": "removeMember",
    "PATCH /v1/accounts/{account_id}/members/{user_id}": "updateMember",
    "POST /v1/analyses": "createAnalysis",
    "POST /v1/analyses/anonymous": "createAnonymousAnalysis",
    "POST /v1/analyses/bulk": "createBulk",
    "POST /v1/analyses/quote": "quoteBulk",
    "POST /v1/billing/checkout": "createCheckout",
    "POST /v1/billing/portal": "createPortalSession",
    "GET /v1/billing/subscription": "getSubscription",
    "GET /v1/bulk": "listBulks",
    "GET /v1/bulk/{bulk_id}": "getBulk",
    "POST /v1/bulk/{bulk_id}/cancel": "cancelBulk",
    "GET /v1/bulk/{bulk_id}/events": "followBulk",
    "GET /v1/bulk/{bulk_id}/items": "listBulkItems",
    "GET /v1/business-profiles": "listBusinessProfiles",
    "POST /v1/business-profiles": "createBusinessProfile",
    "POST /v1/business-profiles/generate": "generateBusinessProfile",
    "DELETE /v1/business-profiles/{business_profile_id}": "deleteBusinessProfile",
    "GET /v1/business-profiles/{business_profile_id}": "getBusinessProfile",
    "PATCH /v1/business-profiles/{business_profile_id}": "updateBusinessProfile",
    "PUT /v1/business-profiles/{business_profile_id}": "replaceBusinessProfile",
    "GET /v1/business-profiles/{business_profile_id}/context-preview": "getContextPreview",
    "POST /v1/business-profiles/{business_profile_id}/restore": "restoreBusinessProfile",
    "GET /v1/business-profiles/{business_profile_id}/versions": "listBusinessProfileVersions",
    "GET /v1/credits/balance": "getBalance",
    "GET /v1/credits/transactions": "listTransactions",
    "GET /v1/credits/transactions.csv": "exportTransactions",
    "GET /v1/events": "followAccount",
    "GET /v1/events/address": "getEventsAddress",
    "GET /v1/insights/cache": "getCacheInsights",
    "GET /v1/insights/latency": "getLatencyInsights",
    "GET /v1/insights/outcomes": "getOutcomeInsights",
    "GET /v1/insights/usage": "getUsageInsights",
    "POST /v1/invitations/{token}/accept": "acceptInvitation",
    "GET /v1/leads": "listLeads",
    "POST /v1/leads/delete": "deleteLeads",
    "GET /v1/leads/export.csv": "exportLeads",
    "POST /v1/leads/refresh": "refreshLeads",
    "POST /v1/leads/refresh/quote": "quoteLeadsRefresh",
    "POST /v1/leads/restore": "restoreLeads",
    "DELETE /v1/leads/{lead_id}": "deleteLead",
    "GET /v1/leads/{lead_id}": "getLead",
    "GET /v1/leads/{lead_id}/analyses": "listLeadAnalyses",
    "GET /v1/leads/{lead_id}/avatar": "getLeadAvatar",
    "POST /v1/leads/{lead_id}/refresh": "refreshLead",
    "POST /v1/leads/{lead_id}/restore": "restoreLead",
    "GET /v1/me": "getMe",
    "GET /v1/plans": "listPlans",
    "GET /v1/runs": "listRuns",
    "GET /v1/runs/{run_id}": "getRun",
    "POST /v1/runs/{run_id}/cancel": "cancelRun",
    "GET /v1/runs/{run_id}/events": "followRun",
    "GET /v1/runs/{run_id}/receipt": "getReceipt",
    "POST /v1/sign-out": "signOut",
    "GET /v1/trial": "getTrial",
    "POST /v1/trial": "startTrial",
    "GET /v1/webhook-endpoints": "listWebhookEndpoints",
    "POST /v1/webhook-endpoints": "createWebhookEndpoint",
    "DELETE /v1/webhook-endpoints/{webhook_endpoint_id}": "deleteWebhookEndpoint",
    "GET /v1/webhook-endpoints/{webhook_endpoint_id}": "getWebhookEndpoint",
    "PATCH /v1/webhook-endpoints/{webhook_endpoint_id}": "updateWebhookEndpoint",
    "GET /v1/webhook-endpoints/{webhook_endpoint_id}/deliveries": "listWebhookDeliveries",
    "POST /v1/webhook-endpoints/{webhook_endpoint_id}/deliveries/{delivery_id}/replay": "replayWebhookDelivery",
    "POST /v1/webhook-endpoints/{webhook_endpoint_id}/pause": "pauseWebhookEndpoint",
    "POST /v1/webhook-endpoints/{webhook_endpoint_id}/resume": "resumeWebhookEndpoint",
    "POST /v1/webhook-endpoints/{webhook_endpoint_id}/rotate-secret": "rotateWebhookSecret",
    "POST /v1/webhook-endpoints/{webhook_endpoint_id}/test": "sendTestWebhook",
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def document() -> dict[str, Any]:
    return await describe()


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }


def test_operations_have_the_ids_that_callers_know(document: dict[str, Any]) -> None:
    named = {name: operation["operationId"] for name, operation in operations(document).items()}
    assert named == OPERATIONS
    assert len(set(named.values())) == len(named)


def test_an_id_is_a_verb_and_a_thing_and_never_made_of_the_path(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        assert re.fullmatch(r"[a-z]+(?:[A-Z][a-z]+)+", operation["operationId"]), name
        assert not operation["operationId"].startswith(("v1", "V1")), name


def test_every_operation_is_described(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        assert len(operation["description"]) >= 9, name
        assert operation["description"].endswith("."), name
        assert operation["summary"][0].isupper(), name
        assert " " in operation["summary"], name


def test_every_tag_is_described(document: dict[str, Any]) -> None:
    used = {tag for operation in operations(document).values() for tag in operation["tags"]}
    assert {tag["name"] for tag in document["tags"]} == used
    assert all(tag["description"] for tag in document["tags"])


def test_schemas_have_short_names_and_each_is_used(document: dict[str, Any]) -> None:
    names = document["components"]["schemas"].keys()
    assert [name for name in names if not re.fullmatch(r"[A-Z][A-Za-z]+", name)] == []
    text = str(document)
    assert [name for name in names if f"#/components/schemas/{name}'" not in text] == []


def test_a_route_without_an_id_is_refused() -> None:
    with pytest.raises(ImproperlyConfiguredException, match="state an operation_id"):
        refuse_unnamed("a route")  # pyright: ignore[reportArgumentType]  # any handler


def test_a_route_without_a_description_is_refused() -> None:
    with pytest.raises(ImproperlyConfiguredException, match="listLeads: give the handler a docstring"):
        name_operation({"operationId": "listLeads"})


def test_two_schemas_of_one_short_name_are_refused() -> None:
    schemas = {"Page_leads.lead.Lead_": {}, "LeadPage": {}}
    with pytest.raises(ValueError, match="LeadPage"):
        shorten_schema_names({"paths": {}, "components": {"schemas": schemas}})
