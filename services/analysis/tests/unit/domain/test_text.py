import pytest
from hypothesis import given
from hypothesis import strategies as st
from oslira_analysis.domain.text import clean_text, fold_text

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=80)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("  two\r\nlines\rthree\u2028four ", "two\nlines\nthree\nfour"),
        ("tab\there", "tab here"),
        ("zero\u200bwidth\u2060joined\ufeff", "zerowidthjoined"),
        ("\u202edesrever\u202c", "desrever"),
        ("tag\U000e0041\U000e0042 smuggled", "tag smuggled"),
        ("lease_keeper \u2764\ufe0f byte\U000e0101", "lease_keeper \u2764 byte"),
        ("lone \ud83d surrogate", "lone  surrogate"),
        ("bell\x07 null\x00 private\ue000", "bell null private"),
        ("blank\u2800\u3164letters", "blankletters"),
        ("Olá 你好 🇧🇷", "Olá 你好 🇧🇷"),
    ],
)
def test_invisible_characters_are_removed(raw: str, clean: str) -> None:
    assert clean_text(raw, 100) == clean


def test_a_text_is_cut_at_its_limit() -> None:
    assert clean_text("abc def", 4) == "abc"


@given(ANY_TEXT, st.integers(0, 60))
def test_cleaning_is_bounded_idempotent_and_encodable(raw: str, limit: int) -> None:
    clean = clean_text(raw, limit)
    assert len(clean) <= limit
    assert clean_text(clean, limit) == clean
    clean.encode()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("“Quoted”  text’s", '"quoted" TEXT\'s'),
        ("ｆｕｌｌ width", "FULL\nwidth"),
        ("Straße", "STRASSE"),
        ("cafe\u0301", "CAFÉ"),
        ("wait…", "wait..."),
    ],
)
def test_texts_that_read_alike_fold_alike(one: str, other: str) -> None:
    assert fold_text(one) == fold_text(other)


@given(ANY_TEXT)
def test_folding_ignores_case_and_outer_space(raw: str) -> None:
    assert fold_text(f" {raw}\n") == fold_text(raw)
