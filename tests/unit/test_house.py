"""The house around the code: dependencies, import direction, deployment files."""

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from services.cli import cli
from services.embedded.nats import binary
from services.embedded.nats_config import (
    Mailbox,
    NatsCredentials,
    exports,
    imports,
    server_config,
)

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ["services", "transfer", "projections", "ledger", "signing"]


def _pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def _compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    return loaded


def test_imports_run_one_way(monkeypatch: pytest.MonkeyPatch) -> None:
    (contract,) = _pyproject()["tool"]["importlinter"]["contracts"]
    assert contract["layers"] == PACKAGES
    monkeypatch.chdir(ROOT)
    assert lint_imports(cache_dir=None) == EXIT_STATUS_SUCCESS


def test_every_package_says_what_lives_in_it() -> None:
    for package in PACKAGES:
        first = (ROOT / package / "__init__.py").read_text("utf-8").lstrip()
        assert first.startswith('"""'), f"{package} has no docstring"


def test_transfer_asks_the_time_in_one_place() -> None:
    """The simulation sets that clock; another one would go on behind its back."""
    for module in (ROOT / "transfer").glob("*.py"):
        if module.name != "clock.py":
            found = re.findall(r"datetime\.now|date\.today|time\.time", module.read_text("utf-8"))
            assert found == [], f"{module.name} asks another clock than transfer.clock"


def test_the_lock_names_no_host_and_hashes_everything() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    for word in ("://", "--index", "--extra-index", "--find-links", " @ "):
        assert word not in lock
    blocks = re.split(r"\n(?=\S)", lock.strip())
    unhashed = [block.split("\n")[0] for block in blocks if "--hash=sha256:" not in block]
    assert unhashed == []


def test_the_lock_holds_every_dependency() -> None:
    project = _pyproject()["project"]
    asked = project["dependencies"] + project["optional-dependencies"]["dev"]
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    locked = {match.lower() for match in re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE)}
    names = {re.split(r"[\[>=<]", one)[0].lower() for one in asked}
    assert names - locked == set()


def test_compose_binds_loopback_ports_only() -> None:
    for name, service in _compose()["services"].items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), f"{name} is open at {port}"


def test_compose_holds_no_password_and_declares_every_secret() -> None:
    compose = _compose()
    for name, service in compose["services"].items():
        assert set(service.get("secrets", [])) <= set(compose["secrets"]), name
        for key, value in service.get("environment", {}).items():
            assert "PASSWORD" not in key or value.startswith("/run/secrets/"), (name, key)
    made = (ROOT / "deploy" / "make-secrets.sh").read_text("utf-8")
    for secret in compose["secrets"]:
        assert re.search(rf"\b{secret}\b", made), f"nothing makes the secret {secret}"


def test_every_compose_service_has_a_health_check() -> None:
    for name, service in _compose()["services"].items():
        by_hand = "profiles" in service
        assert by_hand or service["healthcheck"]["test"], name


def test_files_that_compose_mounts_exist() -> None:
    for service in _compose()["services"].values():
        for volume in service["volumes"]:
            source = volume["source"] if isinstance(volume, dict) else volume.split(":")[0]
            if source.startswith("./"):
                assert (ROOT / source).is_file(), source


def test_scripts_are_sound_and_can_be_run() -> None:
    for script in [*(ROOT / "deploy").glob("*.sh"), ROOT / ".ci" / "run"]:
        shell = script.read_text("utf-8").splitlines()[0].split()[-1].removeprefix("#!/bin/")
        subprocess.run([shell, "-n", script], check=True)
        assert os.access(script, os.X_OK), script


def test_the_deployed_nats_server_is_provisioned_as_it_is_mounted(tmp_path: Path) -> None:
    """The operator's command of compose.yaml, run here: its paths are those of the mounts."""
    compose = _compose()["services"]
    place = {"/var/lib/hocba/nats": tmp_path / "o", "/etc/hocba/ledgers": ROOT / "deploy/ledgers"}
    command = [
        argument.partition("=")[0] + f"={place[argument.partition('=')[2]]}"
        if argument.partition("=")[2] in place
        else argument
        for argument in compose["operator"]["command"]
    ]
    done = CliRunner().invoke(cli, command, standalone_mode=False, catch_exceptions=False)
    assert done.return_value == 0
    config = json.loads((tmp_path / "o/server/nats.conf").read_text("utf-8"))
    mounts = {
        (name, volume["target"]): volume["volume"]["subpath"]
        for name, service in compose.items()
        for volume in service["volumes"]
        if isinstance(volume, dict)
    }
    assert mounts.pop(("nats", "/etc/nats")) == "nats/server"
    assert config["tls"]["cert_file"] == "/etc/nats/server.pem"
    assert f"nats:{config['jetstream']['store_dir']}" in compose["nats"]["volumes"]
    for (name, _), folder in mounts.items():
        ledger = compose[name]["environment"]["HOCBA_LEDGER"]
        assert folder == f"nats/ledgers/{ledger}"
        assert (tmp_path / "o" / folder.removeprefix("nats/") / "worker.creds").exists()
    here = json.dumps(config).replace("/etc/nats", str(tmp_path / "o/server"))
    checked = tmp_path / "nats.conf"
    checked.write_text(here.replace('"/data', f'"{tmp_path}/data'), "utf-8")
    done_by_server = subprocess.run(
        [str(binary()), "-t", "-c", str(checked)], capture_output=True, text=True, check=False
    )
    assert done_by_server.returncode == 0, done_by_server.stderr


def test_a_service_is_told_of_the_papers_that_are_mounted_for_it() -> None:
    script = (ROOT / "deploy" / "service-start.sh").read_text("utf-8")
    told = dict(re.findall(r"^(HOCBA_NATS_[A-Z]+)=(\S+)$", script, re.MULTILINE))
    assert {Path(path).name for path in told.values()} == {
        "worker.creds",
        "ca.pem",
        "client.pem",
        "client.key",
    }
    asked = {option.envvar for option in cli.params if isinstance(option, click.Option)}
    assert set(told) <= asked
    assert all(f"{name}" in script.partition("export")[2] for name in told)


def test_an_export_opens_one_receivers_consumer_to_that_receiver_alone() -> None:
    for export in exports("a", ["b", "c"]):
        (receiver,) = export["accounts"]
        assert f"HB_a.to_{receiver}" in export["service"]


def test_every_import_has_its_export() -> None:
    names = ["a", "b", "c"]
    opened = {
        (sender, export["service"], export["accounts"][0])
        for sender in names
        for export in exports(sender, [name for name in names if name != sender])
    }
    taken = {
        (one["service"]["account"], one["service"]["subject"], receiver)
        for receiver in names
        for one in imports(receiver, [name for name in names if name != receiver])
    }
    assert taken == opened


def test_a_mailbox_holds_the_mail_of_one_sender_to_one_receiver() -> None:
    assert Mailbox(sender="a", receiver="b").subjects == "hb.v1.a.b.>"


def test_the_embedded_nats_listens_on_loopback_and_syncs_every_write() -> None:
    config = server_config(
        folder="/h", accounts=[], system=NatsCredentials(user="s", password="p"), limits={}
    )
    assert config["listen"].startswith("127.0.0.1:")
    assert config["http"].startswith("127.0.0.1:")
    assert config["jetstream"]["sync_interval"] == "always"
