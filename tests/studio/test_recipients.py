from dataclasses import replace

from newsletter.studio.recipients import Choice, Recipients

from .conftest import ANNA, LONG, PREVIEW

COPIES = PREVIEW.copies
FIRST = "a-reader-of-whom-nothing-is-known"


def test_edge_recipients_are_offered_under_keys_without_addresses() -> None:
    assert Recipients().choices(COPIES) == (
        Choice(FIRST, "a reader of whom nothing is known"),
        Choice(
            "the-reader-with-the-longest-first-name",
            "the reader with the longest first_name",
        ),
    )


def test_named_subscriber_is_offered_last_and_without_an_address() -> None:
    recipients = Recipients()
    key = recipients.name(ANNA)
    assert key == "named-1"
    assert recipients.choices(COPIES)[-1] == Choice(
        "named-1", "one of your subscribers"
    )
    assert recipients.choose(key, COPIES) == (key, ANNA)


def test_second_named_subscriber_is_told_apart() -> None:
    recipients = Recipients()
    recipients.name(ANNA)
    recipients.name(replace(ANNA, email="ben@example.org"))
    assert [choice.who for choice in recipients.choices(COPIES)][2:] == [
        "one of your subscribers",
        "one of your subscribers (2)",
    ]


def test_subscriber_named_again_has_the_fields_of_now() -> None:
    recipients = Recipients()
    key = recipients.name(ANNA)
    changed = replace(ANNA, fields={"first_name": "Ann"})
    assert recipients.name(changed) == key
    assert recipients.choose(key, COPIES) == (key, changed)


def test_unknown_key_means_the_first() -> None:
    assert Recipients().choose("named-7", COPIES) == (FIRST, COPIES[0].reader)


def test_nobody_can_be_chosen_where_there_is_no_mail() -> None:
    assert Recipients().choose("", ()) is None


def test_only_so_many_named_subscribers_are_kept() -> None:
    recipients = Recipients()
    for number in range(25):
        recipients.name(replace(ANNA, email=f"{number}@example.org"))
    assert len(recipients.choices(())) == 20
    assert recipients.choose("named-1", COPIES) == (FIRST, COPIES[0].reader)
    assert LONG.email not in str(recipients.choices(COPIES))
