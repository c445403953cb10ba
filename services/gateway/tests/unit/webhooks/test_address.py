"""Which URLs an endpoint may have, in production and in development."""

import pytest
from oslira_gateway.webhooks.address import AddressPolicy, Destination
from oslira_shared.errors import OsliraError

PUBLIC = AddressPolicy()
DEVELOPMENT = AddressPolicy(allows_loopback=True)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://hooks.example", Destination("https", "hooks.example", 443, "/")),
        ("https://hooks.example:8443/a/b?c=d&e", Destination("https", "hooks.example", 8443, "/a/b?c=d&e")),
        ("https://1.1.1.1/x", Destination("https", "1.1.1.1", 443, "/x")),
        ("https://[2606:4700::1111]/x", Destination("https", "2606:4700::1111", 443, "/x")),
    ],
)
def test_public_https_urls_are_taken_apart(url: str, expected: Destination) -> None:
    assert PUBLIC.read(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/",
        "ftp://hooks.example/",
        "hooks.example",
        "https://",
        "https:///path",
        "https://user@hooks.example/",
        "https://user:secret@hooks.example/",
        "https://hooks.example/#part",
        "https://hooks.example:22/",
        "https://hooks.example:80/",
        "https://hooks.example:99999/",
        "https://hooks.example:x/",
        "https://hooks.example/a b",
        "https://hooks.example/\r\nX-Evil: 1",
        "https://hooks.example\\@127.0.0.1/",
        "https://bücher.example/",
        "https://[::1/",
        "https://127.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[fd00::1]/",
        "https://hooks.example/" + "x" * 2_000,
        "",
    ],
)
def test_anything_else_is_refused(url: str) -> None:
    with pytest.raises(OsliraError) as refused:
        PUBLIC.read(url)
    assert refused.value.code == "invalid_webhook_url"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000/", "http://localhost/x", "https://127.0.0.1:8000/"])
def test_development_may_use_this_machine(url: str) -> None:
    assert DEVELOPMENT.read(url).port in {9000, 80, 8000}


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "http://169.254.169.254/", "http://user@localhost/"])
def test_but_no_private_network(url: str) -> None:
    with pytest.raises(OsliraError):
        DEVELOPMENT.read(url)


def test_what_a_name_leads_to_is_judged_by_the_same_rule() -> None:
    assert PUBLIC.permits("1.1.1.1")
    assert not PUBLIC.permits("127.0.0.1")
    assert DEVELOPMENT.permits("127.0.0.1")
    assert not DEVELOPMENT.permits("169.254.169.254")
