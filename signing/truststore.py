"""A directory of trust bundles: ``root.json`` (pinned keys) and ``bundle-000001.json`` onwards.

``root.json`` is ``{"keys": [base64 Ed25519 public keys], "threshold": n}``; it is written once,
when the directory is made, and is the anchor of everything else in it. Versions are only added.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signing import canonical
from signing.errors import CanonicalError, TrustError
from signing.trust import LedgerTrust, TrustBundle, sign_bundle, verify_bundle

ROOT_FILE: Final = "root.json"
_BUNDLE_FILE: Final = re.compile(r"bundle-(\d{6,})\.json")


class Trust(Protocol):
    """Whom to trust, wherever it is kept. Calls raise :class:`TrustError`."""

    def bundles(self) -> tuple[TrustBundle, ...]:
        """The bundles, ours first."""
        ...

    def by_id(self, ledger_id: UUID) -> LedgerTrust:
        """A ledger (``unknown_ledger``); ours decides where several know it."""
        ...


class KnownBundles:
    """Bundles as they were read once."""

    def __init__(self, bundles: Sequence[TrustBundle]) -> None:
        self._bundles = tuple(bundles)
        self._ledgers: dict[UUID, LedgerTrust] = {}
        for bundle in self._bundles:
            for ledger in bundle.ledgers:
                self._ledgers.setdefault(ledger.id, ledger)

    def bundles(self) -> tuple[TrustBundle, ...]:
        """Return the bundles, ours first."""
        return self._bundles

    def by_id(self, ledger_id: UUID) -> LedgerTrust:
        """Return a ledger (``unknown_ledger``); ours decides where several know it."""
        try:
            return self._ledgers[ledger_id]
        except KeyError:
            raise TrustError(
                f"ledger {ledger_id} is in no trust bundle; add its bundle with --trust",
                code="unknown_ledger",
            ) from None


class TrustStore:
    """The newest bundle of a directory, and of further directories for look-up only.

    Every call looks at the disk, so that two processes see one state; what was verified is read
    again only where the listing differs (name, inode, size, time of change of every file). All
    methods raise :class:`TrustError`; ``OSError`` where the disk fails.
    """

    def __init__(self, directory: Path, *others: Path) -> None:
        self._directory = directory
        self._others = others
        self._known: dict[Path, tuple[_Listing, TrustBundle]] = {}

    @classmethod
    def create(
        cls, directory: Path, bundle: TrustBundle, keys: Sequence[Ed25519PrivateKey]
    ) -> TrustStore:
        """Make the directory, pin the bundle's signers and threshold, and add it."""
        root = {"keys": list(bundle.signers), "threshold": bundle.threshold}
        directory.mkdir(parents=True, exist_ok=True)
        if not _write_once(directory / ROOT_FILE, canonical.dumps(root)):
            raise TrustError(f"{directory.name} already holds a trust root", code="conflict")
        store = cls(directory)
        store.publish(bundle, keys)
        return store

    def latest(self) -> TrustBundle:
        """Return the newest bundle of the first directory (``no_bundle`` where there is none)."""
        return self._latest(self._directory)

    def bundles(self) -> tuple[TrustBundle, ...]:
        """Return the newest bundle of every directory, ours first."""
        return tuple(self._latest(directory) for directory in (self._directory, *self._others))

    def read(self) -> KnownBundles:
        """Return what the disk holds now, to be asked many times."""
        return KnownBundles(self.bundles())

    def latest_bytes(self) -> bytes:
        """Return the file of :meth:`latest`, to hand to another home."""
        return _path(self._directory, self.latest().version).read_bytes()

    def by_id(self, ledger_id: UUID) -> LedgerTrust:
        """Return a ledger (``unknown_ledger``); ours decides where several know it."""
        return self.read().by_id(ledger_id)

    def by_name(self, name: str) -> LedgerTrust:
        """Return a ledger (``unknown_ledger``; ``conflict`` where two bundles differ on it)."""
        found = [ledger for b in self.bundles() for ledger in b.ledgers if ledger.name == name]
        if not found:
            raise TrustError(
                f"no ledger named {name} is in a trust bundle; add its bundle with --trust",
                code="unknown_ledger",
            )
        if len({ledger.id for ledger in found}) > 1:
            raise TrustError(
                f"two trust bundles give the name {name} to different ledgers; use the id",
                code="conflict",
            )
        return found[0]

    def ministry(self) -> LedgerTrust | None:
        """Return the ledger that our own bundle names as the ministry; None where it names none.

        Bundles added for look-up have no say in it: who rules over custody is for our own
        bundle's signers to decide.
        """
        bundle = self.latest()
        return None if bundle.ministry is None else bundle.by_id(bundle.ministry)

    def publish(self, bundle: TrustBundle, keys: Sequence[Ed25519PrivateKey]) -> None:
        """Sign and add a new version; see :meth:`install`."""
        self.install(sign_bundle(bundle, keys))

    def install(self, data: bytes) -> TrustBundle:
        """Add the next bundle once it verifies and keeps every ledger's id and name.

        Raises :class:`TrustError` (``rollback`` for a version that is not higher, ``conflict``
        where another process added it first or an id and a name are matched anew).
        """
        current = _newest(self._directory)
        if current is None:
            keys, threshold = _pinned(self._directory)
            floor = 1
        else:
            keys, threshold = current.signers, current.threshold
            floor = current.version + 1
        bundle = verify_bundle(data, root_keys=keys, threshold=threshold, not_older_than=floor)
        if current is not None:
            _check_names(current, bundle)
        if not _write_once(_path(self._directory, bundle.version), data):
            raise TrustError(
                f"trust bundle {bundle.version} was added by somebody else; try again",
                code="conflict",
            )
        return bundle

    def add_ledger(
        self,
        ledger: LedgerTrust,
        keys: Sequence[Ed25519PrivateKey],
        *,
        issued_at: datetime,
        ministry: bool = False,
    ) -> TrustBundle:
        """Publish and return the next version with one ledger more; see :meth:`install`."""
        bundle = self.latest().with_ledger(ledger, issued_at=issued_at, ministry=ministry)
        self.publish(bundle, keys)
        return bundle

    def name_ministry(
        self, ledger: LedgerTrust, keys: Sequence[Ed25519PrivateKey], *, issued_at: datetime
    ) -> TrustBundle:
        """Publish and return the next version with this ministry; see :meth:`install`."""
        bundle = self.latest().with_ministry(ledger, issued_at=issued_at)
        self.publish(bundle, keys)
        return bundle

    def _latest(self, directory: Path) -> TrustBundle:
        # The listing first: what is added while the files are read is seen by the next call.
        listing = _listing(directory)
        known = self._known.get(directory)
        if listing and known is not None and known[0] == listing:
            return known[1]
        bundle = _newest(directory)
        if bundle is None:
            raise TrustError(f"there is no trust bundle in {directory.name}", code="no_bundle")
        self._known[directory] = (listing, bundle)
        return bundle


_Listing = frozenset[tuple[str, int, int, int]]


def _listing(directory: Path) -> _Listing:
    """Name, inode, size and time of change of every file: a change of any shows."""
    try:
        with os.scandir(directory) as found:
            stats = [(entry.name, entry.stat()) for entry in found]
    except FileNotFoundError:
        return frozenset()  # gone, or a draft of another process just was: read it all
    return frozenset((name, s.st_ino, s.st_size, s.st_ctime_ns) for name, s in stats)


def _newest(directory: Path) -> TrustBundle | None:
    """Verify every version in turn, each by the keys of the one before, the first by the root."""
    keys, threshold = _pinned(directory)
    bundle = None
    for version in _versions(directory):
        bundle = verify_bundle(
            _path(directory, version).read_bytes(),
            root_keys=keys,
            threshold=threshold,
            not_older_than=version,
        )
        if bundle.version != version:
            raise TrustError(
                f"{_path(directory, version).name} holds version {bundle.version}; restore it"
            )
        keys, threshold = bundle.signers, bundle.threshold
    return bundle


def _versions(directory: Path) -> list[int]:
    names = (_BUNDLE_FILE.fullmatch(path.name) for path in directory.iterdir())
    return sorted(int(match[1]) for match in names if match)


def _pinned(directory: Path) -> tuple[Sequence[str], int]:
    path = directory / ROOT_FILE
    if not path.is_file():
        raise TrustError(
            f"{directory.name} has no {ROOT_FILE}; it is no trust directory", code="no_bundle"
        )
    try:
        root = canonical.loads(path.read_bytes(), max_bytes=65536)
    except CanonicalError as error:
        raise TrustError(f"{ROOT_FILE} cannot be read: {error}") from None
    match root:
        case {"keys": [*keys], "threshold": int(threshold)} if all(
            isinstance(key, str) for key in keys
        ):
            return keys, threshold
    raise TrustError(f"{ROOT_FILE} has the members keys and threshold")


def _check_names(old: TrustBundle, new: TrustBundle) -> None:
    names = {ledger.id: ledger.name for ledger in new.ledgers}
    for ledger in old.ledgers:
        if names.get(ledger.id) != ledger.name:
            raise TrustError(
                f"the new trust bundle drops or renames ledger {ledger.name}; "
                "ids and names are kept for ever",
                code="conflict",
            )


def _path(directory: Path, version: int) -> Path:
    return directory / f"bundle-{version:06d}.json"


def _write_once(path: Path, data: bytes) -> bool:
    """Put a whole file in place unless one is there; return whether it was put."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    try:
        # A link, unlike a rename, fails where another process was first.
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True
