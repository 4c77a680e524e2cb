"""What Steward says in the course of a conversation, in English: answers that quiet, new owners' odd ends, lists.

See `text_en.py` for the form, `text_en_answers.py` for what the keys mean.
"""

from collections.abc import Mapping

from cards.patterns import Entry, Plural

#: "No longer needed" and "a pipeline renews it".
_QUIET: Mapping[str, Entry] = {
    "retire_in_use": "{app} was used on {date}. Something still needs it, so I keep reminding you. Ask me again when"
    " nothing has used it for 30 days.",
    "retire_granted": "An administrator agrees that {app} is no longer needed. I stay quiet until it expires.",
    "retire_rejected": "An administrator says that {app} is still needed.{note}",
    "retire_late": "Nobody has decided yet whether {app} is no longer needed. The administrators have been asked again.",
    "alert.title.retired": "{app}: no longer needed",
    "alert.title.automatic": "{app}: a pipeline renews it",
    "state.retired.you": "**You said that it is no longer needed.** I stay quiet until it expires.",
    "state.retired": "**{person} said that it is no longer needed**, on {date}. I stay quiet until it expires.",
    "state.automatic.you": "**You said that a pipeline renews it.** You hear from me only if it is not renewed in the"
    " last days.",
    "state.automatic": "**{person} said that a pipeline renews it**, on {date}. You hear from me only if it is not"
    " renewed in the last days.",
    "state.retireProposed": "**{person} said that it is no longer needed.** An administrator decides by {date}.",
    "short.retired": "no longer needed",
    "short.automatic": "a pipeline renews it",
    "short.retireProposed": "waits for an administrator",
    "retire.title": 'Is "{app}" no longer needed?',
    "retire.title.done": '"{app}": no longer needed?',
    "retire.who": "**{nominator}** ({address}) says so.{note}",
    "retire.used": "Its {thing} was last used: {when}.",
    "retire.unused": "I don't know that anything uses it.",
    "retire.if_approve": "**If you approve:** nobody is reminded any more; it stops on {date}, and everything that uses"
    ' it. You find it under "retired".',
    "retire.granted": "**Approved by {person}.** Nobody is reminded any more until it expires.",
    "retire.refused": "**Not possible:** it was used within the last 30 days.",
    "summary.retire": "{app}: is it no longer needed? Please decide by {date}",
}

#: "I renewed it".
_RENEWED: Mapping[str, Entry] = {
    "state.done_by": "According to Entra's audit log **{person}** did it.",
    "finding.otherType": "**Found a new {thing} on this app:** {label}. What expires is its {needed}; if nothing uses"
    " that any more, remove it, and I am quiet.",
    "finding.otherSide": "**Found a new {thing}, but on the other side:** {label}. An app has two sides in Entra, its"
    " registration and its enterprise app; what expires stands on this one.",
    "finding.otherApp": "**I don't see a new one on this app,** but a new {thing} on **{other}**: {label}. Was it meant"
    " for this app?",
    "finding.notYet.again": "**I don't see a new one on this app yet.** That can take some minutes. I look again in 5,"
    " 15 and 60 minutes, until {time}; this card then turns by itself.",
    "renewed_still_not": "I have looked three times within an hour and still see nothing new on {app}. Is it on another"
    " app, or not saved? I keep reminding you.",
}

#: New owners: rights, and what can come between.
_OWNERS: Mapping[str, Entry] = {
    "owners_full": "{app} has 100 owners, which is as many as Entra allows. One of them has to go first; nobody was"
    " asked.",
    "owner_added": "{person} is now an owner of {app}, too; Entra shows it. If that surprises you, please tell an"
    " administrator.",
    "nomination_hopeless": "{person} can't become an owner of {app}: {reason}",
    "nomination_hopeless.nomineeGone": "that account is no longer an active one of your organisation. Please name"
    " somebody else.",
    "nomination_hopeless.gone": "the app is gone. There is nothing left to do.",
    "refusal.nomineeGone": "that account is no longer an active one of your organisation.",
    "owner_change_refused.nomineeGone": "that account is no longer an active one of your organisation.",
    "approval.privileged.named": "**Privileged app,** so a second administrator must agree. It holds: {names}. An owner"
    " can add passwords to it and then act with all of that.",
    "approval.harmless": "It holds no far-reaching rights in Graph and no directory role.",
    "approval.accepted": "**{person} said yes.** Waiting until Entra shows the new owner.",
    "approval.hand": "**Please add the owner by hand,** as I may not write to Entra.",
    "nominee.approved.direct": "**Thank you, {first}.** I'll tell you as soon as Entra shows you as owner.",
    "nominee.privileged": "It is a privileged app: a second administrator must agree.",
    "state.waitingOwner.direct": "**{person} said yes** and owns it as soon as Entra shows it.",
}

#: Answers to commands.
_COMMANDS: Mapping[str, Entry] = {
    "help_why": "Why you got the last card, and what comes next.",
    "help_expired": "What has expired within so many days, 30 if you don't say.",
    "help_unreachable": "Who could not be told, and what to do about each.",
    "help_nominations": "Who has been asked to take over what, and what waits for whom.",
    "help_snoozed": "What is snoozed, by whom, until when.",
    "help_unsnooze": "Ends everybody's snooze of an app.",
    "help_exclude": "Takes an app off all reminders until a day.",
    "help_include": "Puts an excluded app back.",
    "help_excluded": "What is excluded, until when and why.",
    "help_retired": "What is said to be no longer needed.",
    "help_last_scan": "The report of the last scan.",
    "greeting.apps": Plural("The app that is yours:", "The {count} apps that are yours:"),
    "is_phishing": "A fair question. I never ask for a password or a secret, and my links lead to the Microsoft Entra"
    " portal or to pages of your company. If a card looks wrong, press nothing and ask your IT whether Steward is"
    " theirs.",
    "stop_answer": 'I write only about apps that you own or are asked about. On a card, "Not mine" ends it for that app'
    ' and "Remind me then" makes it wait. To be left out altogether, please ask an administrator.',
    "ticked_refused": "that answer is not yours to give, or it is over.",
    "no_scan_yet": "There has been no scan yet.",
    "why_nothing": "I have sent you no card yet, so there is nothing to explain.",
    "why.title": "Why you got the card about {app}",
    "why.posted": "I sent it on {date}.",
    "why.next": "**What comes next:** you hear from me again on {date}, unless it is renewed before.",
    "why.nominee": "**Why you:** {nominator} asks whether you take it over. Nothing changes without your yes.",
    "why.approver": "**Why you:** an administrator must agree to what {nominator} proposes.",
    "why.until": "An answer is due by {date}.",
    "summary.why": "{app}: why you got the card",
    "exclude_done": 'I send nothing about {app} until {date}. "include" takes that back.',
    "exclude_past": "That day is over. Please write it like this: exclude Payroll Feed until 2027-03-31 moves away",
    "exclude_too_long": "Please choose a day within the next two years; it can be done again.",
    "exclude_no_date": "I did not understand the day. Please write it like this: exclude Payroll Feed until 2027-03-31"
    " moves away",
    "include_done": "Reminders about {app} are on again; the next scan tells whoever must be told.",
    "include_nothing": "{app} is not excluded by an administrator.",
    "unsnooze_done": Plural(
        "{app}: the snooze of {count} person has ended.", "{app}: the snoozes of {count} people have ended."
    ),
    "unsnooze_nothing": "Nobody has snoozed {app}.",
    "snooze_ended_by": "{person} has ended your snooze of {app}: its card is open again.",
    "verdict_expired": "Yes: something of it has expired, on {since}. Other credentials of it are still valid.",
    "verdict_all_expired": "Yes: everything of it has expired, last on {since}. It cannot sign in.",
    "verdict_valid": "No: nothing of it has expired. The first to expire is valid until {until}. Is the old one still in"
    " use somewhere?",
    "verdict_nothing": "It has no secret and no certificate here that could expire.",
    "list.expired": Plural("{count} has expired within {days} days", "{count} have expired within {days} days"),
    "list.expired.none": "Nothing has expired within {days} days.",
    "rows.hint": "Tap a line to see that app.",
    "rows.unreachable": Plural("{count} could not be told", "{count} could not be told"),
    "rows.unreachable.none": "Everybody who must be told can be told.",
    "rows.nominations": Plural("{count} question waits for an answer", "{count} questions wait for an answer"),
    "rows.nominations.none": "Nobody has been asked to take anything over.",
    "rows.snoozed": Plural("{count} snooze", "{count} snoozes"),
    "rows.snoozed.none": "Nothing is snoozed.",
    "rows.retired": Plural("{count} is no longer needed", "{count} are no longer needed"),
    "rows.retired.none": "Nothing is said to be no longer needed.",
    "rows.excluded": Plural("{count} app is excluded", "{count} apps are excluded"),
    "rows.excluded.none": "No app is excluded by an administrator.",
    "row_nobody": "**{app}**: nobody can be told. Next: name somebody, as in: assign {app} to Eli Novak",
    "row_not_told": "{person} · **{app}**: {why} Next: {reason}",
    "row_not_told.blocked": "can't be reached, neither in Teams nor by e-mail.",
    "row_not_told.failed": "could not be told because of an error.",
    "row_not_told.movedOn": "the route has moved on to somebody else.",
    "row_not_told.admin": "name another owner, or ask them to add the app Steward in Teams.",
    "row_removed": "{person}: {why}",
    "row_removed.uninstalled": "has removed Steward from Teams. Next: I write e-mails; ask them to add the app again.",
    "row_removed.blocked": "can't get messages from Steward in Teams. Next: I write e-mails; look at their app policy.",
    "row_asked": "**{app}**: {person} was asked by {nominator}, until {until}",
    "row_accepted": "**{app}**: {person} said yes; an administrator decides until {until}",
    "row_approved": "**{app}**: {person} is approved; waits until Entra shows it",
    "row_proposed": "**{app}**: {nominator} says it is no longer needed; an administrator decides until {until}",
    "row_snoozed": "**{app}**: {person}, until {until}. It expires on {date}",
    "row_retired": "**{app}**: says {person}, since {since}. It expires on {date}.{note}",
    "row_excluded": "**{app}**: until {until}, by {person}.{note}",
}

SENTENCES: Mapping[str, Entry] = {**_QUIET, **_RENEWED, **_OWNERS, **_COMMANDS}
