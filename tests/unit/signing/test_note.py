"""Notes and checkpoints read and write the C2SP forms, byte for byte."""

from __future__ import annotations

import base64

import pytest

from signing.errors import NoteError
from signing.note import (
    Checkpoint,
    NoteSignature,
    NoteSigner,
    NoteVerifier,
    SignedNote,
    origin_line,
    sign_note,
    verify_note,
)

pytestmark = pytest.mark.unit

TEXT = "first line\nsecond line\n"
SIGNER = NoteSigner("ledger.example/31", bytes(range(32)))
OTHER = NoteSigner("witness.example", bytes(32))


def test_the_example_key_of_the_go_note_package_verifies_its_note() -> None:
    # The published example of golang.org/x/mod/sumdb/note.
    vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    text = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n"
    )
    note = (
        f"{text}\n— PeterNeumann "
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    verifier = NoteVerifier.parse(vkey)
    assert verifier.vkey == vkey
    assert verify_note(note, [verifier]) == (text, ("PeterNeumann",))


def test_a_note_names_who_signed_it_in_order() -> None:
    note = sign_note(TEXT, [SIGNER, OTHER])
    assert note.startswith(TEXT + "\n— ledger.example/31 ")
    assert verify_note(note, [OTHER.verifier, SIGNER.verifier]) == (
        TEXT,
        ("ledger.example/31", "witness.example"),
    )


def test_signatures_of_unknown_keys_are_kept_and_skipped() -> None:
    note = sign_note(TEXT, [OTHER, SIGNER])
    assert verify_note(note, [SIGNER.verifier]) == (TEXT, ("ledger.example/31",))
    assert str(SignedNote.parse(note)) == note
    cosigned = note + NoteSignature("later.example", b"\x00\x01\x02\x03", bytes(72)).line()
    assert verify_note(cosigned, [SIGNER.verifier])[1] == ("ledger.example/31",)
    assert len(SignedNote.parse(cosigned).signatures) == 3


def test_a_key_that_signs_twice_counts_once() -> None:
    note = sign_note(TEXT, [SIGNER, SIGNER])
    assert verify_note(note, [SIGNER.verifier])[1] == ("ledger.example/31",)


def test_a_note_by_none_of_our_keys_is_refused() -> None:
    with pytest.raises(NoteError) as caught:
        verify_note(sign_note(TEXT, [OTHER]), [SIGNER.verifier])
    assert caught.value.code == "untrusted_signer"


def test_a_known_key_under_another_name_is_unknown() -> None:
    renamed = NoteSigner("other.example", SIGNER.seed)
    with pytest.raises(NoteError) as caught:
        verify_note(sign_note(TEXT, [renamed]), [SIGNER.verifier])
    assert caught.value.code == "untrusted_signer"


def test_an_altered_text_is_refused() -> None:
    note = sign_note(TEXT, [SIGNER]).replace("second", "secund")
    with pytest.raises(NoteError) as caught:
        verify_note(note, [SIGNER.verifier])
    assert caught.value.code == "bad_signature"


GOOD = sign_note(TEXT, [SIGNER])


@pytest.mark.parametrize(
    "note",
    [
        "",
        TEXT,
        GOOD[:-1],
        GOOD + "\n",
        GOOD.replace("— ", "- "),
        GOOD.replace("first", "fir\tst"),
        GOOD.replace("— ledger.example/31 ", "— ledger.example/31  "),
        GOOD.replace("— ledger.example/31", "— ledger+example"),
        TEXT + "\n— name AAAA\n",
        TEXT + "\n— name ====\n",
        TEXT + "\n" + "— name AAAAAAAA\n" * 101,
    ],
)
def test_a_broken_form_is_refused(note: str) -> None:
    with pytest.raises(NoteError) as caught:
        verify_note(note, [SIGNER.verifier])
    assert caught.value.code == "bad_checkpoint"


@pytest.mark.parametrize("text", ["", "no newline", "tab\there\n"])
def test_a_text_that_is_no_note_is_not_signed(text: str) -> None:
    with pytest.raises(NoteError):
        sign_note(text, [SIGNER])


def test_a_note_without_signer_is_not_made() -> None:
    with pytest.raises(NoteError):
        sign_note(TEXT, [])


def test_a_blank_line_may_stand_inside_the_text() -> None:
    text = "above\n\nbelow\n"
    assert verify_note(sign_note(text, [SIGNER]), [SIGNER.verifier])[0] == text


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        "name+00000000+AAAA",
        SIGNER.verifier.vkey.replace("ledger", "Ledger"),
        SIGNER.verifier.vkey + "AAAA",
        "a b+" + SIGNER.verifier.vkey.split("+", 1)[1],
    ],
)
def test_a_broken_verifier_key_is_refused(vkey: str) -> None:
    with pytest.raises(NoteError):
        NoteVerifier.parse(vkey)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u00a0b"])
def test_a_key_name_has_no_space_and_no_plus(name: str) -> None:
    with pytest.raises(NoteError):
        NoteSigner.generate(name)


def test_the_seed_is_not_shown() -> None:
    assert "seed" not in repr(SIGNER)


def test_a_checkpoint_has_the_tlog_form() -> None:
    root = bytes(range(32))
    checkpoint = Checkpoint("ledger.example/31", 42, root, ("incarnation 1",))
    encoded = base64.b64encode(root).decode()
    assert checkpoint.text() == f"ledger.example/31\n42\n{encoded}\nincarnation 1\n"
    assert Checkpoint.parse(checkpoint.text()) == checkpoint


ROOT = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "origin\n1\n",
        f"origin\n1\n{ROOT}",
        f"\n1\n{ROOT}\n",
        f"origin\n01\n{ROOT}\n",
        f"origin\n-1\n{ROOT}\n",
        f"origin\n+1\n{ROOT}\n",
        f"origin\n1_0\n{ROOT}\n",
        f"origin\n\u0661\n{ROOT}\n",
        f"origin\n{2**63}\n{ROOT}\n",
        f"origin\n1\n{ROOT[:-4]}\n",
        "origin\n1\n????\n",
        f"origin\n1\n{ROOT}\n\n",
        f"origin\n1\n{ROOT[:-2]}B=\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        Checkpoint.parse(text)


@pytest.mark.parametrize("origin", ["", "a\nb"])
def test_an_origin_is_one_line(origin: str) -> None:
    with pytest.raises(NoteError):
        Checkpoint(origin, 0, bytes(32))


def test_an_extension_is_one_line() -> None:
    with pytest.raises(NoteError):
        Checkpoint("origin", 0, bytes(32), ("a\nb",))


def test_a_checkpoint_names_its_incarnation_behind_the_name_of_the_log() -> None:
    root = bytes(32)
    for incarnation, origin in ((1, "log.example/31"), (2, "log.example/31/2")):
        assert origin_line("log.example/31", incarnation) == origin
        assert Checkpoint(origin, 1, root).incarnation("log.example/31") == incarnation
    for wrong in ("log.example/32", "log.example/31/1", "log.example/31/02", "log.example/31/x"):
        with pytest.raises(NoteError):
            Checkpoint(wrong, 1, root).incarnation("log.example/31")
