"""Watching the compiled operators of mmcv, which torch's dispatcher does not see."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

OnCall = Callable[[str, tuple[Any, ...], Callable[[], Any]], Any]

WITHOUT_PRODUCTS = frozenset(('nms', 'softnms', 'nms_match', 'nms_rotated', 'nms_quadri'))
"""Extension functions that choose boxes and have nothing to count."""


def _watched(name: str, function: Callable[..., Any], on_call: OnCall) -> Callable[..., Any]:
    @wraps(function)
    def _call(*args: Any, **kwargs: Any) -> Any:
        return on_call(name, args, lambda: function(*args, **kwargs))

    return _call


@contextmanager
def watch_extension_calls(on_call: OnCall, module_name: str = 'mmcv._ext') -> Iterator[None]:
    """Route the calls of a compiled extension module through ``on_call`` for as long as the context lasts.

    mmcv looks its compiled functions up in the module at each call, so replacing the attributes is enough.

    Args:
        on_call: Gets the function's name, its positional arguments and a callable that does the call; returns the
            call's result.
        module_name: The extension. Nothing happens if it was not imported: then no model can call it.
    """
    module = sys.modules.get(module_name)
    contents = vars(module) if module else {}
    functions = {name: item for name, item in contents.items() if callable(item) and not name.startswith('_')}
    try:
        for name, function in functions.items():
            if name not in WITHOUT_PRODUCTS:
                setattr(module, name, _watched(name, function, on_call))
        yield
    finally:
        for name, function in functions.items():
            setattr(module, name, function)
