"""The table that `make bench` writes has all its rows, and each of them is measured by somebody."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "bench"))

import goals  # noqa: E402
import report  # noqa: E402
from measure import Results  # noqa: E402
from workloads import METRICS, WORKLOADS  # noqa: E402


def rows_of(document: str) -> list[str]:
    table = document.partition(report.BEGIN)[2].partition(report.END)[0]
    rows = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("|")]
    return rows[2:]


def test_every_goal_has_its_row() -> None:
    rows = rows_of(report.DOCUMENT.read_text(encoding="utf-8"))
    assert rows == [goal.row for goal in goals.GOALS]


def test_whom_a_goal_compares_runs_in_its_workload() -> None:
    for goal in goals.GOALS:
        workload = WORKLOADS[goal.workload]
        runners = workload.python if goal.language == "python" else workload.node
        assert set(goal.ours) <= set(runners), goal.row
        for against in (*goal.official, *goal.peers):
            assert not against.runners or set(against.runners) & set(runners), goal.row
        assert goal.metric in METRICS, goal.row


def test_a_row_says_by_how_much_a_goal_is_missed() -> None:
    found = Results()
    for runner, seconds in (("tenantry", 0.010), ("xmlsec", 0.020), ("python3-saml", 0.400)):
        found.samples["python", runner] = [{"n": 100, "check": 500, "cpu": seconds}]
    goal = next(goal for goal in goals.GOALS if goal.row == "saml, Python")
    row = report.row(goal, {"saml": found})
    assert "**100**" in row
    assert "xmlsec 200: 0.5 (goal 0.4, missed by 1.25x)" in row
    assert "python3-saml 4,000: 1/40 (goal 1/25, met)" in row


def test_runners_that_read_something_else_are_told() -> None:
    found = Results()
    for runner, check in (("tenantry", 499), ("xmlsec", 500)):
        found.samples["python", runner] = [{"n": 100, "check": check, "cpu": 1.0}]
    assert len(found.disagreements()) == 1
