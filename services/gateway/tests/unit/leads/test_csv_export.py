"""The CSV file of leads: complete, filtered, and safe to open in a spreadsheet."""

import csv
import io
import re
from typing import Any
from uuid import UUID

import httpx
import pytest
from oslira_gateway.identity.caller import Member
from oslira_gateway.leads.csv_rows import safe_cell
from oslira_gateway.leads.lead import Lead
from sample_leads import BUSINESS, lead

HOSTILE = [
    "=HYPERLINK('https://evil.example','x')",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "＝1",
]


@pytest.mark.parametrize("cell", HOSTILE, ids=ascii)
def test_a_cell_that_a_spreadsheet_would_run_begins_with_an_apostrophe(cell: str) -> None:
    assert safe_cell(cell) == f"'{cell}"
    if cell[0] not in "\t\r\n":
        assert safe_cell(f"x{cell}") == f"x{cell}"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "\n", "\r\n"], ids=ascii)
@pytest.mark.parametrize("cell", [text for text in HOSTILE if text[0] not in "\t\r\n"], ids=ascii)
def test_no_separator_of_any_spreadsheet_begins_a_formula(cell: str, separator: str) -> None:
    for text in (
        f"J{separator}{cell}",
        f"J{separator} {cell}",
        f'J{separator}"{cell}"',
        f"J{separator}\u200b{cell}",
    ):
        parts = re.split(re.escape(separator), safe_cell(text))
        assert all(part.lstrip(' "\u200b')[:1] not in {"=", "+", "-", "@", "\uff1d"} for part in parts), text


def test_plain_text_is_left_as_it_is() -> None:
    for text in ("Ana Lima", "a-b, c", "x@y.example; z", "1 + 1 = 2", "https://a.example/?b=c,d"):
        assert safe_cell(text) == text


async def test_the_file_has_contact_data_that_no_spreadsheet_runs(
    api: Any, client: httpx.AsyncClient, member: Member
) -> None:
    shown = lead(
        1,
        is_verified=True,
        links=["https://crumb.example", "https://wa.me/351912345678"],
        emails=["=cmd@evil.example", "hello@crumb.example"],
        phones=["+351 912 345 678", "+351 21 000 00 00"],
        summary="A bakery;=1+1",
    )
    api.leads.add(member.account_id, shown)
    answer = await client.get("/v1/leads/export.csv")
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))
    assert row["links"] == "https://crumb.example / https://wa.me/351912345678"
    assert row["emails"] == "'=cmd@evil.example / hello@crumb.example"
    assert row["phones"] == "'+351 912 345 678 / +351 21 000 00 00"
    assert (row["tier"], row["verified"], row["summary"]) == ("nano", "true", "A bakery;'=1+1")


async def test_the_file_is_safe_whole_and_filtered(
    api: Any, client: httpx.AsyncClient, member: Member, five: list[Lead]
) -> None:
    for number, cell in enumerate(HOSTILE, start=50):
        api.leads.add(member.account_id, lead(number, full_name=cell, category=f'{cell}, "quoted"'))
    api.leads.names[BUSINESS] = "=Studio"
    answer = await client.get("/v1/leads/export.csv")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="leads.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbfusername,")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert [row["username"] for row in rows] == sorted(row["username"] for row in rows)
    assert len(rows) == 5 + len(HOSTILE)
    assert {row["full_name"] for row in rows[5:]} == {f"'{cell}" for cell in HOSTILE}
    assert {row["business_profile"] for row in rows} == {"'=Studio"}
    assert all(UUID(row["lead_id"]) for row in rows)
    few = (await client.get("/v1/leads/export.csv", params={"score_max": 2})).text.splitlines()
    assert len(few) == 1 + 2
    answer = await client.get("/v1/leads/export.csv", params={"score_max": 101})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
