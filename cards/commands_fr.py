"""How commands are written in French, and what may be typed for them. See `commands_en.py`."""

from collections.abc import Mapping

#: How `bot/commands.py` writes a command -> how a French reader is shown it; the words are those of TYPED.
USAGES: Mapping[str, str] = {
    "help": "aide",
    "my apps": "mes applications",
    "why": "pourquoi",
    "status": "état",
    "status <app>": "état <application>",
    "assign <app> <person>": "confier <application> à <personne>",
    "assign <app> to <person>": "confier <application> à <personne>",
    "snooze <app> <days>": "reporter <application> <jours>",
    "expiring [days]": "échéances [jours]",
    "ownerless": "sans propriétaire",
    "unreachable": "injoignables",
    "nominations": "demandes",
    "snoozed": "reportés",
    "history <app>": "historique <application>",
    "scan": "analyser",
    "last scan": "dernière analyse",
    "exclude <app> until <date> <reason>": "exclure <application> jusqu'au <date> <raison>",
    "include <app>": "inclure <application>",
    "excluded": "exclus",
    "unsnooze <app>": "rappeler <application>",
    "retired": "plus nécessaires",
    "expired [days]": "expirés [jours]",
    "go pilot|all": "envoyer pilote|tous",
    "pause [hours] <reason>": "suspendre [heures] <raison>",
    "resume": "reprendre",
    "recall <run>": "annuler <analyse>",
    "preview": "aperçu",
}

#: What follows a name, where a button types it.
ARGUMENTS: Mapping[str, str] = {"all": "tous", "pilot": "pilote"}

TYPED: Mapping[str, tuple[str, ...]] = {
    "help": ("aide", "bonjour", "salut", "commandes"),
    "my apps": ("mes applications", "mes apps", "mes applis"),
    "why": ("pourquoi", "pourquoi moi"),
    "status": ("état", "etat", "statut"),
    "assign": ("confier", "attribuer", "transmettre"),
    "snooze": ("reporter", "plus tard", "rappelle-moi"),
    "expiring": ("échéances", "echeances", "échéance", "expirant"),
    "ownerless": ("sans propriétaire", "sans proprietaire", "orphelines"),
    "unreachable": ("injoignables", "injoignable", "non prévenus"),
    "nominations": ("demandes", "approbations"),
    "snoozed": ("reportés", "reportes", "reports"),
    "history": ("historique",),
    "scan": ("analyser", "analyse"),
    "last scan": ("dernière analyse", "derniere analyse"),
    "exclude": ("exclure",),
    "include": ("inclure",),
    "excluded": ("exclus", "exclusions"),
    "unsnooze": ("rappeler",),
    "retired": ("plus nécessaires", "plus nécessaire", "plus necessaires"),
    "expired": ("expirés", "expires depuis", "expiré"),
    "go": ("envoyer",),
    "pause": ("suspendre",),
    "resume": ("reprendre",),
    "recall": ("annuler",),
    "preview": ("aperçu", "apercu"),
    "who are you": ("qui es-tu", "qui êtes-vous", "c'est quoi", "qui est-ce"),
    "is this phishing": ("hameçonnage", "est-ce du phishing", "est-ce une arnaque", "est-ce vrai"),
    "thanks": ("merci", "merci beaucoup", "super merci"),
    "stop": ("arrête", "arrêtez", "arrêter", "me désabonner", "laissez-moi tranquille"),
}
