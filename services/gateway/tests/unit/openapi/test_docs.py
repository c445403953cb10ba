"""The documentation page works without the rest of the internet."""

import re
from typing import Any

import httpx
from oslira_gateway.http.openapi.openapi_30 import as_openapi_30


async def test_the_page_loads_nothing_from_elsewhere(api: Any) -> None:
    transport = httpx.ASGITransport(api.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        page = await client.get("/schema")
        assert page.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "http" not in re.sub(r"<!DOCTYPE html>", "", page.text)
        loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert len(loaded) == 5
        for address in loaded:
            answer = await client.get(address)
            assert answer.status_code == 200, address
            assert len(answer.content) > 100
        shown = (await client.get("/schema/ui/openapi-3.0.json")).json()
        assert shown["openapi"] == "3.0.3"
        assert shown["paths"].keys() == (await client.get("/schema/openapi.json")).json()["paths"].keys()
        missing = await client.get("/schema/ui/index.html")
        assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


def test_what_3_0_cannot_say_is_said_the_nearest_way() -> None:
    assert as_openapi_30(
        {
            "a": {"type": ["string", "null"]},
            "b": {"oneOf": [{"$ref": "x"}, {"type": "null"}]},
            "c": {"const": 1, "examples": [1]},
        }
    ) == {
        "openapi": "3.0.3",
        "a": {"type": "string", "nullable": True},
        "b": {"allOf": [{"$ref": "x"}], "nullable": True},
        "c": {"enum": [1], "example": 1},
    }
