# SPDX-License-Identifier: Apache-2.0
"""What jax lacks for variational states: trees as vectors, complex derivatives, chunks, keys."""

from netket.utils import HashablePartial

from . import lax, sharding
from .autodiff import grad, value_and_grad, vjp
from .chunking import apply_chunked, chunk, unchunk, vjp_chunked, vmap_chunked
from .coo import COOArray
from .dtypes import (
    canonicalize_dtypes,
    dtype_complex,
    dtype_real,
    is_complex_dtype,
    maybe_promote_to_complex,
)
from .expectation import expect
from .functional import compose, eval_shape
from .jacobians import jacobian, jacobian_default_mode
from .keys import PRNGKey, PRNGSeq, batch_choice
from .linalg import logdet_cmplx, logsumexp_cplx
from .packing import apply_packed
from .scans import scan_append, scan_append_reduce, scan_reduce, scanmap
from .sorting import searchsorted, sort
from .tree import (
    RealImagTuple,
    tree_ax,
    tree_axpy,
    tree_cast,
    tree_conj,
    tree_dot,
    tree_ishomogeneous,
    tree_leaf_iscomplex,
    tree_leaf_isreal,
    tree_norm,
    tree_ravel,
    tree_size,
    tree_to_real,
)

__all__ = [
    "COOArray",
    "HashablePartial",
    "PRNGKey",
    "PRNGSeq",
    "RealImagTuple",
    "apply_chunked",
    "apply_packed",
    "batch_choice",
    "canonicalize_dtypes",
    "chunk",
    "compose",
    "dtype_complex",
    "dtype_real",
    "eval_shape",
    "expect",
    "grad",
    "is_complex_dtype",
    "jacobian",
    "jacobian_default_mode",
    "lax",
    "logdet_cmplx",
    "logsumexp_cplx",
    "maybe_promote_to_complex",
    "scan_append",
    "scan_append_reduce",
    "scan_reduce",
    "scanmap",
    "searchsorted",
    "sharding",
    "sort",
    "tree_ax",
    "tree_axpy",
    "tree_cast",
    "tree_conj",
    "tree_dot",
    "tree_ishomogeneous",
    "tree_leaf_iscomplex",
    "tree_leaf_isreal",
    "tree_norm",
    "tree_ravel",
    "tree_size",
    "tree_to_real",
    "unchunk",
    "value_and_grad",
    "vjp",
    "vjp_chunked",
    "vmap_chunked",
]
