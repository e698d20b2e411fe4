"""The counter: a dispatch mode that sees every ATen operator of a forward, and which module ran it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from mmmaskattn.analysis.extension_calls import watch_extension_calls
from mmmaskattn.analysis.mac_convention import is_left_out
from mmmaskattn.analysis.mac_formulas import MAC_FORMULAS


class MacCounter(TorchDispatchMode):
    """Counts what is dispatched while it is active.

    Args:
        model: The module whose parameters are told apart as read or not read.

    Attributes:
        running: Names of the modules at work, the innermost last (kept by :func:`counting`).
        by_module: MACs by the innermost module at work.
        by_op: MACs by operator.
        uncounted: Calls of operators that may do products and have no formula.
        ignored: Calls of operators left out by convention.
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.running: list[str] = ['']
        self.by_module: Counter[str] = Counter()
        self.by_op: Counter[str] = Counter()
        self.uncounted: Counter[str] = Counter()
        self.ignored: Counter[str] = Counter()
        self._sizes = {id(parameter): parameter.numel() for parameter in model.parameters()}
        self._read: set[int] = set()

    @property
    def macs(self) -> int:
        """All MACs so far."""
        return sum(self.by_op.values())

    @property
    def params_read(self) -> int:
        """Number of parameters (elements) that some operator took so far."""
        return sum(self._sizes[key] for key in self._read)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None) -> Any:
        kwargs = kwargs or {}
        self._note_parameters(args)
        if func._schema.name not in MAC_FORMULAS and _is_composite(func):
            with self:  # inference mode shows operators made of others as one: look inside
                return func.decompose(*args, **kwargs)
        out = func(*args, **kwargs)
        self._note_operator(func, args, out)
        return out

    def _note_parameters(self, args: Sequence[Any]) -> None:
        for arg in args:
            if isinstance(arg, (list, tuple)):
                self._note_parameters(arg)
            elif id(arg) in self._sizes:
                self._read.add(id(arg))

    def _note_operator(self, func: Any, args: Sequence[Any], out: Any) -> None:
        name = func._schema.name
        formula = MAC_FORMULAS.get(name)
        if formula is not None:
            macs = formula(args, out)
            self.by_op[name] += macs
            self.by_module[self.running[-1]] += macs
        elif is_left_out(func) or not _has_floats(args):
            self.ignored[name] += 1
        else:
            self.uncounted[name] += 1

    def note_extension_call(self, name: str, args: tuple[Any, ...], call: Callable[[], Any]) -> Any:
        """Do a call of mmcv's extension: counted if it dispatches products (as on the CPU), else listed as uncounted.

        Args:
            name: Name of the compiled function.
            args: Its positional arguments.
            call: Does the call.
        """
        before = self.macs
        out = call()
        self._note_parameters(args)
        if self.macs == before:
            self.uncounted[f'mmcv::{name}'] += 1
        return out


def _is_composite(func: Any) -> bool:
    return torch._C._dispatch_has_kernel_for_dispatch_key(func.name(), 'CompositeImplicitAutograd')


def _has_floats(args: Sequence[Any]) -> bool:
    flat = [item for arg in args for item in (arg if isinstance(arg, (list, tuple)) else (arg,))]
    return any(isinstance(item, Tensor) and (item.is_floating_point() or item.is_complex()) for item in flat)


def _followed(name: str, forward: Callable[..., Any], running: list[str]) -> Callable[..., Any]:
    @wraps(forward)
    def _call(*args: Any, **kwargs: Any) -> Any:
        running.append(name)
        try:
            return forward(*args, **kwargs)
        finally:
            running.pop()

    return _call


@contextmanager
def _following_modules(model: nn.Module, running: list[str]) -> Iterator[None]:
    """Keep the names of the modules at work in ``running``.

    ``forward`` itself is wrapped, as mmdet's detectors call ``head.forward(...)``, which passes by hooks.
    """
    with ExitStack() as stack:
        for name, module in model.named_modules():
            stack.enter_context(patch.object(module, 'forward', _followed(name, module.forward, running)))
        yield


@contextmanager
def _plain_evaluation(model: nn.Module) -> Iterator[None]:
    """Evaluation mode, no gradients, and without the fused path of nn.MultiheadAttention, which hides its products."""
    states = {module: module.training for module in model.modules()}
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
        for module, training in states.items():
            module.training = training


@contextmanager
def counting(model: nn.Module) -> Iterator[MacCounter]:
    """Count what ``model`` does inside the context, in evaluation mode; its training state is put back after.

    Args:
        model: The module to run inside.

    Yields:
        The counter.
    """
    counter = MacCounter(model)
    with ExitStack() as stack:
        stack.enter_context(_plain_evaluation(model))
        stack.enter_context(_following_modules(model, counter.running))
        stack.enter_context(watch_extension_calls(counter.note_extension_call))
        yield stack.enter_context(counter)
