from newsletter.model.settings import ListSettings, NewsletterSettings, Settings


def test_only_lists_that_say_so_are_public() -> None:
    lists = {
        "main": ListSettings(is_public=True),
        "board": ListSettings(),
        "events": ListSettings(is_public=True),
    }
    settings = Settings(NewsletterSettings("Letter", "a@example.org"), lists=lists)
    assert settings.public_lists == ("main", "events")
