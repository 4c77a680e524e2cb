"""Pure words about credentials and apps that several cards and the e-mail share."""

from collections.abc import Iterable, Iterator
from itertools import islice

from alerts.model import Application, Credential, CredentialType, CredentialUsage
from alerts.views import AlertItem
from cards.pen import Element, Look, Pen, container, toggle
from cards.safe import Limit, Safe, clean

#: Days from which on a card is no longer calm, and from which on it is urgent.
SOON_DAYS = 14
URGENT_DAYS = 7
#: Id of what "What is this app?" unfolds, and how many hosts it names.
DETAILS = "details"
MOST_HOSTS = 3
MOST_USES = 6
#: Federated credentials that are named.
MOST_FEDERATED = 3


def kind(credential: Credential) -> str:
    """secret, certificate or saml: the suffix of its sentences."""
    if credential.usage is not CredentialUsage.SIGN_IN:
        return "saml"
    return "secret" if credential.type is CredentialType.CLIENT_SECRET else "certificate"


def thing(pen: Pen, credential: Credential, *, plain: bool = False) -> Safe:
    """Client secret, certificate, ...; `plain` for people outside IT: password."""
    return pen.text(f"{'plain_thing' if plain else 'thing'}.{kind(credential)}")


def short(id: str) -> Safe:
    """The beginning of an id: enough to recognise it by, too little to be in the way."""
    return Safe(f"{clean(id)[:8]}…")


def label(pen: Pen, credential: Credential) -> Safe:
    """The name in quotes and the beginning of the id."""
    short_id = short(credential.key_id)
    name = clean(credential.display_name, Limit.CREDENTIAL)
    if not name:
        return pen.text("label.unnamed", id=short_id)
    return pen.text("label.named", name=Safe(name), id=short_id)


def expires(pen: Pen, days_left: int, *, plain: bool = False) -> Safe:
    """expires in 30 days; for people outside IT: runs out in 30 days"""
    group = "runs_out" if plain else "expires"
    if days_left < 0:
        return pen.text(f"{group}.past")
    return pen.text(f"{group}.today") if days_left == 0 else pen.text(f"{group}.in", count=days_left)


def urgency(days_left: int) -> str:
    """Container style by days left."""
    if days_left <= URGENT_DAYS:
        return "attention"
    return "warning" if days_left <= SOON_DAYS else "accent"


def last_used(pen: Pen, credential: Credential) -> Safe:
    """today, yesterday, 5 days ago, on Sat 2 May; '' unknown."""
    if credential.last_used is None:
        return Safe("")
    days = (pen.calendar.today() - pen.calendar.date_of(credential.last_used)).days
    if days <= 0:
        return pen.text("used.today")
    if days == 1:
        return pen.text("used.yesterday")
    if days < 30:
        return pen.text("used.days", count=days)
    return pen.text("used.on", date=pen.calendar.full(credential.last_used))


def end_of(pen: Pen, credential: Credential) -> str:
    """When it ends, in words; '' without an end."""
    return pen.calendar.moment(credential.end) if credential.end else ""


def what_is_this_app(pen: Pen, application: Application, items: Iterable[AlertItem] = ()) -> list[Element]:
    """A line that unfolds what is known about the app."""
    known = list(_details(pen, application, items)) or [pen.line("details.nothing")]
    opener = container(
        [pen.line("details.title", look=Look(color="Accent"))], selectAction=toggle([DETAILS]), spacing="Medium"
    )
    return [opener, container(known, id=DETAILS, isVisible=False, spacing="Small")]


def federated(pen: Pen, application: Application, look: Look) -> Element:
    """The federated credentials by which the app signs in: nothing of these expires."""
    names = pen.catalog.joined(application.federated[:MOST_FEDERATED], limit=Limit.ADDRESS)
    more = len(application.federated) - MOST_FEDERATED
    key = "details.federated.more" if more > 0 else "details.federated"
    return pen.line(key, look=look, names=names, count=max(more, 0) or len(application.federated))


def _details(pen: Pen, application: Application, items: Iterable[AlertItem]) -> Iterator[Element]:
    small = Look(spacing="Small")
    if application.created is not None:
        yield pen.line("details.created", look=small, date=pen.calendar.full(application.created))
    if application.reply_hosts:
        hosts = pen.catalog.joined(application.reply_hosts[:MOST_HOSTS], limit=Limit.ADDRESS)
        yield pen.line("details.hosts", look=small, hosts=hosts)
    audience = f"details.audience.{application.sign_in_audience}"
    if audience in pen.catalog.sentences:
        yield pen.line(audience, look=small)
    for item in islice(items, MOST_USES):
        if used := last_used(pen, item.credential):
            yield pen.line("details.used", look=small, label=label(pen, item.credential), when=used)
    if application.federated:
        yield federated(pen, application, small)
    if reference := clean(application.service_management_reference, Limit.ADDRESS):
        yield pen.line("details.reference", look=small, reference=Safe(reference))
    if notes := clean(application.notes, Limit.NOTE):
        yield pen.line("details.notes", look=small, notes=Safe(notes))
    if application.app_id:
        yield pen.line("details.ids", look=small, app_id=Safe(clean(application.app_id, Limit.ADDRESS)))
