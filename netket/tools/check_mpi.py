# SPDX-License-Identifier: Apache-2.0
"""Says how to use several processes without MPI: ``python -m netket.tools.check_mpi``."""

import sys

__all__: list[str] = []


def report() -> str:
    """What to do in place of running with MPI. Starts the jax backend."""
    import jax

    return (
        f"NetKet does not use MPI. This is process {jax.process_index()} of {jax.process_count()}, "
        f"with {jax.local_device_count()} of {jax.device_count()} devices. To use several "
        "processes, call `jax.distributed.initialize()` first in the script, and start it with "
        "`djaxrun -np N python script.py`, srun or mpirun."
    )


if __name__ == "__main__":
    sys.stdout.write(report() + "\n")
