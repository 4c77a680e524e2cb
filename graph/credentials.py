"""From passwordCredentials and keyCredentials to credentials: SAML trios become one, a poisoned one costs only itself."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from alerts.model import Credential, CredentialType, CredentialUsage, Quarantine
from graph.opened import opened
from graph.wire import Unreadable, instant, text, thumbprint


class RawCredential(msgspec.Struct, rename="camel", gc=False):
    """A passwordCredential or keyCredential as promised.

    `key`, the certificate itself, makes three quarters of a page's bytes and is skipped unread; `hint` never
    leaves the page. The fields stand in Graph's order, in which they are found at once.
    """

    custom_key_identifier: str | None = None
    display_name: str | None = None
    end_date_time: datetime | None = None
    key_id: str | None = None
    start_date_time: datetime | None = None
    #: Sign or Verify; keyCredentials only.
    usage: str | None = None


class LooseCredential(RawCredential, rename="camel", gc=False):
    """The same with anything in its fields, so that one wrong type costs one credential."""

    custom_key_identifier: Any = None
    display_name: Any = None
    end_date_time: Any = None
    key_id: Any = None
    start_date_time: Any = None
    usage: Any = None


def credentials(
    object_id: str,
    passwords: Sequence[RawCredential],
    keys: Sequence[RawCredential],
    signing_thumbprint: str = "",
    words: dict[str, str] | None = None,
) -> tuple[tuple[Credential, ...], tuple[Quarantine, ...]]:
    """All credentials of one app, and those that could not be read.

    A SAML certificate is a Sign key, a Verify key and a passwordCredential with one customKeyIdentifier (the
    passwordCredential also has the Sign key's keyId): one credential with the Sign key's id, never a client
    secret (Graph: servicePrincipal: addTokenSigningCertificate).

    Args:
        object_id: of the app, for the quarantine notes.
        passwords: its passwordCredentials.
        keys: its keyCredentials.
        signing_thumbprint: preferredTokenSigningKeyThumbprint; where it names none of them, all count as active.
        words: display names met so far; those of many secrets are one object.
    """
    chosen = (
        _trios_as_one(passwords, keys, signing_thumbprint) if keys else [(each, SECRET, SIGN_IN) for each in passwords]
    )
    return _made(object_id, chosen, {} if words is None else words)


# Looked up once: an enum's member costs more than the rest of a comparison.
SECRET, CERTIFICATE = CredentialType.CLIENT_SECRET, CredentialType.CERTIFICATE
SIGN_IN, SAML_ACTIVE, SAML_INACTIVE = CredentialUsage

#: What becomes a credential, and as what.
_Chosen = list[tuple[RawCredential, CredentialType, CredentialUsage]]


def _trios_as_one(
    passwords: Sequence[RawCredential], keys: Sequence[RawCredential], signing_thumbprint: str
) -> _Chosen:
    """The Sign key of each trio, and all that belong to none."""
    signing = [key for key in keys if key.usage != "Verify" and text(key.usage).lower() == "sign"]
    chosen: _Chosen = []
    trio_key_ids: set[str] = set()
    if signing:
        trio_ids = {text(key.custom_key_identifier) for key in signing} - {""}
        trio_key_ids = {text(key.key_id).lower() for key in signing} - {""}
        preferred = signing_thumbprint.upper()
        active = [bool(preferred) and thumbprint(key.custom_key_identifier) == preferred for key in signing]
        if not any(active):
            active = [True] * len(signing)
        for key, is_active in zip(signing, active, strict=True):
            chosen.append((key, CERTIFICATE, SAML_ACTIVE if is_active else SAML_INACTIVE))
        for key in keys:
            if text(key.usage).lower() != "sign" and text(key.custom_key_identifier) not in trio_ids:
                chosen.append((key, CERTIFICATE, SIGN_IN))
    else:
        chosen += [(key, CERTIFICATE, SIGN_IN) for key in keys]
    if passwords:
        # A password beside a Verify key with its identifier is what is left of a trio, and no client secret either.
        certificate_ids: set[str] | None = None
        for password in passwords:
            # Most have none, and most apps no trio.
            if password.custom_key_identifier is not None:
                if certificate_ids is None:
                    certificate_ids = {text(key.custom_key_identifier) for key in keys} - {""}
                if text(password.custom_key_identifier) in certificate_ids:
                    continue
            if trio_key_ids and text(password.key_id).lower() in trio_key_ids:
                continue
            chosen.append((password, SECRET, SIGN_IN))
    return chosen


_OpenCredential = opened(Credential)


def _made(
    object_id: str, chosen: _Chosen, words: dict[str, str]
) -> tuple[tuple[Credential, ...], tuple[Quarantine, ...]]:
    """Key ids are compared without case and kept as Graph wrote them."""
    ids: set[str] = set()
    good: list[Credential] = []
    bad: list[Quarantine] = []
    alone = len(chosen) == 1
    for raw, kind, usage in chosen:
        key_id = raw.key_id
        if key_id.__class__ is not str:
            key_id = ""
        try:
            if not key_id:
                raise Unreadable("keyId is missing")
            if not alone:
                if (folded := key_id.lower()) in ids:
                    raise Unreadable("keyId stands twice on this app")
                ids.add(folded)
            end = raw.end_date_time
            # What `instant` begins with, without the call.
            if end.__class__ is not datetime or end.tzinfo is not UTC or not 1970 <= end.year < 9999:
                end = instant(end, "endDateTime")
        except Unreadable as error:
            bad.append(Quarantine(object_id=object_id, key_id=key_id, reason=str(error)))
            continue
        start = raw.start_date_time
        if start.__class__ is not datetime or end is None or start.tzinfo is not UTC or not 1970 <= start.year < 9999:
            start = _start(start, end)
        elif start > end:
            start = None
        name = raw.display_name
        if name.__class__ is not str:
            name = ""
        made: Any = _OpenCredential()
        made.key_id = key_id
        made.type = kind
        made.display_name = words.setdefault(name, name)
        made.start = start
        made.end = end
        made.thumbprint = thumbprint(raw.custom_key_identifier) if kind is CERTIFICATE else ""
        made.usage = usage
        made.last_used = None
        made.__class__ = Credential
        good.append(made)
    return tuple(good), tuple(bad)


def _start(value: object, end: datetime | None) -> datetime | None:
    """The start, or None where it is junk or lies after the end: the end alone decides when somebody is told."""
    try:
        start = instant(value, "startDateTime")
    except Unreadable:
        return None
    return None if start is not None and end is not None and start > end else start


def hosts(uris: Iterable[object]) -> tuple[str, ...]:
    """Hosts of web addresses among reply URLs, in their order, loopback ones left out; at most ten."""
    found: dict[str, None] = {}
    for uri in uris:
        scheme, _, rest = text(uri).partition("://")
        if (scheme != "https" and scheme.lower() not in ("https", "http")) or len(found) == 10:
            continue
        host = rest.partition("/")[0]
        if "?" in host or "@" in host:
            host = host.partition("?")[0].rpartition("@")[2]
        host = host.lower()
        if host and not host.startswith(("localhost", "127.", "[::1]")):
            found[host] = None
    return tuple(found)
