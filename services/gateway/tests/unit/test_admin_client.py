"""Code in the gateway that uses the database as the service, not as the user, says why."""

import ast
import re
from pathlib import Path

import oslira_gateway
import pytest

_PACKAGE = Path(oslira_gateway.__file__).parent
_RAW = {"fetch", "fetchrow", "fetchval", "execute", "executemany", "acquire"}


def acts_as_the_service(part: ast.AST) -> bool:
    """It takes or makes an AdminClient, or speaks to a pool without any client."""
    for node in ast.walk(part):
        if isinstance(node, ast.Name) and node.id == "AdminClient":
            return True
        if (
            isinstance(node, ast.Attribute)
            and node.attr in _RAW
            and ast.unparse(node.value) in {"self._pool", "pool", "self._database.pool"}
        ):
            return True
    return False


def says_why(text: str | None) -> bool:
    return text is not None and re.search(r"\bservice(?:'s|s)?\b", text, re.IGNORECASE) is not None


def silent_classes(source: str) -> list[str]:
    """Classes that act as the service and don't say why in a docstring, or their module's."""
    module = ast.parse(source)
    return [
        part.name
        for part in ast.walk(module)
        if isinstance(part, ast.ClassDef)
        and acts_as_the_service(part)
        and not any(says_why(text) for text in (ast.get_docstring(module), *docstrings(part)))
    ]


def docstrings(part: ast.ClassDef) -> list[str | None]:
    """The class's own, and its methods'."""
    methods = [node for node in part.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return [ast.get_docstring(node) for node in (part, *methods)]


@pytest.mark.parametrize(
    "path", sorted(_PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(_PACKAGE))
)
def test_code_that_acts_as_the_service_says_why(path: Path) -> None:
    assert silent_classes(path.read_text()) == []


def test_a_class_that_is_silent_is_found() -> None:
    source = "class Quiet:\n    '''Reads.'''\n    def __init__(self, database: AdminClient) -> None: ...\n"
    assert silent_classes(source) == ["Quiet"]
    assert (
        silent_classes(source.replace("Reads.", "AuditLog as the service: nobody has signed in yet.")) == []
    )
    raw = "class Raw:\n    async def read(self):\n        return await self._pool.fetch('select 1')\n"
    assert silent_classes(raw) == ["Raw"]
