from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.subscribers.dates import (
    DateOrder,
    Sign,
    is_guess,
    order_of,
    read_date,
    sign_of,
)

DAY = DateOrder.DAY_FIRST
MONTH = DateOrder.MONTH_FIRST
MIXED = DateOrder.MIXED


def signs(*texts: str) -> Sign:
    found = Sign.NOTHING
    for text in texts:
        found |= sign_of(text)
    return found


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["2024-05-03", "2024/05/03", "never", ""], None),
        (["31-12-2022"], DAY),
        (["03/04/2022", "31/12/2022"], DAY),
        (["03/04/2022", "12/31/2022"], MONTH),
        (["03-04-2022", "12-31-2022"], MONTH),
        (["31/12/2022", "12/31/2022"], MIXED),
        (["03-04-2022"], DAY),
        (["3.4.2022"], DAY),
        (["12.31.2022"], None),
        (["03/04/2022", "3.4.2022"], DAY),
        (["03/03/2022"], DAY),
        (["03/04/2022"], DAY),
        (["31/13/2022", "31/02/2022"], None),
        (["31-12-2022 00:00"], DAY),
    ],
)
def test_order_of_a_column_is_what_its_dates_leave(
    texts: list[str], order: DateOrder | None
) -> None:
    assert order_of(signs(*texts)) == order


@pytest.mark.parametrize(
    ("texts", "guess"),
    [
        (["03/04/2022"], True),
        (["03/04/2022", "03-04-2022"], True),
        (["03/04/2022", "31/12/2022"], False),
        (["03/04/2022", "12/31/2022"], False),
        (["03-04-2022", "3.4.2022", "03/03/2022"], False),
    ],
)
def test_order_of_a_column_is_a_guess_where_slashes_leave_it_open(
    texts: list[str], guess: bool
) -> None:
    assert is_guess(signs(*texts)) == guess


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("31-12-2022", DAY, "2022-12-31"),
        ("31/12/2022", DAY, "2022-12-31"),
        ("31.12.2022", DAY, "2022-12-31"),
        ("1-3-2022", DAY, "2022-03-01"),
        ("1/3/2022", MONTH, "2022-01-03"),
        ("1.3.2022", MONTH, "2022-03-01"),
        ("31-12-2022 00:00", DAY, "2022-12-31"),
        ("31-12-2022 00:00:00", DAY, "2022-12-31"),
        ("12/31/2022 2:05:00 PM", MONTH, "2022-12-31"),
        ("2022-12-31", MONTH, "2022-12-31"),
        ("2022-12-31T14:30:00.5", DAY, "2022-12-31"),
        ("2022-12-31T23:30:00.789Z", DAY, "2022-12-31"),
        ("2022-12-31 23:30:00+01:00", DAY, "2022-12-31"),
        ("2022-12-31 23:30 UTC", DAY, "2022-12-31"),
        ("2022/1/3", DAY, "2022-01-03"),
        ("31/12/2022", MIXED, "2022-12-31"),
        ("12/31/2022", MIXED, "2022-12-31"),
        ("03/03/2022", MIXED, "2022-03-03"),
        ("12/31/2022", DAY, "2022-12-31"),
        ("31/12/2022", MONTH, "2022-12-31"),
    ],
)
def test_date_is_read_in_the_order_of_its_column(
    text: str, order: DateOrder, day: str
) -> None:
    assert read_date(text, order) == day


@pytest.mark.parametrize(
    ("text", "order", "reason"),
    [
        ("eergisteren", DAY, "is not a date like 2024-05-03."),
        ("31-12-22", DAY, "is not a date like 2024-05-03."),
        ("31-12/2022", DAY, "is not a date like 2024-05-03."),
        ("20240503", DAY, "is not a date like 2024-05-03."),
        ("0000-00-00", DAY, "is not a date like 2024-05-03."),
        ("31/02/2022", DAY, "is not a date like 2024-05-03."),
        ("31/02/2022", MIXED, "is not a date like 2024-05-03."),
        ("12.31.2022", MONTH, "is not a date like 2024-05-03."),
        ("03/04/2022", MIXED, "may begin with the day or with the month."),
    ],
)
def test_what_is_no_date_in_its_column_says_why(
    text: str, order: DateOrder, reason: str
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - compared whole below
        read_date(text, order)
    assert str(caught.value) == reason


@given(st.lists(st.dates(min_value=date(1000, 1, 1)), min_size=1))
def test_dates_written_the_same_way_are_read_back_or_called_a_guess(
    days: list[date],
) -> None:
    for form, order in (("{d}/{m}/{y}", DAY), ("{m}/{d}/{y}", MONTH)):
        texts = [form.format(d=day.day, m=day.month, y=day.year) for day in days]
        found = signs(*texts)
        if not is_guess(found):
            read = [read_date(text, order_of(found) or order) for text in texts]
            assert read == [day.isoformat() for day in days]
