"""The e-mail: the cards' sentences, nothing to fetch, nothing that a name could inject."""

import email.message
import email.policy
import os
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.views import MailView, Sentence
from cards.email import Mail, render_mail
from cards.words import Words
from tests.cards.forms import views
from tests.cards.poison import NAMES, poisoned
from tests.cards.samples import (
    WORDS,
    Person,
    application,
    approval_view,
    item,
    mail_view,
    manager_view,
    nominee_view,
    owner_view,
    secret,
)


class Seen(HTMLParser):
    """Tags and attributes of a page, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text += data


def mailed(view: MailView, words: Words = WORDS) -> tuple[Mail, Seen]:
    mail = render_mail(view, words)
    return mail, Seen(mail.html)


EVERYTHING = mail_view(
    owner_view(),
    manager_view(),
    nominations=(nominee_view(), approval_view(by_hand=True)),
    infos=(Sentence(key="owner_assigned", params={"person": "Eli Novak", "app": "Travel Booking"}),),
)


def test_an_owner_reads_the_cards_sentences_in_both_parts() -> None:
    mail, seen = mailed(mail_view(owner_view()))

    for said in (
        "Hello Ana,",
        "Invoice Export: client secret expires in 30 days",
        'Sat 2 January 2027, 14:20 (Berlin) · "prod-2025", ID 3f2a81c4…',
        "Why you: you are one of 3 owners.",
        "To do: create a new secret",
        "Steward for Contoso · Questions: IT service desk, 4711",
    ):
        assert said in mail.text
        assert said in seen.text


def test_the_subject_begins_with_app_and_date() -> None:
    subjects = {
        "owner": mail_view(owner_view()),
        "manager": mail_view(manager_view()),
        "both": mail_view(owner_view(), manager_view()),
        "nominee": mail_view(nominations=(nominee_view(),)),
        "approval": mail_view(nominations=(approval_view(),)),
        "expired": mail_view(owner_view(item(secret(-2)))),
        "news": mail_view(infos=(Sentence(key="nothing_due", params={"app": "Travel"}),)),
        "nothing": mail_view(),
    }

    assert {name: render_mail(view, WORDS).subject for name, view in subjects.items()} == {
        "owner": "Invoice Export: client secret expires on Sat 2 January 2027",
        "manager": "Vendor Portal Sync, Thu 10 December: who should look after it?",
        "both": "Invoice Export, Sat 2 January 2027, and 1 more app that needs you",
        "nominee": "Vendor Portal Sync, Fri 4 December: will you look after it?",
        "approval": "Vendor Portal Sync, Fri 4 December: please approve a new owner",
        "expired": "Invoice Export: client secret expired on Tue 1 December",
        "news": "Nothing of Travel is due: there is nothing to answer.",
        "nothing": "A message from Steward",
    }


def test_it_leads_to_the_chat_and_to_entra() -> None:
    _, seen = mailed(mail_view(owner_view()))

    assert seen.links == [WORDS.renew_link(application()), WORDS.chat_link]
    assert WORDS.chat_link == "https://teams.microsoft.com/l/chat/0/0?users=28:11111111-2222-3333-4444-555555555555"


def test_without_a_bot_there_is_no_chat_to_lead_to() -> None:
    _, seen = mailed(mail_view(manager_view()), Words())

    assert seen.links == []


def test_who_is_not_reached_in_teams_learns_how_to_get_the_app() -> None:
    mail, seen = mailed(mail_view(manager_view(), no_teams=True))

    assert 'look for "Steward" and add it' in mail.text
    assert seen.links == [WORDS.app_link]
    assert WORDS.app_link in mail.text


def test_a_person_without_a_name_is_greeted_all_the_same() -> None:
    assert "\n\n" in render_mail(mail_view(owner_view(), recipient=Person(id="x")), WORDS).text
    assert render_mail(mail_view(owner_view(), recipient=Person(id="x")), WORDS).text.startswith("Hello,\n")


def test_a_long_list_is_cut_with_a_count() -> None:
    mail = render_mail(mail_view(*[owner_view()] * 40), WORDS)

    assert mail.text.count("client secret expires in 30 days") == 25
    assert "and 15 more apps, which Teams shows all together." in mail.text


def test_nothing_is_fetched_when_it_is_opened() -> None:
    _, seen = mailed(EVERYTHING)

    assert set(seen.tags) <= {"html", "head", "meta", "title", "body", "div", "h2", "p", "b", "a"}
    assert seen.attributes <= {"lang", "charset", "style", "href"}
    assert "url(" not in render_mail(EVERYTHING, WORDS).html


@pytest.mark.parametrize("text", NAMES, ids=range(len(NAMES)))
def test_no_name_adds_a_tag_an_attribute_or_a_link(text: str) -> None:
    _, plain = mailed(poisoned(EVERYTHING, "harmless"))
    hostile, seen = mailed(poisoned(EVERYTHING, text))

    # A note that cannot be seen is not quoted: fewer elements are as harmless.
    assert len(seen.tags) <= len(plain.tags)
    assert set(seen.tags) <= set(plain.tags)
    assert seen.attributes <= plain.attributes
    assert all(
        link.startswith(("https://entra.microsoft.com/#view/", "https://teams.microsoft.com/l/")) for link in seen.links
    )
    assert "://evil" not in hostile.html
    assert "://evil" not in hostile.text


@pytest.mark.parametrize("text", NAMES, ids=range(len(NAMES)))
def test_every_subject_is_a_lawful_header(text: str) -> None:
    for view in (
        EVERYTHING,
        mail_view(owner_view()),
        mail_view(owner_view(), manager_view()),
        mail_view(infos=(Sentence(key="nomination_declined", params={"person": "x", "app": "y", "note": "z"}),)),
    ):
        subject = render_mail(poisoned(view, text), WORDS).subject
        message = email.message.EmailMessage(policy=email.policy.SMTP)
        message["Subject"] = subject

        assert subject.strip()
        # Isolates around it and walls inside what cards would interpret take no room.
        assert len(subject.replace("\u2060", "")) <= 152
        assert message.as_bytes()
        assert list(message.keys()) == ["Subject"]


#: As tests/bot/test_hostile_inputs.py, but these are cheap.
MANY = int(os.environ.get("STEWARD_HOSTILE_INPUTS", "100"))
#: What a browser or a mail program might take for more than text.
MARKUP = st.text(alphabet="<>/\"'&;=!-[](){}*_`#|\\:.@ \n\r\t\x00\u2028\u202eahrefscipt", max_size=300)


@settings(max_examples=MANY, deadline=None)
@given(st.text(max_size=300) | MARKUP)
def test_any_name_at_all_keeps_the_shape_of_the_page(text: str) -> None:
    for view in (mail_view(owner_view()), EVERYTHING):
        _, plain = mailed(poisoned(view, "harmless"))
        mail, seen = mailed(poisoned(view, text))

        assert set(seen.tags) <= set(plain.tags)
        assert len(seen.tags) <= len(plain.tags)
        assert seen.attributes <= plain.attributes
        assert len(seen.links) <= len(plain.links)
        assert not set(mail.subject) & set("\r\n\x00")


def test_every_form_of_an_alert_can_be_mailed() -> None:
    for name, view in views().items():
        if name.startswith(("owner", "manager", "previous", "fallback", "contact", "nominator")):
            assert render_mail(mail_view(view), WORDS).text.count("\n") > 5, name  # type: ignore[arg-type]
