"""Everything that the API can do. Generated from docs/generated/openapi.json: `make openapi`."""

from oslira_client.calls import Calls
from oslira_client.generated.accounts import AccountsApi
from oslira_client.generated.analyses import AnalysesApi
from oslira_client.generated.billing import BillingApi
from oslira_client.generated.bulk import BulkApi
from oslira_client.generated.business import BusinessApi
from oslira_client.generated.credits import CreditsApi
from oslira_client.generated.identity import IdentityApi
from oslira_client.generated.insights import InsightsApi
from oslira_client.generated.leads import LeadsApi
from oslira_client.generated.webhooks import WebhooksApi


class Operations:
    """By the parts of the API."""

    def __init__(self, calls: Calls) -> None:
        self.accounts = AccountsApi(calls)
        self.analyses = AnalysesApi(calls)
        self.billing = BillingApi(calls)
        self.bulk = BulkApi(calls)
        self.business = BusinessApi(calls)
        self.credits = CreditsApi(calls)
        self.identity = IdentityApi(calls)
        self.insights = InsightsApi(calls)
        self.leads = LeadsApi(calls)
        self.webhooks = WebhooksApi(calls)
