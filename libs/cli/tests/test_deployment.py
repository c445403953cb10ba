"""Which deployment a command uses, and as whom."""

import jwt
import pytest
import typer
from oslira_cli import extensions
from oslira_cli.deployment import Login, admin_login, user_login
from oslira_cli.extensions import LocalStack, NoDeployment
from oslira_shared.contracts.operator_tokens import ALGORITHM, AUDIENCE

_SECRET = "a secret of thirty-two characters"


class _Stack:
    gateway_url = "http://127.0.0.1:1"
    admin_url = "http://127.0.0.1:2"
    operator_secret = _SECRET

    async def token_of(self, email: str) -> str:
        return f"token of {email}"


class _Extension:
    def __init__(self, stack: LocalStack | None) -> None:
        self._stack = stack

    def add_commands(self, app: typer.Typer) -> None:
        app.command("extra")(lambda: None)

    def find_stack(self) -> LocalStack:
        if self._stack is None:
            raise NoDeployment("no stack runs here")
        return self._stack


@pytest.fixture(autouse=True)
def _without_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPERATOR_SECRET", raising=False)
    monkeypatch.setattr(extensions, "_added", [])


async def test_a_url_and_a_token_are_used_as_they_are_given() -> None:
    extensions.use(_Extension(None))
    assert await user_login("https://api.example.com/", "mine", "x@y.z") == Login(
        "https://api.example.com", "mine"
    )
    assert admin_login("http://127.0.0.1:9090", "mine") == Login("http://127.0.0.1:9090", "mine")


async def test_without_them_it_is_the_stack_on_this_machine() -> None:
    extensions.use(_Extension(_Stack()))
    assert await user_login(None, None, "x@y.z") == Login(_Stack.gateway_url, "token of x@y.z")
    login = admin_login(None, None)
    claims = jwt.decode(login.token, _SECRET, algorithms=[ALGORITHM], audience=AUDIENCE)
    assert (login.url, claims["sub"].startswith("command-")) == (_Stack.admin_url, True)


async def test_the_local_secret_never_signs_a_token_for_another_deployment() -> None:
    extensions.use(_Extension(_Stack()))
    with pytest.raises(NoDeployment, match="--token"):
        admin_login("https://elsewhere.example.com", None)
    with pytest.raises(NoDeployment, match="--token"):
        await user_login("https://elsewhere.example.com", None, "x@y.z")


async def test_a_token_is_signed_with_the_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    extensions.use(_Extension(None))
    monkeypatch.setenv("OPERATOR_SECRET", _SECRET)
    login = admin_login("http://127.0.0.1:9090", None)
    assert jwt.decode(login.token, _SECRET, algorithms=[ALGORITHM], audience=AUDIENCE)["aud"] == AUDIENCE


async def test_where_no_stack_runs_the_reason_is_the_extensions_own() -> None:
    extensions.use(_Extension(None))
    with pytest.raises(NoDeployment, match="no stack runs here"):
        await user_login(None, None, "x@y.z")
