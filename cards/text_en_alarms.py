"""What Steward says of itself when something is wrong, in English; see `text_en.py` for the form.

`problem.<kind>` says it in one line, `alarm.<kind>.title` on the card, `alarm.<kind>.todo` what to do; kinds stand in
`alerts/problems.py`.
"""

from collections.abc import Mapping

from cards.patterns import Entry, Plural

SENTENCES: Mapping[str, Entry] = {
    "problem.clockJumped": "The clock of this machine is not to be trusted: {errors}. Nothing is sent and nothing is"
    " scanned until clocks agree again.",
    "problem.restored": "The database is older than the archive: {errors}. Nothing is sent until I have taken over from"
    " the archive who was told.",
    "problem.nobodyToTell": "No administrator and no fallback recipient is an active person: nobody would be told of"
    " what cannot be delivered.",
    "problem.scanFailed": "{errors}. Nothing was read, nothing was changed; alerts go on as of {at}.",
    "problem.scanPartial": "{errors}. {count} apps read. Nothing was closed; the rest is alerted as of {at}.",
    "problem.scanMissed": "There was no scan since {at}, although one is due every day.",
    "problem.teamsFailing": Plural(
        "{count} message waits because Teams does not take it: {errors}",
        "{count} messages wait because Teams does not take them: {errors}",
    ),
    "problem.mailFailing": Plural(
        "{count} e-mail waits because it cannot be sent: {errors}",
        "{count} e-mails wait because they cannot be sent: {errors}",
    ),
    "problem.ledgerDiffers": "The books don't add up: {difference} due credentials are in no state or in two.",
    "problem.lost": Plural(
        "{count} person should have been told, and no message was made for them.",
        "{count} people should have been told, and no message was made for them.",
    ),
    "problem.noNextStep": Plural(
        "{count} due credential has nothing ahead of it.", "{count} due credentials have nothing ahead of them."
    ),
    "problem.overdue": Plural(
        "{count} message could have gone out more than 15 minutes ago and did not.",
        "{count} messages could have gone out more than 15 minutes ago and did not.",
    ),
    "problem.workersSilent": "No worker has been heard of since {at}: nothing is being sent.",
    "problem.eventsStuck": "What happened since {at} is not in the archive yet.",
    "problem.uploadFailing": "What was written since {at} is not in Log Analytics yet. It waits on this machine.",
    "problem.deadLetters": Plural(
        "{count} message was refused for good in the last 24 hours: {errors}",
        "{count} messages were refused for good in the last 24 hours: {errors}",
    ),
    "problem.auditorSilent": "Nobody has checked the books since {at}.",
    "alarm.clockJumped.title": "Clock not trusted since {time}: nothing is sent",
    "alarm.restored.title": "Sending waits since {time}: the database was restored",
    "alarm.nobodyToTell.title": "Nobody to tell since {time}",
    "alarm.scanFailed.title": "Scan failed since {time}",
    "alarm.scanPartial.title": "Scan incomplete since {time}",
    "alarm.scanMissed.title": "No scan for more than a day",
    "alarm.teamsFailing.title": "Teams takes no messages since {time}",
    "alarm.mailFailing.title": "E-mail cannot be sent since {time}",
    "alarm.ledgerDiffers.title": "The books don't add up since {time}",
    "alarm.lost.title": "Somebody was not told",
    "alarm.noNextStep.title": "Something is stuck since {time}",
    "alarm.overdue.title": "Messages are late since {time}",
    "alarm.workersSilent.title": "No worker since {time}",
    "alarm.eventsStuck.title": "The archive is behind since {time}",
    "alarm.uploadFailing.title": "Log Analytics takes nothing since {time}",
    "alarm.deadLetters.title": "Messages were refused for good",
    "alarm.auditorSilent.title": "The books are not checked since {time}",
    "alarm.clockJumped.todo": '**What to do:** set the machine\'s clock. Runbook, "clock".',
    "alarm.restored.todo": '**What to do:** wait; if it lasts, see that the archive answers. Runbook, "restore".',
    "alarm.nobodyToTell.todo": "**What to do:** set ADMIN_USERS, ADMIN_GROUP_ID or FALLBACK_RECIPIENTS. Runbook,"
    ' "nobody to tell".',
    "alarm.scanFailed.todo": '**What to do:** runbook, "scan failed".',
    "alarm.scanPartial.todo": '**What to do:** runbook, "scan partial".',
    "alarm.scanMissed.todo": '**What to do:** see whether the scanner runs. Runbook, "scan missed".',
    "alarm.teamsFailing.todo": '**What to do:** runbook, "Teams failing".',
    "alarm.mailFailing.todo": '**What to do:** runbook, "e-mail failing".',
    "alarm.ledgerDiffers.todo": '**What to do:** a new scan draws the books up afresh. Runbook, "books".',
    "alarm.lost.todo": '**What to do:** runbook, "books".',
    "alarm.noNextStep.todo": '**What to do:** "python app.py audit" names them. Runbook, "books".',
    "alarm.overdue.todo": '**What to do:** see whether the workers run. Runbook, "messages late".',
    "alarm.workersSilent.todo": '**What to do:** see whether the workers run. Runbook, "messages late".',
    "alarm.eventsStuck.todo": '**What to do:** see whether STATE_DIR can be written. Runbook, "archive behind".',
    "alarm.uploadFailing.todo": '**What to do:** runbook, "archive behind".',
    "alarm.deadLetters.todo": '**What to do:** runbook, "messages refused".',
    "alarm.auditorSilent.todo": '**What to do:** see whether the workers run. Runbook, "messages late".',
    "alarm.next": "I try again at {time}.",
    "alarm.over.title": "Over: {title}",
    "alarm.over": "It lasted until {until}. There is nothing left to do.",
    "alarm.over.mail": "This is over. It lasted from {since} to {until}:",
    "summary.alarm": "Steward needs you: {title}",
    "summary.alarm.over": "Steward is well again: {title}",
}
