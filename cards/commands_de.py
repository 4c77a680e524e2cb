"""How commands are written in German, and what may be typed for them. See `commands_en.py`."""

from collections.abc import Mapping

#: How `bot/commands.py` writes a command -> how a German reader is shown it; the words are those of TYPED.
USAGES: Mapping[str, str] = {
    "help": "Hilfe",
    "my apps": "meine Apps",
    "why": "warum",
    "status": "Status",
    "status <app>": "Status <App>",
    "assign <app> <person>": "übergeben <App> an <Person>",
    "assign <app> to <person>": "übergeben <App> an <Person>",
    "snooze <app> <days>": "später <App> <Tage>",
    "expiring [days]": "ablaufend [Tage]",
    "ownerless": "ohne Besitzer",
    "unreachable": "nicht erreichbar",
    "nominations": "Anfragen",
    "snoozed": "zurückgestellt",
    "history <app>": "Verlauf <App>",
    "scan": "prüfen",
    "last scan": "letzte Prüfung",
    "exclude <app> until <date> <reason>": "ausnehmen <App> bis <Datum> <Grund>",
    "include <app>": "aufnehmen <App>",
    "excluded": "ausgenommen",
    "unsnooze <app>": "wieder erinnern <App>",
    "retired": "nicht mehr nötig",
    "expired [days]": "abgelaufen [Tage]",
    "go pilot|all": "los pilot|alle",
    "pause [hours] <reason>": "anhalten [Stunden] <Grund>",
    "resume": "weiter",
    "recall <run>": "zurückrufen <Lauf>",
    "preview": "Vorschau",
}

#: What follows a name, where a button types it.
ARGUMENTS: Mapping[str, str] = {"all": "alle", "page": "Seite"}

TYPED: Mapping[str, tuple[str, ...]] = {
    "help": ("hilfe", "hallo", "guten tag", "guten morgen", "befehle"),
    "my apps": ("meine apps", "meine anwendungen"),
    "why": ("warum", "wieso", "warum ich"),
    "status": ("stand", "zustand"),
    "assign": ("übergeben", "uebergeben", "übergib", "zuweisen"),
    "snooze": ("später", "spaeter", "zurückstellen", "erinnere mich an"),
    "expiring": ("ablaufend", "läuft ab", "fällig", "faellig"),
    "ownerless": ("ohne besitzer", "besitzerlos", "herrenlos"),
    "unreachable": ("nicht erreichbar", "unerreichbar", "nicht erreicht"),
    "nominations": ("anfragen", "vorschläge", "zustimmungen"),
    "snoozed": ("zurückgestellt", "zurueckgestellt"),
    "history": ("verlauf", "geschichte"),
    "scan": ("prüfen", "pruefen", "jetzt prüfen"),
    "last scan": ("letzte prüfung", "letzte pruefung", "letzter scan"),
    "exclude": ("ausnehmen", "ausschließen", "ausschliessen"),
    "include": ("aufnehmen", "einschließen", "einschliessen"),
    "excluded": ("ausgenommen", "ausnahmen", "ausgeschlossen"),
    "unsnooze": ("wieder erinnern",),
    "retired": ("nicht mehr nötig", "nicht mehr noetig", "stillgelegt"),
    "expired": ("abgelaufen",),
    "who are you": ("wer bist du", "wer sind sie", "was bist du", "was ist das", "was machst du"),
    "is this phishing": ("ist das phishing", "ist das spam", "ist das echt", "betrug"),
    "thanks": ("danke", "vielen dank", "danke schön", "danke dir", "super"),
    "stop": ("stopp", "abmelden", "lass mich in ruhe", "ruhe", "aufhören"),
    "go": ("los", "freigeben"),
    "pause": ("anhalten", "pausieren"),
    "resume": ("weiter", "fortsetzen"),
    "recall": ("zurückrufen", "zurueckrufen"),
    "preview": ("vorschau",),
}
