import pytest
from oslira_billing.domain.return_url import under
from oslira_shared.errors import OsliraError

APP = "https://app.example/studio"


@pytest.mark.parametrize(
    "url",
    [
        APP,
        f"{APP}/",
        f"{APP}/billing?ok=1#top",
        f"{APP}/done?session_id={{CHECKOUT_SESSION_ID}}",
    ],
)
def test_our_own_pages_serve(url: str) -> None:
    assert under(APP, url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/billing",
        "//app.example/studio/",
        "http://app.example/studio/",
        "https://app.example/",
        "https://app.example/studios",
        "https://app.example/studio/../admin",
        "https://app.example/studio/%2e%2e/admin",
        "https://app.example.evil/studio/",
        "https://app.example:444/studio/",
        "https://app.example@evil/studio/",
        "https://user@app.example/studio/",
        "https://app.example\\@evil/studio/",
        "https://app.example/studio/\n",
        "https://app.example/studio/ ",
        "javascript:alert(1)//https://app.example/studio/",
        f"{APP}/{'x' * 2_000}",
    ],
)
def test_everything_else_is_refused(url: str) -> None:
    with pytest.raises(OsliraError) as refusal:
        under(APP, url)
    assert refusal.value.code == "invalid_return_url"
