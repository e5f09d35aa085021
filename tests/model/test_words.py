from newsletter.model.issue import (
    Code,
    Emphasis,
    Field,
    LineBreak,
    Link,
    Strong,
    Text,
)
from newsletter.model.problem import Place
from newsletter.model.words import plain_words


def test_plain_words_leave_marks_out() -> None:
    place = Place("x.md")
    content = (
        Text(" a "),
        Strong((Code("b"),)),
        LineBreak(),
        Link((Emphasis((Text("c"),)),), "", "", place),
        Text(" "),
        Field("x", "d", place),
    )
    assert plain_words(content) == " a b c d"
