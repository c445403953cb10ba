"""Detect text that addresses a model rather than people, where that is obvious.

A heuristic, not a barrier: text that is encoded, spelt with look-alike letters or phrased differently is not detected.
Delimiters, checked evidence and computed parts protect against that too. A match adds a red flag, lowers confidence and is
not evidence.
"""

import re
from typing import Final

from oslira_analysis.domain.text import fold_text

# All in the folded form: lower case, NFKC. Ordinary words count only in pairs.
_MACHINE_TALK: Final = (
    r"<\|[\w ]{2,20}\|?>|\[/?inst\]|<</?sys>>|</?(?:system|assistant|profile_data|business_context|instructions?)\b"
    r"|\b(?:fit_score|red_flags|business_context|profile_data|tool_calls?|function_call)\b|\bsystem prompt\b"
    r"|^\W*(?:system|assistant|developer)\b[^:.!?]{0,24}[:\]]|\bend of (?:profile|user|data|input|document)\b"
)
_ADDRESS: Final = (
    r"\byou are (?:now|no longer) (?:an?|the|in|my)\b|\bas an? (?:ai|language) (?:model|assistant)\b"
    r"|\b(?:dear|attention|attn|hey|hello|note|message|notice)\b.{0,14}\b(?:ai|llm|gpt|chatgpt|claude|language model)\b"
    r"|\b(?:reveal|print|repeat|show|output|leak)\b.{0,30}\b(?:instructions|prompt|business context|ideal customer)\b"
)
# "Put the rules aside", all or earlier ones, in en, es, pt, fr, it, de, nl, pl, ru, uk, id, vi, ar and he; then tr, hi, zh, ja, ko.
_PUT_ASIDE: Final = (
    r"\b(?:ignor\w*|disregard|forget|override|bypass|olvid\w+|esque[cç]\w+|desconsider\w+|oubli\w+|dimentica\w*|vergiss|"
    r"missacht\w+|negeer|zignoruj|zapomnij|игнорир\w+|проигнорир\w+|забудь\w*|ігнору\w+|abaikan|lupakan|bỏ qua|تجاهل\w*|"
    r"התעלם|התעלמו)\b"
    r"(?=.{0,60}(?:previous|prior|above|earlier|\ball\b|your|system|given|anterior|sistema|précéd|preced|bisher|vorherig|"
    r"vorige|poprzedni|предыдущ|попередн|sebelum|trước|السابق|הקודמ))"
    r".{0,40}(?:instruc|instruç|istruzion|instruksi|prompt|guideline|rubric|anweisung|vorgabe|instrukcj|polece|"
    r"инструкц|указани|інструкц|perintah|aturan|hướng dẫn|chỉ dẫn|التعليمات|الأوامر|הוראות|ההנחיות)"
    r"|(?:talimat|yönerge|kural)\w*.{0,30}(?:yok say|görmezden|unut)|निर्देश.{0,20}(?:अनदेखा|भूल)"
    r"|(?:忽略|无视|無視|忽視|忘记|忘記).{0,15}(?:指令|指示|规则|規則|提示|说明)"
    r"|(?:指示|命令|プロンプト|ルール).{0,10}(?:無視|忘れ)|(?:지시|명령|지침|프롬프트).{0,12}(?:무시|잊)"
)
_ASK_FOR_SCORE: Final = (
    r"\b(?:give|assign|set|return|output|award|rate|score|mark|answer)\b.{0,40}"
    r"(?:\b(?:score|rating|fit|lead|profile)\b.{0,24}\b(?:100|hundred)\b(?!\s?[%€$£])|"
    r"\b(?:maximum|highest|perfect|top)\b.{0,12}\b(?:score|rating)\b.{0,20}\b(?:lead|profile|account)\b)"
    r"|(?:puntuaci|puntaje|pontuaç|nota |punteggio|punktzahl|bewertung|оценк|балл|puan|skor|النتيجة|الدرجة|अंक|स्कोर|"
    r"评分|評分|分数|スコア|点数|점수).{0,15}(?:100|۱۰۰|١٠٠|満点|满分|滿分)(?!\s?[%€$£])"
)
_SIGNS: Final = re.compile(f"{_MACHINE_TALK}|{_ADDRESS}|{_PUT_ASIDE}|{_ASK_FOR_SCORE}")


def tries_to_instruct(text: str) -> bool:
    """Whether the text, or one of its lines, addresses the model that reads it."""
    return instructing_excerpt(text, limit=1) is not None


def instructing_excerpt(text: str, *, limit: int) -> str | None:
    """The first line that addresses a model, or the start of a text that does so over several lines; None for other texts."""
    lines = text.splitlines()
    for line in lines:
        if _SIGNS.search(fold_text(line)):
            return line.strip()[:limit].rstrip()
    is_spread = len(lines) > 1 and _SIGNS.search(fold_text(text))
    return text.strip()[:limit].rstrip() if is_spread else None
