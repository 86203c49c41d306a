# SPDX-License-Identifier: Apache-2.0
"""Time this package against an installed peer, interleaved, as ratios peer / ours.

    python benchmarks/compare.py --peer /path/to/peer/bin/python [--only expect] [--repeat 3]

The cases are those of the modules `cases`, `autoregressive`, `spaces`, `groups` and `memory` (MiB
for seconds).

Every case runs in fresh processes, alternately of the one and of the other, so that both meet the
same load of the machine; the smallest time of each counts. Above 1 means that ours is faster.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import autoregressive
import cases
import groups
import memory
import spaces

# where each case is
MODULES = (cases, spaces, groups, memory, autoregressive)
FILES = {name: Path(m.__file__) for m in MODULES for name in m.CASES}


def run(python: str, case: str) -> dict[str, float] | None:
    """The times of one case in a fresh process, or None when it fails."""
    env = {**os.environ, "JAX_PLATFORMS": os.environ.get("JAX_PLATFORMS", "cpu")}
    command = [python, "-W", "ignore", str(FILES[case]), case]
    # -P would hide this folder; the peer must not see the checkout, so we run from here
    result = subprocess.run(
        command, capture_output=True, text=True, env=env, cwd=FILES[case].parent
    )
    if result.returncode != 0:
        print(f"{case}: {python}: {result.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
        return None
    return json.loads(result.stdout.strip().splitlines()[-1])


def compare(case: str, ours: str, peer: str, repeat: int) -> dict[str, float]:
    """Smallest `first` and `best` of both, over interleaved runs."""
    times: dict[str, list[dict[str, float]]] = {ours: [], peer: []}
    for k in range(repeat):
        for python in (ours, peer) if k % 2 == 0 else (peer, ours):
            if (result := run(python, case)) is not None:
                times[python].append(result)
    row = {}
    for name, python in (("ours", ours), ("peer", peer)):
        for key in ("first", "best"):
            row[f"{name}_{key}"] = min((t[key] for t in times[python]), default=float("nan"))
    for key in ("first", "best"):
        row[f"ratio_{key}"] = row[f"peer_{key}"] / row[f"ours_{key}"]
    return row


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peer", required=True, help="interpreter in which the peer is installed")
    parser.add_argument("--ours", default=sys.executable)
    parser.add_argument("--only", default="", help="run cases with this in their name")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the table here, too")
    args = parser.parse_args()
    names = [name for name in FILES if any(part in name for part in args.only.split(","))]
    print("| case | first call: ours | peer | ratio | then: ours | peer | ratio |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    table = {}
    for name in names:
        row = table[name] = compare(name, args.ours, args.peer, args.repeat)
        cells = [
            f"{row['ours_first']:.2f} s",
            f"{row['peer_first']:.2f} s",
            f"**{row['ratio_first']:.1f}**",
            f"{1e3 * row['ours_best']:.2f} ms",
            f"{1e3 * row['peer_best']:.2f} ms",
            f"**{row['ratio_best']:.1f}**",
        ]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
    if args.json:
        args.json.write_text(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
