import pytest
from hypothesis import given
from hypothesis import strategies as st
from oslira_analysis.domain.results.sentences import cut_to_sentences, keep_sentences, split_sentences


@given(st.text())
def test_sentences_join_to_the_text_again(text: str) -> None:
    assert "".join(split_sentences(text)) == text


def test_sentences_end_at_their_punctuation() -> None:
    assert split_sentences("See crumb.example now! 好的。谢谢") == [
        "See crumb.example now!",
        " 好的。",
        "谢谢",
    ]


def test_a_sentence_that_is_not_allowed_is_removed() -> None:
    assert keep_sentences("One. Two is bad. Three.", lambda part: "bad" not in part) == ("One. Three.", 1)
    assert keep_sentences("a\n\nb", str.isascii) == ("a\n\nb", 0)


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("One. Two.", 9, "One. Two."),
        ("One. Two.", 8, "One."),
        ("Something long", 12, "Something"),
        ("Somethinglong", 5, "Somet"),
    ],
)
def test_texts_are_cut_between_sentences(text: str, limit: int, cut: str) -> None:
    assert cut_to_sentences(text, limit) == cut
