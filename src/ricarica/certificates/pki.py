"""What everything about certificates has in common; handed in once, by `app` or a test."""

from dataclasses import dataclass, field

from ricarica.certificates.inquiries import Inquiries, ask_nobody
from ricarica.certificates.ports import Authority, Vault
from ricarica.certificates.service import CertificatePolicy
from ricarica.certificates.vault import AesVault, new_key


def _vault_for_now() -> Vault:
    """For tests: what it sealed is lost with the process."""
    return AesVault(new_key())


@dataclass(frozen=True, slots=True)
class Pki:
    policy: CertificatePolicy = field(default_factory=CertificatePolicy)
    vault: Vault = field(default_factory=_vault_for_now)
    inquiries: Inquiries = field(default_factory=lambda: Inquiries(ask_nobody))
    authority: Authority | None = None  # None: our own
