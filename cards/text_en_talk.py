"""What Steward says in the course of a conversation, in English: answers that quiet, new owners' odd ends, lists.

See `text_en.py` for the form, `text_en_answers.py` for what the keys mean.
"""

from collections.abc import Mapping

from cards.patterns import Entry

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

SENTENCES: Mapping[str, Entry] = {**_QUIET, **_RENEWED, **_OWNERS}
