"""The item that a scrape of a username returns: one from the folder, an error item, or a synthetic profile."""

import json
from pathlib import Path
from typing import Any, cast

from oslira_simulators.synthetic import synthetic_item

_ERROR_PREFIXES = {"missing-": "not_found", "private-": "no_items", "restricted-": "restricted"}


def error_item(username: str, error: str) -> dict[str, Any]:
    """What a SUCCEEDED run of the actor holds instead of a profile: not_found, no_items or restricted."""
    url = f"https://www.instagram.com/{username}/"
    match error:
        case "not_found":
            return {
                "url": url,
                "username": username,
                "error": error,
                "errorDescription": "Post does not exist",
            }
        case "no_items":
            return {
                "error": error,
                "errorDescription": "Empty or private data for provided input",
                "inputUrl": url,
            }
        case _:
            return {
                "inputUrl": url,
                "username": username,
                "private": False,
                "error": "Restricted profile",
                "isRestrictedProfile": True,
                "restrictionReason": "You must be 13 years old or over to see this profile",
            }


class Profiles:
    """`folder` holds one scraped item a file, served as it is; names beginning `_` are skipped."""

    def __init__(self, folder: Path | None) -> None:
        self._items = dict(_read(folder)) if folder is not None else {}

    def item(self, username: str) -> dict[str, Any]:
        if username in self._items:
            return self._items[username]
        for prefix, error in _ERROR_PREFIXES.items():
            if username.startswith(prefix):
                return error_item(username, error)
        return synthetic_item(username)

    def usernames(self) -> list[str]:
        """Those of the folder, in order of their files."""
        return list(self._items)


def _read(folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """Raises FileNotFoundError for a folder that isn't there, ValueError naming a file that holds no item."""
    if not folder.is_dir():
        raise FileNotFoundError(f"no folder of profiles at {folder}")
    items: list[tuple[str, dict[str, Any]]] = []
    for path in sorted(folder.glob("*.json")):
        if path.name.startswith("_"):
            continue
        value: object = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(value, dict) or not isinstance(value.get("username"), str):  # pyright: ignore[reportUnknownMemberType]
            raise ValueError(f"{path} holds no profile item: a JSON object with a username")  # noqa: TRY004
        item = cast("dict[str, Any]", value)
        items.append((item["username"].lower(), item))
    return items
