"""The identity with which a test reads a practice tenant's Graph: that of the scanner."""

from graph.client import Identity
from sandbox.launch import Practice
from tests.sandbox.twins import Twins


def scanner_of(tenant: Practice | Twins) -> Identity:
    """For a tenant in a process of its own, or for twins in this one."""
    if isinstance(tenant, Practice):
        settings = tenant.settings
        return Identity(
            tenant_id=settings["AZURE_TENANT_ID"],
            client_id=settings["AZURE_CLIENT_ID"],
            client_secret=settings["AZURE_CLIENT_SECRET"],
            authority_host=settings["AZURE_AUTHORITY_HOST"],
            endpoint=settings["GRAPH_ENDPOINT"],
            ca_file=tenant.ca_file,
        )
    scanner, state = tenant.state.identities.by_name["scanner"], tenant.state
    return Identity(
        tenant_id=state.tenant.tenant_id,
        client_id=scanner.client_id,
        client_secret=scanner.secret,
        authority_host=state.urls["entra"],
        endpoint=state.urls["graph"],
        ca_file=tenant.ca_file,
    )
