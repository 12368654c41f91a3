"""One process of several that work off the queue of the sandbox whose line comes on stdin; prints what it did.

It works until a cycle finds nothing pending. Its arguments: how many requests it has in hand at a time, and the seconds
after which it takes a reply for lost.
"""

from __future__ import annotations

import json
import sys
from collections import Counter

import tenantry
from decision import Decider
from tenantry import cloudblue

COUNTED = ("cycles", "approved", "failed", "inquired", "skipped", "already_applied", "conflicts", "gone", "held")


def main() -> int:
    sandbox = tenantry.Sandbox.from_line(sys.stdin.readline())
    concurrency, timeout = int(sys.argv[1]), float(sys.argv[2])
    done: Counter[str] = Counter()
    with cloudblue.Client(**sandbox.cloudblue, timeout=timeout, max_retries=5) as connect:
        worker = connect.fulfillment_worker(
            product_ids=["PRD-1"],
            lanes=["pending"],
            interval=0.05,
            any_interval=True,
            concurrency=concurrency,
            recheck_after=0.5,
        )
        decider = Decider()
        worker.handler(decider)
        while True:
            report = worker.run_once()
            done.update({name: getattr(report, name) for name in COUNTED}, errors=report.error_count)
            if report.seen == 0:
                break
    print(json.dumps({**done, "handled": sum(decider.seen.values())}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
