"""The documentation page works without the rest of the internet."""

import re
from typing import Any

import httpx


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
        start = (await client.get("/schema/ui/start.js")).text
        shown = (await client.get(re.findall(r'url: "([^"]+)"', start)[0])).json()
        assert shown["openapi"].startswith("3.1")
        missing = await client.get("/schema/ui/index.html")
        assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
