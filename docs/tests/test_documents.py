"""What the documents show runs, and prints what they say."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"```(python|js)\n(.*?)```\n```text\n(.*?)```", re.DOTALL)
EXAMPLES = BLOCK.findall((ROOT / "README.md").read_text())


def environment() -> dict[str, str]:
    return {**os.environ, "STORE_DB_PASSWORD": secrets.token_hex(12)}


def test_the_readme_shows_python_and_node() -> None:
    assert sorted(language for language, _, _ in EXAMPLES) == ["js"] * 3 + ["python"] * 6


@pytest.mark.parametrize(("language", "code", "printed"), EXAMPLES)
def test_an_example_of_the_readme_prints_what_it_says(language: str, code: str, printed: str) -> None:
    program = [sys.executable, "-"] if language == "python" else ["node", "--input-type=module", "-"]
    done = subprocess.run(program, input=code, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == printed


def test_the_demo_tells_its_story() -> None:
    demo = [sys.executable, ROOT / "docs/demo/demo.py"]
    done = subprocess.run(demo, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for line in ("2 clients", "2 connections", "2 signups.create", "2 connections.create", "2 autodash.create"):
        assert f"   {line}\n" in done.stdout
    # The second act: what Node saw while Python worked, and what there is in the end.
    seen = [[int(count) for count in re.findall(r"\d+", line)] for line in re.findall(r"Node sees (.*)", done.stdout)]
    assert seen[0] == [0, 0, 0, 20]
    assert seen[-1][3] == 0
    assert all(sum(counts) == 20 for counts in seen)
    assert [counts[3] for counts in seen] == sorted((counts[3] for counts in seen), reverse=True)
    assert len(seen) > 3
    assert re.search(r"Python is done: 1 cycle, 20 seen: .* 1 already applied, 0 errors\n", done.stdout)
    ended = dict(zip(("approved", "inquiring", "failed", "pending"), seen[-1], strict=True))
    assert all(f"   {count} {status}\n" in done.stdout for status, count in ended.items())
    assert "   20, 20 of them different\n" in done.stdout
    # The third act: one bill whose reply was lost, a sign-in that is good once, and what two apps were told.
    assert "found after its reply was lost: Set-up [ref:order-123]\n" in done.stdout
    assert "   1 bill was sent\n" in done.stdout
    assert "   the session is valid\n   the same response again: replayed\n" in done.stdout
    assert "   FastAPI was told by some-telco: group_user_removed usr-2 of cld-4\n" in done.stdout
    assert "   Express was told by maestrano: group_deleted of cld-4\n" in done.stdout
    assert done.stdout.count("   answered 200; with other credentials 401\n") == 2


def test_the_rust_example_runs() -> None:
    cargo = ["cargo", "run", "--locked", "--quiet", "-p", "tenantry", "--example", "onboard"]
    done = subprocess.run(cargo, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("client 123\n")


@pytest.mark.parametrize("path", sorted((ROOT / "docs/notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORE_DB_PASSWORD", secrets.token_hex(12))
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(ROOT)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "error"]
    assert {"billing": "bill-", "onboarding": "client_id", "requests": "PR-"}[path.stem] in str(outputs)
