"""Profiles made up from their name alone: the same name gives the same item, in the actor's output format."""

import random
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from oslira_simulators import phrases

# Fixed, not "now": an item must be the same for its name on every day.
NEWEST_POST_AT = datetime(2026, 11, 15, 9, tzinfo=UTC)
_CDN = "https://scontent.cdninstagram.example"
_SHORT_CODE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_POSTS = 12


@dataclass(frozen=True, slots=True)
class _Person:
    """The dice of one profile, and what they said of its owner."""

    username: str
    dice: random.Random
    language: str
    trade: phrases.Trade
    place: str
    followers: int

    def fill(self, template: str) -> str:
        topic, other = self.dice.sample(self.trade.topics[self.language], 2)
        year = self.dice.randint(2012, 2024)
        text = template.format(topic=topic, other=other, place=self.place, year=year)
        return text[0].upper() + text[1:]


def synthetic_item(username: str) -> dict[str, Any]:
    """A public profile with 12 posts; names beginning `locked-` give a private one, with its counts and no posts."""
    dice = random.Random(f"profile/{username}")
    language = dice.choice(list(phrases.CAPTIONS))
    person = _Person(
        username=username,
        dice=dice,
        language=language,
        trade=dice.choice(phrases.TRADES),
        place=dice.choice(phrases.PLACES[language]),
        followers=int(10 ** dice.uniform(2.6, 5.8)),
    )
    return _profile(person, is_private=username.startswith("locked-"))


def _profile(person: _Person, *, is_private: bool) -> dict[str, Any]:
    dice = person.dice
    link = f"https://{_domain(person.username)}/start" if dice.random() < 0.6 else None
    picture = f"{_CDN}/v/t51.2885-19/{person.username}_n.jpg"
    posts = [] if is_private else _posts(person)
    return {
        "inputUrl": f"https://www.instagram.com/{person.username}",
        "id": _digits(dice, 10),
        "username": person.username,
        "url": f"https://www.instagram.com/{person.username}",
        "fullName": _full_name(person.username),
        "biography": _biography(person),
        "externalUrl": link,
        "externalUrlShimmed": link and f"https://l.instagram.com/?u={link}",
        "externalUrls": [{"title": "", "lynx_url": link, "url": link, "link_type": "external"}]
        if link
        else [],
        "followersCount": person.followers,
        "followsCount": dice.randint(40, 1800),
        "hasChannel": False,
        "highlightReelCount": dice.randint(0, 14),
        "isBusinessAccount": person.trade.category is not None,
        "joinedRecently": False,
        "businessCategoryName": f"None,{person.trade.category}" if person.trade.category else None,
        "private": is_private,
        "verified": dice.random() < 0.08,
        "profilePicUrl": picture,
        "profilePicUrlHD": picture,
        "igtvVideoCount": 0,
        "relatedProfiles": [],
        "latestIgtvVideos": [],
        "postsCount": dice.randint(_POSTS, 900),
        "latestPosts": posts,
        "fbid": _digits(dice, 17),
    }


def _biography(person: _Person) -> str:
    dice = person.dice
    lines = [person.fill(line) for line in dice.sample(phrases.BIOS[person.language], 2)]
    lines.append(f"📍 {person.place}")
    if dice.random() < 0.4:
        lines.append(f"✉️ hello@{_domain(person.username)}")
    if dice.random() < 0.2:
        lines.append(f"📞 +1 555 01{dice.randint(10, 99)}")  # 555-01xx is kept for fiction
    return "\n".join(lines)


def _posts(person: _Person) -> list[dict[str, Any]]:
    dice = person.dice
    days_between = dice.uniform(0.7, 9.0)
    rate = 10 ** dice.uniform(-2.3, -1.1)  # likes per follower, 0.5 % to 8 %
    hides_likes = dice.random() < 0.15
    taken_at = NEWEST_POST_AT - timedelta(days=dice.uniform(0, 6))
    posts: list[dict[str, Any]] = []
    for _ in range(_POSTS):
        likes = max(1, int(person.followers * rate * dice.lognormvariate(0, 0.5)))
        is_hidden = hides_likes and dice.random() < 0.5
        posts.append(_post(person, taken_at=taken_at, likes=likes, is_hidden=is_hidden))
        taken_at -= timedelta(days=days_between * dice.uniform(0.4, 1.6))
    if dice.random() < 0.4:  # a pinned post comes first however old it is
        pinned = posts.pop()
        pinned["isPinned"] = True
        pinned["likesCount"] = pinned["likesCount"] if pinned["likesCount"] < 0 else pinned["likesCount"] * 6
        posts.insert(0, pinned)
    return posts


def _post(person: _Person, *, taken_at: datetime, likes: int, is_hidden: bool) -> dict[str, Any]:
    dice = person.dice
    kind = dice.choices(("Image", "Sidecar", "Video"), (4, 3, 3))[0]
    short_code = "D" + "".join(dice.choices(_SHORT_CODE, k=10))
    hashtags = dice.sample(person.trade.hashtags, dice.randint(0, 4))
    mentions = ["studio." + _plain(person.place)] if dice.random() < 0.25 else []
    caption = person.fill(dice.choice(phrases.CAPTIONS[person.language]))
    if marks := [f"@{name}" for name in mentions] + [f"#{tag}" for tag in hashtags]:
        caption += "\n\n" + " ".join(marks)
    post: dict[str, Any] = {
        "id": _digits(dice, 19),
        "type": kind,
        "shortCode": short_code,
        "caption": caption,
        "hashtags": hashtags,
        "mentions": mentions,
        "url": f"https://www.instagram.com/p/{short_code}/",
        "commentsCount": int(likes * dice.uniform(0.005, 0.06)),
        "dimensionsHeight": 1350,
        "dimensionsWidth": 1080,
        "displayUrl": f"{_CDN}/v/t51.2885-15/{short_code}_n.jpg",
        "images": [],
        "alt": None,
        "likesCount": -1 if is_hidden else likes,
        "timestamp": taken_at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "childPosts": [],
        "ownerUsername": person.username,
        "ownerId": "0",
        "isCommentsDisabled": False,
    }
    if kind == "Video":
        post |= {
            "productType": "clips",
            "videoUrl": f"{_CDN}/o1/v/{short_code}.mp4",
            "videoViewCount": int(likes * dice.uniform(4, 20)),
        }
    if dice.random() < 0.3:
        post |= {"locationName": person.place, "locationId": _digits(dice, 9)}
    return post


def _digits(dice: random.Random, length: int) -> str:
    return str(dice.randint(10 ** (length - 1), 10**length - 1))


def _domain(username: str) -> str:
    return "".join(character for character in username if character.isalnum()) + ".example"


def _full_name(username: str) -> str:
    words = username.replace(".", " ").replace("_", " ").replace("-", " ").split()
    return " ".join(word.capitalize() for word in words) or username


def _plain(text: str) -> str:
    """Lower-case ASCII: Instagram names have no accents."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
