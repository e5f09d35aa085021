import pytest

from newsletter.checks.calls import _CALLS, _HERE, MASK, find_calls


def calls(text: str) -> list[str]:
    return [text[start:end] for start, end in find_calls(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Zie hier.", "Zie hier"),
        ("De IND moet een nieuw besluit nemen. Zie hier.", "Zie hier"),
        ("Zie hier", "Zie hier"),
        ("Een uitspraak (zie hier) over nareis.", "zie hier"),
        ("De uitspraak is er nu, zie hier.", "zie hier"),
        ("Zie hier voor de uitspraak.", "Zie hier voor"),
        ("Klik hier voor meer informatie.", "Klik hier"),
        ("Voor meer informatie klik hier.", "klik hier"),
        ("Lees meer >", "Lees meer"),
        ("Lees meer »", "Lees meer"),
        ("Lees verder…", "Lees verder"),
        ("Bekijk hier de foto's.", "Bekijk hier"),
        ("Meer informatie >>", "Meer informatie"),
        ("Wil je komen? Meld je hier aan!", "Meld je hier aan"),
        ("Click here to register.", "Click here"),
        ("To register, click here.", "click here"),
        ("It was decided today. Read more", "Read more"),
        ("See here.", "See here"),
        ("• Learn more", "Learn more"),
        ("Hier klicken", "Hier klicken"),
        ("Klicken Sie hier, um sich anzumelden.", "Klicken Sie hier"),
        ("Das Urteil ist da. Siehe hier.", "Siehe hier"),
        ("Weiterlesen →", "Weiterlesen"),
        ("Cliquez ici pour signer.", "Cliquez ici"),
        ("Pour signer, cliquez ici.", "cliquez ici"),
        ("Lire la suite", "Lire la suite"),
        ("Plus d’infos »", "Plus d’infos"),
        ("اضغط هنا للتسجيل.", "اضغط هنا"),
        ("للتسجيل انقر هنا.", "انقر هنا"),
        ("اقرأ المزيد", "اقرأ المزيد"),
    ],
)
def test_words_that_stand_as_a_call_are_found(text: str, found: str) -> None:
    assert calls(text) == [found]


@pytest.mark.parametrize(
    "text",
    [
        "We zien hier dat de rechter beter moet afwegen.",
        "Wat wij zien, zie hierboven.",
        "Zie hieronder.",
        "Wat de rechter hier ziet is anders.",
        "Er wonen steeds meer mensen hier.",
        "Hij woont al tien jaar hier.",
        "Zie hier het resultaat van twee jaar werk: een nieuw huis.",
        "Lees meer boeken in het Nederlands.",
        "Wie wil lezen, leest meer.",
        "Meer informatie volgt in maart.",
        "Meer informatie",
        'Klik niet zomaar als er "klik hier" staat.',
        "Een mail met de woorden “klik hier”.",
        "Klik hier:",
        "Lees meer:",
        "I like to read more.",
        "Read more books this year.",
        "We have seen here what solidarity means.",
        "The people who live here.",
        "Learn more Dutch with us.",
        "Er lernt jeden Tag, mehr lesen will er trotzdem nicht.",
        "Nous sommes ici depuis dix ans.",
        "Je veux en savoir plus sur ce sujet.",
        "نحن هنا من أجلكم.",
        "",
    ],
)
def test_words_within_a_sentence_are_no_call(text: str) -> None:
    assert calls(text) == []


def test_sentence_with_a_link_keeps_its_promise() -> None:
    link = MASK * 9
    assert calls(f"Klik hier voor {link}.") == []
    assert calls(f"Zie hier: {link}") == []
    assert calls(f"Lees meer ({link})") == []


def test_link_in_another_sentence_keeps_no_promise() -> None:
    assert calls(f"Dit is {MASK * 4}. Zie hier.") == ["Zie hier"]


def test_each_sentence_and_line_is_looked_at() -> None:
    text = "Zie hier.\nLees meer\nNiets. Klik hier!"
    assert calls(text) == ["Zie hier", "Lees meer", "Klik hier"]


def test_blanks_between_the_words_do_not_matter() -> None:
    assert calls("Zie  hier.") == ["Zie  hier"]


def test_long_text_is_searched_quickly() -> None:
    text = "klik hie " * 20_000 + "(" * 5_000 + " >" * 5_000
    assert calls(text) == []


def test_every_call_of_that_kind_says_here() -> None:
    phrases = "|".join(_CALLS).split("|")
    assert [p for p in phrases if not any(word in p for word in _HERE)] == []
