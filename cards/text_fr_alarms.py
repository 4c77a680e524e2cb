"""What Steward says of itself when something is wrong, in French; see `text_en_alarms.py`."""

from collections.abc import Mapping

from cards.patterns import Entry, Plural
from cards.text_fr import typeset

_ALARMS: Mapping[str, Entry] = {
    "problem.clockJumped": "L'horloge de cette machine n'est pas fiable : {errors}. Rien n'est envoyé ni examiné tant que"
    " les horloges ne concordent pas.",
    "problem.restored": "La base de données est plus ancienne que l'archive : {errors}. Rien n'est envoyé tant que je n'ai"
    " pas repris de l'archive qui a été prévenu.",
    "problem.nobodyToTell": "Aucun administrateur ni destinataire de secours n'est une personne active : personne ne"
    " saurait ce qui ne peut être remis.",
    "problem.scanFailed": "{errors}. Rien n'a été lu, rien n'a été changé ; les alertes suivent l'état du {at}.",
    "problem.scanPartial": "{errors}. {count} applications lues. Rien n'a été clos ; le reste est alerté selon l'état du"
    " {at}.",
    "problem.scanMissed": "Aucun examen depuis le {at}, alors qu'il en faut un chaque jour.",
    "problem.teamsFailing": Plural(
        "{count} message attend parce que Teams ne le prend pas : {errors}",
        "{count} messages attendent parce que Teams ne les prend pas : {errors}",
    ),
    "problem.mailFailing": Plural(
        "{count} e-mail attend parce qu'il ne peut être envoyé : {errors}",
        "{count} e-mails attendent parce qu'ils ne peuvent être envoyés : {errors}",
    ),
    "problem.ledgerDiffers": "Les comptes ne tombent pas juste : {difference} secrets à échéance n'ont aucun état, ou en"
    " ont deux.",
    "problem.lost": Plural(
        "{count} personne aurait dû être prévenue, et aucun message n'existe pour elle.",
        "{count} personnes auraient dû être prévenues, et aucun message n'existe pour elles.",
    ),
    "problem.noNextStep": Plural(
        "Plus rien n'est prévu pour {count} secret à échéance.",
        "Plus rien n'est prévu pour {count} secrets à échéance.",
    ),
    "problem.overdue": Plural(
        "{count} message aurait pu partir il y a plus de 15 minutes et n'est pas parti.",
        "{count} messages auraient pu partir il y a plus de 15 minutes et ne sont pas partis.",
    ),
    "problem.workersSilent": "Aucune nouvelle d'un processus d'envoi depuis le {at} : rien n'est envoyé.",
    "problem.eventsStuck": "Ce qui s'est passé depuis le {at} n'est pas encore dans l'archive.",
    "problem.uploadFailing": "Ce qui a été écrit depuis le {at} n'est pas encore dans Log Analytics. Cela attend sur cette"
    " machine.",
    "problem.deadLetters": Plural(
        "{count} message a été refusé définitivement dans les dernières 24 heures : {errors}",
        "{count} messages ont été refusés définitivement dans les dernières 24 heures : {errors}",
    ),
    "problem.auditorSilent": "Personne n'a vérifié les comptes depuis le {at}.",
    "alarm.clockJumped.title": "Horloge non fiable depuis {time} : rien n'est envoyé",
    "alarm.restored.title": "Envois en attente depuis {time} : la base a été restaurée",
    "alarm.nobodyToTell.title": "Personne à prévenir depuis {time}",
    "alarm.scanFailed.title": "Examen en échec depuis {time}",
    "alarm.scanPartial.title": "Examen incomplet depuis {time}",
    "alarm.scanMissed.title": "Aucun examen depuis plus d'un jour",
    "alarm.teamsFailing.title": "Teams ne prend aucun message depuis {time}",
    "alarm.mailFailing.title": "Les e-mails ne partent plus depuis {time}",
    "alarm.ledgerDiffers.title": "Les comptes ne tombent pas juste depuis {time}",
    "alarm.lost.title": "Quelqu'un n'a pas été prévenu",
    "alarm.noNextStep.title": "Quelque chose est bloqué depuis {time}",
    "alarm.overdue.title": "Messages en retard depuis {time}",
    "alarm.workersSilent.title": "Aucun processus d'envoi depuis {time}",
    "alarm.eventsStuck.title": "L'archive est en retard depuis {time}",
    "alarm.uploadFailing.title": "Log Analytics ne prend rien depuis {time}",
    "alarm.deadLetters.title": "Des messages ont été refusés définitivement",
    "alarm.auditorSilent.title": "Les comptes ne sont pas vérifiés depuis {time}",
    "alarm.clockJumped.todo": "**À faire :** régler l'horloge de la machine. Manuel d'exploitation, « Clock ».",
    "alarm.restored.todo": "**À faire :** attendre ; si cela dure, vérifier que l'archive répond. Manuel d'exploitation,"
    " « Restore ».",
    "alarm.nobodyToTell.todo": "**À faire :** définir ADMIN_USERS, ADMIN_GROUP_ID ou FALLBACK_RECIPIENTS. Manuel"
    " d'exploitation, « Nobody to tell ».",
    "alarm.scanFailed.todo": "**À faire :** manuel d'exploitation, « Scan failed ».",
    "alarm.scanPartial.todo": "**À faire :** manuel d'exploitation, « Scan partial ».",
    "alarm.scanMissed.todo": "**À faire :** vérifier que l'examen tourne. Manuel d'exploitation, « Scan missed ».",
    "alarm.teamsFailing.todo": "**À faire :** manuel d'exploitation, « Teams failing ».",
    "alarm.mailFailing.todo": "**À faire :** manuel d'exploitation, « E-mail failing ».",
    "alarm.ledgerDiffers.todo": "**À faire :** un nouvel examen refait les comptes. Manuel d'exploitation, « Books ».",
    "alarm.lost.todo": "**À faire :** manuel d'exploitation, « Books ».",
    "alarm.noNextStep.todo": "**À faire :** « python app.py audit » les nomme. Manuel d'exploitation, « Books ».",
    "alarm.overdue.todo": "**À faire :** vérifier que les processus d'envoi tournent. Manuel d'exploitation, « Messages"
    " late ».",
    "alarm.workersSilent.todo": "**À faire :** vérifier que les processus d'envoi tournent. Manuel d'exploitation,"
    " « Messages late ».",
    "alarm.eventsStuck.todo": "**À faire :** vérifier que STATE_DIR est accessible en écriture. Manuel d'exploitation,"
    " « Archive behind ».",
    "alarm.uploadFailing.todo": "**À faire :** manuel d'exploitation, « Archive behind ».",
    "alarm.deadLetters.todo": "**À faire :** manuel d'exploitation, « Messages refused ».",
    "alarm.auditorSilent.todo": "**À faire :** vérifier que les processus d'envoi tournent. Manuel d'exploitation,"
    " « Messages late ».",
    "alarm.next": "Nouvel essai : {time}.",
    "alarm.over.title": "Terminé : {title}",
    "alarm.over": "Cela a duré jusqu'au {until}. Il n'y a plus rien à faire.",
    "alarm.over.mail": "C'est terminé. Cela a duré du {since} au {until} :",
    "summary.alarm": "Steward a besoin de vous : {title}",
    "summary.alarm.over": "Steward va bien de nouveau : {title}",
}

SENTENCES: Mapping[str, Entry] = typeset(_ALARMS)
