"""What Steward says in the course of a conversation, in French; see `text_en_talk.py`."""

from collections.abc import Mapping

from cards.patterns import Entry
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

SENTENCES: Mapping[str, Entry] = typeset({**_QUIET, **_RENEWED, **_OWNERS})
