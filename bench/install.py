"""Sets up under `target/bench` what the runs need: the peers, the package as users get it, the server."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
HERE = Path(__file__).parent
HOME = ROOT / "target/bench"
PYTHON = HOME / "venv/bin/python"
NODE_PEERS = HOME / "node"
SERVER = HOME / "server/release/server"
LIMIT = HOME / "server/release/limit"
SAML = HOME / "saml"
REQUIREMENTS = HERE / "peers/python/requirements.txt"
PACKAGES = HERE / "peers/node/package.json"
SAML_RESPONSES = 350


def run(*command: object, **more: object) -> None:
    subprocess.run([str(word) for word in command], check=True, **more)  # type: ignore[call-overload]


def pip(*words: object) -> None:
    run(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *words)


def npm(*words: object, cwd: Path = NODE_PEERS) -> None:
    run("npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error", *words, cwd=cwd)


def wheel() -> Path:
    """The wheel that `make target/.python` built."""
    return next((ROOT / "target/wheels").glob("*.whl"))


def everything() -> None:
    """Installs what is missing or of another version. A peer that cannot be had is left out: its row will say so."""
    HOME.mkdir(parents=True, exist_ok=True)
    _once(HOME / ".python", REQUIREMENTS, _python)
    _once(HOME / ".own", wheel(), lambda: pip("--force-reinstall", "--no-deps", wheel()))
    _once(HOME / ".node", PACKAGES, _node)
    environment = {**os.environ, "CARGO_TARGET_DIR": str(HOME / "server")}
    run(
        "cargo",
        "build",
        "--release",
        "--locked",
        "--quiet",
        "--manifest-path",
        HERE / "server/Cargo.toml",
        env=environment,
    )
    # They are good for an hour, so each run has its own.
    shutil.rmtree(SAML, ignore_errors=True)
    _attempt("what signs responses", lambda: run(PYTHON, "-B", HERE / "peers/python/saml.py", SAML, SAML_RESPONSES))


def _once(stamp: Path, source: Path, install: object) -> None:
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    install()  # type: ignore[operator]
    stamp.write_text(digest)


def _python() -> None:
    run(sys.executable, "-m", "venv", "--clear", HOME / "venv")
    (HOME / ".own").unlink(missing_ok=True)
    try:
        pip("-r", REQUIREMENTS)
    except subprocess.CalledProcessError:
        for line in REQUIREMENTS.read_text().splitlines():
            _attempt(line, lambda line=line: pip("--no-deps", line))


def _node() -> None:
    NODE_PEERS.mkdir(exist_ok=True)
    shutil.copy(PACKAGES, NODE_PEERS)
    try:
        npm()
    except subprocess.CalledProcessError:
        for name, version in json.loads(PACKAGES.read_text())["dependencies"].items():
            _attempt(name, lambda name=name, version=version: npm("--no-save", f"{name}@{version}"))


def _attempt(name: str, install: object) -> None:
    if not name or name.startswith("#"):
        return
    try:
        install()  # type: ignore[operator]
    except subprocess.CalledProcessError as error:
        print(f"{name} cannot be had: {error}", file=sys.stderr)
