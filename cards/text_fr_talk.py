"""What Steward says in the course of a conversation, in French; see `text_en_talk.py`."""

from collections.abc import Mapping

from cards.patterns import Entry, Plural
from cards.text_fr import typeset

#: "No longer needed" and "a pipeline renews it".
_QUIET: Mapping[str, Entry] = {
    "retire_in_use": "{app} a servi le {date}. Quelque chose en a donc encore besoin, et je continue les rappels."
    " Redemandez-le quand plus rien ne l'aura utilisée pendant 30 jours.",
    "retire_granted": "Un administrateur est d'accord : {app} n'est plus nécessaire. Je me tais jusqu'à l'échéance.",
    "retire_rejected": "Un administrateur dit que {app} est encore nécessaire.{note}",
    "retire_late": "Personne n'a encore décidé si {app} n'est plus nécessaire. La question est reposée aux"
    " administrateurs.",
    "alert.title.retired": "{app} : plus nécessaire",
    "alert.title.automatic": "{app} : un pipeline le renouvelle",
    "state.retired.you": "**Vous avez dit que ce n'est plus nécessaire.** Je me tais jusqu'à l'échéance.",
    "state.retired": "**{person} a dit que ce n'est plus nécessaire**, le {date}. Je me tais jusqu'à l'échéance.",
    "state.automatic.you": "**Vous avez dit qu'un pipeline le renouvelle.** Vous n'aurez de message que s'il n'est pas"
    " renouvelé dans les derniers jours.",
    "state.automatic": "**{person} a dit qu'un pipeline le renouvelle**, le {date}. Vous n'aurez de message que s'il"
    " n'est pas renouvelé dans les derniers jours.",
    "state.retireProposed": "**{person} a dit que ce n'est plus nécessaire.** Un administrateur décide avant le {date}.",
    "short.retired": "plus nécessaire",
    "short.automatic": "un pipeline le renouvelle",
    "short.retireProposed": "attend un administrateur",
    "retire.title": "« {app} » n'est plus nécessaire ?",
    "retire.title.done": "« {app} » : plus nécessaire ?",
    "retire.who": "**{nominator}** ({address}) le dit.{note}",
    "retire.used": "Dernière utilisation de son {thing} : {when}.",
    "retire.unused": "À ma connaissance, rien ne l'utilise.",
    "retire.if_approve": "**Si vous approuvez :** plus personne ne reçoit de rappel ; elle s'arrête le {date}, avec tout"
    " ce qui l'utilise. Vous la retrouvez sous « plus nécessaires ».",
    "retire.granted": "**Approuvé par {person}.** Plus personne ne reçoit de rappel jusqu'à l'échéance.",
    "retire.refused": "**Impossible :** elle a servi au cours des 30 derniers jours.",
    "summary.retire": "{app} : plus nécessaire ? Merci de décider avant le {date}",
}

#: "I renewed it".
_RENEWED: Mapping[str, Entry] = {
    "state.done_by": "Selon le journal d'audit d'Entra, c'est **{person}** qui l'a fait.",
    "finding.otherType": "**Trouvé un nouveau {thing} sur cette application :** {label}. C'est son {needed} qui expire ; si"
    " plus rien ne l'utilise, supprimez-le, et je me tais.",
    "finding.otherSide": "**Trouvé un nouveau {thing}, mais de l'autre côté :** {label}. Dans Entra, une application a deux"
    " côtés, son inscription et son application d'entreprise ; ce qui expire se trouve de ce côté-ci.",
    "finding.otherApp": "**Je n'en vois pas de nouveau sur cette application,** mais un nouveau {thing} sur **{other}** :"
    " {label}. Était-il destiné à cette application ?",
    "finding.notYet.again": "**Je n'en vois pas encore de nouveau sur cette application.** Cela peut prendre quelques"
    " minutes. Je regarde de nouveau dans 5, 15 et 60 minutes, jusqu'à {time} ; cette carte change alors d'elle-même.",
    "renewed_still_not": "J'ai regardé trois fois en une heure et ne vois toujours rien de nouveau sur {app}. Est-ce sur"
    " une autre application, ou pas enregistré ? Je continue les rappels.",
}

#: New owners: rights, and what can come between.
_OWNERS: Mapping[str, Entry] = {
    "owners_full": "{app} a 100 propriétaires, le maximum qu'Entra permet. L'un d'eux doit d'abord partir ; la question"
    " n'a été posée à personne.",
    "owner_added": "{app} appartient maintenant aussi à {person} ; Entra l'indique. Si cela vous surprend, dites-le à un"
    " administrateur.",
    "nomination_hopeless": "{app} ne peut pas appartenir à {person} : {reason}",
    "nomination_hopeless.nomineeGone": "ce compte n'est plus un compte actif de votre organisation. Merci de nommer"
    " quelqu'un d'autre.",
    "nomination_hopeless.gone": "l'application n'existe plus. Il n'y a plus rien à faire.",
    "refusal.nomineeGone": "ce compte n'est plus un compte actif de votre organisation.",
    "owner_change_refused.nomineeGone": "ce compte n'est plus un compte actif de votre organisation.",
    "approval.privileged.named": "**Application privilégiée :** un second administrateur doit donc être d'accord. Elle"
    " détient : {names}. Un propriétaire peut lui ajouter des mots de passe, puis agir avec tout cela.",
    "approval.harmless": "Elle n'a ni droits étendus dans Graph ni rôle d'annuaire.",
    "approval.accepted": "**{person} a dit oui.** Reste à attendre qu'Entra montre le nouveau propriétaire.",
    "approval.hand": "**Ajoutez le propriétaire à la main,** car je n'ai pas le droit d'écrire dans Entra.",
    "nominee.approved.direct": "**Merci, {first}.** Je vous préviens dès qu'Entra vous montre comme propriétaire.",
    "nominee.privileged": "C'est une application privilégiée : un second administrateur doit être d'accord.",
    "state.waitingOwner.direct": "**{person} a dit oui** et en sera propriétaire dès qu'Entra l'indiquera.",
}

#: Commands and their answers.
_COMMANDS: Mapping[str, Entry] = {
    "greeting.apps": Plural("L'application qui vous appartient :", "Les {count} applications qui vous appartiennent :"),
    "ticked_refused": "cette réponse ne vous revient pas, ou c'est terminé.",
    "help_why": "Pourquoi vous avez reçu la dernière carte, et la suite.",
    "help_expired": "Ce qui a expiré depuis tant de jours, 30 si vous ne dites rien.",
    "help_unreachable": "Qui n'a pas pu être prévenu, et que faire pour chacun.",
    "help_nominations": "À qui l'on a demandé de reprendre quoi, et qui attend qui.",
    "help_snoozed": "Ce qui est reporté, par qui, jusqu'à quand.",
    "help_unsnooze": "Met fin au silence de tous sur une application.",
    "help_exclude": "Retire une application de tous les rappels jusqu'à un jour donné.",
    "help_include": "Remet une application exclue.",
    "help_excluded": "Ce qui est exclu, jusqu'à quand et pourquoi.",
    "help_retired": "Ce qui serait devenu inutile.",
    "help_last_scan": "Le rapport de la dernière analyse.",
    "is_phishing": "Bonne question. Je ne demande jamais de mot de passe ni de secret, et mes liens mènent au portail Microsoft"
    " Entra ou à des pages de votre entreprise. Si une carte vous semble étrange, n'appuyez sur rien et demandez à votre"
    " service informatique si Steward est à lui.",
    "stop_answer": "Je n'écris qu'au sujet d'applications qui vous appartiennent ou dont on vous parle. Sur une carte, « Pas à"
    " moi » y met fin pour cette application, et « Me le rappeler alors » la fait attendre. Pour ne plus rien recevoir,"
    " adressez-vous à un administrateur.",
    "no_scan_yet": "Il n'y a pas encore eu d'analyse.",
    "why_nothing": "Je ne vous ai encore envoyé aucune carte, il n'y a donc rien à expliquer.",
    "why.title": "Pourquoi vous avez reçu la carte sur {app}",
    "why.posted": "Je l'ai envoyée le {date}.",
    "why.next": "**La suite :** prochain message de ma part le {date}, sauf renouvellement d'ici là.",
    "why.nominee": "**Pourquoi vous :** {nominator} demande si vous la reprenez. Rien ne change sans votre accord.",
    "why.approver": "**Pourquoi vous :** un administrateur doit approuver ce que {nominator} propose.",
    "why.until": "Une réponse est attendue avant le {date}.",
    "summary.why": "{app} : pourquoi vous avez reçu la carte",
    "exclude_done": "Je n'envoie rien sur {app} jusqu'au {date}. « inclure » annule cela.",
    "exclude_past": "Ce jour est passé. Écrivez-le ainsi : exclure Payroll Feed jusqu'au 31 mars 2027 déménage",
    "exclude_too_long": "Choisissez un jour dans les deux prochaines années ; cela peut se répéter.",
    "exclude_no_date": "Je n'ai pas compris le jour. Écrivez-le ainsi : exclure Payroll Feed jusqu'au 31 mars 2027 déménage",
    "include_done": "Les rappels pour {app} reprennent ; la prochaine analyse prévient qui doit l'être.",
    "include_nothing": "{app} n'est pas exclue par un administrateur.",
    "unsnooze_done": Plural(
        "{app} : le silence est levé pour {count} personne.", "{app} : le silence est levé pour {count} personnes."
    ),
    "unsnooze_nothing": "Personne n'a reporté {app}.",
    "snooze_ended_by": "{person} a levé votre silence sur {app} : sa carte est de nouveau ouverte.",
    "verdict_expired": "Oui : une partie a expiré, le {since}. Le reste est encore valable.",
    "verdict_all_expired": "Oui : tout a expiré, en dernier le {since}. L'application ne peut pas se connecter.",
    "verdict_valid": "Non : rien n'a expiré. Le premier à expirer est valable jusqu'au {until}. L'ancien est-il encore utilisé"
    " quelque part ?",
    "verdict_nothing": "Elle n'a ici ni secret ni certificat qui puisse expirer.",
    "list.expired": Plural("{count} a expiré en {days} jours", "{count} ont expiré en {days} jours"),
    "list.expired.none": "Rien n'a expiré en {days} jours.",
    "rows.hint": "Touchez une ligne pour voir l'application.",
    "rows.unreachable": Plural("{count} n'a pas pu être prévenu", "{count} n'ont pas pu être prévenus"),
    "rows.unreachable.none": "Tous ceux qui doivent être prévenus peuvent l'être.",
    "rows.nominations": Plural("{count} question attend une réponse", "{count} questions attendent une réponse"),
    "rows.nominations.none": "On n'a demandé à personne de reprendre quoi que ce soit.",
    "rows.snoozed": Plural("{count} reporté", "{count} reportés"),
    "rows.snoozed.none": "Rien n'est reporté.",
    "rows.retired": Plural("{count} n'est plus nécessaire", "{count} ne sont plus nécessaires"),
    "rows.retired.none": "Rien n'est dit devenu inutile.",
    "rows.excluded": Plural("{count} application est exclue", "{count} applications sont exclues"),
    "rows.excluded.none": "Aucune application n'est exclue par un administrateur.",
    "row_nobody": "**{app}** : personne ne peut être prévenu. Étape suivante : nommer quelqu'un, par exemple : confier {app} à"
    " Eli Novak",
    "row_not_told": "{person} · **{app}** : {why} Étape suivante : {reason}",
    "row_not_told.blocked": "injoignable, dans Teams comme par e-mail.",
    "row_not_told.failed": "n'a pas pu être prévenu à cause d'une erreur.",
    "row_not_told.movedOn": "la question est passée à quelqu'un d'autre.",
    "row_not_told.admin": "nommer un autre propriétaire, ou lui demander d'ajouter l'application Steward dans Teams.",
    "row_removed": "{person} : {why}",
    "row_removed.uninstalled": "a retiré Steward de Teams. Étape suivante : j'écris des e-mails ; demandez-lui d'ajouter de"
    " nouveau l'application.",
    "row_removed.blocked": "ne peut rien recevoir de Steward dans Teams. Étape suivante : j'écris des e-mails ; regardez sa"
    " stratégie d'applications.",
    "row_asked": "**{app}** : question posée à {person} par {nominator}, jusqu'au {until}",
    "row_accepted": "**{app}** : {person} a dit oui ; un administrateur décide avant le {until}",
    "row_approved": "**{app}** : {person} a l'accord ; en attente d'Entra",
    "row_proposed": "**{app}** : plus nécessaire selon {nominator} ; un administrateur décide avant le {until}",
    "row_snoozed": "**{app}** : {person}, jusqu'au {until}. Échéance : {date}",
    "row_retired": "**{app}** : selon {person}, depuis le {since}. Échéance : {date}.{note}",
    "row_excluded": "**{app}** : jusqu'au {until}, par {person}.{note}",
}

SENTENCES: Mapping[str, Entry] = typeset({**_QUIET, **_RENEWED, **_OWNERS, **_COMMANDS})
