"""What cards and e-mails say, in French; see `text_en.py`. The reader is "vous", Steward is "je".

Every {thing} is masculine (le secret client, le certificat, le mot de passe), so that sentences can rely on it. The
spaces that French puts before some marks are made unbreakable by `typeset`.
"""

from collections.abc import Mapping

from cards.dates import DateWords
from cards.patterns import Entry, Plural

DATES = DateWords(
    weekdays=("lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."),
    months=(
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ),
    short_months=("janv.", "févr.", "mars", "avr.", "mai", "juin", "juill.", "août", "sept.", "oct.", "nov.", "déc."),
    day="{weekday} {day} {month}",
    day_of_year="{weekday} {day} {month} {year}",
    short="{weekday} {day} {short_month}",
    short_of_year="{weekday} {day} {short_month} {year}",
    moment="{date} à {time} ({zone})",
    first="1er",
    cities={
        "Algiers": "Alger",
        "Athens": "Athènes",
        "Brussels": "Bruxelles",
        "Bucharest": "Bucarest",
        "Copenhagen": "Copenhague",
        "Lisbon": "Lisbonne",
        "London": "Londres",
        "Moscow": "Moscou",
        "Singapore": "Singapour",
        "Vienna": "Vienne",
        "Warsaw": "Varsovie",
    },
)


def typeset(sentences: Mapping[str, Entry]) -> Mapping[str, Entry]:
    """The sentences with unbreakable spaces before : ; ? ! and inside « »."""
    return {key: _typeset(entry) for key, entry in sentences.items()}


def _typeset(entry: Entry) -> Entry:
    if isinstance(entry, Plural):
        return Plural(_unbroken(entry.one), _unbroken(entry.other), entry.count)
    return _unbroken(entry)


def _unbroken(pattern: str) -> str:
    for mark in (":", ";", "?", "!", "»"):
        pattern = pattern.replace(f" {mark}", f"\N{NO-BREAK SPACE}{mark}")
    return pattern.replace("« ", "«\N{NO-BREAK SPACE}")


_PARTS: Mapping[str, Entry] = {
    "footer.org_help": "Steward pour {org} · {help}",
    "footer.org": "Steward pour {org}",
    "footer.help": "Steward · {help}",
    "footer.plain": "Steward",
    "no_name": "(sans nom)",
    "quoted_note": " Message : « {note} »",
    "more_names": "{names} et {count} autres",
    "thing.secret": "secret client",
    "thing.certificate": "certificat",
    "thing.saml": "certificat de connexion",
    "plain_thing.secret": "mot de passe",
    "plain_thing.certificate": "certificat",
    "plain_thing.saml": "certificat de connexion",
    "expires.in": Plural("expire dans {count} jour", "expire dans {count} jours"),
    "expires.today": "expire d'ici 24 heures",
    "expires.past": "a expiré",
    "runs_out.in": Plural("expire dans {count} jour", "expire dans {count} jours"),
    "runs_out.today": "expire d'ici 24 heures",
    "runs_out.past": "a expiré",
    "used.today": "aujourd'hui",
    "used.yesterday": "hier",
    "used.days": Plural("il y a {count} jour", "il y a {count} jours"),
    "used.on": "le {date}",
    "label.named": "« {name} », ID {id}",
    "label.unnamed": "ID {id}",
    "label.thing": "{thing} {label}",
    "button.entra": "Ouvrir dans Entra",
    "button.other": "Autres réponses",
    "button.back": "Retour à la liste",
    "button.chat": "Écrire à {person}",
    "button.help": "Obtenir de l'aide",
    "verb.acknowledge": "Je m'en occupe",
    "verb.acknowledge.instead": "Je m'en occupe à sa place",
    "verb.acknowledge.manager": "Je m'en charge",
    "verb.renewed": "C'est renouvelé",
    "verb.renewed.manager": "Il a été renouvelé",
    "verb.snooze": "Me le rappeler alors",
    "verb.assignOwner": "Demander",
    "verb.assignOwner.manager": "Demander à cette personne",
    "verb.notMine": "Pas à moi",
    "verb.notMine.manager": "Pas mon équipe",
    "verb.retire": "Plus nécessaire",
    "verb.retire.manager": "Plus nécessaire",
    "verb.automatic": "Un pipeline le renouvelle",
    "verb.release": "Rendre la main",
    "verb.release.snoozed": "Reprendre les rappels",
    "verb.accept": "Accepter",
    "verb.decline": "Refuser",
    "verb.approve": "Approuver",
    "verb.reject": "Ne pas approuver",
    "input.nominees": "Nouveau propriétaire",
    "input.nominees.hint": "Chercher un nom",
    "input.nominees.someone": "Confier à quelqu'un",
    "input.nominees.else": "Demander à quelqu'un d'autre",
    "input.note": "Note (facultatif)",
    "input.note.hint": "Que faut-il savoir ?",
    "input.days": "Me le rappeler",
    "input.days.choice": Plural("dans {count} jour, le {date}", "dans {count} jours, le {date}"),
    "other.rest": "Ou dites ceci",
    "details.title": "Quelle est cette application ? ▾",
    "details.created": "Créée le {date}.",
    "details.hosts": "On s'y connecte sur {hosts}.",
    "details.audience.AzureADMyOrg": "Seules les personnes de votre organisation peuvent s'y connecter.",
    "details.audience.AzureADMultipleOrgs": "Les personnes de toute organisation peuvent s'y connecter.",
    "details.audience.AzureADandPersonalMicrosoftAccount": "Les personnes de toute organisation et les comptes Microsoft personnels peuvent s'y connecter.",
    "details.audience.PersonalMicrosoftAccount": "Seuls les comptes Microsoft personnels peuvent s'y connecter.",
    "details.notes": "Ses notes disent : « {notes} »",
    "details.reference": "Référence du service : {reference}",
    "details.used": "{label} : dernière utilisation {when}.",
    "details.federated": Plural(
        "Identification fédérée {names} : sans secret, rien n'y expire.",
        "Identifications fédérées {names} : sans secret, rien n'y expire.",
    ),
    "details.federated.more": Plural(
        "Identifications fédérées {names} et {count} autre : sans secret, rien n'y expire.",
        "Identifications fédérées {names} et {count} autres : sans secret, rien n'y expire.",
    ),
    "details.ids": "ID de l'application {app_id}",
    "details.nothing": "On n'en sait pas plus.",
}

_ALERT: Mapping[str, Entry] = {
    "alert.title": "{app} : le {thing} {expires}",
    "alert.title.many": "{app} : {count} secrets ou certificats, le premier {expires}",
    "alert.title.renewed": "{app} : renouvelé",
    "alert.title.notDue": "{app} : pas encore à échéance",
    "alert.title.superseded": "{app} : un {thing} plus récent existe",
    "alert.title.assigned": "{app} : en de nouvelles mains",
    "alert.title.excluded": "{app} : rappels désactivés",
    "alert.title.notMine": "{app} : transmis",
    "alert.shrunk": "**{app}** : une carte plus récente se trouve plus bas. Merci d'y répondre.",
    "alert.item": "**{date}** · {label}",
    "alert.item.past": "**Expiré {date}** · {label}",
    "alert.item.state": "**{date}** · {label} · {state}",
    "alert.then.secret": "L'application ne pourra alors plus se connecter, et ce qui en dépend s'arrêtera.",
    "alert.then.certificate": "L'application ne pourra alors plus se connecter avec, et ce qui en dépend s'arrêtera.",
    "alert.then.saml": "Plus personne ne pourra alors se connecter à l'application avec son compte professionnel.",
    "alert.since.secret": "Depuis, l'application ne peut plus se connecter avec. Ce qui en dépendait s'est arrêté.",
    "alert.since.certificate": "Depuis, l'application ne peut plus se connecter avec. Ce qui en dépendait s'est arrêté.",
    "alert.since.saml": "Depuis, personne ne peut se connecter à l'application avec son compte professionnel.",
    "alert.used": "{consequence} Dernière utilisation : {when}.",
    "alert.todo.secret": "**À faire :** créer un nouveau secret, le mettre là où l'application le lit, puis supprimer"
    " l'ancien quand plus rien ne l'utilise. Je remarque le nouveau moi-même.",
    "alert.todo.certificate": "**À faire :** créer un nouveau certificat, le mettre là où l'application le lit, puis"
    " supprimer l'ancien quand plus rien ne l'utilise. Je remarque le nouveau moi-même.",
    "alert.todo.saml": "**À faire :** créer un nouveau certificat sur la page d'authentification unique de"
    " l'application, le remettre à l'autre partie, puis l'activer. Je le remarque moi-même.",
    "alert.nothing": "**Si vous ne faites rien :** je vous le rappelle le {date}.",
    "alert.nothing.last": "**Si vous ne faites rien :** vous aurez encore un message de moi, quand il aura expiré.",
    "alert.all": "Votre réponse vaut pour tous.",
    "alert.as_of": "La dernière analyse n'a pas pu lire cette application. Je me fonde sur l'état du {date}.",
    "alert.leads": "**Ce qui peut aider à trouver le responsable :**",
    "lead.serviceManagementReference": "Référence du service : {value}",
    "lead.notificationEmails": "Ses avertissements de connexion vont à : {value}",
    "lead.notes": "Ses notes disent : « {value} »",
    "lead.other": "{label} : {value}",
    "told": "Également prévenus : {names}.",
    "why.owner": Plural(
        "**Pourquoi vous :** vous en êtes le seul propriétaire.",
        "**Pourquoi vous :** vous êtes l'un des {count} propriétaires.",
    ),
    "why.owner.some": "**Pourquoi vous :** elle vous appartient.",
    "why.acceptedNominee": "**Pourquoi vous :** vous avez accepté de vous en occuper. Tant qu'Entra ne vous montre pas"
    " comme propriétaire, je vous préviens comme si c'était fait.",
    "why.nominator": "**Pourquoi vous :** vous avez demandé à quelqu'un de la reprendre. Je vous préviens aussi, tant"
    " qu'Entra ne montre pas le nouveau propriétaire.",
    "why.previousOwner": "**Pourquoi vous :** vous vous en êtes occupé jusqu'au {date} (notre relevé de ce jour), et"
    " elle n'appartient plus à personne.",
    "why.previousOwner.undated": "**Pourquoi vous :** vous vous en êtes occupé auparavant, et elle n'appartient plus à"
    " personne.",
    "why.previousOwnerManager": "**Pourquoi vous :** {person} s'en est occupé jusqu'au {date} (notre relevé de ce jour)"
    " et n'est plus disponible comme propriétaire. Selon nos données, vous êtes responsable hiérarchique de {first}.",
    "why.previousOwnerManager.undated": "**Pourquoi vous :** {person} s'en est occupé et n'est plus disponible comme"
    " propriétaire. Selon nos données, vous êtes responsable hiérarchique de {first}.",
    "why.ownerManager": "**Pourquoi vous :** elle appartient à {person}, qui n'a pas pu répondre. Selon nos données,"
    " vous êtes responsable hiérarchique de {first}.",
    "why.contact": "**Pourquoi vous :** vous êtes le contact désigné pour cette application.",
    "why.fallback": "**Pourquoi vous :** aucun de ses propriétaires, actuels ou passés, ne peut être interrogé. Ces cas"
    " vous sont signalés.",
    "why.fallback.historyFailed": "**Pourquoi vous :** elle n'appartient à personne, et ses anciens propriétaires n'ont"
    " pas pu être retrouvés. Ces cas vous sont signalés.",
    "why.silence": "**Pourquoi vous :** personne n'a répondu à temps. Nos données vous désignent comme responsable de"
    " {first}.",
    "why.silence.fallback": "**Pourquoi vous :** personne n'a répondu à temps, et aucun responsable ne peut être"
    " interrogé.",
    "why.nominationExpired": "**Pourquoi vous :** quelqu'un a été sollicité pour s'en occuper, et personne n'a répondu à temps.",
    "why.lastCall": "**Pourquoi vous :** elle est sur le point d'expirer, et chaque application qui en arrive là vous"
    " est signalée.",
    "sofar.begin": "**Jusqu'ici :**",
    "sofar.silent": Plural(
        "{names} le sait depuis le {date} et n'a pas répondu.",
        "{names} le savent depuis le {date} ; personne n'a répondu.",
    ),
    "sofar.noTeams": Plural(
        "{names} a reçu un e-mail le {date} et n'a pas pu répondre dans Teams.",
        "{names} ont reçu un e-mail à partir du {date} et n'ont pas pu répondre dans Teams.",
    ),
    "sofar.notMine": Plural(
        "{names} a dit que ce n'était pas son application.", "{names} ont dit que ce n'était pas leur application."
    ),
    "sofar.unreachable": Plural("{names} n'a pas pu être joint.", "{names} n'ont pas pu être joints."),
    "sofar.gone": Plural("{names} le savait depuis le {date}.", "{names} le savaient depuis le {date}."),
    "why.admin": "**Pourquoi vous :** vous l'avez ouverte en tant qu'administrateur.",
    "somebody": "la personne qui s'en occupait",
    "state.lastCall": "**Dernier appel :** c'est le dernier rappel avant l'échéance ; tous ceux qui peuvent agir l'ont reçu.",
    "state.takenByYou": "**C'est pour vous, {first}.**",
    "state.takenByYou.known": "**C'est pour vous, {first}.** Peuvent le voir : {names}.",
    "state.takenByOther": "**{person} s'en occupe**, depuis le {date}.",
    "state.takenByOther.quiet": "**{person} s'en occupe**, depuis le {date}. Prochain message de ma part le {reminder}.",
    "state.reminder": "Je vous le rappelle le {date}.",
    "state.snooze.ended": "**Votre période de silence a pris fin le {date}.** Je vous rappelle de nouveau désormais.",
    "state.snoozed": "**Silence jusqu'au {date}.** Ensuite, je vous le rappelle.",
    "state.snoozed.max": "**Silence jusqu'au {date}.** C'est le plus long délai possible en une fois.",
    "state.snoozed.capped": "**Silence jusqu'au {date}.** Plus long n'est pas possible : il vous faut du temps pour agir"
    " avant l'échéance.",
    "state.waitingNominee": "**La question est posée à {person}.** Vous aurez la réponse le {date} au plus tard.",
    "state.waitingNominee.other": "**{nominator} a demandé à {person}** de s'en occuper ; réponse attendue le {date} au"
    " plus tard.",
    "state.waitingApproval": "**{person} a dit oui.** Un administrateur le confirme avant le {date}.",
    "state.waitingOwner": "**Un administrateur a accepté.** {person} en sera propriétaire dès qu'Entra l'indiquera.",
    "state.assigned": "**{person} s'en occupe maintenant.** Vous n'avez plus rien à faire. Merci.",
    "state.assigned.you": "**Vous vous en occupez maintenant.**",
    "state.renewed": "**C'est fait.** L'ancien {thing} a disparu ou n'est plus à échéance. Merci.",
    "state.notDue": "**Rien à faire pour le moment.** Les jours de rappel ont été redéfinis. Vous serez"
    " prévenu à temps avant l'expiration.",
    "state.superseded": "**Sans doute rien à faire.** Il en existe un plus récent ({label}). Si quelque chose utilise"
    " encore l'ancien, cela s'arrêtera le {date}.",
    "state.superseded.endless": "**Sans doute rien à faire.** Il en existe un plus récent. Si quelque chose utilise"
    " encore l'ancien, cela s'arrêtera le {date}.",
    "state.excluded": "Un administrateur a désactivé les rappels pour cette application.",
    "state.notMine": "**Vous avez dit que ce n'est pas à vous.** Je demande à quelqu'un d'autre. Merci de l'avoir"
    " signalé.",
    "state.declined": "**{person} ne peut pas s'en charger.** Merci de nommer quelqu'un d'autre.{note}",
    "state.rejected": "**Un administrateur n'a pas approuvé {person}.** Merci de nommer quelqu'un d'autre.{note}",
    "state.refused": "**Entra a refusé {person} comme propriétaire.** Un administrateur est prévenu.",
    "state.unanswered": "**{person} n'a pas répondu.** Merci de nommer quelqu'un d'autre.",
    "finding.found": "**Trouvé :** {label}, valable jusqu'au {date}. Supprimez l'ancien quand plus rien ne l'utilise.",
    "finding.found.plain": "**Trouvé.** Supprimez l'ancien quand plus rien ne l'utilise.",
    "finding.gone": "**En effet :** l'ancien a disparu. Merci.",
    "finding.notYet": "**Je n'en vois pas encore de nouveau sur cette application.** Cela peut prendre quelques minutes ;"
    " je regarde de nouveau à chaque analyse.",
    "finding.unknown": "**Je n'ai pas pu regarder :** Entra n'a pas répondu. Je regarde de nouveau à la prochaine"
    " analyse.",
}

_MANAGER: Mapping[str, Entry] = {
    "manager.title": "Qui doit s'occuper de « {app} » ?",
    "manager.title.done": "Quelqu'un s'occupe de « {app} »",
    "manager.intro": "Un programme de votre entreprise. Son {thing} {runs_out} : **{date}**. Il cessera alors de"
    " fonctionner.",
    "manager.intro.saml": "Un programme de votre entreprise. Son {thing} {runs_out} : **{date}**. Plus personne ne pourra"
    " alors s'y connecter.",
    "manager.intro.past": "Un programme de votre entreprise. Son {thing} a expiré le **{date}**. Il a probablement cessé"
    " de fonctionner.",
    "manager.ask": "**Que faire :** vous n'avez rien à réparer. Nommez quelqu'un : nous lui demandons d'abord, puis un"
    " administrateur confirme.",
    "manager.nothing": "**Si personne ne répond :** je vous le rappelle le {date}.",
    "manager.nothing.last": "**Si personne ne répond :** vous aurez encore un message de moi, quand il sera arrêté.",
    "manager.suggested": Plural(
        "**Suggestion :** {person}, qui s'occupe de {count} autre application.",
        "**Suggestion :** {person}, qui s'occupe de {count} autres applications.",
    ),
}

_NOMINEE: Mapping[str, Entry] = {
    "nominee.title": "Voulez-vous vous occuper de « {app} » ?",
    "nominee.title.assigned": "Vous vous occupez de « {app} »",
    "nominee.asks": "**{person}** vous le demande.",
    "nominee.asks.note": "**{person}** vous le demande : « {note} »",
    "nominee.urgent": "**Urgent :** son {thing} {runs_out}, {date}.",
    "nominee.when": "Son {thing} {runs_out} : {date}.",
    "nominee.means": "**Comme propriétaire,** vous le renouvelez à temps ; je vous le rappelle {days} jours avant. Vous"
    " pouvez alors aussi modifier ses paramètres et ses mots de passe.",
    "nominee.if_accept": "**Si vous acceptez :** un administrateur confirme, puis je vous envoie le lien.",
    "nominee.if_accept.direct": "**Si vous acceptez :** vous en devenez propriétaire, et je vous envoie le lien.",
    "nominee.if_decline": "**Si vous refusez :** aucun problème, {person} en est informé et peut demander à quelqu'un"
    " d'autre. Merci de répondre avant le {date}.",
    "nominee.accepted": "**Merci, {first}.** Il manque l'accord d'un administrateur. Je vous préviens dès qu'Entra vous"
    " montre.",
    "nominee.approved": "**Un administrateur a accepté.** Je vous préviens dès qu'Entra vous montre comme propriétaire.",
    "nominee.assigned": "**Vous vous en occupez maintenant.** Je vous le rappellerai à temps.",
    "nominee.declined": "**Vous avez refusé.** {person} en est informé. Merci d'avoir répondu.",
    "nominee.rejected": "**Un administrateur n'a pas approuvé.** Vous n'avez rien à faire.{note}",
    "nominee.refused": "**Entra a refusé le changement.** Un administrateur est prévenu ; vous n'avez rien à faire.",
    "nominee.expired": "**Cette question n'est plus d'actualité.** Vous n'avez rien à faire.",
}

_APPROVAL: Mapping[str, Entry] = {
    "approval.title": "Faire de {person} un propriétaire de « {app} » ?",
    "approval.title.done": "{person} et « {app} »",
    "approval.who": "**{nominator}** propose **{nominee}** ({address}).{note}",
    "approval.who.self": "**{nominee}** ({address}) propose de s'en charger.{note}",
    "approval.said_yes": "**{nominee}** a dit oui.{note}",
    "approval.no_answer": "{nominee} n'a pas encore répondu.",
    "approval.privileged": "**Attention :** je ne peux pas lire les droits de cette application, elle compte donc comme"
    " privilégiée. Un propriétaire peut lui ajouter des mots de passe, puis agir avec tous ses droits.",
    "approval.by": "Merci de décider avant le {date}.",
    "approval.if_approve": "**Si vous approuvez :** j'inscris le propriétaire dans Entra et je préviens tout le monde.",
    "approval.by_hand": "**Si vous approuvez :** ajoutez le propriétaire à la main, car je n'ai pas le droit d'écrire dans"
    " Entra.",
    "approval.involved": "**Vous êtes partie à ce changement,** vous ne pouvez donc pas l'approuver. Un autre"
    " administrateur le peut, ou ajoute le propriétaire à la main.",
    "approval.step1": "1. « Ouvrir dans Entra » mène aux propriétaires de l'application.",
    "approval.step2": "2. Ajoutez {address} comme propriétaire.",
    "approval.step3": "3. C'est tout : je le verrai à la prochaine analyse et préviendrai tout le monde.",
    "approval.approved": "**Approuvé par {person}.** Reste à attendre qu'Entra montre le nouveau propriétaire.",
    "approval.assigned": "**C'est fait :** l'application appartient à {person}.",
    "approval.rejected": "**Non approuvé**, par {person}.{note}",
    "approval.refused": "**Entra a refusé le changement :** {reason}",
    "approval.declined": "**{person} a refusé.** Il n'y a rien à approuver.",
    "approval.expired": "**Cette question n'est plus d'actualité.** Il n'y a rien à approuver.",
    "refusal.notAllowed": "Steward n'a pas le droit de changer les propriétaires.",
    "refusal.gone": "l'application ou la personne n'existe plus.",
    "refusal.tooManyOwners": "l'application a autant de propriétaires qu'Entra le permet.",
    "refusal.refused": "sans donner de raison que je connaisse.",
}

_DIGEST: Mapping[str, Entry] = {
    "digest.title": Plural(
        "{count} de vos applications expire d'ici au {date}", "{count} de vos applications expirent d'ici au {date}"
    ),
    "digest.title.past": Plural(
        "{count} de vos applications a besoin de vous", "{count} de vos applications ont besoin de vous"
    ),
    "digest.title.done": "On s'occupe de toutes vos applications",
    "digest.title.choose": "Lesquelles ?",
    "digest.title.handover": Plural(
        "Une application a besoin d'un propriétaire", "{count} applications ont besoin d'un propriétaire"
    ),
    "digest.why.handover": "**Pourquoi vous :** {person} n'est plus disponible comme propriétaire, et ces applications"
    " n'appartiennent à personne d'autre. Selon nos données, vous êtes son responsable hiérarchique. Rien ne presse :"
    " merci de nommer la personne qui s'en occupera désormais.",
    "digest.why.handover.other": "**Pourquoi vous :** {person} n'est plus disponible comme propriétaire, ces applications"
    " n'appartiennent à personne d'autre, et aucun responsable ne peut être interrogé.",
    "digest.expired": "**Expirés**",
    "digest.weeks": "**Cette semaine et la suivante**",
    "digest.fortnight": "**D'ici 14 jours**",
    "digest.leads": "Pistes : {leads}",
    "digest.later": "**Plus tard**",
    "digest.later.more": Plural(
        "**Plus tard :** encore {count}, le {date}", "**Plus tard :** encore {count}, dont la première le {date}"
    ),
    "digest.calm": Plural(
        "{count} n'a sans doute besoin de rien : il existe plus récent",
        "{count} n'ont sans doute besoin de rien : il existe plus récent",
    ),
    "digest.closed": Plural("{count} est réglée", "{count} sont réglées"),
    "digest.row": "{date} · **{app}** · {thing}",
    "digest.row.state": "{date} · **{app}** · {thing} · {state}",
    "digest.cut": Plural(
        "et encore {count}, faute de place ici. « mes applications » les montre toutes.",
        "et encore {count}, faute de place ici. « mes applications » les montre toutes.",
    ),
    "digest.in_hand": "{done} sur {total} en main.",
    "digest.nothing": "**Si vous ne faites rien :** je vous reparle de chacune avant son échéance.",
    "digest.tap": "Touchez une ligne pour la voir seule et y répondre.",
    "digest.several": "Répondre à plusieurs",
    "digest.all": Plural("Afficher {count}", "Afficher les {count}"),
    "digest.acknowledge": "Je m'occupe de celles-ci",
    "digest.assign": "Confier celles-ci",
    "digest.tick": "Cochez celles auxquelles répondre ensemble.",
    "digest.choice": "{date} · {app} · {thing}",
    "digest.why.owner": "**Pourquoi vous :** ces applications vous appartiennent.",
    "digest.why.other": "**Pourquoi vous :** les personnes qui s'occupaient de ces applications ne sont plus disponibles.",
    "short.takenByYou": "vous vous en occupez",
    "short.takenByOther": "{person} s'en occupe",
    "short.snoozed": "silence jusqu'au {date}",
    "short.waitingNominee": "question posée",
    "short.waitingApproval": "attend un administrateur",
    "short.waitingOwner": "attend Entra",
    "short.assigned": "en de nouvelles mains",
    "short.renewed": "réglé",
    "short.notDue": "pas à échéance",
    "short.superseded": "plus récent disponible",
    "short.expired": "expiré",
    "short.excluded": "rappels désactivés",
    "short.notMine": "transmis",
}

_SUMMARIES: Mapping[str, Entry] = {
    "summary.alert": "{app} : nouveau {thing} nécessaire avant le {date}",
    "summary.alert.past": "{app} : le {thing} a expiré",
    "summary.alert.quiet": "{app} : du nouveau sur le {thing}",
    "summary.alert.renewed": "{app} : renouvelé",
    "summary.manager": "Merci de dire qui s'occupe de {app} ; arrêt le {date}",
    "summary.manager.past": "Merci de dire qui s'occupe de {app} ; le {thing} a expiré",
    "summary.nominee": "Voulez-vous vous occuper de {app} ? Réponse attendue avant le {date}",
    "summary.nominee.done": "{app} : du nouveau sur votre réponse",
    "summary.approval": "{app} attend votre accord pour un nouveau propriétaire jusqu'au {date}",
    "summary.approval.done": "{app} : du nouveau sur son propriétaire",
    "summary.digest": Plural(
        "{count} de vos applications a besoin d'un nouveau secret ou certificat, le {date}",
        "{count} de vos applications ont besoin d'un nouveau secret ou certificat, la première le {date}",
    ),
    "summary.digest.done": "On s'occupe de vos applications",
    "question.leavers.title": "{count} propriétaires sur {of} ont disparu d'un coup",
    "question.leavers.what": "L'analyse du {date} ne trouve plus leurs comptes actifs. Autant en un jour peut être une erreur"
    " dans l'annuaire.",
    "question.leavers.waits": "**En attente :** leurs responsables n'ont pas encore été priés de reprendre leurs applications."
    " Ce qui expire bientôt est signalé dans tous les cas.",
    "question.leavers.who": Plural("Parmi eux : {names}.", "Parmi eux : {names}."),
    "question.leavers.yes": "**{person} a accepté.** Leurs responsables sont interrogés comme d'habitude.",
    "question.leavers.no": "**{person} a refusé.** Leurs responsables ne sont pas interrogés.",
    "question.leavers.approve": "Interroger leurs responsables",
    "question.leavers.reject": "Ne pas interroger",
    "summary.question.leavers": "{count} propriétaires ont disparu d'un coup ; à vérifier",
    "summary.status": "Steward : état du {date}",
    "summary.list": Plural("{count} application", "{count} applications"),
    "summary.list.none": "Aucune application",
    "summary.app": "{app} : ce que j'en sais",
    "summary.history": "{app} : son historique",
    "summary.help": "Ce que vous pouvez me demander",
    "summary.greeting": "Bonjour, je suis Steward",
    "summary.scan": "Analyse du {date}",
}

SENTENCES: Mapping[str, Entry] = typeset(
    {
        **_PARTS,
        **_ALERT,
        **_MANAGER,
        **_NOMINEE,
        **_APPROVAL,
        **_DIGEST,
        **_SUMMARIES,
    }
)
