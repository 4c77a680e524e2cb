"""What cards and answers say about letting go, in English; see text_en.py."""

from collections.abc import Mapping

from cards.patterns import Entry, Plural

SENTENCES: Mapping[str, Entry] = {
    # ------------------------------------------------------------ answers to commands
    "go_no_pilot": "There is no pilot: set PILOT_GROUP_ID or PILOT_DEPARTMENTS, and start Steward anew.",
    "go_all": "From now on everybody is told. By this {people} people are told, {waiting} of them when their working"
    " hours begin. Each gets one message. To take it back, write: recall {run}",
    "go_all_paused": "From now on everybody is told: {people} people, as soon as the pause is over. Write resume to end"
    " it.",
    "go_all_nobody": "From now on everybody is told. Nobody was waiting.",
    "go_pilot": "From now on the pilot is told. By this {people} people are told, {waiting} of them when their working"
    " hours begin; {held} stay held. To take it back, write: recall {run}",
    "go_pilot_paused": "From now on the pilot is told: {people} people, as soon as the pause is over; {held} stay held."
    " Write resume to end it.",
    "go_pilot_nobody": "From now on the pilot is told. Nobody of the pilot was waiting; {held} people stay held.",
    "paused": "Paused. Nobody is told of anything that expires until you write resume. Answers and cards that were sent"
    " go on as before.",
    "paused_until": "Paused until {until}. Nobody is told of anything that expires until then, or until you write"
    " resume. Answers and cards that were sent go on as before.",
    "not_paused": "Sending is not paused.",
    "resumed": "The pause is over. {people} people who waited are told now, {waiting} of them when their working hours"
    " begin; {held} stay held.",
    "resumed_nobody": "The pause is over. Nobody was waiting; {held} people are held.",
    "recall_done": "Recalled: {cards} cards of {people} people say that there is nothing to do, {cancelled} messages"
    " that were waiting are not sent. {mails} e-mails had gone out; these nobody can take back. What was told counts as"
    " not told: the next scan tells it again, unless you pause sending.",
    "recall_which": "Which run? The last ones that told somebody: {runs}",
    "recall_none": "No run has told anybody yet.",
    "recalled_card": "The message about {app} was sent by mistake and has been taken back. There is nothing to do.",
    "recalled_digest": "The message about {count} apps was sent by mistake and has been taken back. There is nothing to"
    " do.",
    # ------------------------------------------------------------ help
    "help_go": "Lets go of what is held: for the pilot, or for everybody.",
    "help_pause": "Stops telling people, for some hours or until resume.",
    "help_resume": "Ends the pause.",
    "help_recall": "Takes back what one run told.",
    "help_preview": "Shows who would be told what, without telling anybody.",
    # ------------------------------------------------------------ preview
    "preview.title": Plural("{count} person would be told today", "{count} people would be told today"),
    "preview.title.none": "Nobody would be told anything today",
    "preview.no_scan": "There has been no scan yet, so nothing is known. Write scan first.",
    "preview.as_of": "From the records of the scan of {date}, {time}. This is only a preview: nobody has been told.",
    "preview.held": Plural("{count} of them is held now.", "{count} of them are held now."),
    "preview.paths": "**Told as:** {paths}",
    "preview.people": "**The most urgent first**",
    "preview.person": "{number}. **{person}** · {app}, {thing}, {date}",
    "preview.more_apps": Plural("and {count} more app", "and {count} more apps"),
    "preview.why.owner": "owner",
    "preview.why.acceptedNominee": "has agreed to take it over",
    "preview.why.nominator": "has named a new owner",
    "preview.why.previousOwner": "previous owner",
    "preview.why.previousOwnerManager": "manager of a previous owner",
    "preview.why.ownerManager": "manager of the owner",
    "preview.why.contact": "known contact",
    "preview.why.fallback": "nobody else is known",
    "preview.why.silence": "nobody answered",
    "preview.why.nominationExpired": "a question was not answered",
    "preview.why.lastCall": "last call",
    "preview.why.admin": "administrator",
    "preview.held.hold": "held",
    "preview.held.notInPilot": "not in the pilot",
    "preview.held.brake": "beyond what one run may tell",
    "preview.ahead": "**The days ahead, if nobody answers**",
    "preview.day": Plural("{date}: {count} person", "{date}: {count} people"),
    "preview.later": Plural("Later, until {date}: {count} more message", "Later, until {date}: {count} more messages"),
    "summary.preview": Plural("Preview: {count} person would be told", "Preview: {count} people would be told"),
    "summary.preview.none": "Preview: nobody would be told",
    # ------------------------------------------------------------ the daily card
    "hold.title": Plural("{count} person would be told", "{count} people would be told"),
    "hold.title.braked": Plural("{count} person waits for you", "{count} people wait for you"),
    "hold.title.none": "Nobody is waiting to be told",
    "hold.sending.hold": "Sending is held: nobody has been told anything until you decide.",
    "hold.sending.pilot": "Only the pilot is told; everybody else waits until you decide.",
    "hold.sending.on": "Sending is on.",
    "hold.braked": Plural(
        "The last scan would have told more than {most} people at once. The most urgent were told, {count} person waits.",
        "The last scan would have told more than {most} people at once. The most urgent were told, {count} people wait.",
    ),
    "hold.urgent": Plural(
        "**{count} of them has something that ends within 3 days.**",
        "**{count} of them have something that ends within 3 days.**",
    ),
    "hold.one_card": "If you let go, each of them gets one message, with today's dates.",
    "hold.paused": "Sending is paused until you write resume.",
    "hold.paused.until": "Sending is paused until {date}, {time}.",
    "hold.paths": "**Told as**",
    "hold.path.currentOwners": "owner",
    "hold.path.previousOwner": "previous owner",
    "hold.path.previousOwnerManager": "manager of a previous owner",
    "hold.path.unroutable": "nobody else is known",
    "hold.departments": "**Department**",
    "hold.department.none": "no department",
    "hold.department.rest": "others",
    "hold.part": "{part}: {count}",
    "button.preview": "Preview",
    "button.pilot": "Pilot",
    "button.send_to_all": "Send to all",
    "summary.hold": Plural(
        "{count} person would be told: please decide", "{count} people would be told: please decide"
    ),
    "summary.hold.none": "Nobody is waiting to be told",
    "held_mail": "{people} people would be told of {notices} things that expire, and nobody has been told yet. Please"
    " decide in Teams: write preview, go pilot or go all to Steward.",
    "status.sending.paused": "Sending: paused.",
}
