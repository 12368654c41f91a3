"""What tenantry costs beside the vendors' clients, what else there is, and the least that anybody needs.

Runs everything that `make bench` prints: each workload's runners one after the other, again and again, so that what the
machine does meanwhile falls on all of them; the figures are medians. A run of all workloads rewrites the table of
docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import install
import measure
import report
from workloads import WORKLOADS


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench BENCH_ARGS=", description=__doc__.partition("\n")[0])
    parser.add_argument("workloads", nargs="*", help=", ".join(WORKLOADS))
    parser.add_argument("--short", action="store_true", help="without the 10,000 and 100,000 flows, which take longest")
    parser.add_argument("--reps", type=int, default=5, help="how often all runners run; default 5")
    parser.add_argument("--only", help="besides ours, only runners with this in their name")
    parser.add_argument("--json", type=Path, help="a file for all samples")
    chosen = parser.parse_args()
    if unknown := set(chosen.workloads) - set(WORKLOADS):
        parser.error(f"no workload {', '.join(sorted(unknown))}")
    return chosen


def main() -> int:
    chosen = arguments()
    install.everything()
    names = chosen.workloads or [name for name, workload in WORKLOADS.items() if not (chosen.short and workload.long)]
    found: report.Found = {}
    for name in names:
        found[name] = measure.results(name, WORKLOADS[name], chosen.reps, chosen.only)
        print(report.everyone(name, found[name]), flush=True)
    machine = report.machine()
    print(f"\n{report.table(found, whole=False)}\n\n{machine}")
    if not (chosen.workloads or chosen.only or chosen.short):
        report.publish(f"{report.table(found)}\n\nMedians of {chosen.reps} rounds. {machine}")
        print(f"\nwritten into {report.DOCUMENT.relative_to(install.ROOT)}")
    if chosen.json:
        rows = [
            {"workload": name, "language": language, "runner": runner, **sample}
            for name, results in found.items()
            for (language, runner), samples in results.samples.items()
            for sample in samples
        ]
        chosen.json.write_text("".join(json.dumps(row) + "\n" for row in rows))
    wrong = [
        f"{name}: {line}" for name, results in found.items() for line in (*results.failures(), *results.disagreements())
    ]
    print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
