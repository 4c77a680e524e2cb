"""What Steward answers to commands and says in passing, in German; see `text_en_answers.py`."""

from collections.abc import Mapping

from cards.patterns import Entry, Plural

#: Answers to pressed buttons, and news about owners.
_ACTIONS: Mapping[str, Entry] = {
    "refused": "Das kann ich hier nicht für Sie tun.",
    "already_done": "Das ist schon erledigt.",
    "closed": "Das ist schon abgeschlossen: Es ist nichts mehr zu tun.",
    "working_on_it": "Ich bin dabei. Die Karte zeigt gleich das Ergebnis.",
    "went_wrong": "Bei mir ist etwas schiefgegangen, und es ist notiert. Bitte versuchen Sie es in einigen Minuten"
    " wieder.",
    "snoozed_until": "Ruhe bis {date}. {why}",
    "snoozed_until.asked": "",
    "snoozed_until.stage": "Länger geht es nicht: Dann kommt die letzte Erinnerung.",
    "snoozed_until.floor": "Länger geht es nicht: Sie brauchen vor dem Ablauf noch einige Tage.",
    "snoozed_until.max": "Länger geht es nicht auf einmal.",
    "nobody_to_tell": "Kein Administrator und kein Ersatzempfänger ist eine aktive Person: Von dem, was nicht zugestellt"
    " werden kann, erführe niemand. Setzen Sie ADMIN_USERS, ADMIN_GROUP_ID oder FALLBACK_RECIPIENTS.",
    "snooze_not_possible": "Hier kann ich nicht still bleiben. {why}",
    "snooze_not_possible.tooLate": "Es läuft zu bald ab.",
    "snooze_not_possible.noDays": "Bitte sagen Sie, für wie viele Tage, zum Beispiel: später Payroll Feed 7.",
    "nomination_sent": "Gefragt: {names}. Sie hören spätestens bis {when} davon.",
    "nominee_missing": "Bitte wählen Sie zuerst eine Person aus.",
    "nominee_is_owner": "Die App gehört {name} schon.",
    "nominee_not_possible": "{name} kann nicht gefragt werden: Eine App kann nur Personen Ihrer Organisation mit aktivem"
    " Konto gehören.",
    "nominee_self": "Sie fragen sich selbst: Das gilt als Ihre Zusage. Die Administration bestätigt sie.",
    "owner_assigned_you": "{app} gehört jetzt Ihnen; Entra zeigt es. Danke.",
    "owner_assigned": "{app} gehört jetzt {person}; Entra zeigt es. Danke.",
    "nomination_declined": "{person} kann {app} nicht übernehmen. Bitte nennen Sie jemand anderen.{note}",
    "question_leavers": "{count} von {of} Besitzern sind auf einmal weg. Ihre Führungskräfte werden erst gefragt, wenn Sie"
    " zustimmen; bitte antworten Sie auf der Karte in Teams.",
    "nomination_expired": "{person} hat zu {app} nicht rechtzeitig geantwortet. Bitte nennen Sie auf der Karte dazu"
    " jemand anderen; danach wird die Administration gefragt.",
    "approval_late": "{person} will sich um {app} kümmern, aber die Administration hat das nicht rechtzeitig bestätigt."
    " Sie wird noch einmal gefragt.",
    "nomination_rejected": "Die Administration hat {person} als Besitzer von {app} nicht zugestimmt.{note}",
    "owner_change_refused": "Entra hat {person} als Besitzer von {app} abgelehnt: {reason}",
    "owner_change_refused.notAllowed": "Steward darf Besitzer nicht ändern. Das Recht dazu muss die Administration"
    " geben.",
    "owner_change_refused.gone": "Die App oder die Person gibt es nicht mehr.",
    "owner_change_refused.tooManyOwners": "Die App hat so viele Besitzer, wie Entra erlaubt. Einer muss zuerst gehen.",
    "owner_change_refused.refused": "Einen Grund, den ich kenne, nannte es nicht.",
    "exclusion_ended": "An {app} wird wieder erinnert: Der Tag ist da, bis zu dem Sie die App ausgenommen hatten. Sie"
    " schrieben: {reason}",
    "owner_by_hand": "Der neue Besitzer von {app} muss von Hand eingetragen werden. Sobald Entra ihn zeigt, sage ich allen"
    " Bescheid.",
    "renewed_found": "Gefunden: {name}, gültig bis {until}. Entfernen Sie das alte, wenn nichts mehr es benutzt.",
    "renewed_not_yet": "Ich sehe noch kein neues an dieser App. Das kann einige Minuten dauern; ich schaue bei jeder"
    " Prüfung wieder nach.",
    "renewed_gone": "Stimmt: Das alte ist weg. Danke.",
    "digest_answered": "{done} von {total} beantwortet.",
    "graph_unreachable": "Entra antwortet mir gerade nicht. Bitte versuchen Sie es in einigen Minuten wieder.",
    "archive_unreachable": "Ich erreiche den Verlauf gerade nicht. Bitte versuchen Sie es in einigen Minuten wieder.",
}

#: Answers to what somebody typed.
_TYPED: Mapping[str, Entry] = {
    "unknown_command": "Das habe ich nicht verstanden. „Hilfe“ zeigt, was Sie mich fragen können.",
    "unknown_command_nearest": "Das habe ich nicht verstanden. Meinten Sie „{nearest}“? „Hilfe“ zeigt, was Sie mich"
    " fragen können.",
    "not_understood": "Das habe ich nicht verstanden. Meinten Sie „{nearest}“? „Hilfe“ zeigt, was Sie mich fragen"
    " können.",
    "command_usage": "Bitte schreiben Sie es so: {usage}",
    "no_such_app": "Ich kenne keine Ihrer Apps unter „{query}“. „meine Apps“ zeigt die, die ich kenne.",
    "no_such_person": "Ich finde niemanden unter „{query}“. Versuchen Sie es mit dem ganzen Namen oder mit der"
    " Anmeldeadresse.",
    "several_people": "Mehrere Personen könnten „{query}“ sein: {names}. Bitte schreiben Sie die ganze Adresse.",
    "nothing_due": "An {app} ist nichts fällig: Es gibt nichts zu beantworten.",
    "admins_only": "Das kann mich nur die Administration fragen.",
    "slow_down": "Das ist viel auf einmal. Bitte geben Sie mir eine Minute.",
    "only_in_private": "Über Apps spreche ich nur unter vier Augen: Bitte schreiben Sie mir in unserem eigenen Chat.",
    "thanks": "Gern geschehen.",
    "what_am_i": "Ich bin Steward. Ich achte darauf, wann Geheimnisse und Zertifikate der Apps Ihres Unternehmens"
    " ablaufen, und benachrichtige die Zuständigen. Nach einem Kennwort frage ich nie.",
    "scan_started": "Ich habe eine Prüfung begonnen. Wenn etwas fällig ist, sage ich es Ihnen hier.",
    "scan_running": "Eine Prüfung läuft schon.",
    "scan_elsewhere": "Geprüft wird in einem anderen Teil von Steward; von hier aus kann ich das nicht starten.",
    "scan_done": "Die Prüfung ist vollständig.",
    "scan_partial": "Die letzte Prüfung ist unvollständig: {errors}. Deswegen wurde nichts abgeschlossen.",
    "scan_failed": "Die letzte Prüfung ist gescheitert: {errors}. Deswegen wurde nichts geändert.",
    "ledger_differs": "Die Rechnung geht nicht auf: {difference} fällige Anmeldedaten stehen nirgends oder doppelt.",
    "help_intro": "Das können Sie mich fragen:",
    "help_help": "Zeigt diese Liste.",
    "help_my_apps": "Ihre Apps und wann jede Sie das nächste Mal braucht.",
    "help_status": "Alles über eine App; ohne Namen, wie es um alle steht.",
    "help_snooze": "Einige Tage Ruhe vor einer App.",
    "help_assign": "Bittet jemanden, sich um eine App zu kümmern.",
    "help_expiring": "Was in so vielen Tagen abläuft; ohne Zahl in 30.",
    "help_ownerless": "Apps mit Geheimnissen oder Zertifikaten, die niemandem gehören.",
    "help_history": "Wem eine App wann gehörte und was ich dazu getan habe.",
    "help_scan": "Prüft jetzt alle Apps.",
}

_CARDS: Mapping[str, Entry] = {
    "greeting.title": "Guten Tag, ich bin Steward",
    "greeting.does": "Ich achte auf die Geheimnisse und Zertifikate der Apps Ihres Unternehmens und sage Ihnen"
    " rechtzeitig Bescheid, wenn eines von Ihnen abläuft.",
    "greeting.asks": "Wenn sich um eine App niemand mehr kümmert, frage ich vielleicht Sie, wer es tun sollte.",
    "greeting.never": "Ich frage nie nach einem Kennwort oder Geheimnis, und ohne Ihre Antwort ändere ich nichts.",
    "help.title": "Was Sie mich fragen können",
    "help.row": "**{usage}** · {sentence}",
    "help.admins": "**Für die Administration**",
    "status.well": "Steward geht es gut",
    "status.ill": "Steward braucht Sie",
    "status.title": "**{title}** · {date}, {time} Uhr",
    "status.scan": "Prüfung vom {date}, {time} Uhr vollständig: {apps} Apps, {credentials} Geheimnisse und Zertifikate,"
    " {seconds} s.",
    "status.scan.partial": "Prüfung vom {date}, {time} Uhr unvollständig: {apps} Apps, {credentials} Geheimnisse und"
    " Zertifikate gelesen.",
    "status.scan.failed": "Prüfung vom {date}, {time} Uhr gescheitert.",
    "status.scan.none": "Geprüft wurde noch nicht.",
    "status.next": "{scan} Die nächste: {date}, {time} Uhr.",
    "status.good": "Die Zahlen sind die der Prüfung vom {date}, {time} Uhr.",
    "status.sending.on": "Versand: an alle.",
    "status.sending.pilot": "Versand: nur an die Pilotgruppe.",
    "status.sending.hold": "Versand: angehalten. Noch wird niemand benachrichtigt.",
    "status.due": Plural(
        "**{count} in 30 Tagen fällig oder abgelaufen, alles nachgewiesen**",
        "**{count} in 30 Tagen fällig oder abgelaufen, alle nachgewiesen**",
    ),
    "status.due.differs": Plural(
        "**{count} fällig, aber die Rechnung weicht um {difference} ab**",
        "**{count} fällig, aber die Rechnung weicht um {difference} ab**",
    ),
    "status.due.none": "**Nichts ist fällig.**",
    "status.needs": "**Braucht Sie**",
    "status.needs.nothing": "Nichts braucht Sie.",
    "status.urgent": Plural(
        "{count} läuft in 3 Tagen ab, und niemand kümmert sich",
        "{count} laufen in 3 Tagen ab, und niemand kümmert sich",
    ),
    "status.not_told": Plural(
        "{count} Mal war niemand zu erreichen", "{count} Mal war niemand oder nicht jeder zu erreichen"
    ),
    "status.approvals": Plural("{count} Zustimmung, seit {date}", "{count} Zustimmungen, die älteste seit {date}"),
    "status.ownerless": Plural(
        "{count} fällige App gehört niemandem (insgesamt {total})",
        "{count} fällige Apps gehören niemandem (insgesamt {total})",
    ),
    "status.federated": Plural(
        "{count} App meldet sich über einen Verbund an: Daran läuft nichts ab.",
        "{count} Apps melden sich über einen Verbund an: Daran läuft nichts ab.",
    ),
    "status.chart": "Fälliges nach Zustand",
    "status.part": "{state} {count}",
    "button.expiring": "Fällig in 7 Tagen",
    "button.ownerless": Plural("Ohne Besitzer ({count})", "Ohne Besitzer ({count})"),
    "button.scan": "Jetzt prüfen",
    "button.urgent": Plural("Eilig ({count})", "Eilig ({count})"),
    "button.approvals": Plural("Zustimmungen ({count})", "Zustimmungen ({count})"),
    "button.not_told": Plural("Nicht erreicht ({count})", "Nicht erreicht ({count})"),
    "button.resume": "Versand fortsetzen",
    "button.rest": "Mehr",
    "button.more": "Mehr zeigen",
    "button.open": "Die Karte öffnen",
    "state.excluded.ledger": "ausgenommen",
    "state.expired.ledger": "abgelaufen",
    "state.retired.ledger": "nicht mehr nötig",
    "state.superseded.ledger": "neueres da",
    "state.nominated.ledger": "jemand gefragt",
    "state.acknowledged.ledger": "übernommen",
    "state.snoozed.ledger": "zurückgestellt",
    "state.read.ledger": "gelesen",
    "state.delivered.ledger": "benachrichtigt",
    "state.pending.ledger": "im Versand",
    "state.held.ledger": "angehalten",
    "state.unreachable.ledger": "nicht erreichbar",
    "state.failed.ledger": "gescheitert",
    "list.my_apps": Plural("Ihre App", "Ihre {count} Apps"),
    "list.my_apps.none": "Ich kenne keine App, die Ihnen gehört.",
    "list.expiring": Plural("{count} läuft in {days} Tagen ab", "{count} laufen in {days} Tagen ab"),
    "list.expiring.none": "In {days} Tagen läuft nichts ab.",
    "list.ownerless": Plural("{count} App ohne Besitzer", "{count} Apps ohne Besitzer"),
    "list.ownerless.none": "Jede App hat einen Besitzer.",
    "list.choices": Plural("Meinten Sie diese?", "Welche dieser {count} meinen Sie?"),
    "list.row": "{date} · **{app}** · {thing}",
    "list.row.endless": "**{app}** · nichts läuft ab",
    "list.row.tail": " · {tail}",
    "list.owned": "gehört {names}",
    "list.ownerless.tail": "gehört niemandem",
    "list.choices.hint": "Tippen Sie auf die richtige.",
    "list.open.hint": "Tippen Sie auf eine Zeile, um ihre Karte zu öffnen.",
    "list.rest": Plural("und {count} weitere", "und {count} weitere"),
    "app.title": "{app}",
    "app.owners": "**Besitzer:** {names}",
    "app.owners.none": "**Besitzer:** niemand",
    "app.credential": "**{date}** · {thing} {label} · {expires}",
    "app.credential.endless": "{thing} {label} · läuft nie ab",
    "app.credential.state": " · {state}",
    "app.none": "Sie hat keine Geheimnisse und keine Zertifikate.",
    "app.more": Plural("und {count} weiteres", "und {count} weitere"),
    "app.told": "**Benachrichtigt**",
    "app.told.row": "{date} · {person}, über {channel}",
    "app.told.none": "Darüber wurde noch niemand benachrichtigt.",
    "channel.teams": "Teams",
    "channel.email": "E-Mail",
    "history.title": "Verlauf von {app}",
    "history.owners": "**Besitzer**",
    "history.spell": "{first} bis {last}: {names}",
    "history.spell.none": "{first} bis {last}: niemand",
    "history.owners.none": "Darüber gibt es noch keine Einträge.",
    "history.events": "**Was geschah**",
    "history.events.none": "Noch nichts.",
    "history.event": "{date}, {time} Uhr · {what}",
    "history.event.by": "{date}, {time} Uhr · {what} · {who}",
    "history.cut": Plural("und {count} älterer Eintrag", "und {count} ältere Einträge"),
    "scan.title.succeeded": "Prüfung vollständig",
    "scan.title.partial": "Prüfung unvollständig",
    "scan.title.failed": "Prüfung gescheitert",
    "scan.when": "{date}, {time} Uhr, in {seconds} s.",
    "scan.read": "{apps} App-Registrierungen und {enterprise} Unternehmensanwendungen mit {credentials} Geheimnissen und"
    " Zertifikaten.",
    "scan.found": "{due} fällig, davon {expired} abgelaufen, {ownerless} Apps ohne Besitzer.",
    "scan.queued": Plural("{count} Nachricht geht jetzt hinaus.", "{count} Nachrichten gehen jetzt hinaus."),
    "scan.queued.none": "Niemand muss etwas Neues erfahren.",
    "scan.quarantined": Plural(
        "{count} Eintrag war nicht zu verstehen und wurde beiseitegelegt.",
        "{count} Einträge waren nicht zu verstehen und wurden beiseitegelegt.",
    ),
    "scan.errors": "**Was fehlt**",
    "scan.error": "{error}",
}

_EVENTS: Mapping[str, Entry] = {
    "event.AlertRaised": "zum ersten Mal fällig",
    "event.NotificationSent": "benachrichtigt",
    "event.NotificationFailed": "nicht zu benachrichtigen",
    "event.Seen": "gesehen",
    "event.Acknowledged": "übernommen",
    "event.Snoozed": "zurückgestellt",
    "event.SnoozeEnded": "nicht mehr zurückgestellt",
    "event.OwnerNominated": "neuer Besitzer vorgeschlagen",
    "event.NominationAccepted": "gefragte Person sagte zu",
    "event.NominationDeclined": "gefragte Person sagte ab",
    "event.OwnerChangeRequested": "Besitzerwechsel beantragt",
    "event.OwnerAssigned": "neuer Besitzer in Entra",
    "event.OwnerChangeRefused": "Besitzerwechsel abgelehnt",
    "event.NotMine": "geantwortet: nicht meins",
    "event.NominationExpired": "Frage nach neuem Besitzer abgelaufen",
    "event.HandedOver": "übergeben",
    "event.Superseded": "ein neueres kam hinzu",
    "event.Reopened": "wieder fällig",
    "event.CredentialRenewed": "erneuert",
    "event.CredentialRemoved": "entfernt",
    "event.CredentialExpired": "abgelaufen",
    "event.Escalated": "weitergetragen",
    "event.LastCall": "letzter Aufruf",
    "event.Excluded": "von Erinnerungen ausgenommen",
    "event.ExclusionEnded": "Erinnerungen wieder an",
    "event.Retired": "geantwortet: nicht mehr nötig",
    "event.MarkedAutomatic": "geantwortet: eine Pipeline erneuert es",
    "event.AnswerTakenBack": "Antwort zurückgenommen",
    "event.Held": "angehalten",
    "event.Released": "freigegeben",
    "event.Recalled": "zurückgerufen",
    "event.ScanError": "nicht zu lesen",
}

_MAIL: Mapping[str, Entry] = {
    "mail.hello": "Guten Tag {first},",
    "mail.hello.nobody": "Guten Tag,",
    "mail.subject.alert": "{app}: {thing} läuft ab, {date}",
    "mail.subject.alert.past": "{app}: {thing} abgelaufen, {date}",
    "mail.subject.manager": "{app}, {date}: Wer soll sich darum kümmern?",
    "mail.subject.nominee": "{app}, {date}: Kümmern Sie sich darum?",
    "mail.subject.approval": "{app}, {date}: Bitte um Zustimmung zu einem neuen Besitzer",
    "mail.subject.alerts": Plural(
        "{app}, {date}, und {count} weitere App braucht Sie", "{app}, {date}, und {count} weitere Apps brauchen Sie"
    ),
    "mail.subject.info": "{text}",
    "mail.subject.empty": "Eine Nachricht von Steward",
    "mail.answer": "In Teams antworten",
    "mail.no_teams": "**Zum Antworten** brauchen Sie die App Steward in Teams, in der ich Sie nicht erreichen konnte:"
    " Öffnen Sie Teams, wählen Sie „Apps“, suchen Sie „Steward“ und fügen Sie die App hinzu. Schreiben Sie ihr dann"
    " „meine Apps“.",
    "mail.no_teams.link": "App holen",
    "mail.rest": Plural(
        "und {count} weitere App, die Teams zeigt.", "und {count} weitere Apps, die Teams alle zusammen zeigt."
    ),
    "mail.why": "Sie bekommen diese Nachricht wegen der oben genannten App. Nach einem Kennwort oder Geheimnis frage ich"
    " nie.",
}

SENTENCES: Mapping[str, Entry] = {**_ACTIONS, **_TYPED, **_CARDS, **_EVENTS, **_MAIL}
