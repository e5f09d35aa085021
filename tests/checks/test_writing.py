from collections.abc import Callable

import pytest

from newsletter.checks.facts import Facts
from newsletter.checks.writing import check_writing
from newsletter.model.assembled import Assembled
from newsletter.model.finding import Finding, Severity
from newsletter.model.issue import Text
from newsletter.model.problem import Place

Write = Callable[[str], tuple[Assembled, Facts]]
FILE = "issues/2023-02.md"


def check(write: Write, text: str) -> list[Finding]:
    return check_writing(*write(text))


def test_capitals_are_told_once_at_the_first_words(write: Write) -> None:
    text = "## GOOD EMPLOYERSHIP\n\nCome, and **SIGN THE PETITION NOW** with us.\n"
    assert check(write, text) == [
        Finding(
            "capitals",
            Severity.INFO,
            Place(FILE, 6, 4),
            '"GOOD EMPLOYERSHIP" is all in capitals, and so are words in line 8; '
            "they are slow to read, and some screen readers spell them out.",
            "Write it as a sentence: Good employership",
        )
    ]


@pytest.mark.parametrize(
    "text",
    [
        "## TOELATINGSBELEID\n\nText.\n",
        "WAT IS ER TE DOEN\n",
        "IK TEKEN DE PETITIE\n",
        "Karam is 12. IK TEKEN DE PETITIE\n",
        "## GOOD EMPLOYERSHIP, ECLI:NL:RVS:2026:4711\n\nText.\n",
        "## EVENT: GOOD EMPLOYERSHIP FOR MIGRANT WORKERS\n\nText.\n",
        "[ПОДПИШИТЕ ПЕТИЦИЮ СЕЙЧАС](https://example.org/p){.button}\n",
    ],
)
def test_other_capitals_are_told(write: Write, text: str) -> None:
    assert [finding.rule for finding in check(write, text)] == ["capitals"]


@pytest.mark.parametrize(
    "text",
    [
        "## SvJ&V: geen ruimte voor stadspas in NL\n\nText.\n",
        "## IND\n\nDe IND, de RvS en het COA; UNHCR, UNICEF, OXFAM NOVIB en LOS.\n",
        "## UNICEF EN UNESCO\n\nText.\n",
        "## VN\n\nIND COA DT&V\n",
        "هل لديك سؤال عن الإقامة أو العمل أو المدرسة؟\n",
        "Write `DO NOT SHOUT AT ME` in capitals.\n",
        "## 2023-02-15\n\n12 15 18 20\n",
        "## ECLI:NL:RBDHA:2023:1296\n\nText.\n",
        "## [ECLI:NL:RVS:2026:4711](https://example.org/a), AWB 22/1234\n\nText.\n",
        "IBAN: DE89 3704 0044 0532 0130 00, BIC: COBADEFFXXX\n",
        "## حكم ECLI:NL:RBDHA:2023:1296\n\nنص.\n",
        "Dr. A. B. C. de Vries\n",
    ],
)
def test_abbreviations_and_scripts_without_capitals_are_fine(
    write: Write, text: str
) -> None:
    assert check(write, text) == []


def test_advertising_is_told_where_it_is_written(write: Write) -> None:
    assert check(write, "A meeting on Friday.\nAct  now, and come.\n") == [
        Finding(
            "spam-words",
            Severity.INFO,
            Place(FILE, 7, 1),
            '"Act now" is what readers know from advertising.',
            "Say plainly what you offer or ask.",
        )
    ]


@pytest.mark.parametrize(
    "subject", ["Nu of nooit", "U heeft gewonnen!", "Jetzt zugreifen", "100% gratuit"]
)
def test_advertising_in_the_subject_is_told(
    assemble: Callable[..., Assembled], facts: Facts, subject: str
) -> None:
    (finding,) = check_writing(assemble(subject=(Text(subject),)), facts)
    assert (finding.rule, finding.place) == ("spam-words", Place(FILE, 2, 10))


def test_parts_of_words_are_no_advertising(write: Write) -> None:
    assert check(write, "They act nowhere, and the entry is free.\n") == []


@pytest.mark.parametrize(
    ("heading", "sentence"),
    [("1. BASISRECHTEN", "Basisrechten"), ("GOOD EMPLOYERSHIP", "Good employership")],
)
def test_advice_on_capitals_begins_with_one(
    write: Write, heading: str, sentence: str
) -> None:
    (finding,) = check(write, f"## {heading}\n\nText.\n")
    assert finding.advice == f"Write it as a sentence: {sentence}"
