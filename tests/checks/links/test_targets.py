import pytest

from newsletter.checks.links.targets import is_handed_on, target_of

BASE = "https://a.example/one/two?x=1"


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/new", "https://a.example/new"),
        ("new", "https://a.example/one/new"),
        ("?y=2", "https://a.example/one/two?y=2"),
        ("//b.example/", "https://b.example/"),
        ("https:/new", "https://a.example/new"),
        ("\\new\\page?a=\\b", "https://a.example/new/page?a=\\b"),
        ("\\\\b.example\\new", "https://b.example/new"),
        ("/word\u200cword", "https://a.example/word%E2%80%8Cword"),
        ("/new\u00adword", "https://a.example/new%C2%ADword"),
        ("/caf\udce9", "https://a.example/caf%E9"),
        ("/café", "https://a.example/café"),
        ("mailto:a@b.example", "mailto:a@b.example"),
        ("app://x\\y", "app://x\\y"),
        ("https://[1", "https://[1"),
    ],
)
def test_target_is_read_as_browsers_read_it(location: str, target: str) -> None:
    assert target_of(BASE, location) == target


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("mailto:a@b.example", True),
        ("tel:112", True),
        ("whatsapp://send", True),
        ("https://a.example/", False),
        ("FILE:///etc/passwd", False),
        ("javascript:alert(1)", False),
        ("/a:b", False),
    ],
)
def test_address_of_another_program_is_told_by_its_scheme(
    target: str, expected: bool
) -> None:
    assert is_handed_on(target) is expected
