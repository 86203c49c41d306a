# SPDX-License-Identifier: Apache-2.0
"""Forms of the quantum geometric tensor, the covariance of the log-derivatives of a state."""

from .default import QGTAuto
from .qgt_jacobian_dense import QGTJacobianDense
from .qgt_jacobian_pytree import QGTJacobianPyTree
from .qgt_onthefly import QGTOnTheFly

__all__ = ["QGTAuto", "QGTJacobianDense", "QGTJacobianPyTree", "QGTOnTheFly"]
