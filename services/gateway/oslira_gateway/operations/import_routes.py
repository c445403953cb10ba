"""`POST /v1/admin/imported-balances`: an account's balance from an earlier system, once."""

from typing import Annotated, Any, Self
from uuid import UUID

from litestar import Request, post
from litestar.params import JSONBody
from oslira_shared.contracts.credits.v1 import MOST_IMPORTED_CREDITS
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from oslira_gateway.operations.admin_app import operator_of
from oslira_gateway.operations.audit_log import AuditLog, recorded
from oslira_gateway.operations.imported_balances import (
    Imported,
    ImportedBalances,
    Owner,
    import_balance,
)


class BalanceBody(BaseModel):
    """`id`: of the balance in the earlier system, the idempotency key. The account: `account_id`, `user_id` or `email`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(min_length=1, max_length=200)]
    credits: Annotated[int, Field(ge=0, le=MOST_IMPORTED_CREDITS)]
    account_id: UUID | None = None
    user_id: UUID | None = None
    email: Annotated[str, Field(max_length=320)] | None = None
    expires_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _is_somebodys(self) -> Self:
        if self.account_id is None and self.user_id is None and not self.email:
            raise ValueError("one of account_id, user_id and email is required")
        return self


def import_routes(balances: ImportedBalances, audit_log: AuditLog) -> list[Any]:
    """A user's address is in no answer and in no log."""

    @post("/imported-balances", status_code=200)
    async def import_one(request: Request[Any, Any, Any], data: JSONBody[BalanceBody]) -> Imported:
        owner = Owner(data.account_id, data.user_id, data.email)
        async with recorded(audit_log, operator_of(request), "import_balance", balance_id=data.id):
            return await import_balance(balances, data.id, owner, data.credits, expires_at=data.expires_at)

    return [import_one]
