"""Error items of the scraper: results about the profile, or failures of the scrape."""

from typing import Any

import pytest
from judged_items import NAME, outcome_of


@pytest.mark.parametrize(
    "said",
    [
        {"error": "no_items", "requestErrorMessages": ["Error: Request blocked, retrying it again"]},
        {"error": "no_items", "errorDescription": "Login required"},
        {"error": "not_found", "errorDescription": "429 Too Many Requests"},
        {"error": "Restricted profile", "message": "challenge_required"},
        {"error": "private", "statusMessage": "Please wait a few minutes before you try again."},
        {"error": "Error", "errorDescription": "<!DOCTYPE html><title>Instagram</title>"},
        {"error": "page_not_found", "statusCode": 403},
        {"error": {"type": "no_items", "message": "Proxy responded with 502"}},
        {"error": "RequestTimedOut"},
        {"error": "no_items", "requestErrorMessages": "Request blocked"},
        {"error": "no_items", "requestErrorMessages": [{"message": "Request blocked"}]},
        {"error": "no_items", "requestErrorMessages": ["Solicitud bloqueada"]},
        {"error": "not_found", "requestErrorMessages": [{"message": "net::ERR_TUNNEL_CONNECTION_FAILED"}]},
        {"error": "no_items", "#debug": {"url": "https://x.example", "errorMessages": ["请求被阻止"]}},
        {"error": "private", "errorInfo": {"message": "Bitte warten Sie", "errors": [[[["deep"]]]]}},
    ],
)
def test_a_blocked_scrape_is_not_a_result_about_the_profile(said: dict[str, Any]) -> None:
    assert outcome_of([{"username": NAME, **said}]) == "blocked"


def test_a_result_next_to_a_blocked_item_does_not_count() -> None:
    gone = {"username": NAME, "error": "not_found"}
    blocked = {"username": NAME, "error": "no_items", "requestErrorMessages": ["Request blocked"]}
    assert outcome_of([gone, blocked]) == outcome_of([blocked, gone]) == "blocked"


def test_requests_that_failed_as_the_verdict_says_are_no_block() -> None:
    said = {
        "requestErrorMessages": ["Error: Page not found", "Error: received status 404"],
        "#debug": {"requestId": "x", "url": "https://x.example", "statusCode": 404},
    }
    assert outcome_of([{"username": NAME, "error": "not_found", **said}]) == "final: not_found"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("Profile is unavailable", "not_found"),
        ("This account has been banned", "not_found"),
        ("not_found", "not_found"),
        ("Page not found", "not_found"),
        ("ProfileNotFound", "not_found"),
        ("user_does_not_exist", "not_found"),
        ("Sorry, this page isn't available.", "not_found"),
        ("404", "not_found"),
        ("No such user", "not_found"),
        ("Could not find the profile", "not_found"),
        ("This account was deleted", "not_found"),
        ("no_items", "empty_or_private"),
        ("Empty or private data for provided input", "empty_or_private"),
        ("This account is private", "private"),
        ("Restricted profile", "restricted"),
    ],
)
def test_a_final_result_is_recognised_in_different_words(said: str, reason: str) -> None:
    assert outcome_of([{"username": NAME, "error": said}]) == f"final: {reason}"
    assert outcome_of([{"error": "Error", "errorDescription": said}]) == f"final: {reason}"


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ({"error": "Profil wurde nicht gefunden", "errorCode": "not_found"}, "final: not_found"),
        ({"error": "Página no disponible", "code": "PROFILE_NOT_FOUND"}, "final: not_found"),
        ({"error": "Profil introuvable", "statusCode": 404}, "final: not_found"),
        ({"error": {"name": "NotFoundError", "message": "見つかりません"}}, "final: not_found"),
        ({"error": {"type": "no_items", "message": "aucun résultat"}}, "final: empty_or_private"),
        ({"error": "Konto ist privat", "private": True}, "final: private"),
        ({"errorCode": "not_found"}, "final: not_found"),
        ({"errorDescription": "Page not found"}, "final: not_found"),
        ({"errorType": "RequestBlocked", "errorDescription": "Seite nicht gefunden"}, "blocked"),
        ({"error": "Profil wurde nicht gefunden"}, "unreadable"),
    ],
)
def test_codes_and_flags_count_where_the_words_are_in_another_language(
    said: dict[str, Any], outcome: str
) -> None:
    assert outcome_of([{"username": NAME, **said}]) == outcome


@pytest.mark.parametrize("written", [True, "true", 1, "1"])
def test_a_restricted_profile_is_one_however_it_is_written(written: object) -> None:
    assert outcome_of([{"username": NAME, "isRestrictedProfile": written}]) == "final: restricted"


@pytest.mark.parametrize(
    "said", ["page crashed", "Selector not found", "dataset not found", True, 7, ["not_found"], {"x": 1}]
)
def test_unknown_words_are_not_a_final_result(said: object) -> None:
    assert outcome_of([{"username": NAME, "error": said}]) == "unreadable"
