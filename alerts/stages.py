"""Pure: which stage has been crossed, and what a credential's age makes of it."""

from datetime import datetime, timedelta

from alerts.model import Credential, CredentialUsage, Policy

DAY = timedelta(days=1)

#: Expired for longer than this: shown, never sent (design 3, rule 1).
EXPIRED_QUIET_DAYS = 7

_ORDINALS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth")


def days_left(end: datetime, at: datetime) -> int:
    """Whole days from `at` to `end`: 0 within 24 hours, -1 expired less than a day ago."""
    return (end - at) // DAY


def stages_of(credential: Credential, policy: Policy) -> tuple[int, ...]:
    """The configured stages of this kind of credential, descending, in days."""
    saml = credential.usage is not CredentialUsage.SIGN_IN
    return policy.saml_alert_days if saml else policy.alert_days


def effective_stages(credential: Credential, policy: Policy) -> tuple[int, ...]:
    """Its stages without those longer than a third of its life; the last one always stays.

    A secret made for 30 days must not be announced on the day it is made.
    """
    stages = stages_of(credential, policy)
    if credential.start is None or credential.end is None or credential.end <= credential.start:
        return stages
    third = (credential.end - credential.start) / DAY / 3
    return tuple(stage for stage in stages if stage <= third or stage == stages[-1])


def is_due(credential: Credential, at: datetime, policy: Policy) -> bool:
    """Whether the ledger must account for it: within the longest stage, expired ones included."""
    return credential.end is not None and days_left(credential.end, at) <= stages_of(credential, policy)[0]


def horizon(at: datetime, policy: Policy) -> datetime:
    """No credential that ends later than this can be due at that time."""
    return at + (max(policy.alert_days[0], policy.saml_alert_days[0]) + 1) * DAY


def crossed_stage(credential: Credential, at: datetime, policy: Policy) -> int | None:
    """The newest stage that has been crossed, None before the first.

    Crossing, not equality: a missed day loses nothing, and after a gap only the newest stage counts.
    """
    if credential.end is None:
        return None
    left = days_left(credential.end, at)
    crossed = [stage for stage in effective_stages(credential, policy) if left <= stage]
    return min(crossed, default=None)


def next_stage_at(credential: Credential, at: datetime, policy: Policy) -> datetime | None:
    """When the next stage will be crossed, None after the last."""
    if credential.end is None:
        return None
    left = days_left(credential.end, at)
    ahead = [stage for stage in effective_stages(credential, policy) if left > stage]
    # days_left falls to `stage` as soon as less than stage + 1 days remain.
    return credential.end - (max(ahead) + 1) * DAY if ahead else None


def last_call_at(credential: Credential, at: datetime, policy: Policy) -> datetime | None:
    """When the last call is due, None once it is past or where there is none."""
    if credential.end is None or policy.last_call_days == 0:
        return None
    moment = credential.end - (policy.last_call_days + 1) * DAY
    return moment if moment > at else None


def last_stage(credential: Credential, policy: Policy) -> int:
    """The stage nearest to expiry, in days."""
    return stages_of(credential, policy)[-1]


def alert_type(credential: Credential, stage: int | None, policy: Policy) -> str:
    """NoAlert, FirstAlert, SecondAlert, ...: the stage's place in the configured list."""
    if stage is None:
        return "NoAlert"
    return f"{_ORDINALS[stages_of(credential, policy).index(stage)]}Alert"


def long_expired(credential: Credential, at: datetime) -> bool:
    """Whether it expired more than seven days ago: accounted for, never sent."""
    return credential.end is not None and at - credential.end > EXPIRED_QUIET_DAYS * DAY


def successor(credential: Credential, siblings: tuple[Credential, ...]) -> Credential | None:
    """The credential that supersedes this one, the longest-lived if there are several.

    Same type, same app, started later, outlives this one by more than 30 days. A SAML certificate in
    use is never superseded: only once the newer one is the active one does the older one rest.
    """
    if credential.usage is CredentialUsage.SAML_ACTIVE or credential.end is None or credential.start is None:
        return None
    newer = [
        other
        for other in siblings
        if other.key_id != credential.key_id
        and other.type is credential.type
        and (other.usage is CredentialUsage.SIGN_IN) == (credential.usage is CredentialUsage.SIGN_IN)
        and other.start is not None
        and other.start > credential.start
        and (other.end is None or other.end - credential.end > 30 * DAY)
        and (credential.usage is CredentialUsage.SIGN_IN or other.usage is CredentialUsage.SAML_ACTIVE)
    ]
    far = max((other.end for other in newer if other.end is not None), default=None)
    for other in newer:
        if other.end is None or other.end == far:
            return other
    return None


def snooze_latest(credential: Credential, at: datetime, policy: Policy) -> datetime | None:
    """The moment past which a snooze begun now cannot reach, None when none is possible.

    Begun before the last stage it never reaches past that stage's day; later never past
    SNOOZE_FLOOR_DAYS before expiry; never longer than SNOOZE_MAX_DAYS (design 3, rule 5).
    """
    if credential.end is None or credential.end <= at:
        return None
    last = last_stage(credential, policy)
    before_last = days_left(credential.end, at) > last
    bound = credential.end - (last if before_last else policy.snooze_floor_days) * DAY
    latest = min(bound, at + policy.snooze_max_days * DAY)
    return latest if latest > at else None


def snooze_covers(credential: Credential, until: datetime, stage: int | None, at: datetime, policy: Policy) -> bool:
    """Whether a snooze until then quiets this stage now.

    The last stage is quieted only by a snooze that was begun after it was crossed, and such a snooze
    always ends after that stage's day.
    """
    if until <= at or credential.end is None:
        return False
    last = last_stage(credential, policy)
    return not (stage == last and until <= credential.end - last * DAY)
