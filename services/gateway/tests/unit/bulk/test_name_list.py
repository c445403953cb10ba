"""Lists of names: usable ones are used, and every other line is reported with its reason."""

import pytest
from oslira_gateway.bulk.name_list import NameList, read_names
from oslira_gateway.bulk.read_csv import read_csv
from oslira_shared.errors import OsliraError


def lines(names: NameList) -> list[tuple[int, str]]:
    return [(name.line, name.username) for name in names.names]


def problems(names: NameList) -> list[tuple[int, str]]:
    return [(line.line, line.problem) for line in names.rejected]


def test_a_list_is_normalised_and_its_duplicates_and_faults_are_named() -> None:
    found = read_names(["@One", "https://instagram.com/two/", "ONE", "", "not a name", "три"])
    assert lines(found) == [(1, "one"), (2, "two")]
    assert problems(found) == [(3, "duplicate"), (4, "blank"), (5, "bad_characters"), (6, "bad_characters")]
    assert found.rejected[0].detail.endswith("line 1.")


def test_a_thousand_names_and_no_more() -> None:
    assert len(read_names(f"name{number}" for number in range(1_000)).names) == 1_000
    with pytest.raises(OsliraError) as refused:
        read_names(f"name{number}" for number in range(1_001))
    assert (refused.value.code, refused.value.extra["limit"]) == ("too_many_names", 1_000)
    with pytest.raises(OsliraError):
        read_csv(b"x\n" * 20_001)
    with pytest.raises(OsliraError):
        read_csv(b"".join(b"name%d,Ulm\n" % number for number in range(1_001)))


def test_nothing_is_a_list_without_names() -> None:
    assert read_csv(b"") == read_names([]) == NameList()
