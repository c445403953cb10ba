"""Requests to an application in this process, and the form of its errors."""

from typing import Any

import httpx


def client_of(app: Any) -> httpx.AsyncClient:
    """An unhandled error is an answer too, not an exception."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://gateway")


def assert_problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Its body."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert {"type", "title", "status", "detail", "instance", "code"} <= body.keys()
    assert (body["status"], body["code"]) == (status, code)
    assert response.headers["x-request-id"]
    return body
