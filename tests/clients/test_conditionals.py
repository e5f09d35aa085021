import pytest

from newsletter.clients.conditionals import decide_conditionals, holds_in_word


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("mso", True),
        ("!mso", False),
        ("mso | IE", True),
        ("IE", False),
        ("!IE", True),
        ("(mso)|(IE)", True),
        ("(mso)&(!IE)", True),
        ("gte mso 9", True),
        ("gte mso 16", True),
        ("gt mso 16", False),
        ("lte mso 11", False),
        ("lt mso 17", True),
        ("mso 12", False),
        ("mso 16", True),
        ("!(mso 12)", True),
        ("gte IE 6", False),
        ("vml", True),
        ("!vml", False),
        ("!supportLists", False),
        ("gte vml 1", True),
        ("", False),
        ("gte", False),
        ("(mso", False),
        ("mso &", False),
    ],
)
def test_condition_holds_in_word(condition: str, *, holds: bool) -> None:
    assert holds_in_word(condition) is holds


@pytest.mark.parametrize(
    ("html", "read"),
    [
        ("a<!--[if mso]>b<![endif]-->c", "abc"),
        ("a<!--[if mso | IE]><table><tr><td><![endif]-->c", "a<table><tr><td>c"),
        ("a<!--[if lte mso 11]>b<![endif]-->c", "ac"),
        ("a<!--[if !mso]><!-->b<!--<![endif]-->c", "ac"),
        ("a<!--[if !mso]><!-- -->b<!-- <![endif]-->c", "ac"),
        ("a<!--[if !mso]>-->b<!--<![endif]-->c", "ac"),
        ("a<!--[if gte mso 9]><!-->b<!--<![endif]-->c", "abc"),
        ("a<![if !mso]>b<![endif]>c", "ac"),
        ("a<![if mso]>b<![endif]>c", "abc"),
        ("a<!--[IF MSO]>b<![ENDIF]-->c", "abc"),
        ("a<!--[if mso]>b<!--[if lt mso 9]>x<![endif]-->c<![endif]-->d", "abcd"),
        ("a<!--[if !mso]><!-->b<!--[if mso]>x<![endif]-->c<!--<![endif]-->d", "ad"),
        ("a<!-- a comment -->b", "a<!-- a comment -->b"),
        ("a<![endif]-->b", "ab"),
        ("a<!--[if !mso]>b", "a"),
    ],
)
def test_conditional_comment_leaves_what_word_reads(html: str, read: str) -> None:
    assert decide_conditionals(html) == read
