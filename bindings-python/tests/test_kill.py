"""A process killed at any instant of the flow loses nothing and doubles nothing.

`TENANTRY_KILLS` sets how many are killed; the seed that is printed makes a run repeatable through `TENANTRY_SEED`.
"""

from __future__ import annotations

import os
import random
import select
import signal
import time
from collections import Counter

import pytest

import tenantry
from tenantry import magento_bi

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here"),
    pytest.mark.filterwarnings("ignore:This process:DeprecationWarning"),
]

KILLS = int(os.environ.get("TENANTRY_KILLS", "200"))
QUICK = {"poll": {"min": 0.01, "max": 0.02}}

#: Where the sandbox keeps what a step creates, and how to adopt it.
CREATED = {
    "create_client": ("signups", lambda made: ("adopt_signup", {"signup_id": made["id"]})),
    "invite_user": ("invites", lambda made: ("assume_done", {"user_id": made["user_id"]})),
    "create_dashboards": ("autodash", lambda made: ("adopt", {"autodash_id": made["id"]})),
}


#: Seconds that what a process sent before its end may be on its way: on a busy machine it was more than a tenth.
ON_ITS_WAY = 0.5


def operator(sandbox):
    """Answers as a person does: adopts what comes to light on the vendor's side, and has the rest sent again."""

    def decide(need):
        kept, adopt = CREATED[need.step]
        given_up = time.monotonic() + ON_ITS_WAY
        while True:
            made = sandbox.state()["magento_bi"][kept]
            if made or time.monotonic() > given_up:
                return adopt(made[-1]) if made else ("force_retry", {})
            time.sleep(0.01)

    return decide


def creates(sandbox):
    posts = (entry for entry in sandbox.journal() if entry.method == "POST" and entry.committed)
    return Counter(entry.operation for entry in posts if entry.operation != "magento_bi.tokens.create")


def drive_and_die(bi, spec, path, after):
    """Onboards in a child that is killed `after` seconds; returns whether it was killed before the end."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            bi.onboardings.start(spec, path, **QUICK).run()
        finally:
            os._exit(0)
    os.close(writer)
    try:
        # The pipe ends with the child, so that an early end is no waiting.
        select.select([reader], [], [], after)
        os.kill(child, signal.SIGKILL)
    finally:
        _, status = os.waitpid(child, 0)
        os.close(reader)
    return os.WIFSIGNALED(status)


def test_killed_at_random_instants(spec, tmp_path):
    seed = int(os.environ.get("TENANTRY_SEED", random.randrange(2**32)))
    print(f"TENANTRY_SEED={seed}")
    chance, killed, steps = random.Random(seed), 0, Counter()
    with tenantry.Sandbox.start(wait=0.01) as sandbox, magento_bi.Client(**sandbox.magento_bi) as bi:
        start = time.monotonic()
        wanted = bi.onboardings.start(spec, **QUICK).run()
        whole, once = time.monotonic() - start, creates(sandbox)
        for number in range(KILLS):
            sandbox.reset()
            path = tmp_path / f"{number}.json"
            killed += drive_and_die(bi, spec, path, chance.uniform(0, whole))
            flow = bi.onboardings.start_or_resume(spec, path, **QUICK)
            steps[flow.status.step] += 1
            result = flow.run(on_need=operator(sandbox))
            assert creates(sandbox) == once, f"kill {number} of seed {seed}"
            assert set(result.to_dict()) == set(wanted.to_dict())
            state = sandbox.state()["magento_bi"]
            assert [len(state[kind]) for kind in ("signups", "invites", "connections", "autodash")] == [1] * 4
    print(f"{killed} of {KILLS} killed before their end, at {dict(steps)}")
    assert killed > KILLS / 2
    assert len(steps) > 3 or KILLS < 20
