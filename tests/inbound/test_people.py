import pytest

from newsletter.inbound.mail import parse_mail
from newsletter.inbound.quoting import cut_quote, cut_returned
from newsletter.inbound.replies_by_people import asks_to_leave

#: What a newsletter says at its end, as it comes back below each answer.
FOOTER = "unsubscribe here, please remove me, afmelden, abmelden, se désinscrire"


def asks(words: str, subject: str = "Re: News") -> bool:
    mail = f"Subject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n{words}"
    return asks_to_leave(parse_mail(mail.encode()))


@pytest.mark.parametrize(
    "words",
    [
        "Unsubscribe",
        "please unsubscribe me",
        "Take me off this list!",
        "Stop sending me this.",
        "I no longer wish to receive your newsletter.",
        "kunt u mij afmelden?",
        "Ik wil deze mails niet meer ontvangen",
        "Verwijder mijn adres a.u.b.",
        "Bitte abmelden",
        "Bitte streichen Sie mich aus der Liste.",
        "Ich möchte den Newsletter abbestellen",
        "Veuillez me désabonner",
        "Je ne veux plus recevoir de mails",
        "Retirez-moi de votre liste",
        "إلغاء الاشتراك",
        "احذفوني من القائمة",
        "Quiero darme de baja",
        "Vorrei la cancellazione, non voglio ricevere altro",
    ],
)
def test_a_wish_to_leave_is_seen(words: str) -> None:
    assert asks(words)


@pytest.mark.parametrize(
    "words",
    [
        "Thank you!",
        "Please don't unsubscribe me.",
        "I did not unsubscribe, why did the mail stop?",
        "Ik wil me niet afmelden, wat een mooi nummer.",
        "Ich habe mich versehentlich abgemeldet.",
        "Je me suis désinscrit par erreur ? Non, pas désinscrire !",
        "لا أريد إلغاء الاشتراك",
        "Wanneer is de volgende bijeenkomst?",
        "",
    ],
)
def test_other_words_are_no_wish_to_leave(words: str) -> None:
    assert not asks(words)


@pytest.mark.parametrize(
    "quote",
    [
        f"> {FOOTER}",
        f"On Sun, 22 Nov 2026 at 09:12, News <news@dakar.example> wrote:\n{FOOTER}",
        f"On Sun, 22 Nov 2026 at 09:12,\nNews <news@dakar.example> wrote:\n{FOOTER}",
        f"Op zo 22 nov 2026 om 09:12 schreef News:\n{FOOTER}",
        f"Am 22.11.26 um 09:12 schrieb News:\n{FOOTER}",
        f"Le 22 nov. 2026 à 09:12, News a écrit :\n{FOOTER}",
        f"-----Original Message-----\n{FOOTER}",
        f"________________________________\n{FOOTER}",
        f"From: News <news@dakar.example>\nSent: Sunday\n{FOOTER}",
        f"Van: News\nVerzonden: zondag\n{FOOTER}",
        f"Von: News\nGesendet: Sonntag\n{FOOTER}",
        f"De : News\nEnvoyé : dimanche\n{FOOTER}",
        f"في الأحد، كتب News:\n{FOOTER}",
        f"-- \n{FOOTER}",
    ],
)
def test_words_of_the_newsletter_are_not_the_readers(quote: str) -> None:
    assert cut_quote(f"Thanks!\n\n{quote}") == "Thanks!"
    assert not asks(f"Thanks!\n\n{quote}")


def test_the_subject_of_an_answer_is_ours() -> None:
    assert not asks("Mooi!", subject="Re: How to unsubscribe from plastic")
    assert asks("", subject="Afmelden")
    assert asks("", subject="STOP")


@pytest.mark.parametrize(
    "mark",
    [
        "--- Below this line is a copy of the message.",
        "------ This is a copy of the message, including all the headers. ------",
        "----- Original message -----",
        "--- The header of the original message is following. ---",
        "Message headers follow.",
        "    Below is a copy of the original message:",
        "   ----- Unsent message follows -----",
        "Original message headers:",
        "-------original message",
        "Received: from mx.example by relay.example",
    ],
)
def test_the_mail_that_is_given_back_is_not_what_the_report_says(mark: str) -> None:
    text = (
        f"<anna@example.org>: user unknown\n\n{mark}\n\nSubject: the mailbox is full\n"
    )

    assert cut_returned(text).strip() == "<anna@example.org>: user unknown"


def test_when_a_mail_was_received_is_part_of_the_report() -> None:
    text = "The original message was received at Sun, 22 Nov 2026\n<a@b.example>: no\n"

    assert cut_returned(text) == text
