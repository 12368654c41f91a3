"""What is shipped: the wheel, the source distribution and the npm tarball install, load and run elsewhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MEGABYTE = 1_000_000


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
    return done.stdout


@contextmanager
def serving(*command: str | Path, cwd: Path) -> Iterator[dict[str, object]]:
    """The line of a sandbox that runs as a program until the block ends; it must then have ended in silence."""
    with subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        try:
            yield json.loads(program.stdout.readline())
        finally:
            program.terminate()
        rest, errors = program.communicate(timeout=10)
        assert (program.returncode, rest, errors) == (0, "", "")


def size(path: Path) -> None:
    print(f"{path.name}: {path.stat().st_size / MEGABYTE:.2f} MB (goal: 4 MB)")


def test_the_wheel_installs_and_serves(tmp_path: Path) -> None:
    (wheel,) = (ROOT / "target/wheels").glob("*.whl")
    size(wheel)
    assert "cp310-abi3" in wheel.name
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv/bin/python"
    run(python, "-m", "pip", "install", "--quiet", "--no-index", wheel, cwd=tmp_path)
    code = (
        "import tenantry; s = tenantry.Sandbox.start(); print(tenantry.__version__, s.state()['magento_bi']['clients'])"
    )
    assert run(python, "-c", code, cwd=tmp_path) == "0.1.0 []\n"
    with serving(python, "-m", "tenantry", "sandbox", "--port", "0", cwd=tmp_path) as line:
        assert set(line) >= {"url", "magento_bi"}


def test_the_source_distribution_is_complete(tmp_path: Path) -> None:
    run(Path(sys.executable).parent / "maturin", "sdist", "--out", tmp_path, cwd=ROOT)
    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    for name in ("pyproject.toml", "README.md", "LICENSE", "bindings-python/python/tenantry/py.typed"):
        assert (folder / name).exists(), name
    metadata = json.loads(run("cargo", "metadata", "--format-version=1", "--no-deps", cwd=folder))
    assert {"tenantry", "tenantry-python", "tenantry-sandbox"} <= {package["name"] for package in metadata["packages"]}


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pack")
    run("npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", folder, cwd=ROOT)
    (packed,) = folder.glob("*.tgz")
    size(packed)
    return packed


def test_the_npm_tarball_installs_without_scripts_and_serves(tarball: Path, tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"name": "user", "private": true}')
    run("npm", "install", "--silent", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", tarball, cwd=tmp_path)
    (tmp_path / "use.mjs").write_text(
        "import { Sandbox } from 'tenantry'\nconst s = await Sandbox.start()\nawait s.close()\n"
    )
    (tmp_path / "use.cjs").write_text("console.log(Object.keys(require('tenantry').magentoBi).includes('Client'))\n")
    assert run("node", "use.mjs", cwd=tmp_path) == ""
    assert run("node", "use.cjs", cwd=tmp_path) == "true\n"
    with serving(tmp_path / "node_modules/.bin/tenantry", "sandbox", "--port", "0", cwd=tmp_path) as line:
        assert set(line) >= {"url", "magento_bi"}


def test_the_npm_tarball_can_build_its_binary(tarball: Path, tmp_path: Path) -> None:
    with tarfile.open(tarball) as archive:
        archive.extractall(tmp_path, filter="data")
        names = archive.getnames()
    metadata = json.loads(run("cargo", "metadata", "--format-version=1", "--no-deps", cwd=tmp_path / "package"))
    assert "tenantry-node" in {package["name"] for package in metadata["packages"]}
    assert not [
        name for name in names if "test" in Path(name).parts or (name.endswith(".ts") and not name.endswith(".d.ts"))
    ]


def test_nothing_shipped_names_this_machine(tarball: Path) -> None:
    home = str(ROOT)
    with tarfile.open(tarball) as archive:
        texts = [name for name in archive.getnames() if name.endswith((".js", ".cjs", ".mjs", ".json", ".ts", ".toml"))]
        for name in texts:
            member = archive.extractfile(name)
            assert member is not None
            assert home not in member.read().decode(), name


def test_the_environment_is_clean() -> None:
    """The tests above must not lean on a checkout that Python finds by itself."""
    assert "PYTHONPATH" not in os.environ
