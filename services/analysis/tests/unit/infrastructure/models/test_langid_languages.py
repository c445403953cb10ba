"""The language detector on typical messages: correct whenever it is certain."""

import asyncio

import pytest
from oslira_analysis.domain.results.language import Language, LanguageOf, detect
from oslira_analysis.infrastructure.models.langid_languages import LangidLanguages

MESSAGES: dict[Language, str] = {
    "ar": "تصنع Ovenworks أفران المخابز وهي تخبز بالتساوي. هل يمكننا أن نرسل لكم صفحتين عنها وعن طريقة عملها؟",
    "de": "Ovenworks baut Backöfen für Bäckereien. Sie backen gleichmäßig. Dürfen wir Ihnen zwei Seiten dazu schicken?",
    "en": "Ovenworks builds bakery ovens. They bake evenly. May we send you two pages about them?",
    "es": "Construimos hornos para panaderías que hornean de forma uniforme cada día. ¿Podemos enviarle dos páginas sobre ellos?",
    "fr": "Ovenworks fabrique des fours de boulangerie. Ils cuisent uniformément. Pouvons-nous vous envoyer deux pages ?",
    "hi": "Ovenworks बेकरी के लिए ओवन बनाता है जो समान रूप से सेंकते हैं। क्या हम आपको इनके बारे में दो पृष्ठ भेज सकते हैं?",
    "it": "Ovenworks costruisce forni per panetterie. Cuociono in modo uniforme. Possiamo inviarle due pagine?",
    "ja": "Ovenworksはパン屋向けのオーブンを作っています。資料を二枚お送りしてもよろしいですか。",
    "ko": "Ovenworks는 빵집용 오븐을 만듭니다. 골고루 잘 구워집니다. 자료 두 장을 보내드려도 될까요?",
    "nl": "Ovenworks bouwt bakkersovens. Ze bakken gelijkmatig. Mogen we u twee pagina's sturen?",
    "pl": "Ovenworks buduje piece dla piekarni. Pieką równomiernie. Czy możemy wysłać Państwu dwie strony?",
    "pt": "Ovenworks constrói fornos para padarias. Assam por igual, dia após dia. Podemos enviar-lhe duas páginas?",
    "th": "Ovenworks สร้างเตาอบสำหรับร้านขนมปังที่อบได้สม่ำเสมอ เราขอส่งข้อมูลสองหน้าให้คุณได้ไหม",
    "tr": "Ovenworks fırınlar için ocak üretir. Eşit pişirirler. Size iki sayfa gönderebilir miyiz?",
    "vi": "Ovenworks làm lò nướng cho tiệm bánh. Chúng nướng đều. Chúng tôi gửi hai trang được không?",
    "zh": "Ovenworks 为面包店制造烤箱，烘烤均匀。我们可以给您寄两页资料吗？",
}


@pytest.fixture(scope="module")
def language_of() -> LanguageOf:
    return asyncio.run(LangidLanguages().ready())


def test_the_language_of_a_message_is_detected(language_of: LanguageOf) -> None:
    found = {code: detect(text, language_of) for code, text in MESSAGES.items()}
    assert not {code: other for code, other in found.items() if other not in {code, None}}
    unsure = sum(language is None for language in found.values())
    assert unsure <= len(MESSAGES) // 8, found


def test_close_relatives_and_nonsense_are_left_undecided(language_of: LanguageOf) -> None:
    norwegian = "Ovenworks bygger bakerovner. De baker jevnt hver dag. Kan vi sende dere to sider om dem?"
    assert detect(norwegian, language_of) in {"no", None}
    assert detect("zq xw vb " * 20, language_of) is None
    assert detect("Great ovens", language_of) is None
