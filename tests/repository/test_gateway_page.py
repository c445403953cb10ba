"""The page of the gateway names every folder of its package."""

from repository import DOCS, ROOT

PACKAGE = ROOT / "services/gateway/oslira_gateway"


def test_every_module_of_the_gateway_has_a_line() -> None:
    page = (DOCS / "architecture/gateway.md").read_text()
    folders = {path.parent.name for path in PACKAGE.glob("*/*.py")}
    missing = {name for name in folders if f"   {name}/" not in page}
    assert missing == set()


def test_no_line_is_of_a_module_that_is_gone() -> None:
    _, _, rest = (DOCS / "architecture/gateway.md").read_text().partition(" oslira_gateway/\n")
    block, _, _ = rest.partition("```")
    named = {
        line.split("/")[0].strip() for line in block.splitlines() if line.startswith("   ") and line[3] != " "
    }
    assert named == {path.parent.name for path in PACKAGE.glob("*/*.py")}
