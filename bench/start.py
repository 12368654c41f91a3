"""What loading a package costs, and what installing it brings."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

import install
from workloads import Sample

PYTHON = {
    "tenantry": "from tenantry import cloudblue; cloudblue.Client(api_key='SU-1:x', base_url='http://127.0.0.1/')",
    "connect": "from connect.client import ConnectClient; ConnectClient('ApiKey SU-1:x', endpoint='http://127.0.0.1')",
    "aiohttp+orjson": "import aiohttp, orjson",
    "pycurl": "import pycurl; pycurl.Curl()",
    "pyreqwest": "from pyreqwest.client import SyncClientBuilder; SyncClientBuilder().build()",
    "wreq": "import wreq.blocking; wreq.blocking.Client()",
}
NODE = {
    "tenantry": "new (own('tenantry').cloudblue.Client)({ api_key: 'SU-1:x', base_url: 'http://127.0.0.1/' })",
    "connect-js": "new (peer('@cloudblueconnect/connect-javascript-sdk').ConnectClient)('http://127.0.0.1', 'x:y')",
    "undici": "new (peer('undici').Pool)('http://127.0.0.1')",
    "fetch": "await fetch('data:,x')",
}
INSTALLED = {
    "connect": ["connect-openapi-client"],
    "connect-js": ["@cloudblueconnect/connect-javascript-sdk"],
    "aiohttp+orjson": ["aiohttp", "orjson"],
}


def loaded(language: str, runner: str) -> Sample:
    """CPU milliseconds of a whole process over one that loads nothing, and wall milliseconds of the loading itself."""
    code = (PYTHON if language == "python" else NODE)[runner]
    try:
        (bare, _), (cpu, wall) = _process(language, ""), _process(language, code)
    except RuntimeError as error:
        return {"failed": str(error)}
    return {"cpu_ms": max(cpu - bare, 0.01), "wall_ms": wall}


def _process(language: str, code: str) -> tuple[float, float]:
    if language == "python":
        text = f"import time; t = time.perf_counter(); {code or 'pass'}; print((time.perf_counter() - t) * 1e3)"
        command = [str(install.PYTHON), "-c", text]
    else:
        # Both processes load what finds the packages.
        requires = "".join(
            f"const {name} = createRequire({json.dumps(str(place / 'x.cjs'))});"
            for name, place in (("peer", install.NODE_PEERS), ("own", install.ROOT))
        )
        text = f"import {{ createRequire }} from 'node:module'; {requires} const t = performance.now(); {code};"
        command = ["node", "--input-type=module", "-e", f"{text} console.log(performance.now() - t); process.exit()"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            assert process.stderr
            raise RuntimeError((process.stderr.read().strip().splitlines() or ["it failed"])[-1])
    return (usage.ru_utime + usage.ru_stime) * 1e3, float(said.splitlines()[-1])


def installed(language: str, runner: str) -> Sample:
    """Megabytes and packages, from an installation into an empty folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            return _of_python(folder, runner) if language == "python" else _of_node(folder, runner)
        except (subprocess.CalledProcessError, StopIteration) as error:
            return {"failed": str(error)}


def _megabytes(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def _of_python(folder: Path, runner: str) -> Sample:
    wanted: list[object] = [install.wheel()] if runner == "tenantry" else [*INSTALLED.get(runner, [runner])]
    install.pip("--no-compile", "--target", folder, "--constraint", install.REQUIREMENTS, *wanted)
    sample: Sample = {"mb": _megabytes(folder), "packages": len(list(folder.glob("*.dist-info")))}
    if runner == "tenantry":
        sample["packed_mb"] = install.wheel().stat().st_size / 1e6
    return sample


def _of_node(folder: Path, runner: str) -> Sample:
    if runner == "tenantry":
        command = ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", str(folder)]
        subprocess.run(command, cwd=install.ROOT, capture_output=True, check=True)
        packed = next(folder.glob("*.tgz"))
        subprocess.run(["tar", "-xzf", packed, "-C", folder], check=True)
        size = packed.stat().st_size
        packed.unlink()
        return {"mb": _megabytes(folder), "packages": 1, "packed_mb": size / 1e6}
    versions = json.loads(install.PACKAGES.read_text())["dependencies"]
    (folder / "package.json").write_text("{}")
    install.npm(*(f"{name}@{versions[name]}" for name in INSTALLED.get(runner, [runner])), cwd=folder)
    modules = folder / "node_modules"
    return {"mb": _megabytes(modules), "packages": len(list(modules.rglob("package.json")))}
