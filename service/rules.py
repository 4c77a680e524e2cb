"""From the settings to the core's rules: of alerting, of sending, of who has which role."""

from functools import partial

from alerts.contacts import Contacts
from alerts.model import Policy
from alerts.ports import People, Store
from alerts.roles import Roles
from alerts.sending import Sending, SendingRules
from alerts.window import Hours, SendWindow
from service.contacts_file import read_contacts
from settings.model import Settings


def policy_of(settings: Settings) -> Policy:
    """The rules of alerting as set."""
    rules = settings.policy
    return Policy(
        alert_days=rules.alert_days,
        saml_alert_days=rules.saml_alert_days,
        last_call_days=rules.last_call_days,
        escalate_unanswered=rules.escalate_unanswered,
        leaver_grace_days=rules.leaver_grace_days,
        snooze_max_days=rules.snooze_max_days,
        snooze_floor_days=rules.snooze_floor_days,
        digest_after=rules.digest_after,
        history_days=rules.history_days,
        owner_writes=settings.owners.write_identity is not None,
        audit_log=settings.graph.audit_log,
        owner_changes_direct=settings.owners.changes == "direct",
        skip_users=frozenset(settings.people.skip_users),
    )


def sending_rules_of(settings: Settings) -> SendingRules:
    """Whom Steward may tell, and when, as set."""
    sending = settings.sending
    hours = tuple(Hours(weekday=day, start=start, end=end) for day, start, end in sending.window)
    return SendingRules(
        sending=Sending(sending.sending),
        pilot_group=bool(sending.pilot_group_id),
        pilot_departments=sending.pilot_departments,
        max_people=sending.max_people,
        window=SendWindow(hours=hours),
        time_zone=settings.service.time_zone.key,
    )


def roles_of(settings: Settings, store: Store, people: People | None) -> Roles:
    """Who administers Steward, and who is told when nobody else can be."""
    return Roles(
        store=store,
        admin_users=settings.people.admin_users,
        admin_group=settings.people.admin_group_id,
        support_users=settings.people.support_users,
        support_group=settings.people.support_group_id,
        fallback_recipients=settings.people.fallback_recipients,
        pilot_group=settings.sending.pilot_group_id,
        people=people,
    )


def contacts_of(settings: Settings, store: Store, people: People | None) -> Contacts:
    """Who is named for apps in CONTACTS_FILE."""
    path = settings.people.contacts_file
    return Contacts(
        store=store,
        read=partial(read_contacts, path) if path else None,
        people=people,
        mail=settings.mail is not None,
    )
