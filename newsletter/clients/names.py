"""The mail programs that can be named in newsletter.toml. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Client:
    """What readers know by one name; its engine may differ from device to device."""

    title: str
    #: Program of the support table -> what its readers would call it.
    programs: Mapping[str, str]


def _client(title: str, family: str, *platforms: str) -> Client:
    return Client(title, {f"{family}/{name}": _PLATFORMS[name] for name in platforms})


_PLATFORMS = {
    "android": "Android",
    "desktop-webmail": "browser",
    "ios": "iPhone",
    "macos": "Mac",
    "mobile-webmail": "phone browser",
    "outlook-com": "Outlook.com",
    "windows": "Windows",
}
_WEB, _APPS = "desktop-webmail", ("android", "ios")

#: Name in ``[checks] clients`` -> program.
CLIENTS: Mapping[str, Client] = {
    "gmail": _client("Gmail", "gmail", _WEB, *_APPS, "mobile-webmail"),
    # The new Outlook for Windows is Outlook.com in a window of its own.
    "outlook": _client("Outlook", "outlook", "outlook-com", *_APPS, "macos"),
    # Lays out with Word, and is kept alive until 2029.
    "outlook-classic": _client("Outlook classic", "outlook", "windows"),
    "apple-mail": _client("Apple Mail", "apple-mail", "macos", "ios"),
    "yahoo": _client("Yahoo", "yahoo", _WEB, *_APPS),
    "aol": _client("AOL", "aol", _WEB, *_APPS),
    "samsung": _client("Samsung Email", "samsung-email", "android"),
    "thunderbird": _client("Thunderbird", "thunderbird", "macos", "windows"),
    "proton": _client("Proton Mail", "protonmail", _WEB, *_APPS),
    "gmx": _client("GMX", "gmx", _WEB, *_APPS),
    "web-de": _client("WEB.DE", "web-de", _WEB, *_APPS),
    "ionos": _client("IONOS", "ionos-1and1", _WEB, "android"),
    "orange": _client("Orange", "orange", _WEB, *_APPS),
    "sfr": _client("SFR", "sfr", _WEB, *_APPS),
    "laposte": _client("La Poste", "laposte", _WEB),
    "mail-ru": _client("Mail.ru", "mail-ru", _WEB),
}
