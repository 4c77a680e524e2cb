"""What cards and e-mails say, in German; see `text_en.py`. The reader is "Sie", Steward is "ich".

Every {thing} is neuter (das Clientgeheimnis, das Zertifikat, das Kennwort), so that sentences can rely on it.
"""

from collections.abc import Mapping

from cards.dates import DateWords
from cards.patterns import Entry, Plural

DATES = DateWords(
    weekdays=("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"),
    months=(
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ),
    short_months=("Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."),
    day="{weekday}, {day}. {month}",
    day_of_year="{weekday}, {day}. {month} {year}",
    short="{weekday}, {day}. {short_month}",
    short_of_year="{weekday}, {day}. {short_month} {year}",
    moment="{date}, {time} Uhr ({zone})",
    cities={
        "Athens": "Athen",
        "Brussels": "Brüssel",
        "Bucharest": "Bukarest",
        "Copenhagen": "Kopenhagen",
        "Kyiv": "Kiew",
        "Lisbon": "Lissabon",
        "Luxembourg": "Luxemburg",
        "Moscow": "Moskau",
        "Prague": "Prag",
        "Rome": "Rom",
        "Singapore": "Singapur",
        "Tokyo": "Tokio",
        "Vienna": "Wien",
        "Warsaw": "Warschau",
        "Zurich": "Zürich",
    },
)

_PARTS: Mapping[str, Entry] = {
    "footer.org_help": "Steward für {org} · {help}",
    "footer.org": "Steward für {org}",
    "footer.help": "Steward · {help}",
    "footer.plain": "Steward",
    "no_name": "(ohne Namen)",
    "quoted_note": " Wörtlich: „{note}“",
    "more_names": "{names} und {count} weitere",
    "thing.secret": "Clientgeheimnis",
    "thing.certificate": "Zertifikat",
    "thing.saml": "Anmeldezertifikat",
    "plain_thing.secret": "Kennwort",
    "plain_thing.certificate": "Zertifikat",
    "plain_thing.saml": "Anmeldezertifikat",
    "expires.in": Plural("läuft in {count} Tag ab", "läuft in {count} Tagen ab"),
    "expires.today": "läuft innerhalb von 24 Stunden ab",
    "expires.past": "ist abgelaufen",
    "runs_out.in": Plural("läuft in {count} Tag ab", "läuft in {count} Tagen ab"),
    "runs_out.today": "läuft innerhalb von 24 Stunden ab",
    "runs_out.past": "ist abgelaufen",
    "used.today": "heute",
    "used.yesterday": "gestern",
    "used.days": Plural("vor {count} Tag", "vor {count} Tagen"),
    "used.on": "am {date}",
    "label.named": "„{name}“, ID {id}",
    "label.unnamed": "ID {id}",
    "label.thing": "{thing} {label}",
    "button.entra": "In Entra öffnen",
    "button.other": "Andere Antworten",
    "button.back": "Zurück zur Liste",
    "button.chat": "Chat mit {person}",
    "button.help": "Hilfe holen",
    "verb.acknowledge": "Ich kümmere mich",
    "verb.acknowledge.instead": "Ich übernehme es",
    "verb.acknowledge.manager": "Ich übernehme es",
    "verb.renewed": "Ist erneuert",
    "verb.renewed.manager": "Es wurde erneuert",
    "verb.snooze": "Dann erinnern",
    "verb.assignOwner": "Anfragen",
    "verb.assignOwner.manager": "Diese Person fragen",
    "verb.notMine": "Nicht meins",
    "verb.notMine.manager": "Nicht mein Team",
    "verb.retire": "Nicht mehr nötig",
    "verb.retire.manager": "Nicht mehr nötig",
    "verb.automatic": "Eine Pipeline erneuert es",
    "verb.release": "Wieder abgeben",
    "verb.release.snoozed": "Wieder erinnern",
    "verb.accept": "Annehmen",
    "verb.decline": "Ablehnen",
    "verb.approve": "Zustimmen",
    "verb.reject": "Nicht zustimmen",
    "input.nominees": "Neuer Besitzer",
    "input.nominees.hint": "Nach einem Namen suchen",
    "input.nominees.someone": "Jemandem übergeben",
    "input.nominees.else": "Jemand anderen fragen",
    "input.note": "Notiz (freiwillig)",
    "input.note.hint": "Was sollte die Person wissen?",
    "input.days": "Erinnern",
    "input.days.choice": Plural("in {count} Tag, am {date}", "in {count} Tagen, am {date}"),
    "other.rest": "Oder sagen Sie",
    "details.title": "Was ist das für eine App? ▾",
    "details.created": "Erstellt am {date}.",
    "details.hosts": "Angemeldet wird sich bei {hosts}.",
    "details.audience.AzureADMyOrg": "Anmelden können sich nur Personen Ihrer Organisation.",
    "details.audience.AzureADMultipleOrgs": "Anmelden können sich Personen jeder Organisation.",
    "details.audience.AzureADandPersonalMicrosoftAccount": "Anmelden können sich Personen jeder Organisation und private Microsoft-Konten.",
    "details.audience.PersonalMicrosoftAccount": "Anmelden können sich nur private Microsoft-Konten.",
    "details.notes": "In ihren Notizen steht: „{notes}“",
    "details.reference": "Service-Referenz: {reference}",
    "details.used": "{label} wurde zuletzt {when} benutzt.",
    "details.federated": Plural(
        "Verbundanmeldeinformation {names}: kein Geheimnis, daran läuft nichts ab.",
        "Verbundanmeldeinformationen {names}: keine Geheimnisse, daran läuft nichts ab.",
    ),
    "details.federated.more": Plural(
        "Verbundanmeldeinformationen {names} und {count} weitere: keine Geheimnisse, daran läuft nichts ab.",
        "Verbundanmeldeinformationen {names} und {count} weitere: keine Geheimnisse, daran läuft nichts ab.",
    ),
    "details.ids": "App-ID {app_id}",
    "details.nothing": "Mehr ist darüber nicht bekannt.",
}

_ALERT: Mapping[str, Entry] = {
    "alert.title": "{app}: {thing} {expires}",
    "alert.title.many": "{app}: {count} Geheimnisse oder Zertifikate, das erste {expires}",
    "alert.title.renewed": "{app}: erneuert",
    "alert.title.notDue": "{app}: nicht mehr fällig",
    "alert.title.superseded": "{app}: ein neueres {thing} ist da",
    "alert.title.assigned": "{app}: in neuen Händen",
    "alert.title.excluded": "{app}: keine Erinnerungen",
    "alert.title.notMine": "{app}: weitergegeben",
    "alert.shrunk": "**{app}**: Weiter unten steht eine neuere Karte dazu. Bitte antworten Sie dort.",
    "alert.item": "**{date}** · {label}",
    "alert.item.past": "**Abgelaufen {date}** · {label}",
    "alert.item.state": "**{date}** · {label} · {state}",
    "alert.then.secret": "Dann kann sich die App nicht mehr anmelden, und was von ihr abhängt, steht still.",
    "alert.then.certificate": "Dann kann sich die App damit nicht mehr anmelden, und was von ihr abhängt, steht still.",
    "alert.then.saml": "Dann kann sich niemand mehr mit dem Firmenkonto bei der App anmelden.",
    "alert.since.secret": "Seitdem kann sich die App damit nicht anmelden. Was davon abhing, steht still.",
    "alert.since.certificate": "Seitdem kann sich die App damit nicht anmelden. Was davon abhing, steht still.",
    "alert.since.saml": "Seitdem kann sich niemand mit dem Firmenkonto bei der App anmelden.",
    "alert.used": "{consequence} Zuletzt benutzt: {when}.",
    "alert.todo.secret": "**Zu tun:** ein neues Geheimnis anlegen, es dort eintragen, wo die App es liest, und das alte"
    " entfernen, sobald nichts mehr es benutzt. Das neue bemerke ich von selbst.",
    "alert.todo.certificate": "**Zu tun:** ein neues Zertifikat anlegen, es dort eintragen, wo die App es liest, und"
    " das alte entfernen, sobald nichts mehr es benutzt. Das neue bemerke ich von selbst.",
    "alert.todo.saml": "**Zu tun:** auf der Seite für einmaliges Anmelden der App ein neues Zertifikat anlegen, es der"
    " Gegenseite geben und dann aktivieren. Das bemerke ich von selbst.",
    "alert.nothing": "**Wenn Sie nichts tun:** Ich erinnere Sie am {date}.",
    "alert.nothing.last": "**Wenn Sie nichts tun:** Ich melde mich noch einmal, wenn es abgelaufen ist.",
    "alert.all": "Ihre Antwort gilt für alle zusammen.",
    "alert.as_of": "Die letzte Prüfung konnte diese App nicht lesen. Grundlage ist der Stand vom {date}.",
    "alert.leads": "**Was helfen kann, die Zuständigen zu finden:**",
    "lead.serviceManagementReference": "Service-Referenz: {value}",
    "lead.notificationEmails": "Anmeldewarnungen gehen an: {value}",
    "lead.notes": "In ihren Notizen steht: „{value}“",
    "lead.other": "{label}: {value}",
    "told": "Ebenfalls benachrichtigt: {names}.",
    "why.owner": Plural(
        "**Warum Sie:** Die App gehört nur Ihnen.", "**Warum Sie:** Sie gehören zu ihren {count} Besitzern."
    ),
    "why.owner.some": "**Warum Sie:** Die App gehört Ihnen.",
    "why.acceptedNominee": "**Warum Sie:** Sie haben zugesagt, sich darum zu kümmern. Bis Entra Sie als Besitzer zeigt,"
    " benachrichtige ich Sie, als wäre es schon so.",
    "why.nominator": "**Warum Sie:** Sie haben jemanden gebeten, die App zu übernehmen. Bis Entra den neuen Besitzer"
    " zeigt, halte ich auch Sie auf dem Laufenden.",
    "why.previousOwner": "**Warum Sie:** Sie waren bis {date} dafür zuständig (unser Eintrag von diesem Tag), und jetzt"
    " gehört die App niemandem.",
    "why.previousOwner.undated": "**Warum Sie:** Sie waren früher dafür zuständig, und jetzt gehört die App niemandem.",
    "why.previousOwnerManager": "**Warum Sie:** {person} war bis {date} dafür zuständig (unser Eintrag von diesem Tag)"
    " und steht dafür nicht mehr zur Verfügung. Nach unseren Unterlagen sind Sie die Führungskraft von {first}.",
    "why.previousOwnerManager.undated": "**Warum Sie:** {person} war dafür zuständig und steht dafür nicht mehr zur"
    " Verfügung. Nach unseren Unterlagen sind Sie die Führungskraft von {first}.",
    "why.ownerManager": "**Warum Sie:** Die App gehört {person}, eine Antwort kam aber nicht. Nach unseren Unterlagen"
    " sind Sie die Führungskraft von {first}.",
    "why.contact": "**Warum Sie:** Sie sind als Ansprechperson für die App genannt.",
    "why.fallback": "**Warum Sie:** Niemand, dem die App gehört oder gehörte, kann gefragt werden. In solchen Fällen"
    " werden Sie benachrichtigt.",
    "why.fallback.historyFailed": "**Warum Sie:** Niemandem gehört die App, und wem sie früher gehörte, ließ sich nicht"
    " nachlesen. In solchen Fällen werden Sie gefragt.",
    "why.silence": "**Warum Sie:** Niemand hat sich rechtzeitig darum gekümmert. Unsere Unterlagen nennen Sie als"
    " Führungskraft von {first}.",
    "why.silence.fallback": "**Warum Sie:** Niemand hat rechtzeitig geantwortet, und keine Führungskraft kann gefragt"
    " werden.",
    "why.nominationExpired": "**Warum Sie:** Jemand wurde gefragt, sich darum zu kümmern, und niemand hat rechtzeitig geantwortet.",
    "why.lastCall": "**Warum Sie:** Es läuft gleich ab, und Sie erfahren von jeder App, mit der es so weit kommt.",
    "sofar.begin": "**Bisher:**",
    "sofar.silent": Plural(
        "{names} weiß es seit {date} und hat nicht geantwortet.",
        "{names} wissen es seit {date}; niemand hat geantwortet.",
    ),
    "sofar.noTeams": Plural(
        "{names} bekam am {date} eine E-Mail und konnte in Teams nicht antworten.",
        "{names} bekamen seit {date} E-Mails und konnten in Teams nicht antworten.",
    ),
    "sofar.notMine": Plural(
        "{names} sagte, die App sei nicht die eigene.", "{names} sagten, die App sei nicht die eigene."
    ),
    "sofar.unreachable": Plural("{names} war nicht erreichbar.", "{names} waren nicht erreichbar."),
    "sofar.gone": Plural("{names} wusste es seit {date}.", "{names} wussten es seit {date}."),
    "why.admin": "**Warum Sie:** Sie haben die Karte als Administrator geöffnet.",
    "somebody": "die Person, die zuständig war",
    "state.lastCall": "**Letzter Aufruf:** Das ist die letzte Erinnerung vor dem Ablauf; alle, die handeln können, haben sie jetzt.",
    "state.takenByYou": "**Sie haben es, {first}.**",
    "state.takenByYou.known": "**Sie haben es, {first}.** {names}: dort ist es zu sehen.",
    "state.takenByOther": "**{person} hat es**, seit {date}.",
    "state.takenByOther.quiet": "**{person} hat es**, seit {date}. Ich melde mich wieder am {reminder}.",
    "state.reminder": "Ich erinnere Sie am {date}.",
    "state.snooze.ended": "**Ihre Ruhe endete am {date}.** Ab jetzt erinnere ich Sie wieder.",
    "state.snoozed": "**Ruhe bis {date}.** Dann erinnere ich Sie wieder.",
    "state.snoozed.max": "**Ruhe bis {date}.** Länger geht es nicht auf einmal.",
    "state.snoozed.capped": "**Ruhe bis {date}.** Länger geht es nicht: Sie brauchen vor dem Ablauf noch Zeit.",
    "state.waitingNominee": "**{person} ist gefragt.** Sie hören spätestens am {date} davon.",
    "state.waitingNominee.other": "**{nominator} hat {person} gebeten**, sich darum zu kümmern; die Antwort kommt bis"
    " {date}.",
    "state.waitingApproval": "**{person} hat zugesagt.** Die Administration bestätigt es bis {date}.",
    "state.waitingOwner": "**Die Administration hat zugestimmt.** Die App gehört {person}, sobald Entra es zeigt.",
    "state.assigned": "**{person} kümmert sich jetzt darum.** Für Sie ist nichts mehr zu tun. Danke.",
    "state.assigned.you": "**Sie kümmern sich jetzt darum.**",
    "state.renewed": "**Erledigt.** Das alte {thing} ist weg oder nicht mehr fällig. Danke.",
    "state.notDue": "**Vorerst ist nichts zu tun.** Die Tage, an denen ich erinnere, wurden neu festgelegt."
    " Vor dem Ablauf melde ich mich rechtzeitig.",
    "state.superseded": "**Wahrscheinlich ist nichts zu tun.** Es gibt ein neueres ({label}). Falls noch etwas das alte"
    " benutzt, steht es am {date} still.",
    "state.superseded.endless": "**Wahrscheinlich ist nichts zu tun.** Es gibt ein neueres. Falls noch etwas das alte"
    " benutzt, steht es am {date} still.",
    "state.excluded": "Die Administration hat die App von den Erinnerungen ausgenommen.",
    "state.notMine": "**Sie haben gesagt, dass es nicht Ihres ist.** Ich frage jemand anderen. Danke für den Hinweis.",
    "state.declined": "**{person} kann es nicht übernehmen.** Bitte nennen Sie jemand anderen.{note}",
    "state.rejected": "**Die Administration hat {person} nicht zugestimmt.** Bitte nennen Sie jemand anderen.{note}",
    "state.refused": "**Entra hat {person} als Besitzer abgelehnt.** Die Administration weiß davon.",
    "state.unanswered": "**{person} hat nicht geantwortet.** Bitte nennen Sie jemand anderen.",
    "finding.found": "**Gefunden:** {label}, gültig bis {date}. Entfernen Sie das alte, wenn nichts mehr es benutzt.",
    "finding.found.plain": "**Gefunden.** Entfernen Sie das alte, wenn nichts mehr es benutzt.",
    "finding.gone": "**Stimmt:** Das alte ist weg. Danke.",
    "finding.notYet": "**Ich sehe noch kein neues an dieser App.** Das kann einige Minuten dauern; ich schaue bei jeder"
    " Prüfung wieder nach.",
    "finding.unknown": "**Ich konnte nicht nachsehen:** Entra hat nicht geantwortet. Bei der nächsten Prüfung schaue ich"
    " wieder nach.",
}

_MANAGER: Mapping[str, Entry] = {
    "manager.title": "Wer soll sich um „{app}“ kümmern?",
    "manager.title.done": "Um „{app}“ kümmert sich jemand",
    "manager.intro": "Ein Programm Ihres Unternehmens. Sein {thing} {runs_out}: **{date}**. Dann funktioniert es nicht"
    " mehr.",
    "manager.intro.saml": "Ein Programm Ihres Unternehmens. Sein {thing} {runs_out}: **{date}**. Dann kann sich niemand"
    " mehr anmelden.",
    "manager.intro.past": "Ein Programm Ihres Unternehmens. Sein {thing} ist am **{date}** abgelaufen. Wahrscheinlich"
    " funktioniert es nicht mehr.",
    "manager.ask": "**Was zu tun ist:** Sie müssen nichts reparieren. Nennen Sie jemanden: Wir fragen zuerst die Person,"
    " dann bestätigt die Administration.",
    "manager.nothing": "**Wenn niemand antwortet:** Ich erinnere Sie am {date}.",
    "manager.nothing.last": "**Wenn niemand antwortet:** Ich melde mich noch einmal, wenn es stillsteht.",
    "manager.suggested": Plural(
        "**Vorschlag:** {person}, schon zuständig für {count} andere App.",
        "**Vorschlag:** {person}, schon zuständig für {count} andere Apps.",
    ),
}

_NOMINEE: Mapping[str, Entry] = {
    "nominee.title": "Kümmern Sie sich um „{app}“?",
    "nominee.title.assigned": "Sie kümmern sich um „{app}“",
    "nominee.asks": "**{person}** bittet Sie darum.",
    "nominee.asks.note": "**{person}** bittet Sie darum: „{note}“",
    "nominee.urgent": "**Eilig:** Das {thing} der App {runs_out}, {date}.",
    "nominee.when": "Das {thing} der App {runs_out}: {date}.",
    "nominee.means": "**Als Besitzer** erneuern Sie es rechtzeitig; ich erinnere Sie {days} Tage vorher. Sie können dann"
    " auch Einstellungen und Kennwörter der App ändern.",
    "nominee.if_accept": "**Wenn Sie annehmen:** Die Administration bestätigt, dann schicke ich Ihnen den Link.",
    "nominee.if_accept.direct": "**Wenn Sie annehmen:** Die App gehört dann Ihnen, und ich schicke Ihnen den Link.",
    "nominee.if_decline": "**Wenn Sie ablehnen:** kein Problem, {person} erfährt es und kann jemand anderen fragen."
    " Bitte antworten Sie bis {date}.",
    "nominee.accepted": "**Danke, {first}.** Jetzt muss die Administration zustimmen. Ich melde mich, sobald Entra Sie"
    " zeigt.",
    "nominee.approved": "**Die Administration hat zugestimmt.** Ich melde mich, sobald Entra Sie als Besitzer zeigt.",
    "nominee.assigned": "**Sie kümmern sich jetzt darum.** Ich erinnere Sie rechtzeitig.",
    "nominee.declined": "**Sie haben abgelehnt.** {person} weiß Bescheid. Danke für die Antwort.",
    "nominee.rejected": "**Die Administration hat nicht zugestimmt.** Für Sie ist nichts zu tun.{note}",
    "nominee.refused": "**Entra hat die Änderung abgelehnt.** Die Administration weiß davon; für Sie ist nichts zu tun.",
    "nominee.expired": "**Diese Frage hat sich erledigt.** Für Sie ist nichts zu tun.",
}

_APPROVAL: Mapping[str, Entry] = {
    "approval.title": "Soll „{app}“ künftig {person} gehören?",
    "approval.title.done": "{person} und „{app}“",
    "approval.who": "**{nominator}** schlägt **{nominee}** ({address}) vor.{note}",
    "approval.who.self": "**{nominee}** ({address}) möchte sie übernehmen.{note}",
    "approval.said_yes": "**{nominee}** hat zugesagt.{note}",
    "approval.no_answer": "{nominee} hat noch nicht geantwortet.",
    "approval.privileged": "**Bedenken Sie:** Welche Rechte diese App hat, kann ich nicht lesen, deshalb gilt sie als"
    " privilegiert. Wem sie gehört, kann ihr Kennwörter geben und dann mit all ihren Rechten handeln.",
    "approval.by": "Bitte entscheiden Sie bis {date}.",
    "approval.if_approve": "**Wenn Sie zustimmen:** Ich trage den Besitzer in Entra ein und sage allen Bescheid.",
    "approval.by_hand": "**Wenn Sie zustimmen:** Bitte tragen Sie den Besitzer von Hand ein, denn ich darf nicht in Entra"
    " schreiben.",
    "approval.involved": "**Sie sind an dieser Änderung beteiligt,** deshalb können Sie nicht zustimmen. Das kann ein"
    " anderer Administrator, oder er trägt den Besitzer von Hand ein.",
    "approval.step1": "1. „In Entra öffnen“ führt zu den Besitzern der App.",
    "approval.step2": "2. Fügen Sie {address} als Besitzer hinzu.",
    "approval.step3": "3. Das ist alles: Bei der nächsten Prüfung sehe ich es und sage allen Bescheid.",
    "approval.approved": "**Zugestimmt hat {person}.** Jetzt muss Entra den neuen Besitzer noch zeigen.",
    "approval.assigned": "**Erledigt:** Die App gehört {person}.",
    "approval.rejected": "**Nicht zugestimmt**, von {person}.{note}",
    "approval.refused": "**Entra hat die Änderung abgelehnt:** {reason}",
    "approval.declined": "**{person} hat abgelehnt.** Es gibt nichts zu entscheiden.",
    "approval.expired": "**Diese Frage hat sich erledigt.** Es gibt nichts zu entscheiden.",
    "refusal.notAllowed": "Steward darf Besitzer nicht ändern.",
    "refusal.gone": "Die App oder die Person gibt es nicht mehr.",
    "refusal.tooManyOwners": "Die App hat so viele Besitzer, wie Entra erlaubt.",
    "refusal.refused": "Einen Grund, den ich kenne, nannte es nicht.",
}

_DIGEST: Mapping[str, Entry] = {
    "digest.title": Plural("Eine Ihrer Apps läuft bis {date} ab", "{count} Ihrer Apps laufen bis {date} ab"),
    "digest.title.past": Plural("Eine Ihrer Apps braucht Sie", "{count} Ihrer Apps brauchen Sie"),
    "digest.title.done": "Um alle Ihre Apps kümmert sich jemand",
    "digest.title.choose": "Welche?",
    "digest.title.handover": Plural(
        "Eine App braucht einen neuen Besitzer", "{count} Apps brauchen einen neuen Besitzer"
    ),
    "digest.why.handover": "**Warum Sie:** {person} steht als Besitzer nicht mehr zur Verfügung, und sonst gehören diese"
    " Apps niemandem. Nach unseren Unterlagen sind Sie die Führungskraft. Heute muss niemand handeln: Bitte nennen Sie,"
    " wer sich künftig darum kümmert.",
    "digest.why.handover.other": "**Warum Sie:** {person} steht als Besitzer nicht mehr zur Verfügung, sonst gehören diese"
    " Apps niemandem, und keine Führungskraft kann gefragt werden.",
    "digest.expired": "**Abgelaufen**",
    "digest.weeks": "**Diese und nächste Woche**",
    "digest.fortnight": "**Innerhalb von 14 Tagen**",
    "digest.leads": "Hinweise: {leads}",
    "digest.later": "**Später**",
    "digest.later.more": Plural(
        "**Später:** {count} weitere, am {date}", "**Später:** {count} weitere, die erste am {date}"
    ),
    "digest.calm": Plural(
        "{count} braucht wohl nichts: Es gibt ein neueres", "{count} brauchen wohl nichts: Es gibt neuere"
    ),
    "digest.closed": Plural("{count} ist erledigt", "{count} sind erledigt"),
    "digest.row": "{date} · **{app}** · {thing}",
    "digest.row.state": "{date} · **{app}** · {thing} · {state}",
    "digest.cut": Plural(
        "und {count} weitere, die hier nicht hineinpasst. „meine Apps“ zeigt alle.",
        "und {count} weitere, die hier nicht hineinpassen. „meine Apps“ zeigt alle.",
    ),
    "digest.in_hand": "{done} von {total} in guten Händen.",
    "digest.nothing": "**Wenn Sie nichts tun:** Ich frage Sie vor dem Ablauf nach jeder einzeln.",
    "digest.tap": "Tippen Sie auf eine Zeile, um sie einzeln zu sehen und zu beantworten.",
    "digest.several": "Mehrere beantworten",
    "digest.all": Plural("{count} zeigen", "Alle {count} zeigen"),
    "digest.acknowledge": "Ich kümmere mich um diese",
    "digest.assign": "Diese übergeben",
    "digest.tick": "Wählen Sie aus, was Sie zusammen beantworten möchten.",
    "digest.choice": "{date} · {app} · {thing}",
    "digest.why.owner": "**Warum Sie:** Diese Apps gehören Ihnen.",
    "digest.why.other": "**Warum Sie:** Die Personen, die für diese Apps zuständig waren, stehen nicht mehr zur"
    " Verfügung.",
    "short.takenByYou": "Sie haben es",
    "short.takenByOther": "{person} hat es",
    "short.snoozed": "Ruhe bis {date}",
    "short.waitingNominee": "jemand ist gefragt",
    "short.waitingApproval": "wartet auf Zustimmung",
    "short.waitingOwner": "wartet auf Entra",
    "short.assigned": "in neuen Händen",
    "short.renewed": "erledigt",
    "short.notDue": "nicht fällig",
    "short.superseded": "ein neueres ist da",
    "short.expired": "abgelaufen",
    "short.excluded": "keine Erinnerungen",
    "short.notMine": "weitergegeben",
}

_SUMMARIES: Mapping[str, Entry] = {
    "summary.alert": "{app} braucht bis {date} ein neues {thing}",
    "summary.alert.past": "{app}: {thing} abgelaufen",
    "summary.alert.quiet": "{app}: Neues zum {thing}",
    "summary.alert.renewed": "{app}: erneuert",
    "summary.manager": "Bitte sagen Sie, wer sich um {app} kümmert; Stillstand ab {date}",
    "summary.manager.past": "Bitte sagen Sie, wer sich um {app} kümmert; das {thing} ist abgelaufen",
    "summary.nominee": "Kümmern Sie sich um {app}? Bitte antworten Sie bis {date}",
    "summary.nominee.done": "{app}: Neues zu Ihrer Antwort",
    "summary.approval": "{app} wartet bis {date} auf Ihre Zustimmung zu einem neuen Besitzer",
    "summary.approval.done": "{app}: Neues zum neuen Besitzer",
    "summary.digest": Plural(
        "Eine Ihrer Apps braucht ein neues Geheimnis oder Zertifikat, am {date}",
        "{count} Ihrer Apps brauchen ein neues Geheimnis oder Zertifikat, die erste am {date}",
    ),
    "summary.digest.done": "Um Ihre Apps kümmert sich jemand",
    "question.leavers.title": "{count} von {of} Besitzern sind auf einmal weg",
    "question.leavers.what": "Der Lauf vom {date} findet ihre Konten nicht mehr aktiv vor. So viele an einem Tag können ein"
    " Fehler im Verzeichnis sein.",
    "question.leavers.waits": "**Was wartet:** Ihre Führungskräfte sind noch nicht gebeten, die Apps zu übernehmen. Was bald"
    " abläuft, wird auf jeden Fall gemeldet.",
    "question.leavers.who": Plural("Darunter: {names}.", "Darunter: {names}."),
    "question.leavers.yes": "**{person} hat zugestimmt.** Die Führungskräfte werden wie üblich gefragt.",
    "question.leavers.no": "**{person} hat abgelehnt.** Die Führungskräfte werden nicht gefragt.",
    "question.leavers.approve": "Führungskräfte fragen",
    "question.leavers.reject": "Nicht fragen",
    "summary.question.leavers": "{count} Besitzer sind auf einmal weg; bitte ansehen",
    "summary.status": "Steward: Stand vom {date}",
    "summary.list": Plural("{count} App", "{count} Apps"),
    "summary.list.none": "Keine Apps",
    "summary.app": "{app}: was ich darüber weiß",
    "summary.history": "{app}: der Verlauf",
    "summary.help": "Was Sie mich fragen können",
    "summary.greeting": "Guten Tag, ich bin Steward",
    "summary.scan": "Prüfung vom {date}",
}

SENTENCES: Mapping[str, Entry] = {
    **_PARTS,
    **_ALERT,
    **_MANAGER,
    **_NOMINEE,
    **_APPROVAL,
    **_DIGEST,
    **_SUMMARIES,
}
