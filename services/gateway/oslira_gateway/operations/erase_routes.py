"""`POST /v1/admin/erase`, and the state of an erasure."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, JSONBody
from oslira_shared.bus.connection import Bus
from oslira_shared.contracts.analysis.v1 import ERASE, Erased, EraseRequest
from oslira_shared.errors import OsliraError
from oslira_shared.usernames import InvalidUsername, normalise_username
from pydantic import BaseModel, ConfigDict

from oslira_gateway.http.auth import path_id
from oslira_gateway.operations.admin_app import operator_of
from oslira_gateway.operations.audit_log import AuditLog, recorded
from oslira_gateway.operations.erasures import EraseProfile, Erasure, Erasures


class EraseBody(BaseModel):
    """`username` as people paste it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    username: str


class BusErasureOwners:
    """Implements Owners. Besides the gateway only analysis stores profiles."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def erase(self, erasure_id: Any) -> Erased:
        return await self._bus.request(ERASE, EraseRequest(erasure_id=erasure_id), Erased, timeout_s=20)


def erase_routes(erase_profile: EraseProfile, erasures: Erasures, audit_log: AuditLog) -> list[Any]:
    """The profile's name is in no answer and in no log."""

    @post("/erase", status_code=200)
    async def erase(request: Request[Any, Any, Any], data: JSONBody[EraseBody]) -> Erasure:
        username = _normal(data.username)
        erasure_id = await erasures.id_of(username)
        async with recorded(audit_log, operator_of(request), "erase", erasure_id=str(erasure_id)):
            return await erase_profile(erasure_id, username)

    @get("/erasures/{erasure_id:str}")
    async def show_erasure(erasure_id: FromPath[str]) -> Erasure:
        found = await erasures.find(path_id(erasure_id, "not_found"))
        if found is None:
            raise OsliraError("not_found", "There is no such erasure.")
        return found

    return [erase, show_erasure]


def _normal(username: str) -> str:
    try:
        return normalise_username(username)
    except InvalidUsername as error:
        raise OsliraError("invalid_username", error.reason, problem=error.problem) from error
