# SPDX-License-Identifier: Apache-2.0
"""Starts several processes of a script on this machine, which jax connects.

    djaxrun -np 2 python script.py

The script calls ``jax.distributed.initialize()`` before anything else of jax. Lines of output are
marked with the number of the process, and written to one file for each. If a process fails, the
others are stopped.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """The program; returns the exit status, that of the first process that fails."""
    options = _parser().parse_args(arguments)
    if options.np < 1:
        raise SystemExit(f"djaxrun: -np must be at least 1, but is {options.np}")
    if not options.command:
        raise SystemExit(
            "djaxrun: there is no command; for example: djaxrun -np 2 python script.py"
        )
    address = f"127.0.0.1:{_free_port()}"
    processes, threads = [], []
    for rank in range(options.np):
        process = subprocess.Popen(
            options.command,
            env=os.environ | environment(rank, options.np, address),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        shown = options.f < 0 or options.f == rank
        log = Path(f"{options.o}.{rank}.log")
        thread = threading.Thread(target=_pump, args=(process.stdout, rank, shown, log))
        thread.start()
        processes.append(process)
        threads.append(thread)
    try:
        status = _wait(processes)
    except KeyboardInterrupt:
        status = 128 + signal.SIGINT
    finally:
        _stop(processes)
    for thread in threads:
        thread.join()
    return status


def environment(rank: int, n_processes: int, address: str) -> dict[str, str]:
    """Variables by which `jax.distributed.initialize()` knows its place.

    They are those of Open MPI, one of the launchers that jax recognises by itself.
    """
    return {
        "JAX_COORDINATOR_ADDRESS": address,
        "OMPI_MCA_orte_hnp_uri": f"1.0;tcp://{address}",
        "OMPI_COMM_WORLD_SIZE": str(n_processes),
        "OMPI_COMM_WORLD_RANK": str(rank),
        "OMPI_COMM_WORLD_LOCAL_RANK": str(rank),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="djaxrun", description="Start several processes of a script, which jax connects."
    )
    parser.add_argument("-np", type=int, default=os.cpu_count() or 1, help="number of processes")
    parser.add_argument("-o", default="djaxrunlog", help="beginning of the names of log files")
    parser.add_argument("-s", "--simple", action="store_true", help="accepted for compatibility")
    parser.add_argument("-f", type=int, default=-1, help="show the output of this process only")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what to run")
    return parser


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def _pump(stream: IO[str], rank: int, shown: bool, log: Path) -> None:
    with log.open("w") as file:
        for line in stream:
            file.write(line)
            if shown:
                sys.stdout.write(f"[{rank}] {line}")
                sys.stdout.flush()


def _wait(processes: list[Any]) -> int:
    """Exit status of the first process that fails, or 0 when all have ended well."""
    running = list(processes)
    while running:
        for process in list(running):
            try:
                status = process.wait(timeout=0.1)
            except subprocess.TimeoutExpired:
                continue
            running.remove(process)
            if status != 0:
                return status if status > 0 else 128 - status
    return 0


def _stop(processes: list[Any]) -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
    for process in processes:
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()


if __name__ == "__main__":
    sys.exit(main())
