"""Stop words of the languages that most profiles are written in. Accents are ignored."""

from typing import Final

# English
_ENGLISH: Final = """
a an the and or but nor so if then than as at by for from in into of off on onto out over to up with without
about after before between through under again once here there when where why how what which who whom whose
this that these those i me my mine we us our ours you your yours he him his she her hers it its they them
their theirs am is are was were be been being have has had do does did doing will would shall should can could
may might must not no yes all any both each few more most other some such only own same too very just also
ever never im ive youre theyre dont thats lets get got
"""
# Spanish, Portuguese, where not named above
_SPANISH: Final = """
el la los las un una unos unas lo al del de y e o u que en con por para sin sobre entre hasta desde como mas
pero si ya muy tambien es son era fue ser estar esta este esto estos estas ese esa eso su sus mi mis tu tus
nos nuestro nuestra nuestros se te le les yo ella ellos hay donde cuando quien cual todo toda todos todas os
um uma uns umas ao aos da das dos na nas num numa em com pelo pela sem sob ate ou nao sim ja muito tambem sao
foi isto esse essa isso seu sua seus suas meu minha teu nosso nossa voce voces eu ele ela eles elas quando
onde quem qual tudo mais
"""
# French, Italian, Romanian, where not named above
_FRENCH: Final = """
une des du et donc ni car qui quoi dans sur sous avec sans pour par chez vers au aux ce cet cette ces sa ses
mon ma mes ton ta tes notre votre vos leur leurs je il elle nous vous ils elles est sont etait etre ont avons
avez pas ne plus tres tout tous toute toutes aussi comme quand oui non cest jai gli uno di dello della dei
degli delle allo alla ai agli alle dal dalla nel nella sul sulla per tra fra che chi cui piu molto anche come
dove sono essere ho hai ha abbiamo hanno mio mia tuo tua suo nostro nostra loro io noi voi questo questa
questi quello quella tutto tutti tutte sau dar ca cu din pe pentru prin fara sunt fi unei unui ale lui ei lor
nu mai foarte tot toti acest
"""
# German, Dutch, Swedish, Danish, Norwegian, where not named above
_GERMAN: Final = """
der die den dem ein eine einen einem einer eines und oder aber denn wenn weil dass als wie auf aus bei beim
mit nach von vom vor zu zum zur uber unter fur durch gegen ohne bis ist sind war waren sein bin bist hat haben
habe wird werden kann nicht kein keine nein auch nur noch schon sehr mehr ich er sie wir ihr mich dich euch
mein meine dein deine unser unsere euer ihre ihren sich hier wo wer alles het een maar dat dit deze op aan bij
met van voor naar uit onder door om zijn ben heeft hebben wordt worden kan niet geen nee ook nog zeer meer ik
jij hij zij ze wij jullie mijn jouw uw ons onze hun daar wat och eller men att som det ett pa av med till fran
vid ar var har inte jag han hon vi sig sitt og af til ved ikke jeg
"""
# Polish, Czech, Turkish, Indonesian, Malay, Tagalog, Vietnamese, where not named above
_POLISH: Final = """
w z od po za przy dla bez nad pod oraz albo czy jak jest byl byc nie tak ten tego mnie moj twoj nasz wasz ty
ona wy oni juz tylko bardzo v ve pri pro nebo jsou byt ano vy muj vas veya ama ile icin bir bu ki gibi kadar
daha cok yok sen biz siz onlar degil dan atau tapi ke dari yang untuk dengan pada adalah ini itu saya aku kamu
anda kami kita mereka tidak juga lebih ada akan ang ng mga ay ako ikaw siya tayo sila ito iyan hindi oo va
hoac nhung cua cho co khong nay toi ban chung mot cac duoc trong tai
"""
# Russian, Ukrainian, where not named above
_RUSSIAN: Final = """
и или но а что как в во на с со к ко у о об от до за из по под при для без не ни да нет это этот эта эти тот
та те то он она оно они мы вы ты я мой моя мои твой наш наша наши ваш ваша ваши его ее их мне вам нам нас вас
бы же ли уже еще очень все всё так там тут і й або але що як з із від під ні це цей ця ці він вона воно вони
ми ви ти мій його її їх
"""
# Greek, Arabic, Persian, Hebrew, Hindi, where not named above
_GREEK: Final = """
ο η το οι τα του της των τον την και ή αλλα αν να θα με σε στο στη στην στον για απο ως δεν ειναι ημουν μου
σου μας σας τους في من على إلى عن مع هذا هذه ذلك التي الذي ما لا لم لن إن أن كان هو هي هم نحن أنت أنا أو و ثم
كل بعد قبل بين در به از که این آن را با برای است بود یا تا تو او شما של את על עם אל לא כי הוא היא הם אני אתה
אנחנו זה זאת או גם כל אם יש אין का के की में से को पर और या है हैं था थे यह वह ये वे हम आप मैं तुम नहीं भी ही
तो
"""
STOP_WORDS: Final = frozenset(
    f"{_ENGLISH} {_SPANISH} {_FRENCH} {_GERMAN} {_POLISH} {_RUSSIAN} {_GREEK}".split()
)
# Chinese, Japanese and Korean; characters of an alphabet count half.
STOP_CHARACTERS: Final = frozenset(
    "的了是在我你您他她它们們这這那和与與也就都不一个個有为為之以于於은는이가을를의에도로와과ー"
)
