"""What Steward answers to commands and says in passing, in French; see `text_en_answers.py`."""

from collections.abc import Mapping

from cards.patterns import Entry, Plural
from cards.text_fr import typeset

#: Answers to pressed buttons, and news about owners.
_ACTIONS: Mapping[str, Entry] = {
    "refused": "Je ne peux pas faire cela pour vous ici.",
    "already_done": "C'est déjà fait.",
    "closed": "C'est déjà clos : il n'y a plus rien à faire.",
    "working_on_it": "Je m'en occupe. La carte affichera le résultat dans un instant.",
    "went_wrong": "Quelque chose s'est mal passé de mon côté, et c'est noté. Merci de réessayer dans quelques minutes.",
    "snoozed_until": "Silence jusqu'au {date}. {why}",
    "snoozed_until.asked": "",
    "snoozed_until.stage": "Plus long n'est pas possible : le dernier rappel arrive alors.",
    "snoozed_until.floor": "Plus long n'est pas possible : il vous faut quelques jours pour agir avant l'échéance.",
    "snoozed_until.max": "C'est le plus long délai possible en une fois.",
    "nobody_to_tell": "Aucun administrateur ni destinataire de secours n'est une personne active : personne ne saurait ce"
    " qui ne peut être remis. Définissez ADMIN_USERS, ADMIN_GROUP_ID ou FALLBACK_RECIPIENTS.",
    "snooze_not_possible": "Je ne peux pas me taire sur ce point. {why}",
    "snooze_not_possible.tooLate": "L'échéance est trop proche.",
    "snooze_not_possible.noDays": "Dites pour combien de jours, par exemple : reporter Payroll Feed 7.",
    "nomination_sent": "Question posée à {names}. Vous aurez la réponse au plus tard : {when}.",
    "nominee_missing": "Choisissez d'abord une personne.",
    "nominee_is_owner": "L'application appartient déjà à {name}.",
    "nominee_not_possible": "Impossible de demander à {name} : seules les personnes de votre organisation dont le compte"
    " est actif peuvent être propriétaires.",
    "nominee_self": "Vous vous posez la question à vous-même : cela vaut accord. Un administrateur le confirme.",
    "owner_assigned_you": "{app} vous appartient maintenant ; Entra l'indique. Merci.",
    "owner_assigned": "{app} appartient maintenant à {person} ; Entra l'indique. Merci.",
    "nomination_declined": "{person} ne peut pas se charger de {app}. Merci de nommer quelqu'un d'autre.{note}",
    "question_leavers": "{count} propriétaires sur {of} ont disparu d'un coup. Leurs responsables ne sont pas interrogés sans"
    " votre accord ; merci de répondre sur la carte dans Teams.",
    "nomination_expired": "{person} n'a pas répondu à temps au sujet de {app}. Merci de nommer quelqu'un d'autre sur la"
    " carte correspondante ; ensuite, les administrateurs seront sollicités.",
    "approval_late": "{person} accepte de se charger de {app}, mais aucun administrateur ne l'a confirmé à temps. Ils"
    " sont de nouveau sollicités.",
    "nomination_rejected": "Un administrateur n'a pas approuvé {person} comme propriétaire de {app}.{note}",
    "owner_change_refused": "Entra a refusé {person} comme propriétaire de {app} : {reason}",
    "owner_change_refused.notAllowed": "Steward n'a pas le droit de changer les propriétaires. Un administrateur doit"
    " l'accorder.",
    "owner_change_refused.gone": "l'application ou la personne n'existe plus.",
    "owner_change_refused.tooManyOwners": "l'application a autant de propriétaires qu'Entra le permet. L'un d'eux doit"
    " d'abord partir.",
    "owner_change_refused.refused": "sans donner de raison que je connaisse.",
    "exclusion_ended": "Les rappels pour {app} reprennent : le jour jusqu'auquel vous l'aviez exclue est arrivé. Vous"
    " aviez écrit : {reason}",
    "owner_by_hand": "Le nouveau propriétaire de {app} doit être ajouté à la main. Je préviens tout le monde dès qu'Entra"
    " l'indique.",
    "renewed_found": "Trouvé : {name}, valable jusqu'au {until}. Supprimez l'ancien quand plus rien ne l'utilise.",
    "renewed_not_yet": "Je n'en vois pas encore de nouveau sur cette application. Cela peut prendre quelques minutes ; je"
    " regarde de nouveau à chaque analyse.",
    "renewed_gone": "En effet : l'ancien a disparu. Merci.",
    "digest_answered": "{done} réponses sur {total}.",
    "graph_unreachable": "Entra ne me répond pas pour le moment. Merci de réessayer dans quelques minutes.",
    "archive_unreachable": "Je n'ai pas accès à l'historique pour le moment. Merci de réessayer dans quelques minutes.",
}

#: Answers to what somebody typed.
_TYPED: Mapping[str, Entry] = {
    "unknown_command": "Je n'ai pas compris. Écrivez « aide » pour voir ce que vous pouvez me demander.",
    "unknown_command_nearest": "Je n'ai pas compris. Vouliez-vous dire « {nearest} » ? « aide » montre ce que vous pouvez"
    " me demander.",
    "not_understood": "Je n'ai pas compris. Vouliez-vous dire « {nearest} » ? « aide » montre ce que vous pouvez me"
    " demander.",
    "command_usage": "Écrivez-le ainsi : {usage}",
    "no_such_app": "Je ne connais aucune de vos applications sous le nom « {query} ». « mes applications » montre celles"
    " que je connais.",
    "no_such_person": "Je ne trouve personne sous le nom « {query} ». Essayez le nom complet, ou l'adresse de connexion.",
    "several_people": "Plusieurs personnes pourraient être « {query} » : {names}. Merci d'écrire l'adresse complète.",
    "nothing_due": "Rien n'est à échéance pour {app} : il n'y a pas de réponse à donner.",
    "admins_only": "Seuls les administrateurs peuvent me demander cela.",
    "slow_down": "Cela fait beaucoup à la fois. Laissez-moi une minute.",
    "only_in_private": "Je ne parle d'applications qu'en privé : écrivez-moi dans notre propre conversation.",
    "thanks": "Avec plaisir.",
    "what_am_i": "Je suis Steward. Je surveille l'échéance des secrets et certificats des applications de votre"
    " entreprise, et je préviens les personnes qui s'en occupent. Je ne demande jamais de mot de passe.",
    "scan_started": "J'ai lancé une analyse. Je vous dirai ici si quelque chose arrive à échéance.",
    "scan_running": "Une analyse est déjà en cours.",
    "scan_elsewhere": "Les analyses ont lieu dans une autre partie de Steward, que je ne peux pas lancer d'ici.",
    "scan_done": "L'analyse est complète.",
    "scan_partial": "La dernière analyse est incomplète : {errors}. Rien n'a été clos de ce fait.",
    "scan_failed": "La dernière analyse a échoué : {errors}. Rien n'a été modifié de ce fait.",
    "ledger_differs": "Le compte n'est pas bon : {difference} éléments à échéance sont sans état ou en ont deux.",
    "help_intro": "Voici ce que vous pouvez me demander :",
    "help_help": "Affiche cette liste.",
    "help_my_apps": "Vos applications, et quand chacune aura besoin de vous.",
    "help_status": "Tout sur une application ; sans nom, l'état de l'ensemble.",
    "help_snooze": "Quelques jours de silence sur une application.",
    "help_assign": "Demande à quelqu'un de s'occuper d'une application.",
    "help_expiring": "Ce qui expire d'ici tant de jours, 30 si vous ne dites rien.",
    "help_ownerless": "Les applications à secrets ou certificats sans propriétaire.",
    "help_history": "À qui une application a appartenu, et ce que j'ai fait.",
    "help_scan": "Analyse toutes les applications maintenant.",
}

_CARDS: Mapping[str, Entry] = {
    "greeting.title": "Bonjour, je suis Steward",
    "greeting.does": "Je surveille les secrets et certificats des applications de votre entreprise, et je vous préviens à"
    " temps quand l'un des vôtres expire.",
    "greeting.asks": "Quand une application a perdu son propriétaire, il se peut que je vous demande qui devrait s'en"
    " occuper.",
    "greeting.never": "Je ne demande jamais de mot de passe ni de secret, et je ne change rien sans votre réponse.",
    "help.title": "Ce que vous pouvez me demander",
    "help.row": "**{usage}** · {sentence}",
    "help.admins": "**Pour les administrateurs**",
    "status.well": "Steward va bien",
    "status.ill": "Steward a besoin de vous",
    "status.title": "**{title}** · {date}, {time}",
    "status.scan": "Analyse du {date} à {time} complète : {apps} applications, {credentials} secrets et certificats,"
    " {seconds} s.",
    "status.scan.partial": "Analyse du {date} à {time} incomplète : {apps} applications, {credentials} secrets et"
    " certificats lus.",
    "status.scan.failed": "Analyse du {date} à {time} : échec.",
    "status.scan.none": "Il n'y a pas encore eu d'analyse.",
    "status.next": "{scan} Prochaine le {date} à {time}.",
    "status.good": "Les chiffres sont ceux de l'analyse du {date} à {time}.",
    "status.sending.on": "Envoi : à tout le monde.",
    "status.sending.pilot": "Envoi : au groupe pilote seulement.",
    "status.sending.hold": "Envoi : retenu. Personne n'est encore prévenu.",
    "status.due": Plural(
        "**{count} à échéance sous 30 jours ou expiré, entièrement suivi**",
        "**{count} à échéance sous 30 jours ou expirés, tous suivis**",
    ),
    "status.due.differs": Plural(
        "**{count} à échéance, mais le compte diffère de {difference}**",
        "**{count} à échéance, mais le compte diffère de {difference}**",
    ),
    "status.due.none": "**Rien n'est à échéance.**",
    "status.needs": "**Ont besoin de vous**",
    "status.needs.nothing": "Rien n'a besoin de vous.",
    "status.urgent": Plural(
        "{count} expire sous 3 jours, et personne ne s'en occupe",
        "{count} expirent sous 3 jours, et personne ne s'en occupe",
    ),
    "status.not_told": Plural(
        "{count} dont les responsables n'ont pu être prévenus", "{count} dont les responsables n'ont pu être prévenus"
    ),
    "status.approvals": Plural(
        "{count} approbation, depuis le {date}", "{count} approbations, la plus ancienne depuis le {date}"
    ),
    "status.ownerless": Plural(
        "{count} application à échéance sans propriétaire ({total} en tout)",
        "{count} applications à échéance sans propriétaire ({total} en tout)",
    ),
    "status.federated": Plural(
        "{count} application se connecte par fédération : rien n'y expire.",
        "{count} applications se connectent par fédération : rien n'y expire.",
    ),
    "status.chart": "À échéance, par état",
    "status.part": "{state} {count}",
    "button.expiring": "Échéances sous 7 jours",
    "button.ownerless": Plural("Sans propriétaire ({count})", "Sans propriétaire ({count})"),
    "button.scan": "Analyser maintenant",
    "button.urgent": Plural("Urgent ({count})", "Urgent ({count})"),
    "button.approvals": Plural("Approbations ({count})", "Approbations ({count})"),
    "button.not_told": Plural("Non prévenus ({count})", "Non prévenus ({count})"),
    "button.resume": "Reprendre l'envoi",
    "button.rest": "Plus",
    "button.more": "Afficher la suite",
    "button.open": "Ouvrir sa carte",
    "state.excluded.ledger": "exclu",
    "state.expired.ledger": "expiré",
    "state.retired.ledger": "plus nécessaire",
    "state.superseded.ledger": "plus récent",
    "state.nominated.ledger": "question posée",
    "state.acknowledged.ledger": "pris en charge",
    "state.snoozed.ledger": "reporté",
    "state.read.ledger": "lu",
    "state.delivered.ledger": "prévenu",
    "state.pending.ledger": "en cours d'envoi",
    "state.held.ledger": "retenu",
    "state.unreachable.ledger": "injoignable",
    "state.failed.ledger": "échec",
    "list.my_apps": Plural("Votre application", "Vos {count} applications"),
    "list.my_apps.none": "Je ne connais aucune application à vous.",
    "list.expiring": Plural("{count} expire sous {days} jours", "{count} expirent sous {days} jours"),
    "list.expiring.none": "Rien n'expire sous {days} jours.",
    "list.ownerless": Plural("{count} application sans propriétaire", "{count} applications sans propriétaire"),
    "list.ownerless.none": "Chaque application a un propriétaire.",
    "list.choices": Plural("Est-ce celle-ci ?", "Laquelle de ces {count} ?"),
    "list.row": "{date} · **{app}** · {thing}",
    "list.row.endless": "**{app}** · rien n'y expire",
    "list.row.tail": " · {tail}",
    "list.owned": "appartient à {names}",
    "list.ownerless.tail": "sans propriétaire",
    "list.choices.hint": "Touchez la bonne.",
    "list.open.hint": "Touchez une ligne pour ouvrir sa carte.",
    "list.rest": Plural("et encore {count}", "et encore {count}"),
    "app.title": "{app}",
    "app.owners": "**Propriétaires :** {names}",
    "app.owners.none": "**Propriétaires :** personne",
    "app.credential": "**{date}** · {thing} {label} · {expires}",
    "app.credential.endless": "{thing} {label} · n'expire jamais",
    "app.credential.state": " · {state}",
    "app.none": "Elle n'a ni secret ni certificat.",
    "app.more": Plural("et encore {count}", "et encore {count}"),
    "app.told": "**Prévenus**",
    "app.told.row": "{date} · {person}, par {channel}",
    "app.told.none": "Personne n'a encore été prévenu à son sujet.",
    "channel.teams": "Teams",
    "channel.email": "e-mail",
    "history.title": "Historique : {app}",
    "history.owners": "**Propriétaires**",
    "history.spell": "{first} – {last} : {names}",
    "history.spell.none": "{first} – {last} : personne",
    "history.owners.none": "Il n'y a pas encore de relevé.",
    "history.events": "**Ce qui s'est passé**",
    "history.events.none": "Rien pour l'instant.",
    "history.event": "{date} à {time} · {what}",
    "history.event.by": "{date} à {time} · {what} · {who}",
    "history.cut": Plural("et {count} entrée plus ancienne", "et {count} entrées plus anciennes"),
    "scan.title.succeeded": "Analyse complète",
    "scan.title.partial": "Analyse incomplète",
    "scan.title.failed": "Échec de l'analyse",
    "scan.when": "{date} à {time}, en {seconds} s.",
    "scan.read": "{apps} inscriptions d'applications et {enterprise} applications d'entreprise, avec {credentials} secrets"
    " et certificats.",
    "scan.found": "{due} à échéance, dont {expired} expirés ; {ownerless} applications sans propriétaire.",
    "scan.queued": Plural("{count} avis à envoyer maintenant.", "{count} avis à envoyer maintenant."),
    "scan.queued.none": "Personne n'a rien de nouveau à apprendre.",
    "scan.quarantined": Plural(
        "{count} entrée n'a pas pu être comprise et a été mise de côté.",
        "{count} entrées n'ont pas pu être comprises et ont été mises de côté.",
    ),
    "scan.errors": "**Ce qui manque**",
    "scan.error": "{error}",
}

_EVENTS: Mapping[str, Entry] = {
    "event.AlertRaised": "à échéance pour la première fois",
    "event.NotificationSent": "prévenu",
    "event.NotificationFailed": "n'a pu être prévenu",
    "event.Seen": "vu",
    "event.Acknowledged": "pris en charge",
    "event.Snoozed": "reporté",
    "event.SnoozeEnded": "fin du report",
    "event.OwnerNominated": "nouveau propriétaire proposé",
    "event.NominationAccepted": "la personne sollicitée a accepté",
    "event.NominationDeclined": "la personne sollicitée a refusé",
    "event.OwnerChangeRequested": "changement de propriétaire demandé",
    "event.OwnerAssigned": "nouveau propriétaire dans Entra",
    "event.OwnerChangeRefused": "changement de propriétaire refusé",
    "event.NotMine": "réponse : pas à moi",
    "event.NominationExpired": "question au nouveau propriétaire sans réponse",
    "event.HandedOver": "transmis",
    "event.Superseded": "plus récent apparu",
    "event.Reopened": "de nouveau à échéance",
    "event.CredentialRenewed": "renouvelé",
    "event.CredentialRemoved": "supprimé",
    "event.CredentialExpired": "expiré",
    "event.Escalated": "remonté à la hiérarchie",
    "event.LastCall": "dernier appel",
    "event.Excluded": "exclu des rappels",
    "event.ExclusionEnded": "rappels réactivés",
    "event.Retired": "réponse : plus nécessaire",
    "event.MarkedAutomatic": "réponse : un pipeline le renouvelle",
    "event.AnswerTakenBack": "réponse retirée",
    "event.Held": "retenu",
    "event.Released": "libéré",
    "event.Recalled": "rappelé",
    "event.ScanError": "n'a pu être lu",
}

_MAIL: Mapping[str, Entry] = {
    "mail.hello": "Bonjour {first},",
    "mail.hello.nobody": "Bonjour,",
    "mail.subject.alert": "{app} : le {thing} expire le {date}",
    "mail.subject.alert.past": "{app} : le {thing} a expiré le {date}",
    "mail.subject.manager": "{app}, {date} : qui doit s'en occuper ?",
    "mail.subject.nominee": "{app}, {date} : voulez-vous vous en occuper ?",
    "mail.subject.approval": "{app}, {date} : merci d'approuver un nouveau propriétaire",
    "mail.subject.alerts": Plural(
        "{app}, {date}, et {count} autre application a besoin de vous",
        "{app}, {date}, et {count} autres applications ont besoin de vous",
    ),
    "mail.subject.info": "{text}",
    "mail.subject.empty": "Un message de Steward",
    "mail.answer": "Répondre dans Teams",
    "mail.no_teams": "**Pour répondre,** il vous faut l'application Steward dans Teams, où je n'ai pas pu vous joindre :"
    " ouvrez Teams, choisissez Applications, cherchez « Steward » et ajoutez-la. Écrivez-lui ensuite « mes"
    " applications ».",
    "mail.no_teams.link": "Obtenir l'application",
    "mail.rest": Plural(
        "et {count} autre application, que Teams affiche.",
        "et {count} autres applications, que Teams affiche toutes ensemble.",
    ),
    "mail.why": "Vous recevez ce message à cause de l'application nommée ci-dessus. Je ne demande jamais de mot de passe ni"
    " de secret.",
}

SENTENCES: Mapping[str, Entry] = typeset({**_ACTIONS, **_TYPED, **_CARDS, **_EVENTS, **_MAIL})
