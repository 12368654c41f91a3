"""What loading costs, and what is shipped. Prints; asserts nothing.

Each figure is the median over fresh processes of the time inside the process, the empty module's alternating with ours.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
ROUNDS = 15
PYTHON = "import time; t = time.perf_counter(); import {}; print((time.perf_counter() - t) * 1e3)"
NODE = "const t = performance.now(); require({}); console.log(performance.now() - t)"


def measured(*command: str, cwd: Path) -> float:
    return float(subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True).stdout)


def median(ours: tuple[str, ...], empty: tuple[str, ...], cwd: Path) -> tuple[float, float]:
    pairs = [(measured(*ours, cwd=cwd), measured(*empty, cwd=cwd)) for _ in range(ROUNDS)]
    return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "empty.py").touch()
        (folder / "empty.js").touch()
        own, empty = median(
            (sys.executable, "-c", PYTHON.format("tenantry")), (sys.executable, "-c", PYTHON.format("empty")), folder
        )
        print(
            f"import tenantry: {own:.1f} ms, an empty module {empty:.1f} ms, more by {own - empty:.1f} ms   goal: 5 ms"
        )
        own, empty = median(
            ("node", "-e", NODE.format(repr("tenantry"))),
            ("node", "-e", NODE.format(repr(str(folder / "empty.js")))),
            ROOT,
        )
        print(f"require('tenantry'): {own:.1f} ms, an empty module {empty:.1f} ms   goal: 10 ms")
        subprocess.run(
            ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", folder],
            cwd=ROOT,
            capture_output=True,
            check=True,
        )
        for path in [*(ROOT / "target/wheels").glob("*.whl"), *folder.glob("*.tgz")]:
            print(f"{path.name}: {path.stat().st_size / 1e6:.2f} MB   goal: 4 MB")


if __name__ == "__main__":
    main()
