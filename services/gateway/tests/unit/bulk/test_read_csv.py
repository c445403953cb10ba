"""Lists as people have them: each gives exactly the profiles that are meant, or spends nothing and says why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oslira_gateway.bulk.read_csv import read_csv
from oslira_shared.errors import OsliraError

_BOTH = ["crumb.co", "dough.co"]
_ANA = "https://www.instagram.com/ana_lima?igsh=MzRlODBiNWFlZA=="

# What each list means: (how it came about, the list, the names).
MEANT = [
    ("plain list", "crumb.co\ndough.co\n", _BOTH),
    ("no line end at the end", "crumb.co\ndough.co", _BOTH),
    ("Windows line ends", "crumb.co\r\ndough.co\r\n", _BOTH),
    ("old Mac line ends", "username\rcrumb.co\rdough.co", _BOTH),
    ("blank lines between", "\n\ncrumb.co\n\n\ndough.co\n\n", _BOTH),
    ("at-signs", "@crumb.co\n@Dough.co", _BOTH),
    ("wide at-signs", "\uff20crumb.co\n\uff20dough.co", _BOTH),
    ("links", "https://www.instagram.com/crumb.co/\ninstagram.com/dough.co?igsh=x", _BOTH),
    ("plain words", "nasa\nnike\nadidas", ["nasa", "nike", "adidas"]),
    ("numbered list", "1. crumb.co\n2. dough.co", _BOTH),
    ("bullets", "- crumb.co\n\u2022 dough.co", _BOTH),
    ("one line", "crumb.co, dough.co, nasa", [*_BOTH, "nasa"]),
    ("one line with semicolons", "crumb.co;dough.co;", _BOTH),
    ("one line of at-signs", "@Crumb.co, @Dough.co", _BOTH),
    ("a comma at each end", "crumb.co,\ndough.co,\n", _BOTH),
    ("a full stop at each end", "@crumb.co.\n@dough.co.", _BOTH),
    ("quoted", '"crumb.co"\n"dough.co"', _BOTH),
    ("a title above", "Instagram\ncrumb.co\ndough.co", _BOTH),
    ("a title in capitals", "USERNAME\ncrumb.co\ndough.co", _BOTH),
    ("display names first", "Name;Instagram\nNatalia;crumb.co\nTom;dough.co", _BOTH),
    ("CRM: a company and a link", "Company,Instagram URL\nCrumb,https://instagram.com/crumb.co\nD,instagr.am/dough.co", _BOTH),
    ("German titles", "Benutzername;Name;Follower\ncrumb.co;Crumb B\u00e4ckerei;12\ndough.co;Dough;33", _BOTH),
    ("French titles", "Nom;Nom d'utilisateur;Ville\nNatalia;crumb.co;Paris\nTom;dough.co;Lyon", _BOTH),
    ("Spanish titles", "Nombre,Usuario,Ciudad\nAna,crumb.co,Lima\nTom,dough.co,Quito", _BOTH),
    ("Portuguese titles", "Nome,Nome de usu\u00e1rio\nAna,crumb.co\nTom,dough.co", _BOTH),
    ("Italian titles", "Nome;Nome utente\nAna;crumb.co\nTom;dough.co", _BOTH),
    ("Dutch titles", "Naam;Gebruikersnaam\nAna;crumb.co\nTom;dough.co", _BOTH),
    ("Polish titles", "Imi\u0119;Nazwa u\u017cytkownika\nAna;crumb.co\nTom;dough.co", _BOTH),
    ("Turkish titles", "Ad;Kullan\u0131c\u0131 ad\u0131\nAna;crumb.co\nTom;dough.co", _BOTH),
    ("Russian titles", "\u0418\u043c\u044f;\u0418\u043d\u0441\u0442\u0430\u0433\u0440\u0430\u043c\nAna;crumb.co\nTom;dough.co", _BOTH),
    ("Japanese titles", "\u540d\u524d,\u30a2\u30ab\u30a6\u30f3\u30c8\nAna,crumb.co\nTom,dough.co", _BOTH),
    ("Chinese titles", "\u59d3\u540d,\u7528\u6237\u540d\nAna,crumb.co\nTom,dough.co", _BOTH),
    ("a title in no language we know", "Firma;Kanal;Stadt\nCrumb GmbH;crumb.co;Berlin\nDough AG;dough.co;Bonn", _BOTH),
    ("HubSpot", f"First Name,Last Name,Email,Phone,Instagram\nAna,Lima,a@x.example,+1 555 123,{_ANA}", ["ana_lima"]),
    ("Salesforce", "Account Name,Instagram Profile\nCrumb GmbH,instagram.com/crumb.co\nNobody,n/a\nNone,none", ["crumb.co"]),
    ("Pipedrive", '"Person - Name","Person - Instagram"\n"Ana","@crumb.co"\n"Tom","@dough.co"', _BOTH),
    ("the scraper's export", "fullName,username,url\nA,crumb.co,instagram.com/crumb.co\nB,dough.co,instagram.com/dough.co", _BOTH),
    ("followers before the name", "Instagram followers,Instagram\n123,crumb.co\n456,dough.co", _BOTH),
    ("two networks", "Instagram,TikTok\n@crumb.co,@crumbtok\n@dough.co,@doughtok", _BOTH),
    ("another network first", "Twitter;Insta\n@crumbnews;crumb.co\n@doughnews;dough.co", _BOTH),
    ("websites beside", "Website\tInstagram Handle\ncrumb.example.com\tcrumb.co\ndough.com\tdough.co", _BOTH),
    ("pipes", "full_name|ig\nA B|crumb.co\nC D|dough.co", _BOTH),
    ("tabs from a spreadsheet", "handle\tnotes\ncrumb.co\tx, y\ndough.co\tz", _BOTH),
    ("Excel says the separator", "sep=;\nInstagram;Notes\ncrumb.co;a,b\ndough.co;c,d", _BOTH),
    ("a comma in quotes", 'username,notes\ncrumb.co,"a, quoted"\n"dough.co","b"', _BOTH),
    ("a biography over lines", 'username,bio\ncrumb.co,"We bake\nbread\ndaily"\ndough.co,x', _BOTH),
    ("a biography before the name", 'bio,username\n"We bake\n@bread\ndaily",crumb.co\nx,dough.co', _BOTH),
    ("quotes in quotes", 'username,bio\ncrumb.co,"the ""best"" bread"\ndough.co,x', _BOTH),
    ("no header, links", "Crumb;https://instagram.com/crumb.co\nDough;https://instagram.com/dough.co", _BOTH),
    ("no header, names beside people", "Natalia;crumb.co\nTom;dough.co", _BOTH),
    ("no header, numbers beside", "crumb.co,12\ndough.co,34", _BOTH),
    ("an unknown title above links", "Bakeries\nhttps://instagram.com/crumb.co\nhttps://instagram.com/dough.co", _BOTH),
    ("an unknown title above names", "Bakeries\ncrumb.co\ndough.co", _BOTH),
    ("an empty header cell", ",Instagram\n1,crumb.co\n2,dough.co", _BOTH),
    ("rows shorter than the header", "Instagram,City,Notes\ncrumb.co\ndough.co,Bonn", _BOTH),
    ("a column of empty cells", "Instagram,,\ncrumb.co,,\n,,\ndough.co,,", _BOTH),
    ("names in other scripts beside", "Titel,Instagram\n\u0410\u043d\u043d\u0430,crumb.co\n\u0422\u043e\u043c,dough.co", _BOTH),
    ("posts among profiles", "Instagram\ncrumb.co\nhttps://www.instagram.com/p/ABC/\ndough.co", _BOTH),
]  # fmt: skip
UNCLEAR = [
    ("a company and an e-mail", "Company,Email\nCrumb,info@crumb.example\nDough,x@dough.example"),
    ("only people", "Name\nNatalia\nTom"),
    ("people without a title", "Natalia\nTom\nPeter"),
    ("people and cities", "Vorname;Stadt\nNatalia;Bonn\nTom;Berlin"),
    ("people and cities without titles", "Natalia;Bonn\nTom;Berlin"),
    ("only websites", "crumb.com\ndough.com"),
    ("websites of companies", "Company,Website\nCrumb,crumb.com\nDough,dough.com"),
    ("two columns of handles", "Konto;Kanal\n@crumb.co;@crumbtok\n@dough.co;@doughtok"),
    ("two columns of names", "crumb.co;crumb_shop\ndough.co;dough_shop"),
    ("words beside names", "nasa;crumb.co\nnike;dough.co"),
    ("two columns of links", "A;B\ninstagram.com/crumb.co;instagram.com/nasa\ninstagram.com/dough.co;instagram.com/esa"),
    ("a log-in beside the name", "Username,Instagram\nanna.k,crumb.co\ntom.s,dough.co"),
    ("only another network", "TikTok\n@crumb\n@dough"),
    ("one person on one line", "Natalia, crumb.co"),
]  # fmt: skip


def names(body: bytes, column: str | None = None) -> list[str]:
    return [name.username for name in read_csv(body, column=column).names]


@pytest.mark.parametrize(("body", "meant"), [case[1:] for case in MEANT], ids=[case[0] for case in MEANT])
def test_a_list_gives_exactly_the_profiles_that_are_meant(body: str, meant: list[str]) -> None:
    encoded = [
        body.encode(encoding) for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")
    ]
    assert [names(one) for one in encoded] == [meant] * len(encoded)


@pytest.mark.parametrize("body", [case[1] for case in UNCLEAR], ids=[case[0] for case in UNCLEAR])
def test_in_doubt_nothing_is_spent_and_the_columns_are_shown(body: str) -> None:
    with pytest.raises(OsliraError) as refused:
        read_csv(body.encode())
    assert refused.value.code == "column_unclear"


def test_the_columns_of_an_unclear_list_are_shown_with_what_each_would_give() -> None:
    body = b"Konto;Kanal\n@crumb.co;@a\n@dough.co;@b\n@nasa;@c\n@esa;@d\n"
    with pytest.raises(OsliraError) as refused:
        read_csv(body)
    assert refused.value.extra["columns"] == [
        {"column": 1, "title": "Konto", "examples": ["crumb.co", "dough.co", "nasa"]},
        {"column": 2, "title": "Kanal", "examples": ["a", "b", "c"]},
    ]
    assert names(body, "Kanal") == names(body, "2") == ["a", "b", "c", "d"]
    for wrong in ("3", "Stadt", "0", "\u0662"):
        with pytest.raises(OsliraError) as unknown:
            read_csv(body, column=wrong)
        assert unknown.value.code == "column_unclear"


def test_a_chosen_column_is_taken_as_it_is() -> None:
    assert names(b"Natalia\nTom\nPeter", "1") == ["natalia", "tom", "peter"]
    assert names(b"Company,Email\nCrumb,a@b.example", "company") == ["crumb"]


def test_windows_1252_is_read() -> None:
    assert names("username;city\ncrumb.co;Orl\u00e9ans\ndough.co;K\u00f6ln".encode("cp1252")) == _BOTH


def test_each_line_that_is_left_out_is_named_by_its_line_in_the_file() -> None:
    body = (
        'username,bio\ncrumb.co,"two\nlines"\nnot a name,x\ncrumb.co,again\nnone,\n,\n'
        "https://www.instagram.com/reel/X/,x\n"
    )
    found = read_csv(body.encode())
    assert [(name.line, name.username) for name in found.names] == [(2, "crumb.co")]
    assert [(line.line, line.problem) for line in found.rejected] == [
        (4, "bad_characters"),
        (5, "duplicate"),
        (6, "blank"),
        (7, "blank"),
        (8, "not_a_profile"),
    ]


def test_a_title_that_was_guessed_is_reported() -> None:
    found = read_csv(b"Bakeries\ncrumb.co\ndough.co")
    assert [(line.line, line.text, line.problem) for line in found.rejected] == [(1, "Bakeries", "title")]


def test_nothing_after_a_quote_that_stays_open_becomes_a_name() -> None:
    found = read_csv(b'username,bio\ncrumb.co,"We bake\nbread\ndaily\n')
    assert found.names == []
    assert [(line.line, line.problem) for line in found.rejected] == [
        (2, "broken"),
        (3, "broken"),
        (4, "broken"),
    ]


@pytest.mark.parametrize("line", ['"crumb.co" x,y', '"crumb.co'])
def test_a_broken_quote_costs_only_its_line(line: str) -> None:
    found = read_csv(f"username,bio\n{line}\ndough.co,z\n".encode())
    assert [name.username for name in found.names] == ["dough.co"]
    assert [(line.line, line.problem) for line in found.rejected] == [(2, "broken")]


def test_a_list_of_too_many_columns_is_refused() -> None:
    with pytest.raises(OsliraError) as refused:
        read_csv(b"\n".join([b",".join(b"c%d" % number for number in range(101))] * 2))
    assert refused.value.code == "column_unclear"


@given(st.binary(max_size=300) | st.text(alphabet='ab1@.;,\t|"\n\r /', max_size=120).map(str.encode))
def test_any_bytes_give_names_or_a_reason(body: bytes) -> None:
    try:
        found = read_csv(body)
    except OsliraError as refused:
        assert refused.code in {"column_unclear", "too_many_names"}  # noqa: PT017
    else:
        lines = [name.line for name in found.names] + [line.line for line in found.rejected]
        assert all(line >= 1 for line in lines)
