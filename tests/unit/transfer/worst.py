"""Verifies files in a process of its own, and tells of each its failure, time and memory.

    python -m tests.unit.transfer.worst TRUST KEY FILE…

Prints a line of JSON for each file: {name, failure: [step, code] | null, seconds, megabytes}:
processor time, and the most memory that the process had meanwhile (Linux alone tells it apart from
its parent's). The first line is {yardstick}: seconds of processor time for a fixed piece of work.
"""

import hashlib
import json
import resource
import sys
from pathlib import Path

from signing.sealing import KeyPair
from signing.truststore import TrustStore
from tests.provinces import NOW
from transfer.verifier import verify

PEAK = Path("/proc/self/clear_refs")
"""Writing 5 there forgets the most memory that the process ever had (proc(5))."""


def main(trust: Path, key: Path, files: list[Path]) -> None:
    """Each file in turn."""
    store, pair = TrustStore(trust), KeyPair.from_private_bytes(key.read_bytes())
    print(json.dumps({"yardstick": _yardstick()}), flush=True)
    for file in files:
        PEAK.write_text("5")
        data = file.read_bytes()
        began = _seconds()
        failure = verify(data, trust=store, key=pair, now=NOW).failure
        told = {
            "name": file.name,
            "failure": [failure.step, failure.code] if failure else None,
            "seconds": round(_seconds() - began, 3),
            "megabytes": _peak(),
        }
        del data
        print(json.dumps(told), flush=True)


def _peak() -> float:
    status = Path("/proc/self/status").read_text("ascii")
    return int(next(line for line in status.splitlines() if "VmHWM" in line).split()[1]) / 1024


def _yardstick() -> float:
    """Work like that of the checks: it is slow where they are slow through no fault of theirs."""
    began = _seconds()
    text = json.dumps([{"number": number, "text": "x" * 40} for number in range(2_000)])
    for _ in range(20):
        for item in json.loads(text):
            hashlib.sha256(str(item).encode()).digest()
    return _seconds() - began


def _seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
