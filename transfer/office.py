"""A ledger's transfer office: everything a conversation needs, wired once."""

from dataclasses import dataclass

from ledger.ledger import Ledger
from ledger.notary import Notary
from signing.jws import Signer
from signing.sealing import KeyPair
from signing.truststore import TrustStore


@dataclass(frozen=True, slots=True)
class Office:
    """The ledger, its notary, its seal, its mail key and whom it trusts."""

    ledger: Ledger
    notary: Notary
    seal: Signer
    encryption: KeyPair
    trust: TrustStore
