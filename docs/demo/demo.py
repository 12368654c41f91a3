"""The story of `make demo`, in three acts.

A merchant is onboarded from Python, and another one, whose process dies in a POST, from Node. Then Python fulfills
twenty requests while Node watches them, and one reply is cut off. Then a customer is billed, an app of FastAPI and
one of Express are told what became of that customer, and a user signs in.
"""

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


def begin(sandbox: tenantry.Sandbox, *program: str | Path, stdout: int | None = None) -> subprocess.Popen[str]:
    """Starts a program that is told of the sandbox on its stdin."""
    child = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=stdout, text=True)
    assert child.stdin is not None
    child.stdin.write(sandbox.line)
    child.stdin.close()
    return child


def await_call(sandbox: tenantry.Sandbox, operation: str, before: int) -> None:
    """Waits until a call of the operation arrives, behind so many calls."""
    while not any(entry["operation"] == operation for entry in sandbox.journal()[before:]):
        time.sleep(0.02)


def main() -> int:
    os.environ["STORE_DB_PASSWORD"] = secrets.token_urlsafe(12)
    program = [sys.executable, "-m", "tenantry", "sandbox", "--port", "0", "--wait", "0.3"]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as server,
    ):
        try:
            assert server.stdout is not None
            sandbox = tenantry.Sandbox.from_line(server.stdout.readline())
            print(f"A sandbox plays Magento BI, CloudBlue Connect and Maestrano at {sandbox.url}.")
            onboard(Path(folder), sandbox)
            fulfill(sandbox)
            bill(sandbox)
        finally:
            server.terminate()
    return 0


def onboard(folder: Path, sandbox: tenantry.Sandbox) -> None:
    print("\n1. Python onboards a merchant:", flush=True)
    spec = magento_bi.OnboardingSpec.from_toml(HERE / "merchant.toml")
    with magento_bi.Client(**sandbox.magento_bi) as client:
        flow = client.onboardings.start(spec, poll=FAST)
        result = flow.run(progress=True)
    print(f"   client {result.client_id}, dashboards {result.autodash_id}")

    print("\n2. Python begins another one, and is killed while the POST of its connection is in flight:", flush=True)
    before = len(sandbox.journal())
    sandbox.fault(operation="magento_bi.connections.create", when="after", hold=True)
    checkpoint = folder / "second.json"
    child = begin(sandbox, sys.executable, HERE / "onboard.py", checkpoint)
    await_call(sandbox, "magento_bi.connections.create", before)
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


def fulfill(sandbox: tenantry.Sandbox) -> None:
    print("\n4. Python works off a queue while Node watches it; the reply to one approval is cut off:", flush=True)
    sandbox.generate(requests=20, product_id="PRD-1", type="purchase", status="pending", seed=4, clear=True)
    sandbox.fault(operation="cloudblue.requests.approve", when="after", cut_at=30, skip=2)
    before = len(sandbox.journal())
    watcher = begin(sandbox, "node", HERE / "watch.mjs")
    await_call(sandbox, "cloudblue.requests.list", before)
    worker = begin(sandbox, sys.executable, HERE / "fulfill.py")
    if (worker.wait(), watcher.wait()) != (0, 0):
        raise SystemExit("the worker or its watcher failed")

    requests = sandbox.state()["cloudblue"]["requests"]
    print("\nWhat the sandbox holds:")
    for status in ("approved", "inquiring", "failed", "pending"):
        print(f"   {sum(request['status'] == status for request in requests)} {status}")
    paths = [entry["path"] for entry in sandbox.journal()[before:] if entry["method"] == "POST"]
    print(f"Decisions that arrived:\n   {len(paths)}, {len(set(paths))} of them different")
    if len(set(paths)) != len(paths) or any(len(request["transitions"]) != 1 for request in requests):
        raise SystemExit("a request was decided about twice, or not at all")


def bill(sandbox: tenantry.Sandbox) -> None:
    print("\n5. Python bills a customer, and the reply to the first bill is lost; then a user signs in:", flush=True)
    before = len(sandbox.journal())
    sandbox.fault(operation="maestrano.bills.create", when="after", drop=True)
    child = begin(sandbox, sys.executable, HERE / "bill.py")
    if child.wait() != 0:
        raise SystemExit("the customer was not billed")
    creates = [entry["operation"] for entry in sandbox.journal()[before:]].count("maestrano.bills.create")
    print(f"   {creates} bill was sent")

    print("\n6. The customer's user leaves, and then the customer; each app is told by a webhook:", flush=True)
    apps = [[sys.executable, HERE / "webhooks.py"], ["node", HERE / "webhooks.mjs"]]
    orders = [
        {"type": "group_user_removed", "marketplace": "some-telco", "group_id": "cld-4", "user_id": "usr-2"},
        {"type": "group_deleted", "marketplace": "maestrano", "group_id": "cld-4"},
    ]
    for program, order in zip(apps, orders, strict=True):
        app = begin(sandbox, *program, stdout=subprocess.PIPE)
        assert app.stdout is not None
        try:
            to = f"http://127.0.0.1:{app.stdout.readline().strip()}"
            replies = sandbox.webhook(**order, to=to)
            forged = sandbox.webhook(**order, to=to, credentials=False)
        finally:
            app.terminate()
        print(app.stdout.read().rstrip(), flush=True)
        print(f"   answered {replies[0]['status']}; with other credentials {forged[0]['status']}", flush=True)
        app.wait()
        if (replies[0]["status"], forged[0]["status"]) != (200, 401):
            raise SystemExit("a webhook was answered otherwise than it should")


if __name__ == "__main__":
    sys.exit(main())
