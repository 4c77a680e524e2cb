"""The archive, wired from settings; the only wiring that imports azure.monitor and duckdb."""

from alerts.ports import Clock, OwnerHistory
from archive.embedded import EmbeddedArchive
from archive.history import ArchiveHistory
from archive.identity import LogsIdentity
from archive.log_analytics import LogAnalytics, Workspace
from archive.spool import SpooledArchive
from service.version import VERSION
from settings.model import Settings


async def open_archive(settings: Settings, clock: Clock) -> tuple[SpooledArchive, OwnerHistory]:
    """The spooled archive and the history on it; Log Analytics where it and an identity are set."""
    logs = settings.logs
    identity = settings.graph.identity
    log_analytics = None
    if logs is not None and identity is not None:
        log_analytics = LogAnalytics(
            Workspace(
                ingestion_endpoint=logs.ingestion_endpoint,
                rule_id=logs.dcr_id,
                workspace_id=logs.workspace_id,
                query_endpoint=logs.query_endpoint,
            ),
            LogsIdentity(
                tenant_id=identity.tenant_id,
                client_id=identity.client_id,
                client_secret=identity.client_secret.reveal() if identity.client_secret else "",
                certificate_path=str(identity.certificate_path or ""),
                certificate_password=identity.certificate_password.reveal() if identity.certificate_password else "",
                federated_token_file=str(identity.federated_token_file or ""),
                authority_host=identity.authority_host,
                ca_file=settings.service.ca_file,
            ),
        )
    embedded = EmbeddedArchive(
        settings.service.state_dir / "archive",
        clock,
        version=VERSION,
        history_days=settings.policy.history_days,
        spooling=log_analytics is not None,
    )
    archive = SpooledArchive(embedded, log_analytics)
    return archive, ArchiveHistory(archive)
