"""What Steward says about holding back and letting go, in French; see `text_en_sending.py`."""

from collections.abc import Mapping

from cards.patterns import Entry, Plural
from cards.text_fr import typeset

SENTENCES: Mapping[str, Entry] = typeset(
    {
        "go_no_pilot": "Il n'y a pas de groupe pilote : définissez PILOT_GROUP_ID ou PILOT_DEPARTMENTS, puis redémarrez"
        " Steward.",
        "go_all": "Désormais, tout le monde est prévenu. {people} personnes le sont ainsi, dont {waiting} au début de leurs"
        " heures de travail. Chacune reçoit un seul message. Pour revenir en arrière, écrivez : annuler {run}",
        "go_all_paused": "Désormais, tout le monde est prévenu : {people} personnes, dès la fin de la pause. Écrivez"
        " « reprendre » pour y mettre fin.",
        "go_all_nobody": "Désormais, tout le monde est prévenu. Personne n'attendait.",
        "go_pilot": "Désormais, le groupe pilote est prévenu. {people} personnes le sont ainsi, dont {waiting} au début de"
        " leurs heures de travail ; {held} restent retenues. Pour revenir en arrière, écrivez : annuler {run}",
        "go_pilot_paused": "Désormais, le groupe pilote est prévenu : {people} personnes, dès la fin de la pause ; {held}"
        " restent retenues. Écrivez « reprendre » pour y mettre fin.",
        "go_pilot_nobody": "Désormais, le groupe pilote est prévenu. Personne n'y attendait ; {held} personnes restent"
        " retenues.",
        "paused": "Suspendu. Personne n'est prévenu d'une échéance tant que vous n'écrivez pas « reprendre ». Les réponses"
        " et les cartes déjà envoyées suivent leur cours.",
        "paused_until": "Suspendu jusqu'au {until}. Personne n'est prévenu d'une échéance d'ici là, sauf si vous écrivez"
        " « reprendre ». Les réponses et les cartes déjà envoyées suivent leur cours.",
        "not_paused": "L'envoi n'est pas suspendu.",
        "resumed": "La pause est terminée. {people} personnes qui attendaient sont prévenues maintenant, dont {waiting} au"
        " début de leurs heures de travail ; {held} restent retenues.",
        "resumed_nobody": "La pause est terminée. Personne n'attendait ; {held} personnes sont retenues.",
        "recall_done": "Rappelé : {cards} cartes de {people} personnes disent qu'il n'y a rien à faire, {cancelled} messages"
        " en attente ne partent pas. {mails} e-mails étaient déjà partis ; ceux-là, nul ne peut les reprendre. Ce qui a été"
        " dit compte comme non dit : la prochaine analyse le redira, sauf si vous suspendez l'envoi.",
        "recall_which": "Quelle analyse ? Les dernières qui ont prévenu quelqu'un : {runs}",
        "recall_none": "Aucune analyse n'a encore prévenu personne.",
        "recalled_card": "Le message sur {app} a été envoyé par erreur et a été repris. Il n'y a rien à faire.",
        "recalled_digest": "Le message sur {count} applications a été envoyé par erreur et a été repris. Il n'y a rien à"
        " faire.",
        "help_go": "Libère ce qui est retenu : pour le groupe pilote, ou pour tous.",
        "help_pause": "Ne prévient plus personne, quelques heures ou jusqu'à « reprendre ».",
        "help_resume": "Met fin à la pause.",
        "help_recall": "Reprend ce qu'une analyse a fait savoir.",
        "help_preview": "Montre qui serait prévenu de quoi, sans prévenir personne.",
        "hold.title": Plural("{count} personne serait prévenue", "{count} personnes seraient prévenues"),
        "hold.title.braked": Plural(
            "{count} personne attend votre décision", "{count} personnes attendent votre décision"
        ),
        "hold.title.none": "Personne n'attend d'être prévenu",
        "hold.sending.hold": "L'envoi est retenu : personne n'est prévenu de rien tant que vous ne décidez pas.",
        "hold.sending.pilot": "Seul le groupe pilote est prévenu ; les autres attendent votre décision.",
        "hold.sending.on": "L'envoi est en marche.",
        "hold.braked": Plural(
            "La dernière analyse aurait prévenu plus de {most} personnes à la fois. Les plus urgentes l'ont été, {count}"
            " personne attend.",
            "La dernière analyse aurait prévenu plus de {most} personnes à la fois. Les plus urgentes l'ont été, {count}"
            " personnes attendent.",
        ),
        "hold.urgent": Plural(
            "**Pour {count} d'entre elles, quelque chose expire sous 3 jours.**",
            "**Pour {count} d'entre elles, quelque chose expire sous 3 jours.**",
        ),
        "hold.one_card": "Si vous libérez l'envoi, chacune reçoit un seul message, à jour.",
        "hold.paused": "L'envoi est suspendu tant que vous n'écrivez pas « reprendre ».",
        "hold.paused.until": "L'envoi est suspendu jusqu'au {date} à {time}.",
        "hold.paths": "**Prévenues en tant que**",
        "hold.path.currentOwners": "propriétaire",
        "hold.path.previousOwner": "ancien propriétaire",
        "hold.path.previousOwnerManager": "responsable d'un ancien propriétaire",
        "hold.path.unroutable": "personne d'autre n'est connu",
        "hold.departments": "**Service**",
        "hold.department.none": "sans service",
        "hold.department.rest": "autres",
        "hold.part": "{part} : {count}",
        "button.preview": "Aperçu",
        "button.pilot": "Groupe pilote",
        "button.send_to_all": "Envoyer à tous",
        "summary.hold": Plural(
            "{count} personne serait prévenue : merci de décider",
            "{count} personnes seraient prévenues : merci de décider",
        ),
        "summary.hold.none": "Personne n'attend d'être prévenu",
        "held_mail": "{people} personnes seraient prévenues de {notices} échéances, et personne ne l'est encore. Décidez dans"
        " Teams : écrivez à Steward « aperçu », « envoyer pilote » ou « envoyer tous ».",
        "preview.title": Plural(
            "{count} personne serait prévenue aujourd'hui", "{count} personnes seraient prévenues aujourd'hui"
        ),
        "preview.title.none": "Personne ne serait prévenu aujourd'hui",
        "preview.no_scan": "Il n'y a pas encore eu d'analyse, on ne sait donc rien. Écrivez d'abord « analyser ».",
        "preview.as_of": "D'après l'analyse du {date} à {time}. Ce n'est qu'un aperçu : personne n'a été prévenu.",
        "preview.held": Plural(
            "{count} d'entre elles est retenue pour l'instant.", "{count} d'entre elles sont retenues pour l'instant."
        ),
        "preview.paths": "**Prévenues en tant que :** {paths}",
        "preview.people": "**Les plus urgentes d'abord**",
        "preview.person": "{number}. **{person}** · {app}, {thing}, {date}",
        "preview.more_apps": Plural("et {count} autre application", "et {count} autres applications"),
        "preview.why.owner": "propriétaire",
        "preview.why.acceptedNominee": "a accepté de la reprendre",
        "preview.why.nominator": "a nommé un nouveau propriétaire",
        "preview.why.previousOwner": "ancien propriétaire",
        "preview.why.previousOwnerManager": "responsable d'un ancien propriétaire",
        "preview.why.ownerManager": "responsable du propriétaire",
        "preview.why.contact": "contact connu",
        "preview.why.fallback": "personne d'autre n'est connu",
        "preview.why.silence": "personne n'a répondu",
        "preview.why.nominationExpired": "une question est restée sans réponse",
        "preview.why.lastCall": "dernier appel",
        "preview.why.admin": "administrateur",
        "preview.held.hold": "retenu",
        "preview.held.notInPilot": "hors du groupe pilote",
        "preview.held.brake": "au-delà de ce qu'une analyse peut dire",
        "preview.ahead": "**Les jours à venir, si personne ne répond**",
        "preview.day": Plural("{date} : {count} personne", "{date} : {count} personnes"),
        "preview.later": Plural(
            "Plus tard, jusqu'au {date} : encore {count} message",
            "Plus tard, jusqu'au {date} : encore {count} messages",
        ),
        "summary.preview": Plural(
            "Aperçu : {count} personne serait prévenue", "Aperçu : {count} personnes seraient prévenues"
        ),
        "summary.preview.none": "Aperçu : personne ne serait prévenu",
        "status.sending.paused": "Envoi : suspendu, jusqu'à « reprendre ».",
    }
)
