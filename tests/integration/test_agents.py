"""The agents of a home as one process: told to stop, they stop; their counters are told."""

import json
import signal
import time
import urllib.request
from pathlib import Path

from tests.integration.test_home import Cli, cli  # noqa: F401  (a fixture)


def test_serve_runs_the_agents_of_every_ledger_until_it_is_told_to_stop(
    cli: Cli,  # noqa: F811
    tmp_path: Path,
) -> None:
    for province in ("31", "22"):
        assert cli.run("init", "--province", province)[0] == 0
    counters = tmp_path / "hocba.prom"
    process = cli.start("serve", "--metrics", "0", "--metrics-file", str(counters))
    try:
        assert process.stderr is not None
        told = [json.loads(process.stderr.readline()) for _ in range(3)]
        assert {line["agent"] for line in told[1:]} == {"31", "22"}
        deadline = time.monotonic() + 60
        while not counters.exists() or "hocba_transfer_lag" not in counters.read_text("utf-8"):
            assert time.monotonic() < deadline, "no counters were written"
            time.sleep(0.1)
        with urllib.request.urlopen(told[0]["metrics"], timeout=10) as answer:
            text = answer.read().decode()
        assert 'hocba_transfer_drift{durable="to_' in text
        assert all(f'ledger="{name}"' in text for name in ("31", "22"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.communicate()
