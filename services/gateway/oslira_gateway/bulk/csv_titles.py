"""What column titles mean: the Instagram name, another known field, or unknown."""

import re
import unicodedata
from enum import Enum, auto
from typing import Final


class Title(Enum):
    """`PLATFORM`: handles of another network, which look like Instagram's."""

    INSTAGRAM = auto()
    HANDLE = auto()
    PLATFORM = auto()
    OTHER = auto()
    UNKNOWN = auto()


def word_list(text: str) -> frozenset[str]:
    """Words separated by commas."""
    return frozenset(word.strip() for word in text.split(","))


_INSTAGRAM_WORDS: Final = word_list("""
    instagram, insta, ig, instagramm, インスタグラム, インスタ, инстаграм, 인스타그램
""")
_INSTAGRAM_NOT: Final = word_list("""
    followers, follower, following, posts, post, bio, biography, reach, likes, engagement, rate,
    status, date, notes,
    note, category, id, email, phone, picture, verified, seguidores, abonnés, abonnes, beiträge, full, display,
    owner, manager, competitor, agency
""")
_PLATFORM_WORDS: Final = word_list("""
    tiktok, tik, twitter, x, youtube, facebook, fb, linkedin, threads, snapchat, pinterest, telegram, twitch,
    discord, whatsapp, wechat, weibo, vk, bluesky, mastodon, reddit, github, skype, signal, line, kakaotalk,
    onlyfans, patreon, spotify, soundcloud, xing
""")
_HANDLES: Final = word_list("""
    username, user name, usernames, user, user id, handle, handles, social handle, nickname, nick, screen name, at,
    profile, profiles, profile url, profile link, profil, account, accounts, benutzername, nutzername, profilname,
    profillink, konto, nom d utilisateur, nom utilisateur, pseudo, pseudonyme, identifiant, profil url, compte,
    nombre de usuario, usuario, usuarios, perfil, cuenta, nome de usuário, usuário, conta, nome utente, utente,
    profilo, gebruikersnaam, gebruiker, profiel, användarnamn, brukernavn, brugernavn,
    käyttäjänimi, käyttäjätunnus,
    notandanafn, nazwa użytkownika, użytkownik, nazwa profilu, uživatelské jméno,
    používateľské meno, felhasználónév,
    nume de utilizator, kullanıcı adı, korisničko ime, uporabniško ime, όνομα χρήστη,
    имя пользователя, никнейм, ник,
    логин, ім'я користувача, користувач, потребителско име, ユーザー名, ユーザーネーム, アカウント,
    アカウント名, 用户名, 用戶名, 帳號, 账号, 사용자 이름,
    사용자명, 계정, اسم المستخدم, الحساب, שם משתמש, tên người dùng, nama pengguna, ชื่อผู้ใช้, उपयोगकर्ता नाम
""")
_OTHERS: Final = word_list("""
    name, names, full name, fullname, first name, firstname, last name, lastname, surname, title, display name,
    contact, contact name, person, owner, lead, lead name, client, customer, company, company name, account name,
    business, business name, brand, organization, organisation, email, e mail, mail, phone, phone number, mobile,
    tel, website, site, web, domain, homepage, city, town, country, state, address, street, zip, region, location,
    language, source, followers, follower, following, posts, likes, bio, biography, description,
    category, industry,
    notes, note, comment, comments, status, stage, date, created, created at, id, tags, tag, gender, age, rank,
    score, verified, url, link, role, position, job title, department, no, vorname, nachname, firma, unternehmen,
    stadt, ort, land, telefon, beschreibung, branche, notiz, prénom, prenom, nom, entreprise, société, societe,
    ville, pays, téléphone, site web, abonnés, nombre, apellido, apellidos, empresa, ciudad, país, pais, teléfono,
    telefono, correo, sitio web, nome, cognome, sobrenome, azienda, città, cidade, paese, telefone, sito web, naam,
    voornaam, achternaam, bedrijf, stad, namn, navn, företag, virksomhed, bedrift, nimi, imię, nazwisko, miasto,
    kraj, jméno, příjmení, město, név, cég, ad, soyad, şirket, имя, фамилия, компания, город,
    страна, телефон, почта,
    ім'я, прізвище, місто, 名前, 氏名, 会社, 会社名, 都市, 国, 電話, メール, 姓名, 名字, 公司,
    城市, 国家, 电话, 이름, 회사, الاسم, الشركة, المدينة,
    שם, tên, nama, perusahaan, ชื่อ, नाम
""")
_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


def title_of(cell: str) -> Title:
    """What a title means, in the languages of common spreadsheets."""
    words = _WORD.findall(unicodedata.normalize("NFKC", cell).casefold().replace("\u2019", " "))
    text = " ".join(words)
    if not text:
        return Title.UNKNOWN
    if _INSTAGRAM_WORDS & set(words):
        return Title.OTHER if _INSTAGRAM_NOT & set(words) else Title.INSTAGRAM
    if _PLATFORM_WORDS & set(words):
        return Title.PLATFORM
    if text.replace("'", " ") in _HANDLES or text in _HANDLES:
        return Title.HANDLE
    return Title.OTHER if text in _OTHERS else Title.UNKNOWN
