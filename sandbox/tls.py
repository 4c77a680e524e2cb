"""A certificate authority made at start, so that every SDK talks TLS to the twins as it does to Microsoft."""

import ssl
from dataclasses import dataclass
from pathlib import Path

import trustme

#: The only names that the twins answer to.
HOST = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Tls:
    """What the servers present and what clients must trust."""

    #: PEM file with the authority, for SSL_CERT_FILE and REQUESTS_CA_BUNDLE.
    ca_file: Path
    server: ssl.SSLContext


def make_tls(folder: Path) -> Tls:
    """Make an authority and a server certificate; writes the authority to `folder`/ca.pem."""
    authority = trustme.CA(organization_name="Steward practice tenant")
    leaf = authority.issue_cert(HOST, "localhost")
    ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    leaf.configure_cert(context)
    return Tls(ca_file=ca_file, server=context)
