"""What Steward says in the course of a conversation, in German; see `text_en_talk.py`."""

from collections.abc import Mapping

from cards.patterns import Entry

#: "No longer needed" and "a pipeline renews it".
_QUIET: Mapping[str, Entry] = {
    "retire_in_use": "{app} wurde am {date} benutzt. Etwas braucht die App also noch, deshalb erinnere ich weiter. Fragen"
    " Sie wieder, wenn sie 30 Tage lang von nichts benutzt wurde.",
    "retire_granted": "Die Administration stimmt zu, dass {app} nicht mehr nötig ist. Bis zum Ablauf bin ich still.",
    "retire_rejected": "Die Administration sagt, dass {app} noch nötig ist.{note}",
    "retire_late": "Ob {app} nicht mehr nötig ist, hat noch niemand entschieden. Ich habe die Administration noch einmal"
    " gefragt.",
    "alert.title.retired": "{app}: nicht mehr nötig",
    "alert.title.automatic": "{app}: eine Pipeline erneuert es",
    "state.retired.you": "**Sie haben gesagt, dass es nicht mehr nötig ist.** Bis zum Ablauf bin ich still.",
    "state.retired": "**{person} hat gesagt, dass es nicht mehr nötig ist**, am {date}. Bis zum Ablauf bin ich still.",
    "state.automatic.you": "**Sie haben gesagt, dass eine Pipeline es erneuert.** Ich melde mich nur, wenn es in den"
    " letzten Tagen nicht erneuert ist.",
    "state.automatic": "**{person} hat gesagt, dass eine Pipeline es erneuert**, am {date}. Ich melde mich nur, wenn es in"
    " den letzten Tagen nicht erneuert ist.",
    "state.retireProposed": "**{person} hat gesagt, dass es nicht mehr nötig ist.** Die Administration entscheidet bis"
    " {date}.",
    "short.retired": "nicht mehr nötig",
    "short.automatic": "eine Pipeline erneuert es",
    "short.retireProposed": "wartet auf Zustimmung",
    "retire.title": "Ist „{app}“ nicht mehr nötig?",
    "retire.title.done": "„{app}“: nicht mehr nötig?",
    "retire.who": "**{nominator}** ({address}) sagt das.{note}",
    "retire.used": "Ihr {thing} wurde zuletzt benutzt: {when}.",
    "retire.unused": "Ich weiß von nichts, das sie benutzt.",
    "retire.if_approve": "**Wenn Sie zustimmen:** Niemand wird mehr erinnert; am {date} steht die App still, und alles,"
    " was sie benutzt. Sie finden sie unter „nicht mehr nötig“.",
    "retire.granted": "**Zugestimmt hat {person}.** Bis zum Ablauf wird niemand mehr erinnert.",
    "retire.refused": "**Nicht möglich:** Sie wurde in den letzten 30 Tagen benutzt.",
    "summary.retire": "{app}: nicht mehr nötig? Bitte entscheiden Sie bis {date}",
}

#: "I renewed it".
_RENEWED: Mapping[str, Entry] = {
    "finding.otherType": "**An dieser App gibt es ein neues {thing}:** {label}. Ablaufen wird aber ihr {needed}; wenn"
    " nichts mehr es benutzt, entfernen Sie es, und ich bin still.",
    "finding.otherSide": "**Es gibt ein neues {thing}, aber auf der anderen Seite:** {label}. In Entra hat eine App zwei"
    " Seiten, ihre Registrierung und ihre Unternehmensanwendung; was abläuft, steht auf dieser hier.",
    "finding.otherApp": "**An dieser App sehe ich kein neues,** aber ein neues {thing} an **{other}**: {label}. War es für"
    " diese App gedacht?",
    "finding.notYet.again": "**Ich sehe noch kein neues an dieser App.** Das kann einige Minuten dauern. In 5, 15 und 60"
    " Minuten schaue ich wieder nach, bis {time} Uhr; diese Karte ändert sich dann von selbst.",
    "renewed_still_not": "Ich habe innerhalb einer Stunde dreimal nachgesehen und finde an {app} noch nichts Neues. Ist es"
    " an einer anderen App, oder nicht gespeichert? Ich erinnere weiter.",
}

#: New owners: rights, and what can come between.
_OWNERS: Mapping[str, Entry] = {
    "owners_full": "{app} hat 100 Besitzer, mehr erlaubt Entra nicht. Einer muss zuerst gehen; gefragt wurde niemand.",
    "owner_added": "{app} gehört jetzt auch {person}; Entra zeigt es. Wenn Sie das überrascht, sagen Sie es bitte der"
    " Administration.",
    "nomination_hopeless": "{app} kann {person} nicht gehören: {reason}",
    "nomination_hopeless.nomineeGone": "Dieses Konto ist in Ihrer Organisation nicht mehr aktiv. Bitte nennen Sie jemand"
    " anderen.",
    "nomination_hopeless.gone": "Die App gibt es nicht mehr. Es ist nichts mehr zu tun.",
    "refusal.nomineeGone": "Dieses Konto ist in Ihrer Organisation nicht mehr aktiv.",
    "owner_change_refused.nomineeGone": "Dieses Konto ist in Ihrer Organisation nicht mehr aktiv.",
    "approval.privileged.named": "**Privilegierte App,** deshalb muss ein zweiter Administrator zustimmen. Sie hat:"
    " {names}. Wem sie gehört, kann ihr Kennwörter geben und dann mit alldem handeln.",
    "approval.harmless": "Weitreichende Rechte in Graph oder eine Verzeichnisrolle hat sie nicht.",
    "approval.accepted": "**{person} hat zugesagt.** Jetzt muss Entra den neuen Besitzer noch zeigen.",
    "approval.hand": "**Bitte tragen Sie den Besitzer von Hand ein,** denn ich darf nicht in Entra schreiben.",
    "nominee.approved.direct": "**Danke, {first}.** Ich melde mich, sobald Entra Sie als Besitzer zeigt.",
    "nominee.privileged": "Es ist eine privilegierte App: Ein zweiter Administrator muss zustimmen.",
    "state.waitingOwner.direct": "**{person} hat zugesagt**, und die App gehört ihr oder ihm, sobald Entra es zeigt.",
}

SENTENCES: Mapping[str, Entry] = {**_QUIET, **_RENEWED, **_OWNERS}
