# SPDX-License-Identifier: Apache-2.0
"""`AbstractDriver`: the loop of a run, and what happens in one step.

    reset the state -> loss and update -> host copy of the loss -> observables -> parameters -> log

A subclass says what the loss and its update are, and how an update changes the parameters.
"""

import os
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import jax

from netket.callbacks import AbstractCallback, RunFinished, StopRun
from netket.callbacks.callback_list import CallbackList, as_callbacks
from netket.callbacks.logger import LoggerCallback
from netket.callbacks.observables import ObservableCallback
from netket.callbacks.progress import ProgressBar
from netket.errors import DriverResetDeprecationWarning
from netket.jax.sharding import failing_together
from netket.logging import JsonLog
from netket.utils import struct, timing
from netket.vqs import FullSumState

from .checks import check_observables, check_state, check_steps, is_container
from .interrupt import InterruptAtStepEnd
from .legacy import adapt_subclass, call_new_style
from .loss import InvalidLossError, is_finite, to_host


class AbstractDriver(struct.Pytree, mutable=True):
    """Base of drivers: objects that change a variational state step by step.

    Subclasses implement `compute_loss_and_update` and `update_parameters` (or derive from
    `AbstractOptimizationDriver`, which has the latter).

    Args:
        variational_state: the state to change.
        minimized_quantity_name: name of the loss in logs and in the progress bar.
    """

    _variational_state: Any = struct.field(
        pytree_node=False, serialize=True, serialize_name="state"
    )
    _loss_name: str = struct.field(pytree_node=False)
    _loss_stats: Any = struct.field(pytree_node=False, default=None)
    _dp: Any = struct.field(pytree_node=False, default=None)
    _step_count: int = struct.field(pytree_node=False, serialize=True, default=0)
    _step_attempt: int = struct.field(pytree_node=False, default=0)
    _start_step: int = struct.field(pytree_node=False, default=0)
    _target_step: int = struct.field(pytree_node=False, default=0)
    _timer: Any = struct.field(pytree_node=False, default=None)

    def __init__(self, variational_state: Any, minimized_quantity_name: str = "loss"):
        self._variational_state = check_state(variational_state)
        self._loss_name = minimized_quantity_name

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        adapt_subclass(cls)

    # -- what subclasses implement -------------------------------------------------------------

    def compute_loss_and_update(self) -> tuple[Any, Any]:
        """Computes the loss, and the update that decreases it.

        Returns:
            The loss (statistics, a number, or a dictionary of these), and the update, a pytree
            like the parameters.
        """
        raise NotImplementedError(
            f"{type(self).__name__} must implement `compute_loss_and_update(self)`, which returns "
            "the loss and the update of the parameters."
        )

    def update_parameters(self, dp: Any) -> None:
        """Changes the parameters of the state.

        Args:
            dp: what `compute_loss_and_update` has returned.
        """
        raise NotImplementedError(
            f"{type(self).__name__} must implement `update_parameters(self, dp)`, or derive from "
            "netket.driver.AbstractOptimizationDriver, which has it."
        )

    def reset_step(self, hard: bool = False) -> None:
        """Prepares the state for a step; it will draw new samples.

        Args:
            hard: also forget the configurations of the Markov chains, if the state has any.
        """
        if hard and hasattr(self.state, "reset_hard"):
            self.state.reset_hard()
        else:
            self.state.reset()

    def _accept_step(self) -> bool:
        """Whether loss and update are as they should be; if not, they are computed again."""
        return True

    def _log_additional_data(self, log_dict: dict[str, Any], step: int | None = None) -> None:
        """Adds to what is logged in a step: the acceptance of the sampler, and the time.

        Args:
            log_dict: what is logged; the loss is already there.
            step: without effect; older drivers pass it.
        """
        acceptance = getattr(getattr(self.state, "sampler_state", None), "acceptance", None)
        if acceptance is not None:
            log_dict["acceptance"] = acceptance
        log_dict["wallclock"] = time.time()

    def _forward_and_backward(self) -> Any:
        """Older spelling of `compute_loss_and_update`: returns the update, keeps the loss."""
        self._loss_stats, self._dp = call_new_style(self)
        return self._dp

    # -- public face ---------------------------------------------------------------------------

    @property
    def state(self) -> Any:
        """The variational state that this driver changes."""
        return self._variational_state

    @property
    def step_count(self) -> int:
        """How many steps have been done in all runs."""
        return self._step_count

    def reset(self) -> None:
        """Makes the state draw new samples. Deprecated: `reset_step` does the same."""
        warnings.warn(DriverResetDeprecationWarning(), stacklevel=2)
        self.reset_step()

    def estimate(self, observables: Any, fullsum: bool = False) -> Any:
        """Expectation values in the current state.

        Args:
            observables: an operator, or nested dictionaries and sequences of operators.
            fullsum: sum over all states of the Hilbert space instead of sampling.

        Returns:
            Statistics, nested as the observables.
        """
        state = _full_summation(self.state) if fullsum else self.state
        return jax.tree.map(state.expect, observables, is_leaf=lambda x: not is_container(x))

    def run(
        self,
        n_iter: int,
        out: Any = (),
        obs: Mapping[str, Any] | None = None,
        step_size: int = 1,
        show_progress: bool = True,
        save_params_every: int = 50,
        write_every: int = 50,
        callback: Callable[[int, dict, Any], bool] | AbstractCallback | Iterable | None = None,
        timeit: bool = False,
        _graceful_keyboard_interrupt: bool = True,
    ) -> tuple[Any, ...]:
        """Does a number of steps.

        Ctrl-C ends the run after the current step (pressed twice: at once): the logs are written
        and complete, the state can be used, a later `run` goes on from there; then the
        `KeyboardInterrupt` is raised again.

        Args:
            n_iter: number of steps.
            out: a logger, the prefix of the files of a `netket.logging.JsonLog`, or a sequence of
                loggers.
            obs: observables to log besides the loss: a (nested) dictionary of operators.
            step_size: observables are computed every so many steps.
            show_progress: whether to show a progress bar.
            save_params_every: if `out` is a prefix: parameters are saved every so many steps.
            write_every: if `out` is a prefix: the log is written every so many steps.
            callback: callbacks, or functions ``(step, log_data, driver) -> bool`` where a false
                result ends the run.
            timeit: print how long the parts of the run took.

        Returns:
            The loggers.

        Raises:
            InvalidLossError: the loss is nan or infinite, and no callback such as
                `netket.callbacks.InvalidLossStopping` decides what to do then.
            OSError: the files of the log cannot be written (before the first step).
        """
        n_iter = max(0, check_steps(n_iter))
        step_size = check_steps(step_size, "step_size", minimum=1)
        if obs is not None:
            check_observables(obs, self.state)
        callbacks = as_callbacks(callback)
        with failing_together():
            loggers = as_loggers(out, save_params_every=save_params_every, write_every=write_every)
        callbacks = self._default_callbacks(
            callbacks,
            n_iter=n_iter,
            obs=obs,
            step_size=step_size,
            loggers=loggers,
            show_progress=show_progress,
        )
        self._start_step = self._step_count
        self._target_step = self._step_count + n_iter
        with (
            InterruptAtStepEnd(_graceful_keyboard_interrupt) as interrupt,
            timing.timed_scope(force=timeit) as self._timer,
        ):
            self._run(callbacks, interrupt)
        if timeit:
            sys.stdout.write(f"{self._timer}\n")
        return loggers

    def iter(self, n_steps: int, step: int = 1) -> Iterator[int]:
        """Does steps one by one, without callbacks and logs.

        Args:
            n_steps: number of steps.
            step: how many of them to do between two values.

        Yields:
            The number of the step, when its loss is known and the parameters are not yet changed.
        """
        for first in range(0, check_steps(n_steps), check_steps(step, "step", minimum=1)):
            for k in range(min(step, n_steps - first)):
                self.reset_step()
                self._loss_stats, self._dp = self.compute_loss_and_update()
                self._loss_stats = to_host(self._loss_stats)
                if k == 0:
                    yield self._step_count
                self.update_parameters(self._dp)
                self._step_count += 1

    def advance(self, steps: int = 1) -> None:
        """Does steps, without callbacks, logs and progress bar.

        Args:
            steps: number of steps.
        """
        for _ in self.iter(steps):
            pass

    # -- the loop ------------------------------------------------------------------------------

    def _default_callbacks(
        self,
        callbacks: list[AbstractCallback],
        *,
        n_iter: int,
        obs: Mapping[str, Any] | None,
        step_size: int,
        loggers: tuple[Any, ...],
        show_progress: bool,
        **kwargs: Any,
    ) -> CallbackList:
        """The callbacks of the user, and those for observables, loggers and progress bar."""
        callbacks = list(callbacks)
        if obs is not None:
            callbacks.append(ObservableCallback(obs, step_size))
        callbacks += [
            log if isinstance(log, AbstractCallback) else LoggerCallback(log) for log in loggers
        ]
        if show_progress and jax.process_index() == 0:
            callbacks.append(ProgressBar(n_iter))
        return CallbackList(callbacks)

    def _run(self, callbacks: CallbackList, interrupt: InterruptAtStepEnd) -> None:
        message = ""
        try:
            callbacks.call("on_run_start", self._step_count, self)
            while self._step_count < self._target_step:
                self._step(callbacks)
                interrupt.check()
        except StopRun as stop:
            if not isinstance(stop, RunFinished):
                message = f"Stopped at step {self._step_count}: {stop}\n"
        except BaseException as error:
            # whatever went wrong, loggers must write what they have
            for other in callbacks.call_all("on_run_error", self._step_count, error, self):
                error.add_note(f"While the run was ended, this failed, too: {other!r}")
            if isinstance(error, KeyboardInterrupt):
                sys.stderr.write(
                    f"Interrupted at step {self._step_count}: the logs are written, `run` "
                    "goes on from here.\n"
                )
            raise
        errors = callbacks.call_all("on_run_end", self._step_count, self)
        if jax.process_index() == 0:
            sys.stderr.write(message)
        if errors:
            raise errors[0]
        interrupt.check()

    def _step(self, callbacks: CallbackList) -> None:
        step, log_data = self._step_count, {}
        self._attempt(callbacks, step, log_data)
        self._log(log_data)
        finite = callbacks.handles_invalid_loss or is_finite(self._loss_stats)
        with timing.timed_scope("callbacks and observables"):
            callbacks.call("before_parameter_update", step, log_data, self)
        try:
            if finite:
                with timing.timed_scope("update_parameters"):
                    self.update_parameters(self._dp)
            with timing.timed_scope("callbacks and loggers"):
                callbacks.call("on_step_end", step, log_data, self)
        finally:
            # also a step in whose end a callback stops the run has changed the parameters
            self._step_count += 1
        if not finite:
            raise InvalidLossError(self._loss_name, self._loss_stats, step, self.state.parameters)

    def _attempt(self, callbacks: CallbackList, step: int, log_data: dict[str, Any]) -> None:
        """Computes loss and update until they are accepted."""
        self._step_attempt = 0
        while True:
            callbacks.call("on_step_start", step, log_data, self)
            self.reset_step()
            callbacks.call("on_compute_update_start", step, log_data, self)
            with timing.timed_scope("compute_loss_and_update") as timer:
                update = timer.block_until_ready(self.compute_loss_and_update())
            self._loss_stats, self._dp = update
            callbacks.call("on_compute_update_end", step, log_data, self)
            if self._accept_step():
                return
            self._step_attempt += 1

    def _log(self, log_data: dict[str, Any]) -> None:
        """Fills in loss and additional data; the only time a step waits for the device."""
        loss = self._loss_stats
        parts = {f"/{k}": v for k, v in loss.items()} if isinstance(loss, dict) else {"": loss}
        log_data.update((self._loss_name + suffix, part) for suffix, part in parts.items())
        self._log_additional_data(log_data)
        log_data.update(zip(list(log_data), to_host(list(log_data.values()))))
        parts = {suffix: log_data[self._loss_name + suffix] for suffix in parts}
        self._loss_stats = dict(zip(loss, parts.values())) if isinstance(loss, dict) else parts[""]

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(\n  step_count = {self._step_count},\n  state = {self.state})"
        )


def as_loggers(out: Any, *, save_params_every: int = 50, write_every: int = 50) -> tuple[Any, ...]:
    """The argument ``out`` of a run as loggers.

    Args:
        out: nothing, a logger, a prefix of files, or an iterable of these.
        save_params_every: passed on to the logger of a prefix.
        write_every: passed on to the logger of a prefix.

    Raises:
        TypeError: it is something else.
        OSError: a file cannot be written.
    """
    options = {"save_params_every": save_params_every, "write_every": write_every}
    if out is None:
        return ()
    if isinstance(out, str | os.PathLike):
        return (JsonLog(out, "write", **options),)
    is_class = isinstance(out, type)
    if isinstance(out, AbstractCallback) or (
        callable(out) and hasattr(out, "flush") and not is_class
    ):
        return (out,)
    if isinstance(out, Iterable) and not is_class:
        return tuple(log for item in out for log in as_loggers(item, **options))
    raise TypeError(
        "Argument `out` must be the prefix of the files to write, a logger such as "
        f"`nk.logging.RuntimeLog()`, or a sequence of loggers, but is {out!r} of type "
        f"{type(out).__name__}."
    )


def _full_summation(state: Any) -> FullSumState:
    if isinstance(state, FullSumState):
        return state
    return FullSumState(
        state.hilbert, state.model, variables=state.variables, chunk_size=state.chunk_size
    )
