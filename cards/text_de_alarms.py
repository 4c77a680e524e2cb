"""What Steward says of itself when something is wrong, in German; see `text_en_alarms.py`."""

from collections.abc import Mapping

from cards.patterns import Entry, Plural

SENTENCES: Mapping[str, Entry] = {
    "problem.clockJumped": "Der Uhr dieser Maschine ist nicht zu trauen: {errors}. Nichts wird gesendet und nichts"
    " geprüft, bis die Uhren wieder übereinstimmen.",
    "problem.restored": "Die Datenbank ist älter als das Archiv: {errors}. Nichts wird gesendet, bis ich aus dem Archiv"
    " übernommen habe, wer Bescheid weiß.",
    "problem.nobodyToTell": "Kein Administrator und kein Ersatzempfänger ist eine aktive Person: Von dem, was nicht"
    " zugestellt werden kann, erführe niemand.",
    "problem.scanFailed": "{errors}. Nichts wurde gelesen, nichts geändert; gemeldet wird nach dem Stand vom {at}.",
    "problem.scanPartial": "{errors}. {count} Apps gelesen. Nichts wurde geschlossen; der Rest wird nach dem Stand vom"
    " {at} gemeldet.",
    "problem.scanMissed": "Seit {at} gab es keine Prüfung, obwohl jeden Tag eine fällig ist.",
    "problem.teamsFailing": Plural(
        "{count} Nachricht wartet, weil Teams sie nicht annimmt: {errors}",
        "{count} Nachrichten warten, weil Teams sie nicht annimmt: {errors}",
    ),
    "problem.mailFailing": Plural(
        "{count} E-Mail wartet, weil sie nicht gesendet werden kann: {errors}",
        "{count} E-Mails warten, weil sie nicht gesendet werden können: {errors}",
    ),
    "problem.ledgerDiffers": "Die Bücher stimmen nicht: {difference} fällige Geheimnisse sind in keinem Zustand oder in"
    " zweien.",
    "problem.lost": Plural(
        "{count} Person hätte Bescheid bekommen sollen, und es gibt keine Nachricht für sie.",
        "{count} Personen hätten Bescheid bekommen sollen, und es gibt keine Nachricht für sie.",
    ),
    "problem.noNextStep": Plural(
        "Für {count} fälliges Geheimnis steht nichts mehr bevor.",
        "Für {count} fällige Geheimnisse steht nichts mehr bevor.",
    ),
    "problem.overdue": Plural(
        "{count} Nachricht hätte vor mehr als 15 Minuten gesendet werden können und wurde es nicht.",
        "{count} Nachrichten hätten vor mehr als 15 Minuten gesendet werden können und wurden es nicht.",
    ),
    "problem.workersSilent": "Seit {at} ist von keinem Arbeiter etwas zu hören: Es wird nichts gesendet.",
    "problem.eventsStuck": "Was seit {at} geschah, steht noch nicht im Archiv.",
    "problem.uploadFailing": "Was seit {at} geschrieben wurde, steht noch nicht in Log Analytics. Es wartet auf dieser"
    " Maschine.",
    "problem.deadLetters": Plural(
        "{count} Nachricht wurde in den letzten 24 Stunden endgültig abgewiesen: {errors}",
        "{count} Nachrichten wurden in den letzten 24 Stunden endgültig abgewiesen: {errors}",
    ),
    "problem.auditorSilent": "Seit {at} hat niemand die Bücher geprüft.",
    "alarm.clockJumped.title": "Der Uhr ist seit {time} nicht zu trauen: Nichts wird gesendet",
    "alarm.restored.title": "Seit {time} wartet alles: Die Datenbank wurde zurückgespielt",
    "alarm.nobodyToTell.title": "Seit {time} ist niemand da, der Bescheid bekäme",
    "alarm.scanFailed.title": "Prüfung seit {time} fehlgeschlagen",
    "alarm.scanPartial.title": "Prüfung seit {time} unvollständig",
    "alarm.scanMissed.title": "Seit mehr als einem Tag keine Prüfung",
    "alarm.teamsFailing.title": "Teams nimmt seit {time} keine Nachrichten an",
    "alarm.mailFailing.title": "E-Mails können seit {time} nicht gesendet werden",
    "alarm.ledgerDiffers.title": "Die Bücher stimmen seit {time} nicht",
    "alarm.lost.title": "Jemand hat nicht Bescheid bekommen",
    "alarm.noNextStep.title": "Seit {time} hängt etwas fest",
    "alarm.overdue.title": "Nachrichten sind seit {time} verspätet",
    "alarm.workersSilent.title": "Kein Arbeiter seit {time}",
    "alarm.eventsStuck.title": "Das Archiv hinkt seit {time} hinterher",
    "alarm.uploadFailing.title": "Log Analytics nimmt seit {time} nichts an",
    "alarm.deadLetters.title": "Nachrichten wurden endgültig abgewiesen",
    "alarm.auditorSilent.title": "Die Bücher werden seit {time} nicht geprüft",
    "alarm.clockJumped.todo": "**Zu tun:** die Uhr der Maschine stellen. Betriebshandbuch, „Clock“.",
    "alarm.restored.todo": "**Zu tun:** warten; wenn es anhält, nachsehen, ob das Archiv antwortet. Betriebshandbuch,"
    " „Restore“.",
    "alarm.nobodyToTell.todo": "**Zu tun:** ADMIN_USERS, ADMIN_GROUP_ID oder FALLBACK_RECIPIENTS setzen. Betriebshandbuch,"
    " „Nobody to tell“.",
    "alarm.scanFailed.todo": "**Zu tun:** Betriebshandbuch, „Scan failed“.",
    "alarm.scanPartial.todo": "**Zu tun:** Betriebshandbuch, „Scan partial“.",
    "alarm.scanMissed.todo": "**Zu tun:** nachsehen, ob der Prüfer läuft. Betriebshandbuch, „Scan missed“.",
    "alarm.teamsFailing.todo": "**Zu tun:** Betriebshandbuch, „Teams failing“.",
    "alarm.mailFailing.todo": "**Zu tun:** Betriebshandbuch, „E-mail failing“.",
    "alarm.ledgerDiffers.todo": "**Zu tun:** Eine neue Prüfung stellt die Bücher neu auf. Betriebshandbuch, „Books“.",
    "alarm.lost.todo": "**Zu tun:** Betriebshandbuch, „Books“.",
    "alarm.noNextStep.todo": "**Zu tun:** „python app.py audit“ nennt sie. Betriebshandbuch, „Books“.",
    "alarm.overdue.todo": "**Zu tun:** nachsehen, ob die Arbeiter laufen. Betriebshandbuch, „Messages late“.",
    "alarm.workersSilent.todo": "**Zu tun:** nachsehen, ob die Arbeiter laufen. Betriebshandbuch, „Messages late“.",
    "alarm.eventsStuck.todo": "**Zu tun:** nachsehen, ob STATE_DIR beschreibbar ist. Betriebshandbuch, „Archive behind“.",
    "alarm.uploadFailing.todo": "**Zu tun:** Betriebshandbuch, „Archive behind“.",
    "alarm.deadLetters.todo": "**Zu tun:** Betriebshandbuch, „Messages refused“.",
    "alarm.auditorSilent.todo": "**Zu tun:** nachsehen, ob die Arbeiter laufen. Betriebshandbuch, „Messages late“.",
    "alarm.next": "Ich versuche es wieder: {time}.",
    "alarm.over.title": "Vorbei: {title}",
    "alarm.over": "Es dauerte bis {until}. Es ist nichts mehr zu tun.",
    "alarm.over.mail": "Das ist vorbei. Es dauerte von {since} bis {until}:",
    "summary.alarm": "Steward braucht Sie: {title}",
    "summary.alarm.over": "Steward geht es wieder gut: {title}",
}
