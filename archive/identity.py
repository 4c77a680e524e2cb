"""Who writes to and reads from Log Analytics: plain values from the settings, made into a credential."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from azure.core.credentials import TokenCredential
from azure.identity import (
    CertificateCredential,
    ClientSecretCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

#: Authorities that Entra's instance discovery knows; any other would be asked about at login.microsoftonline.com.
PUBLIC_AUTHORITIES = frozenset(
    {
        "login.microsoftonline.com",
        "login.microsoft.com",
        "login.microsoftonline.us",
        "login.chinacloudapi.cn",
        "login.partner.microsoftonline.cn",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class LogsIdentity:
    """Exactly one kind of credential is used: secret, certificate, federated token file, else managed identity.

    Attributes:
        authority_host: https URL or host of the token service.
        ca_file: PEM file that TLS connections are checked against, '' for the system's.
    """

    tenant_id: str
    client_id: str = ""
    client_secret: str = ""
    certificate_path: str = ""
    certificate_password: str = ""
    federated_token_file: str = ""
    authority_host: str = "https://login.microsoftonline.com"
    ca_file: str = ""

    def __repr__(self) -> str:
        return f"LogsIdentity(tenant_id={self.tenant_id!r}, client_id={self.client_id!r})"

    def credential(self) -> TokenCredential:
        """A fresh credential with an empty token cache."""
        authority = self.authority_host if "://" in self.authority_host else "https://" + self.authority_host
        common = {
            "authority": authority,
            "disable_instance_discovery": urlsplit(authority).hostname not in PUBLIC_AUTHORITIES,
            **({"connection_verify": self.ca_file} if self.ca_file else {}),
        }
        if self.client_secret:
            return ClientSecretCredential(self.tenant_id, self.client_id, self.client_secret, **common)
        if self.certificate_path:
            return CertificateCredential(
                self.tenant_id,
                self.client_id,
                self.certificate_path,
                password=self.certificate_password or None,
                **common,
            )
        if self.federated_token_file:
            return WorkloadIdentityCredential(
                tenant_id=self.tenant_id,
                client_id=self.client_id,
                token_file_path=self.federated_token_file,
                **common,
            )
        return ManagedIdentityCredential(client_id=self.client_id or None)
