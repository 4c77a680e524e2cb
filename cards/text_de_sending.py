"""What Steward says about holding back and letting go, in German; see `text_en_sending.py`."""

from collections.abc import Mapping

from cards.patterns import Entry, Plural

SENTENCES: Mapping[str, Entry] = {
    "go_no_pilot": "Es gibt keine Pilotgruppe: Setzen Sie PILOT_GROUP_ID oder PILOT_DEPARTMENTS und starten Sie Steward"
    " neu.",
    "go_all": "Ab jetzt werden alle benachrichtigt. Damit erfahren es {people} Personen, {waiting} davon zu Beginn ihrer"
    " Arbeitszeit. Jede bekommt eine Nachricht. Zurücknehmen lässt es sich mit: zurückrufen {run}",
    "go_all_paused": "Ab jetzt werden alle benachrichtigt: {people} Personen, sobald die Pause vorbei ist. „weiter“"
    " beendet sie.",
    "go_all_nobody": "Ab jetzt werden alle benachrichtigt. Niemand hat gewartet.",
    "go_pilot": "Ab jetzt wird die Pilotgruppe benachrichtigt. Damit erfahren es {people} Personen, {waiting} davon zu"
    " Beginn ihrer Arbeitszeit; {held} bleiben angehalten. Zurücknehmen lässt es sich mit: zurückrufen {run}",
    "go_pilot_paused": "Ab jetzt wird die Pilotgruppe benachrichtigt: {people} Personen, sobald die Pause vorbei ist;"
    " {held} bleiben angehalten. „weiter“ beendet sie.",
    "go_pilot_nobody": "Ab jetzt wird die Pilotgruppe benachrichtigt. Niemand aus ihr hat gewartet; {held} Personen"
    " bleiben angehalten.",
    "paused": "Angehalten. Was abläuft, erfährt niemand, bis Sie „weiter“ schreiben. Antworten und schon gesendete Karten"
    " gehen weiter wie bisher.",
    "paused_until": "Angehalten bis {until}. Was abläuft, erfährt bis dahin niemand, oder bis Sie „weiter“ schreiben."
    " Antworten und schon gesendete Karten gehen weiter wie bisher.",
    "not_paused": "Der Versand ist nicht angehalten.",
    "resumed": "Die Pause ist vorbei. {people} Personen, die gewartet haben, werden jetzt benachrichtigt, {waiting} davon"
    " zu Beginn ihrer Arbeitszeit; {held} bleiben angehalten.",
    "resumed_nobody": "Die Pause ist vorbei. Niemand hat gewartet; {held} Personen sind angehalten.",
    "recall_done": "Zurückgerufen: {cards} Karten von {people} Personen sagen, dass nichts zu tun ist; {cancelled}"
    " wartende Nachrichten gehen nicht hinaus. {mails} E-Mails waren schon fort; die kann niemand zurückholen. Was"
    " mitgeteilt war, gilt als nicht mitgeteilt: Die nächste Prüfung teilt es wieder mit, wenn Sie den Versand nicht"
    " anhalten.",
    "recall_which": "Welcher Lauf? Die letzten, die jemanden benachrichtigt haben: {runs}",
    "recall_none": "Noch kein Lauf hat jemanden benachrichtigt.",
    "recalled_card": "Die Nachricht zu {app} war ein Versehen und ist zurückgenommen. Es ist nichts zu tun.",
    "recalled_digest": "Die Nachricht zu {count} Apps war ein Versehen und ist zurückgenommen. Es ist nichts zu tun.",
    "help_go": "Gibt frei, was angehalten ist: für die Pilotgruppe oder für alle.",
    "help_pause": "Benachrichtigt niemanden mehr, für einige Stunden oder bis „weiter“.",
    "help_resume": "Beendet die Pause.",
    "help_recall": "Nimmt zurück, was ein Lauf mitgeteilt hat.",
    "help_preview": "Zeigt, wer was erführe, ohne es jemandem mitzuteilen.",
    "hold.title": Plural("{count} Person würde benachrichtigt", "{count} Personen würden benachrichtigt"),
    "hold.title.braked": Plural("{count} Person wartet auf Sie", "{count} Personen warten auf Sie"),
    "hold.title.none": "Niemand wartet auf eine Nachricht",
    "hold.sending.hold": "Der Versand ist angehalten: Niemand erfährt etwas, bis Sie entscheiden.",
    "hold.sending.pilot": "Nur die Pilotgruppe wird benachrichtigt; alle anderen warten, bis Sie entscheiden.",
    "hold.sending.on": "Der Versand ist an.",
    "hold.braked": Plural(
        "Die letzte Prüfung hätte mehr als {most} Personen auf einmal benachrichtigt. Die dringendsten wissen es,"
        " {count} Person wartet.",
        "Die letzte Prüfung hätte mehr als {most} Personen auf einmal benachrichtigt. Die dringendsten wissen es,"
        " {count} Personen warten.",
    ),
    "hold.urgent": Plural(
        "**Bei {count} davon läuft in 3 Tagen etwas ab.**", "**Bei {count} davon läuft in 3 Tagen etwas ab.**"
    ),
    "hold.one_card": "Wenn Sie freigeben, bekommt jede Person eine Nachricht, auf dem heutigen Stand.",
    "hold.paused": "Der Versand ist angehalten, bis Sie „weiter“ schreiben.",
    "hold.paused.until": "Der Versand ist angehalten bis {date}, {time} Uhr.",
    "hold.paths": "**Angesprochen als**",
    "hold.path.currentOwners": "Besitzer",
    "hold.path.previousOwner": "früherer Besitzer",
    "hold.path.previousOwnerManager": "Führungskraft eines früheren Besitzers",
    "hold.path.unroutable": "niemand sonst ist bekannt",
    "hold.departments": "**Abteilung**",
    "hold.department.none": "ohne Abteilung",
    "hold.department.rest": "andere",
    "hold.part": "{part}: {count}",
    "button.preview": "Vorschau",
    "button.pilot": "Pilotgruppe",
    "button.send_to_all": "An alle senden",
    "summary.hold": Plural(
        "{count} Person würde benachrichtigt: bitte entscheiden Sie",
        "{count} Personen würden benachrichtigt: bitte entscheiden Sie",
    ),
    "summary.hold.none": "Niemand wartet auf eine Nachricht",
    "held_mail": "{people} Personen würden von {notices} Dingen erfahren, die ablaufen, und noch weiß niemand davon. Bitte"
    " entscheiden Sie in Teams: Schreiben Sie Steward „Vorschau“, „los pilot“ oder „los alle“.",
    "preview.title": Plural(
        "{count} Person würde heute benachrichtigt", "{count} Personen würden heute benachrichtigt"
    ),
    "preview.title.none": "Heute würde niemand benachrichtigt",
    "preview.no_scan": "Geprüft wurde noch nicht, deshalb ist nichts bekannt. Schreiben Sie zuerst „prüfen“.",
    "preview.as_of": "Nach der Prüfung vom {date}, {time} Uhr. Das ist nur eine Vorschau: Benachrichtigt wurde niemand.",
    "preview.held": Plural("{count} davon ist jetzt angehalten.", "{count} davon sind jetzt angehalten."),
    "preview.paths": "**Angesprochen als:** {paths}",
    "preview.people": "**Das Dringendste zuerst**",
    "preview.person": "{number}. **{person}** · {app}, {thing}, {date}",
    "preview.more_apps": Plural("und {count} weitere App", "und {count} weitere Apps"),
    "preview.why.owner": "Besitzer",
    "preview.why.acceptedNominee": "hat zugesagt, sie zu übernehmen",
    "preview.why.nominator": "hat einen neuen Besitzer genannt",
    "preview.why.previousOwner": "früherer Besitzer",
    "preview.why.previousOwnerManager": "Führungskraft eines früheren Besitzers",
    "preview.why.ownerManager": "Führungskraft des Besitzers",
    "preview.why.contact": "genannte Ansprechperson",
    "preview.why.fallback": "niemand sonst ist bekannt",
    "preview.why.silence": "niemand hat geantwortet",
    "preview.why.nominationExpired": "eine Frage blieb ohne Antwort",
    "preview.why.lastCall": "letzter Aufruf",
    "preview.why.admin": "Administration",
    "preview.held.hold": "angehalten",
    "preview.held.notInPilot": "nicht in der Pilotgruppe",
    "preview.held.brake": "mehr, als ein Lauf benachrichtigen darf",
    "preview.ahead": "**Die nächsten Tage, wenn niemand antwortet**",
    "preview.day": Plural("{date}: {count} Person", "{date}: {count} Personen"),
    "preview.later": Plural(
        "Später, bis {date}: {count} weitere Nachricht", "Später, bis {date}: {count} weitere Nachrichten"
    ),
    "summary.preview": Plural(
        "Vorschau: {count} Person würde benachrichtigt", "Vorschau: {count} Personen würden benachrichtigt"
    ),
    "summary.preview.none": "Vorschau: Niemand würde benachrichtigt",
    "status.sending.paused": "Versand: angehalten, bis „weiter“.",
}
