"""What the gallery shows: every form of every card, under a heading, and what some of them unfold."""

import re
from dataclasses import dataclass
from itertools import chain

from tests.cards.forms import views


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One card in the gallery."""

    view: str
    title: str
    #: Text of the button that is pressed before the picture is taken.
    press: str = ""
    language: str = "en"

    @property
    def whole(self) -> bool:
        """Whether its sheet has every theme and width; of rarer forms and translations, two of them do."""
        return self.language == "en" and (self.view in TITLES or bool(self.press))

    @property
    def name(self) -> str:
        suffix = "-" + re.sub(r"\W+", "-", self.press.lower()).strip("-") if self.press else ""
        return self.view + suffix + (f".{self.language}" if self.language != "en" else "")


#: Heading -> how the names of its views begin, the first heading that fits.
GROUPS = {
    "To owners": ("owner", "accepted-nominee", "admin"),
    "To previous owners, managers and the fallback": (
        "manager", "previous-owner", "contact", "fallback", "nominator", "silence", "last-call", "nomination-expired",
        "nobody-reached"),
    "Nominations: the person who is asked": ("nominee",),
    "Nominations and proposals: the administrators": ("approval", "retire"),
    "Many apps at once": ("digest", "handover"),
    "The administrators' status, what is held, alarms": ("status", "hold", "alarm", "scan", "preview", "question"),
    "Lists": ("list", "rows"),
    "One app": ("app-status", "history", "why"),
    "Help and answers": ("help", "greeting", "sentence"),
}  # fmt: skip
OTHERS = "Everything else"

#: The cards themselves and their main forms, with better titles than their names.
TITLES = {
    "owner": "30 days before, to an owner",
    "owner-14-days": "14 days before",
    "owner-urgent": "Within 24 hours",
    "owner-saml": "A sign-in certificate",
    "owner-several": "Several of one app",
    "owner-taken": "Taken by the reader",
    "owner-not-yet": "Renewed? Not visible yet",
    "owner-found": "Renewed? Found it",
    "owner-superseded": "A newer one exists",
    "owner-shrunk": "A newer card stands below",
    "manager": "7 days before, to the previous owner's manager",
    "fallback": "Nobody could be found",
    "nominee-asked": "Somebody is asked to look after an app",
    "approval-accepted": "An administrator approves",
    "approval-by-hand": "Where owners are added by hand",
    "digest": "Many apps at once",
    "handover": "An owner left: to the manager",
    "digest-choose": "Answering several",
    "status": "Steward is well",
    "status-partial": "Something is wrong",
    "last-call-owner": "The last call",
    "snooze-ended": "A snooze has ended",
    "silence-manager": "Nobody answered: to a manager",
    "owner-expired": "Expired",
    "owner-snoozed": "Snoozed",
    "owner-renewed": "Renewed",
    "owner-retired": "No longer needed",
    "owner-automatic": "A pipeline renews it",
    "owner-excluded": "Reminders are off",
    "nominee-accepted": "After accepting",
    "retire-asked": "Somebody says that an app is no longer needed",
    "hold": "What is held",
    "hold-brake": "More people than one run may tell",
    "preview": "preview",
    "question-leavers": "Many owners left at once",
    "alarm-scanPartial": "An alarm: the scan is incomplete",
    "alarm-over": "An alarm that is over",
    "list-my-apps": "my apps",
    "list-expiring": "expiring",
    "rows-unreachable": "unreachable",
    "rows-nominations": "nominations",
    "rows-snoozed": "snoozed",
    "rows-excluded": "excluded",
    "rows-retired": "retired",
    "history": "history of one app",
    "why-alert": "why",
    "help": "help",
    "greeting": "First contact",
    "scan": "scan",
    "app-status": "status of one app",
    "sentence": "The refusal",
}

#: What is unfolded by a button, beside the card itself.
PRESSED = (
    Shot(view="owner", title="Its other answers", press="Other answers"),
    Shot(view="owner", title="What is this app?", press="What is this app?"),
    Shot(view="manager", title="The manager's other answers", press="Other answers"),
    Shot(view="status", title="Its other buttons", press="More"),
    Shot(view="nominee-asked", title="Declining", press="Decline"),
    Shot(view="digest", title="All of them", press="Show all 16"),
    Shot(view="digest-choose", title="Handing several over", press="Hand these over"),
)
#: The drafts' cards in the other languages.
TRANSLATED = ("owner", "manager", "nominee-asked", "digest", "status")


def title_of(name: str) -> str:
    text = TITLES.get(name) or name.replace("-", " ")
    return text[0].upper() + text[1:]


def group_of(name: str) -> str:
    fitting = (group for group, starts in GROUPS.items() if name in starts)
    begun = (group for group, starts in GROUPS.items() if name.startswith(tuple(f"{start}-" for start in starts)))
    return next(chain(fitting, begun), OTHERS)


def shots() -> list[Shot]:
    """Every view's form, so that no card can be left out."""
    found = []
    for name in views():
        found.append(Shot(view=name, title=title_of(name)))
        found += [shot for shot in PRESSED if shot.view == name]
        if name in TRANSLATED:
            found += [Shot(view=name, title=f"{title_of(name)} ({lang})", language=lang) for lang in ("de", "fr")]
    return found
