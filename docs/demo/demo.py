"""The story of `make demo`: a merchant onboarded from Python; another, whose process dies in a POST, from Node."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tenantry
from tenantry import magento_bi

HERE = Path(__file__).parent
CREATES = ("signups.create", "invites.create", "connections.create", "jobs.start_connection_test", "autodash.create")
FAST = {"min": 0.1, "max": 0.3}


def main() -> int:
    os.environ["STORE_DB_PASSWORD"] = secrets.token_urlsafe(12)
    program = [sys.executable, "-m", "tenantry", "sandbox", "--port", "0", "--wait", "0.3"]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as server,
    ):
        try:
            assert server.stdout is not None
            tell(Path(folder), tenantry.Sandbox.from_line(server.stdout.readline()))
        finally:
            server.terminate()
    return 0


def tell(folder: Path, sandbox: tenantry.Sandbox) -> None:
    print(f"A sandbox plays Magento BI at {sandbox.url}.\n\n1. Python onboards a merchant:", flush=True)
    spec = magento_bi.OnboardingSpec.from_toml(HERE / "merchant.toml")
    with magento_bi.Client(**sandbox.magento_bi) as client:
        flow = client.onboardings.start(spec, poll=FAST)
        result = flow.run(progress=True)
    print(f"   client {result.client_id}, dashboards {result.autodash_id}")

    print("\n2. Python begins another one, and is killed while the POST of its connection is in flight:", flush=True)
    before = len(sandbox.journal())
    sandbox.fault(operation="magento_bi.connections.create", when="after", hold=True)
    checkpoint = folder / "second.json"
    child = subprocess.Popen([sys.executable, HERE / "onboard.py", checkpoint], stdin=subprocess.PIPE, text=True)
    assert child.stdin is not None
    child.stdin.write(sandbox.line)
    child.stdin.close()
    while not any(entry["operation"] == "magento_bi.connections.create" for entry in sandbox.journal()[before:]):
        time.sleep(0.02)
    child.kill()
    print(f"   exit status {child.wait()}; the server made the connection, and nobody heard of it", flush=True)

    print("\n3. Node takes it up from the checkpoint:", flush=True)
    node = ["node", HERE / "resume.mjs", checkpoint]
    subprocess.run(node, input=sandbox.line, text=True, check=True)

    state = sandbox.state()["magento_bi"]
    print("\nWhat the sandbox holds:")
    for kind in ("clients", "invites", "connections", "autodash"):
        print(f"   {len(state[kind])} {kind}")
    print("Creates that arrived, for two merchants:")
    arrived = [entry["operation"].removeprefix("magento_bi.") for entry in sandbox.journal()]
    for create in CREATES:
        print(f"   {arrived.count(create)} {create}")
    if any(arrived.count(create) != 2 for create in CREATES):
        raise SystemExit("something was created twice, or not at all")


if __name__ == "__main__":
    sys.exit(main())
