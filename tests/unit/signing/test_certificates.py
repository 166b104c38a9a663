"""A chain is relied on for one ledger, one purpose and a proven time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from cryptography import x509
from hypothesis import example, given, settings
from hypothesis import strategies as st

from signing.certificates import (
    Authority,
    Credential,
    Purpose,
    dump_der,
    dump_pem,
    issue_seal,
    load_der,
    load_pem,
    make_authority,
    verify_chain,
)
from signing.errors import SignatureError

pytestmark = pytest.mark.unit

START = datetime(2025, 1, 1, tzinfo=UTC)
DURING = datetime(2025, 6, 1, tzinfo=UTC)
END = datetime(2026, 1, 1, tzinfo=UTC)
LEDGER = UUID("0197a000-0000-7000-8000-000000000031")
OTHER_LEDGER = UUID("0197a000-0000-7000-8000-000000000022")


def authority(name: str = "Test authority") -> Authority:
    return make_authority(name, not_before=START, not_after=START + timedelta(days=3650))


def seal(issuer: Authority, purpose: Purpose = Purpose.SEAL) -> Credential:
    return issue_seal(
        issuer,
        common_name="Seal of ledger 31",
        ledger_id=LEDGER,
        purpose=purpose,
        not_before=START,
        not_after=END,
    )


AUTHORITY = authority()
SEAL = seal(AUTHORITY)


def check(
    chain: tuple[x509.Certificate, ...] = SEAL.chain,
    *,
    roots: tuple[x509.Certificate, ...] = (AUTHORITY.certificate,),
    at: datetime | None = DURING,
    purpose: Purpose = Purpose.SEAL,
    ledger_id: UUID = LEDGER,
    revoked: dict[int, datetime] | None = None,
) -> None:
    verify_chain(chain, roots=roots, at=at, purpose=purpose, ledger_id=ledger_id, revoked=revoked)


def refused(code: str, **arguments: object) -> None:
    with pytest.raises(SignatureError) as caught:
        check(**arguments)  # type: ignore[arg-type]  # one of check's own keywords at a time
    assert caught.value.code == code


def test_a_seal_verifies_at_a_time_within_its_validity() -> None:
    check()
    check(at=START)
    check(at=END)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_every_purpose_verifies_as_itself_and_as_no_other(purpose: Purpose) -> None:
    chain = seal(AUTHORITY, purpose).chain
    check(chain, purpose=purpose)
    for other in set(Purpose) - {purpose}:
        refused("wrong_purpose", chain=chain, purpose=other)


def test_the_seal_of_another_ledger_is_not_ours() -> None:
    refused("untrusted_signer", ledger_id=OTHER_LEDGER)


def test_a_chain_to_another_root_is_refused_even_under_the_same_name() -> None:
    refused("untrusted_signer", roots=(authority().certificate,))
    refused("untrusted_signer", roots=())
    impostor = seal(authority())
    refused("untrusted_signer", chain=(*impostor.chain, AUTHORITY.certificate))


@pytest.mark.parametrize(
    "at",
    [None, DURING.replace(tzinfo=None), START - timedelta(seconds=1), END + timedelta(seconds=1)],
)
def test_a_signature_without_a_time_in_the_validity_is_untimed(at: datetime | None) -> None:
    refused("untimed_signature", at=at)


def test_the_authority_must_be_valid_too() -> None:
    young = make_authority("Young", not_before=DURING, not_after=END)
    refused("untrusted_signer", chain=seal(young).chain, roots=(young.certificate,), at=START)


def test_a_revocation_counts_from_its_time() -> None:
    serial = SEAL.chain[0].serial_number
    check(revoked={serial: DURING + timedelta(seconds=1)})
    check(revoked={serial + 1: START})
    refused("revoked_signer", revoked={serial: DURING})


def test_an_authority_is_no_seal() -> None:
    with pytest.raises(SignatureError) as caught:
        check((AUTHORITY.certificate,))
    assert caught.value.code == "untrusted_signer"


def test_a_seal_cannot_issue_seals() -> None:
    rogue = Authority(SEAL.key, AUTHORITY.certificate)
    forged = seal(rogue)
    refused("untrusted_signer", chain=(*forged.chain, *SEAL.chain))


@pytest.mark.parametrize("count", [0, 6])
def test_a_chain_has_a_bounded_length(count: int) -> None:
    refused("malformed", chain=SEAL.chain * count)


def test_certificates_come_back_from_pem_and_der() -> None:
    chain = (*SEAL.chain, AUTHORITY.certificate)
    assert load_pem(dump_pem(chain)) == chain
    assert load_der(dump_der(SEAL.chain[0])) == SEAL.chain[0]


@pytest.mark.parametrize(
    "text", ["", "nonsense", dump_pem(SEAL.chain)[:100]], ids=["empty", "nonsense", "cut"]
)
def test_what_is_no_certificate_is_refused(text: str) -> None:
    with pytest.raises(SignatureError) as caught:
        load_pem(text)
    assert caught.value.code == "malformed"
    with pytest.raises(SignatureError):
        load_der(text.encode())


DER = dump_der(SEAL.chain[0])


def test_a_certificate_of_an_unknown_version_is_refused() -> None:
    version_3 = bytes.fromhex("a003020102")
    assert version_3 in DER
    with pytest.raises(SignatureError) as caught:
        load_der(DER.replace(version_3, bytes.fromhex("a003020104"), 1))
    assert caught.value.code == "malformed"


# The library warns where the altered byte makes the serial number negative, and reads on.
@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@settings(print_blob=True, max_examples=300)
@example(15, 128)
@example(len(DER) - len(SEAL.chain[0].signature) - 1, 1)
@given(st.integers(0, len(DER) - 1), st.integers(1, 255))
def test_an_altered_certificate_is_refused_with_our_error(place: int, mask: int) -> None:
    altered = bytearray(DER)
    altered[place] ^= mask
    with pytest.raises(SignatureError):
        check((load_der(bytes(altered)),))


def test_a_validity_is_two_instants_in_order() -> None:
    for first, last in ((END, START), (START.replace(tzinfo=None), END.replace(tzinfo=None))):
        with pytest.raises(SignatureError):
            make_authority("Reversed", not_before=first, not_after=last)


def test_the_key_is_not_shown() -> None:
    assert "key=" not in repr(SEAL)
    assert "key=" not in repr(AUTHORITY)
