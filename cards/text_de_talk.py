"""What Steward says in the course of a conversation, in German; see `text_en_talk.py`."""

from collections.abc import Mapping

from cards.patterns import Entry, Plural

#: "No longer needed" and "a pipeline renews it".
_QUIET: Mapping[str, Entry] = {
    "retire_in_use": "{app} wurde am {date} benutzt. Etwas braucht die App also noch, deshalb erinnere ich weiter. Fragen"
    " Sie wieder, wenn sie 30 Tage lang von nichts benutzt wurde.",
    "retire_granted": "Die Administration stimmt zu, dass {app} nicht mehr nötig ist. Bis zum Ablauf bin ich still.",
    "retire_rejected": "Die Administration sagt, dass {app} noch nötig ist.{note}",
    "retire_late": "Ob {app} nicht mehr nötig ist, hat noch niemand entschieden. Ich habe die Administration noch einmal"
    " gefragt.",
    "alert.title.retired": "{app}: nicht mehr nötig",
    "alert.title.automatic": "{app}: eine Pipeline erneuert es",
    "state.retired.you": "**Sie haben gesagt, dass es nicht mehr nötig ist.** Bis zum Ablauf bin ich still.",
    "state.retired": "**{person} hat gesagt, dass es nicht mehr nötig ist**, am {date}. Bis zum Ablauf bin ich still.",
    "state.automatic.you": "**Sie haben gesagt, dass eine Pipeline es erneuert.** Ich melde mich nur, wenn es in den"
    " letzten Tagen nicht erneuert ist.",
    "state.automatic": "**{person} hat gesagt, dass eine Pipeline es erneuert**, am {date}. Ich melde mich nur, wenn es in"
    " den letzten Tagen nicht erneuert ist.",
    "state.retireProposed": "**{person} hat gesagt, dass es nicht mehr nötig ist.** Die Administration entscheidet bis"
    " {date}.",
    "short.retired": "nicht mehr nötig",
    "short.automatic": "eine Pipeline erneuert es",
    "short.retireProposed": "wartet auf Zustimmung",
    "retire.title": "Ist „{app}“ nicht mehr nötig?",
    "retire.title.done": "„{app}“: nicht mehr nötig?",
    "retire.who": "**{nominator}** ({address}) sagt das.{note}",
    "retire.used": "Das {thing} der App wurde zuletzt benutzt: {when}.",
    "retire.unused": "Ich weiß von nichts, das sie benutzt.",
    "retire.if_approve": "**Wenn Sie zustimmen:** Niemand wird mehr erinnert; am {date} steht die App still, und alles,"
    " was sie benutzt. Sie finden sie unter „nicht mehr nötig“.",
    "retire.granted": "**Zugestimmt hat {person}.** Bis zum Ablauf wird niemand mehr erinnert.",
    "retire.refused": "**Nicht möglich:** Sie wurde in den letzten 30 Tagen benutzt.",
    "summary.retire": "{app}: nicht mehr nötig? Bitte entscheiden Sie bis {date}",
}

#: "I renewed it".
_RENEWED: Mapping[str, Entry] = {
    "state.done_by": "Laut Entras Überwachungsprotokoll war es **{person}**.",
    "finding.otherType": "**An dieser App gibt es ein neues {thing}:** {label}. Ablaufen wird aber ihr {needed}; wenn"
    " nichts mehr es benutzt, entfernen Sie es, und ich bin still.",
    "finding.otherSide": "**Es gibt ein neues {thing}, aber auf der anderen Seite:** {label}. In Entra hat eine App zwei"
    " Seiten, ihre Registrierung und ihre Unternehmensanwendung; was abläuft, steht auf dieser hier.",
    "finding.otherApp": "**An dieser App sehe ich kein neues,** aber ein neues {thing} an **{other}**: {label}. War es für"
    " diese App gedacht?",
    "finding.notYet.again": "**Ich sehe noch kein neues an dieser App.** Das kann einige Minuten dauern. In 5, 15 und 60"
    " Minuten schaue ich wieder nach, bis {time} Uhr; diese Karte ändert sich dann von selbst.",
    "renewed_still_not": "Ich habe innerhalb einer Stunde dreimal nachgesehen und finde an {app} noch nichts Neues. Ist es"
    " an einer anderen App, oder nicht gespeichert? Ich erinnere weiter.",
}

#: New owners: rights, and what can come between.
_OWNERS: Mapping[str, Entry] = {
    "owners_full": "{app} hat 100 Besitzer, mehr erlaubt Entra nicht. Einer muss zuerst gehen; gefragt wurde niemand.",
    "owner_added": "{app} gehört jetzt auch {person}; Entra zeigt es. Wenn Sie das überrascht, sagen Sie es bitte der"
    " Administration.",
    "nomination_hopeless": "{app} kann {person} nicht gehören: {reason}",
    "nomination_hopeless.nomineeGone": "Dieses Konto ist in Ihrer Organisation nicht mehr aktiv. Bitte nennen Sie jemand"
    " anderen.",
    "nomination_hopeless.gone": "Die App gibt es nicht mehr. Es ist nichts mehr zu tun.",
    "refusal.nomineeGone": "Dieses Konto ist in Ihrer Organisation nicht mehr aktiv.",
    "owner_change_refused.nomineeGone": "Dieses Konto ist in Ihrer Organisation nicht mehr aktiv.",
    "approval.privileged.named": "**Privilegierte App,** deshalb muss ein zweiter Administrator zustimmen. Sie hat:"
    " {names}. Wem sie gehört, kann ihr Kennwörter geben und dann mit alldem handeln.",
    "approval.harmless": "Weitreichende Rechte in Graph oder eine Verzeichnisrolle hat sie nicht.",
    "approval.accepted": "**{person} hat zugesagt.** Jetzt muss Entra den neuen Besitzer noch zeigen.",
    "approval.hand": "**Bitte tragen Sie den Besitzer von Hand ein,** denn ich darf nicht in Entra schreiben.",
    "nominee.approved.direct": "**Danke, {first}.** Ich melde mich, sobald Entra Sie als Besitzer zeigt.",
    "nominee.privileged": "Es ist eine privilegierte App: Ein zweiter Administrator muss zustimmen.",
    "state.waitingOwner.direct": "**{person} hat zugesagt**, und die App gehört ihr oder ihm, sobald Entra es zeigt.",
}

#: Commands and their answers.
_COMMANDS: Mapping[str, Entry] = {
    "greeting.apps": Plural("Die App, die Ihnen gehört:", "Die {count} Apps, die Ihnen gehören:"),
    "ticked_refused": "Diese Antwort steht Ihnen nicht zu, oder es ist vorbei.",
    "help_why": "Warum Sie die letzte Karte bekommen haben, und wie es weitergeht.",
    "help_expired": "Was in so vielen Tagen abgelaufen ist; ohne Zahl in 30.",
    "help_unreachable": "Wer nicht zu benachrichtigen war, und was dagegen hilft.",
    "help_nominations": "Wer gefragt ist, was zu übernehmen, und was auf wen wartet.",
    "help_snoozed": "Was zurückgestellt ist, von wem, bis wann.",
    "help_unsnooze": "Beendet die Ruhe um eine App, für alle.",
    "help_exclude": "Nimmt eine App bis zu einem Tag von allen Erinnerungen aus.",
    "help_include": "Nimmt eine ausgenommene App wieder auf.",
    "help_excluded": "Was ausgenommen ist, bis wann und warum.",
    "help_retired": "Was nicht mehr nötig sein soll.",
    "help_last_scan": "Der Bericht der letzten Prüfung.",
    "is_phishing": "Eine berechtigte Frage. Ich frage nie nach einem Kennwort oder Geheimnis, und meine Links führen zum"
    " Microsoft-Entra-Portal oder zu Seiten Ihres Unternehmens. Wenn eine Karte seltsam aussieht, drücken Sie nichts und"
    " fragen Sie Ihre IT, ob Steward zu ihr gehört.",
    "stop_answer": "Ich schreibe nur zu Apps, die Ihnen gehören oder nach denen Sie gefragt werden. Auf einer Karte beendet"
    " „Nicht meins“ es für diese App, und „Dann erinnern“ lässt es warten. Wenn Sie gar nichts bekommen möchten, wenden"
    " Sie sich bitte an die Administration.",
    "no_scan_yet": "Geprüft wurde noch nicht.",
    "why_nothing": "Ich habe Ihnen noch keine Karte geschickt, es gibt also nichts zu erklären.",
    "why.title": "Warum Sie die Karte zu {app} bekommen haben",
    "why.posted": "Geschickt habe ich sie am {date}.",
    "why.next": "**Wie es weitergeht:** Sie hören am {date} wieder von mir, wenn es vorher nicht erneuert wird.",
    "why.nominee": "**Warum Sie:** {nominator} fragt, ob Sie die App übernehmen. Ohne Ihr Ja ändert sich nichts.",
    "why.approver": "**Warum Sie:** Die Administration muss dem zustimmen, was {nominator} vorschlägt.",
    "why.until": "Eine Antwort wird bis {date} gebraucht.",
    "summary.why": "{app}: warum Sie die Karte bekommen haben",
    "exclude_done": "Zu {app} schicke ich bis {date} nichts. „aufnehmen“ macht das rückgängig.",
    "exclude_past": "Dieser Tag ist vorbei. Bitte schreiben Sie es so: ausnehmen Payroll Feed bis 31.03.2027 zieht um",
    "exclude_too_long": "Bitte wählen Sie einen Tag in den nächsten zwei Jahren; es lässt sich wiederholen.",
    "exclude_no_date": "Den Tag habe ich nicht verstanden. Bitte schreiben Sie es so: ausnehmen Payroll Feed bis 31.03.2027"
    " zieht um",
    "include_done": "An {app} wird wieder erinnert; die nächste Prüfung benachrichtigt, wer es wissen muss.",
    "include_nothing": "{app} ist von der Administration nicht ausgenommen.",
    "unsnooze_done": Plural(
        "{app}: Die Ruhe ist für {count} Person beendet.", "{app}: Die Ruhe ist für {count} Personen beendet."
    ),
    "unsnooze_nothing": "Niemand hat {app} zurückgestellt.",
    "snooze_ended_by": "{person} hat die Ruhe um {app} beendet: Die Karte ist wieder offen.",
    "verdict_expired": "Ja: Etwas davon ist abgelaufen, am {since}. Anderes daran ist noch gültig.",
    "verdict_all_expired": "Ja: Alles davon ist abgelaufen, zuletzt am {since}. Die App kann sich nicht anmelden.",
    "verdict_valid": "Nein: Davon ist nichts abgelaufen. Was zuerst abläuft, gilt bis {until}. Ist irgendwo noch das alte in"
    " Gebrauch?",
    "verdict_nothing": "Die App hat hier kein Geheimnis und kein Zertifikat, das ablaufen könnte.",
    "list.expired": Plural("{count} ist in {days} Tagen abgelaufen", "{count} sind in {days} Tagen abgelaufen"),
    "list.expired.none": "In {days} Tagen ist nichts abgelaufen.",
    "rows.hint": "Tippen Sie auf eine Zeile, um die App zu sehen.",
    "rows.unreachable": Plural("{count} war nicht zu benachrichtigen", "{count} waren nicht zu benachrichtigen"),
    "rows.unreachable.none": "Alle, die es wissen müssen, sind zu erreichen.",
    "rows.nominations": Plural("{count} Frage wartet auf Antwort", "{count} Fragen warten auf Antwort"),
    "rows.nominations.none": "Niemand ist gefragt, etwas zu übernehmen.",
    "rows.snoozed": Plural("{count} zurückgestellt", "{count} zurückgestellt"),
    "rows.snoozed.none": "Nichts ist zurückgestellt.",
    "rows.retired": Plural("{count} ist nicht mehr nötig", "{count} sind nicht mehr nötig"),
    "rows.retired.none": "Von nichts heißt es, es sei nicht mehr nötig.",
    "rows.excluded": Plural("{count} App ist ausgenommen", "{count} Apps sind ausgenommen"),
    "rows.excluded.none": "Keine App ist von der Administration ausgenommen.",
    "row_nobody": "**{app}**: Niemand ist zu benachrichtigen. Nächster Schritt: jemanden nennen, zum Beispiel: übergeben"
    " {app} an Eli Novak",
    "row_not_told": "{person} · **{app}**: {why} Nächster Schritt: {reason}",
    "row_not_told.blocked": "weder in Teams noch per E-Mail zu erreichen.",
    "row_not_told.failed": "wegen eines Fehlers nicht benachrichtigt.",
    "row_not_told.movedOn": "Gefragt wird inzwischen jemand anderes.",
    "row_not_told.admin": "Nennen Sie einen anderen Besitzer, oder bitten Sie darum, die App Steward in Teams hinzuzufügen.",
    "row_removed": "{person}: {why}",
    "row_removed.uninstalled": "hat Steward aus Teams entfernt. Nächster Schritt: Ich schreibe E-Mails; bitten Sie darum, die"
    " App wieder hinzuzufügen.",
    "row_removed.blocked": "kann von Steward in Teams nichts bekommen. Nächster Schritt: Ich schreibe E-Mails; sehen Sie sich"
    " die App-Richtlinie an.",
    "row_asked": "**{app}**: {person} ist von {nominator} gefragt, bis {until}",
    "row_accepted": "**{app}**: {person} hat zugesagt; die Administration entscheidet bis {until}",
    "row_approved": "**{app}**: {person} hat Zustimmung; wartet, bis Entra es zeigt",
    "row_proposed": "**{app}**: laut {nominator} nicht mehr nötig; die Administration entscheidet bis {until}",
    "row_snoozed": "**{app}**: {person}, bis {until}. Läuft ab: {date}",
    "row_retired": "**{app}**: sagt {person}, seit {since}. Läuft ab: {date}.{note}",
    "row_excluded": "**{app}**: bis {until}, von {person}.{note}",
}

SENTENCES: Mapping[str, Entry] = {**_QUIET, **_RENEWED, **_OWNERS, **_COMMANDS}
