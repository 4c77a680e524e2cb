"""What asks Graph, wired from settings; the only wiring that imports msgraph."""

from collections.abc import Callable

from alerts.ports import AppInstaller, Store
from alerts.views import MailView
from cards.email import Mail, render_mail
from cards.render import Words
from graph.applications import GraphApplications
from graph.audit_log import GraphAuditLog
from graph.changes import GraphChanges
from graph.client import GraphClient, Identity
from graph.gate import BETWEEN_SCANS
from graph.installation import GraphInstaller
from graph.last_use import GraphLastUse
from graph.mail import MAILS_PER_SECOND, GraphMail
from graph.owners import GraphOwners
from graph.people import GraphPeople
from graph.privileges import GraphPrivileges
from graph.reader import INTERACTIVE, GraphReader
from service.core import GraphSide
from settings.model import Identity as IdentitySettings
from settings.model import Settings
from store.shared_pace import StoredPace


def identity_of(identity: IdentitySettings, endpoint: str, ca_file: str) -> Identity:
    """One identity as plain values."""
    return Identity(
        tenant_id=identity.tenant_id,
        client_id=identity.client_id,
        client_secret=identity.client_secret.reveal() if identity.client_secret else "",
        certificate_path=str(identity.certificate_path or ""),
        certificate_password=identity.certificate_password.reveal() if identity.certificate_password else "",
        federated_token_file=str(identity.federated_token_file or ""),
        authority_host=identity.authority_host,
        endpoint=endpoint,
        ca_file=ca_file,
    )


class GraphRooms:
    """The clients of this process, one per identity, and the adapters on them."""

    def __init__(
        self,
        settings: Settings,
        words: Words,
        ca_file: str = "",
        store: Store | None = None,
        heard: Callable[[str, str], None] | None = None,
    ) -> None:
        """`store` holds the pace of e-mails that all replicas share; None where none are sent.

        `heard` is told the host and the Date header of each answer.
        """
        self._settings, self._words, self._ca_file = settings, words, ca_file
        self._store, self._heard = store, heard
        self._clients: list[GraphClient] = []
        if settings.graph.identity is None:
            raise ValueError("this process has no identity for Graph")
        self._scanner = self._client(settings.graph.identity)
        # With a gate of its own: a throttled report must not hold up the scan.
        self._reports = self._client(settings.graph.identity) if settings.graph.last_use else None

    def _client(self, identity: IdentitySettings) -> GraphClient:
        client = GraphClient(identity_of(identity, self._settings.graph.endpoint, self._ca_file), heard=self._heard)
        self._clients.append(client)
        return client

    def scan_registry(self) -> GraphApplications:
        """For one scan: patient, low priority, counting its own requests."""
        return GraphApplications(GraphReader(self._scanner))

    def scan_people(self) -> GraphPeople:
        """For one scan, likewise."""
        return GraphPeople(GraphReader(self._scanner))

    def changes(self) -> GraphChanges:
        """For what comes between two scans: less patient than they are, low priority too."""
        return GraphChanges(GraphReader(self._scanner, policy=BETWEEN_SCANS))

    def last_use(self) -> GraphLastUse | None:
        """For one scan; None where it is switched off."""
        if self._reports is None:
            return None
        return GraphLastUse(GraphReader(self._reports, policy=BETWEEN_SCANS))

    def side(self) -> GraphSide:
        """For what people wait for: few retries, high priority."""
        settings = self._settings
        quick = GraphReader(self._scanner, policy=INTERACTIVE, priority="high")
        writer = settings.owners.write_identity
        return GraphSide(
            registry=GraphApplications(quick),
            people=GraphPeople(quick),
            privileges=GraphPrivileges(quick),
            change_log=GraphAuditLog(quick) if settings.graph.audit_log else None,
            owner_writer=GraphOwners(self._client(writer)) if writer else None,
            mail=self._mail(),
            close=self.close,
        )

    def _mail(self) -> GraphMail | None:
        mail = self._settings.mail
        if mail is None or mail.identity is None:
            return None
        words = self._words

        def render(view: MailView) -> Mail:
            return render_mail(view, words)

        pace = StoredPace(self._store, f"mail {mail.sender.lower()}", MAILS_PER_SECOND) if self._store else None
        return GraphMail(self._client(mail.identity), sender=mail.sender, render=render, pace=pace)

    def installer(self) -> AppInstaller | None:
        """Installs the Teams app for people, if a catalogue id is set."""
        install = self._settings.install
        if install is None or install.identity is None:
            return None
        return GraphInstaller(self._client(install.identity), teams_app_id=install.teams_app_id)

    async def close(self) -> None:
        """Close all connections."""
        for client in self._clients:
            await client.close()
