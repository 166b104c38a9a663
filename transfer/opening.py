"""Opening what came sealed: with which key, and a dossier again that was opened before."""

from uuid import UUID

from ledger.database import Connection
from ledger.queries import queries
from signing.sealing import KeyPair
from transfer import message as mail
from transfer.cases import request_secret
from transfer.dossier import Dossier
from transfer.errors import CaseRefused
from transfer.message import Frame
from transfer.office import Office

_SQL = queries("transfer", "transfer.sql")


def key_for(office: Office, connection: Connection, frame: Frame) -> KeyPair:
    """The one-time key of our request where it fits, else the ledger's own."""
    name = request_secret(frame.header.case)
    private = office.ledger.keyring.secret(connection, name)
    if private is not None:
        pair = KeyPair.from_private_bytes(private)
        if pair.key_id == frame.header.kem_key_id:
            return pair
    return office.encryption


def held_dossier(office: Office, connection: Connection, case: UUID) -> Dossier:
    """The newest dossier of a case that passed its checks when it came, opened again.

    Raises:
        CaseRefused: there is none.
        CheckFailed: it does not open any more; its key was destroyed.
    """
    row = connection.execute(_SQL["dossier_frame"], {"case": case}).fetchone()
    if row is None:
        raise CaseRefused("no dossier of this transfer is here")
    frame = mail.read_frame(bytes(row[0]))
    opened = mail.parse(frame, mail.unseal(frame, key_for(office, connection, frame)))
    return Dossier.read(opened.payload)
