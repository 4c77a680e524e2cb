"""From passwordCredentials and keyCredentials to credentials: SAML trios become one, a poisoned one costs only itself."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from alerts.model import Credential, CredentialType, CredentialUsage, Quarantine
from graph.wire import Unreadable, instant, text, thumbprint


class RawCredential(msgspec.Struct, rename="camel", gc=False):
    """A passwordCredential or keyCredential as promised.

    `key`, the certificate itself, makes three quarters of a page's bytes and is skipped unread; `hint` never
    leaves the page.
    """

    key_id: str | None = None
    display_name: str | None = None
    start_date_time: datetime | None = None
    end_date_time: datetime | None = None
    custom_key_identifier: str | None = None
    #: Sign or Verify; keyCredentials only.
    usage: str | None = None


class LooseCredential(RawCredential, rename="camel", gc=False):
    """The same with anything in its fields, so that one wrong type costs one credential."""

    key_id: Any = None
    display_name: Any = None
    start_date_time: Any = None
    end_date_time: Any = None
    custom_key_identifier: Any = None
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
    found = _Found(object_id, {} if words is None else words)
    if not keys:  # nine apps in ten
        for password in passwords:
            found.add(password, CredentialType.CLIENT_SECRET, CredentialUsage.SIGN_IN)
        return tuple(found.good), tuple(found.bad)
    signing = [key for key in keys if text(key.usage).lower() == "sign"]
    trio_ids = {text(key.custom_key_identifier) for key in signing} - {""}
    trio_key_ids = {text(key.key_id).lower() for key in signing} - {""}
    # A password beside a Verify key with its identifier is what is left of a trio, and no client secret either.
    certificate_ids = {text(key.custom_key_identifier) for key in keys} - {""}
    thumbprints = {thumbprint(identifier) for identifier in trio_ids}
    preferred = signing_thumbprint.upper() if signing_thumbprint.upper() in thumbprints else ""
    for key in signing:
        active = preferred in ("", thumbprint(key.custom_key_identifier))
        usage = CredentialUsage.SAML_ACTIVE if active else CredentialUsage.SAML_INACTIVE
        found.add(key, CredentialType.CERTIFICATE, usage)
    for key in keys:
        if text(key.usage).lower() != "sign" and text(key.custom_key_identifier) not in trio_ids:
            found.add(key, CredentialType.CERTIFICATE, CredentialUsage.SIGN_IN)
    for password in passwords:
        belongs_to_pair = (
            text(password.custom_key_identifier) in certificate_ids or text(password.key_id).lower() in trio_key_ids
        )
        if not belongs_to_pair:
            found.add(password, CredentialType.CLIENT_SECRET, CredentialUsage.SIGN_IN)
    return tuple(found.good), tuple(found.bad)


class _Found:
    """Collects one app's credentials; key ids are compared without case and kept as Graph wrote them."""

    def __init__(self, object_id: str, words: dict[str, str]) -> None:
        self._object_id = object_id
        self._words = words
        self._ids: set[str] = set()
        self.good: list[Credential] = []
        self.bad: list[Quarantine] = []

    def add(self, raw: RawCredential, type: CredentialType, usage: CredentialUsage) -> None:
        key_id = text(raw.key_id)
        try:
            if not key_id:
                raise Unreadable("keyId is missing")
            if (folded := key_id.lower()) in self._ids:
                raise Unreadable("keyId stands twice on this app")
            self._ids.add(folded)
            end = instant(raw.end_date_time, "endDateTime")
        except Unreadable as error:
            self.bad.append(Quarantine(object_id=self._object_id, key_id=key_id, reason=str(error)))
            return
        name = text(raw.display_name)
        made = Credential(
            key_id=key_id,
            type=type,
            display_name=self._words.setdefault(name, name),
            start=_start(raw.start_date_time, end),
            end=end,
            thumbprint=thumbprint(raw.custom_key_identifier) if type is CredentialType.CERTIFICATE else "",
            usage=usage,
        )
        self.good.append(made)


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
        if scheme.lower() not in ("https", "http") or len(found) == 10:
            continue
        host = rest.partition("/")[0].partition("?")[0].rpartition("@")[2].lower()
        if host and not host.startswith(("localhost", "127.", "[::1]")):
            found[host] = None
    return tuple(found)
