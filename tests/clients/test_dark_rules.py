from newsletter.clients.dark_rules import show_dark_rules

NONE = (
    "This mail has no dark rules of its own: a program that obeys shows it light, or "
    "chooses colours itself.",
)


def test_dark_rules_hold_and_light_ones_do_not() -> None:
    imitated = show_dark_rules(
        "<head><style>@media screen and (Prefers-Color-Scheme:dark) { p { color: #fff "
        "} } @media (prefers-color-scheme: light) { p { color: #000 } }</style></head>"
        "<p>a</p>"
    )
    assert "@media screen and (min-width: 0) { p { color: #fff } }" in imitated.html
    assert "@media (max-width: 0) { p { color: #000 } }" in imitated.html
    assert ":root { color-scheme: dark !important; }" in imitated.html
    assert imitated.remarks == ()


def test_media_of_a_style_element_and_of_a_picture_is_answered() -> None:
    imitated = show_dark_rules(
        '<head><style media="(prefers-color-scheme: dark)">p { color: #fff }</style>'
        '</head><picture><source media="(prefers-color-scheme: dark)" srcset="d.png">'
        '<img src="l.png"></picture>'
    )
    assert imitated.html.count('media="(min-width: 0)"') == 2
    assert imitated.remarks == ()


def test_mail_without_dark_rules_stays_light_and_says_so() -> None:
    imitated = show_dark_rules("<head><style>p { color: #000 }</style></head><p>a</p>")
    assert "color-scheme" not in imitated.html
    assert imitated.remarks == NONE
