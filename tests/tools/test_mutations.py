"""tools/mutations.py: each mutation's text and test exist, so that a rename does not make it useless."""

import importlib.util
import sys
from types import ModuleType

import pytest
from repository import ROOT


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mutations", ROOT / "tools/mutations.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutations"] = module  # its dataclass looks its own module up
    spec.loader.exec_module(module)
    return module


MUTATIONS = _tool().MUTATIONS


@pytest.mark.parametrize("number", range(len(MUTATIONS)))
def test_a_mutation_names_text_and_a_test_that_exist(number: int) -> None:
    mutation = MUTATIONS[number]
    assert mutation.old in (ROOT / mutation.file).read_text()
    file, _, name = mutation.test.partition("::")
    assert f"def {name.partition('[')[0]}" in (ROOT / file).read_text()
