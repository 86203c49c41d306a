# SPDX-License-Identifier: Apache-2.0
"""All forms of the geometric tensor against the covariance of explicit log-derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from jax.scipy.sparse.linalg import cg

import netket as nk
from netket import errors
from netket.optimizer import qgt, solver

FORMS = ("QGTJacobianDense", "QGTJacobianPyTree", "QGTOnTheFly")
KINDS = ("real", "phase", "holomorphic", "not holomorphic", "modulus", "mixed")


def close(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def build(form, state, kind, **kwargs):
    return getattr(qgt, form)(state, holomorphic=kind == "holomorphic", **kwargs)


CASES = [(kind, "summed") for kind in KINDS] + [("holomorphic", "sampled"), ("mixed", "sampled")]


@pytest.mark.parametrize("kind, states", CASES)
@pytest.mark.parametrize("form", FORMS)
def test_tensor_is_the_covariance_of_log_derivatives(kit, form, kind, states):
    state = getattr(kit, states)(kind)
    shift = 0.03
    S = build(form, state, kind, diag_shift=shift)
    exact = kit.exact_tensor(state, kind) + shift * np.eye(len(kit.exact_tensor(state, kind)))
    holomorphic = kind == "holomorphic"

    v = kit.parameters_of(kind, seed=5)
    product = exact @ kit.vector_of(v, holomorphic)
    close(kit.vector_of(S @ v, holomorphic), product)
    close(ravel_pytree(S(v))[0], S @ ravel_pytree(v)[0])
    assert jax.tree.map(lambda x: x.dtype, S @ v) == jax.tree.map(lambda x: x.dtype, v)

    x, _ = S.solve(cg_exact, v)
    close(exact @ kit.vector_of(x, holomorphic), kit.vector_of(v, holomorphic))
    x, info = S.solve(solver.cholesky, v)
    close(exact @ kit.vector_of(x, holomorphic), kit.vector_of(v, holomorphic))
    assert info is None

    if form == "QGTOnTheFly" and kind in ("not holomorphic", "modulus", "mixed"):
        with pytest.raises(errors.NonHolomorphicQGTOnTheFlyDenseRepresentationError):
            S.to_dense()
    else:
        close(S.to_dense(), exact)
        close(np.asarray(S), exact)
        assert S.to_dense().dtype == exact.dtype


def cg_exact(A, b, x0=None):
    return cg(A, b, x0=x0, tol=1e-13, maxiter=500)


@pytest.mark.parametrize("kind, states", [("phase", "summed"), ("mixed", "sampled")])
@pytest.mark.parametrize("form", FORMS)
def test_chunks_change_nothing(kit, form, kind, states):
    make_state = getattr(kit, states)
    whole, parts = make_state(kind), make_state(kind, chunk_size=7)  # 7 divides neither number
    v = kit.parameters_of(kind, seed=3)
    S, S_chunked = build(form, whole, kind), build(form, parts, kind)
    jax.tree.map(close, S @ v, S_chunked @ v)
    x, _ = (S + 0.1).solve(solver.cholesky, v)
    x_chunked, _ = (S_chunked + 0.1).solve(solver.cholesky, v)
    jax.tree.map(close, x, x_chunked)
    S_argument = build(form, whole, kind, chunk_size=5)
    jax.tree.map(close, S @ v, S_argument @ v)


@pytest.mark.parametrize("form", FORMS)
def test_chunks_of_no_samples(kit, form):
    with pytest.raises(ValueError, match="`chunk_size` must be a positive integer"):
        build(form, kit.sampled("real"), "real", chunk_size=0)


def test_chunks_bound_the_memory(kit):
    """Neither the Jacobian of all samples nor their activations are ever stored."""

    def log_psi(variables, σ):
        return jnp.sum(jnp.tanh(σ @ variables["params"]), axis=-1)

    σ = jnp.ones((4000, 4))
    parameters = jnp.ones((4, 50))  # the Jacobian has 6.4 MB, activations 1.6 MB

    def memory(solve, **kwargs):
        S = qgt.QGTOnTheFly(kit.custom(log_psi, parameters, σ), diag_shift=0.1, **kwargs)
        compiled = jax.jit(lambda S, y: S.solve(solve, y)).lower(S, parameters).compile()
        return compiled.memory_analysis().temp_size_in_bytes

    for solve in (cg, solver.cholesky):
        assert memory(solve) > 1.6e6 > 1e6 > memory(solve, chunk_size=40)


def test_chunks_of_probability_zero(kit):
    """A chunk of configurations that never occur adds nothing, and no NaN."""

    class Few(type(kit.summed("real"))):
        def probability_distribution(self):
            return jnp.zeros(16).at[9:].set(1 / 7)

    base = kit.summed("real")
    state = Few(base._apply_fun, base.parameters, chunk_size=3)
    S = qgt.QGTOnTheFly(state)
    close(S.to_dense(), kit.exact_tensor(state, "real"))


@pytest.mark.parametrize("kind", ("real", "holomorphic", "mixed"))
@pytest.mark.parametrize("form", FORMS[:2])
def test_relative_shift(kit, form, kind):
    state = kit.sampled(kind)
    exact = kit.exact_tensor(state, kind)
    exact = exact + 0.01 * np.eye(len(exact)) + 0.2 * np.diag(np.diag(exact))
    S = build(form, state, kind, diag_shift=0.01, diag_scale=0.2)
    holomorphic = kind == "holomorphic"
    v = kit.parameters_of(kind, seed=2)
    close(S.to_dense(), exact)
    close(kit.vector_of(S @ v, holomorphic), exact @ kit.vector_of(v, holomorphic))
    for solve in (solver.cholesky, cg_exact):
        x, _ = S.solve(solve, v, x0=v)
        close(exact @ kit.vector_of(x, holomorphic), kit.vector_of(v, holomorphic))


def test_positive_and_real_part(kit):
    """S is positive semi-definite, and the pairs of a holomorphic function repeat its tensor."""
    state = kit.summed("holomorphic")
    S = np.asarray(qgt.QGTJacobianDense(state, holomorphic=True).to_dense())
    assert np.linalg.eigvalsh(S).min() > -1e-12
    pairs = qgt.QGTJacobianDense(state, holomorphic=False).to_dense()
    close(pairs, np.block([[S.real, -S.imag], [S.imag, S.real]]))


def test_scaling_of_amplitudes_is_a_null_direction(kit):
    """The norm of a state is no physical direction: the parameter log c has zero variance."""

    def log_psi(variables, σ):
        return jnp.sum(jnp.tanh(σ * variables["params"]["w"]), -1) + variables["params"]["log_c"]

    state = kit.custom(log_psi, {"log_c": jnp.array(0.3), "w": jnp.arange(4.0)})
    S = np.asarray(qgt.QGTJacobianDense(state).to_dense())
    close(S[0], 0 * S[0])


def test_right_hand_side_as_array(kit):
    state = kit.sampled("mixed")
    v = kit.parameters_of("mixed", seed=2)
    flat = ravel_pytree(v)[0]
    for form in FORMS:
        S = build(form, state, "mixed", diag_shift=0.1)
        x, _ = S.solve(solver.cholesky, v)
        x_flat, _ = S.solve(solver.cholesky, flat)
        close(ravel_pytree(x)[0], x_flat)


def test_parameters_that_are_one_array(kit):
    def log_psi(variables, σ):
        return jnp.sum(jnp.tanh(σ * variables["params"]), axis=-1)

    state = kit.custom(log_psi, jnp.array([0.1, 0.5, -0.2, 0.7]))
    dense = qgt.QGTJacobianDense(state, diag_shift=0.1).to_dense()
    for form in FORMS:
        S = getattr(qgt, form)(state, diag_shift=0.1)
        close(S @ state.parameters, dense @ state.parameters)
        close(S.solve(solver.LU, state.parameters)[0], np.linalg.solve(dense, state.parameters))


def test_single_precision_stays(kit):
    state = kit.sampled("holomorphic")
    state.parameters = jax.tree.map(lambda x: x.astype(jnp.complex64), state.parameters)
    state.samples = state.samples.astype(jnp.int8)
    shift = jnp.asarray(0.1, dtype=jnp.float64)
    for form in FORMS:
        S = getattr(qgt, form)(state, holomorphic=True, diag_shift=shift)
        x, _ = S.solve(cg, state.parameters, x0=state.parameters)
        y, _ = S.solve(solver.cholesky, state.parameters)
        dtypes = {z.dtype for z in jax.tree.leaves((x, y, S @ state.parameters))}
        assert dtypes == {jnp.dtype("complex64")}


def test_other_variables_of_the_model_are_used(kit):
    def log_psi(variables, σ):
        return jnp.sum(jnp.tanh(σ * variables["params"]), axis=-1) * variables["factor"]

    parameters, σ = jnp.array([0.1, 0.5, -0.2, 0.7]), kit.sampled("real").samples
    for form in FORMS:
        one, two = (
            getattr(qgt, form)(kit.custom(log_psi, parameters, σ, model_state={"factor": f}))
            for f in (1.0, 2.0)
        )
        close(two @ parameters, 4 * (one @ parameters))


# -- without a state, and bad input --------------------------------------------------------------


def test_without_state_the_arguments_are_bound(kit):
    state = kit.sampled("holomorphic")
    for form in FORMS:
        constructor = getattr(qgt, form)(holomorphic=True, diag_shift=0.2)
        assert constructor == getattr(qgt, form)(holomorphic=True, diag_shift=0.2)
        assert hash(constructor) == hash(getattr(qgt, form)(holomorphic=True, diag_shift=0.2))
        assert constructor(state).diag_shift == 0.2
        assert constructor(state, diag_shift=0.3).diag_shift == 0.3


def test_shift_can_be_changed(kit):
    S = qgt.QGTJacobianDense(kit.sampled("real"), diag_shift=0.5)
    close((S + 0.25).to_dense(), S.replace(diag_shift=0.75).to_dense())
    close((0.25 + S).to_dense(), (S + 0.25).to_dense())
    with pytest.raises(TypeError):
        S + S


def test_undeclared_complex_parameters_warn(kit):
    for form in (*FORMS, "QGTAuto"):
        constructor = getattr(qgt, form)()
        for _ in range(2):
            with pytest.warns(errors.HolomorphicUndeclaredWarning):
                constructor(kit.sampled("not holomorphic"))
        constructor(kit.sampled("phase"))
        constructor(kit.sampled("modulus"))


def test_bad_input(kit):
    real, state = kit.sampled("real"), kit.sampled("holomorphic")
    for form in FORMS:
        constructor = getattr(qgt, form)
        with pytest.raises(errors.IllegalHolomorphicDeclarationForRealParametersError):
            constructor(real, holomorphic=True)
        with pytest.raises(errors.RealQGTComplexDomainError):
            constructor(real) @ jax.tree.map(lambda x: x + 0j, real.parameters)
        with pytest.raises(errors.RealQGTComplexDomainError):
            constructor(real) @ (ravel_pytree(real.parameters)[0] + 0j)
        with pytest.raises(ValueError, match="raveled array of 20 elements"):
            constructor(real) @ jnp.ones(19)
        with pytest.raises(ValueError, match="like the parameters"):
            constructor(real).solve(cg, {"b": jnp.ones(4)})
        with pytest.raises(TypeError, match="`solve_fun` must be a function"):
            constructor(real).solve(3, real.parameters)
        for arguments in ((), (real,)):
            with pytest.raises(TypeError, match="has no argument 'shift': its options are"):
                constructor(*arguments, shift=0.1)
        with pytest.raises(TypeError, match="`vstate` must be a variational state"):
            constructor(3)
    for form in FORMS[:2]:
        constructor = getattr(qgt, form)
        with pytest.raises(TypeError, match="must be 'real'"):
            constructor(real, mode="complex")
        with pytest.raises(ValueError, match="but is 'imaginary'"):
            constructor(real, mode="imaginary")
        with pytest.raises(ValueError, match="exclude each other"):
            constructor(state, mode="complex", holomorphic=False)
        assert constructor(state, mode="holomorphic").mode == "holomorphic"
    with pytest.raises(ValueError, match="QGTJacobianDense"):
        qgt.QGTOnTheFly(real, diag_scale=0.1)


# -- choice of the form ---------------------------------------------------------------------------


def test_auto(kit, monkeypatch):
    few, summed = kit.sampled("real"), kit.summed("real")

    def log_psi(variables, σ):
        return jnp.sum(jnp.tanh(σ @ variables["params"]), axis=-1)

    many = kit.custom(log_psi, jnp.ones((4, 100)), kit.sampled("real").samples)
    on_the_fly = nk.optimizer.qgt.qgt_onthefly.QGTOnTheFlyT
    assert isinstance(qgt.QGTAuto()(many), on_the_fly)
    monkeypatch.setattr(nk.optimizer.qgt.default, "MAX_JACOBIAN_BYTES", 8 * 400 * 29)
    assert isinstance(qgt.QGTAuto(solver.cholesky)(many), on_the_fly)
    monkeypatch.undo()
    dense = nk.optimizer.qgt.qgt_jacobian_dense.QGTJacobianDenseT
    for constructor, state in (
        (qgt.QGTAuto(), few),
        (qgt.QGTAuto(), summed),
        (qgt.QGTAuto(solver.cholesky), many),
        (qgt.QGTAuto(solver.pinv_smooth(rtol=1e-6)), many),
        (qgt.QGTAuto(solver.nan_fallback(solver.cholesky, solver.svd)), many),
        (qgt.QGTAuto(diag_scale=0.1, diag_shift=0.1), many),
    ):
        assert isinstance(constructor(state), dense)
    assert qgt.QGTAuto(diag_shift=0.1) == qgt.QGTAuto(diag_shift=0.1)
    assert hash(qgt.QGTAuto(cg)) == hash(qgt.QGTAuto(cg)) != hash(qgt.QGTAuto())
    assert repr(qgt.QGTAuto(diag_shift=0.1)) == "QGTAuto(diag_shift=0.1)"
