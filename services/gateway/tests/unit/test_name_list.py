"""Lists of names: what can be used is, and every line that can't is named with its reason."""

import pytest
from oslira_gateway.analyses.name_list import NameList, read_csv, read_names
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


@pytest.mark.parametrize(
    "body",
    [
        b'\xef\xbb\xbfusername,notes\r\none,first\r\n"two","a, quoted"\r\n',
        b"username;notes\none;x\ntwo;y\n",
        b"notes\thandle\nx\tone\ny\ttwo",
        b"\n\nusername\rone\rtwo",
        "username,notes\none,x\ntwo,y\n".encode("utf-16"),
    ],
)
def test_every_kind_of_csv_gives_the_same_names(body: bytes) -> None:
    assert [name.username for name in read_csv(body).names] == ["one", "two"]


def test_a_list_without_a_header_is_taken_from_its_first_line() -> None:
    assert lines(read_csv(b"one\ntwo\n@three")) == [(1, "one"), (2, "two"), (3, "three")]


def test_one_broken_line_costs_only_itself() -> None:
    found = read_csv(b'username\none\n"never closed\ntwo\n\xff\xfe\xfd\n\nthree,more,cells\n')
    assert lines(found) == [(2, "one"), (4, "two"), (7, "three")]
    assert problems(found) == [(3, "broken"), (5, "broken"), (6, "blank")]


def test_a_thousand_names_and_no_more() -> None:
    assert len(read_names(f"name{number}" for number in range(1_000)).names) == 1_000
    with pytest.raises(OsliraError) as refused:
        read_names(f"name{number}" for number in range(1_001))
    assert (refused.value.code, refused.value.extra["limit"]) == ("too_many_names", 1_000)
    with pytest.raises(OsliraError):
        read_csv(b"x\n" * 20_001)


def test_nothing_is_a_list_without_names() -> None:
    assert read_csv(b"") == read_names([]) == NameList()
