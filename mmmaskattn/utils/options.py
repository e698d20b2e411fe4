"""Wrong options of constructors are refused in one line, by the type hints of their signatures.

`checked_options` wraps ``__init__``. Our registries apply it to all that is entered, so that a class has only to say in
its signature what an option may be; the types with ranges are in :mod:`mmmaskattn.utils.option_types`. Options that go
through ``**kwargs`` to a parent class are known too. Values are looked at and handed on as they are.
"""

from __future__ import annotations

import difflib
import functools
import inspect
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from typing import Any, ForwardRef, Optional, TypeVar, Union, get_args, get_origin

import msgspec
import numpy as np
from eval_type_backport import eval_type_backport
from mmengine.config import Config
from msgspec import Meta

from mmmaskattn.utils.option_types import HOST_OPTIONS

OURS = 'mmmaskattn'
REFUSED = 'REFUSED_OPTIONS'
"""Attribute of a class: options that a parent takes and that do nothing there, or old names, with the reason."""
NAMES = {bool: 'True or False', int: 'a whole number', float: 'a number', str: 'a text', dict: 'a dict'}
Checked = TypeVar('Checked', bound=Callable)


@dataclass(frozen=True)
class Options:
    """What a constructor takes.

    Attributes:
        hints: What each option must be; ``Any`` where nothing is known.
        positional: Those that may be given by their place, in order.
        closed: Whether there is no other option.
        refused: Options that are refused, with the reason.
    """

    hints: dict[str, Any]
    positional: tuple[str, ...]
    closed: bool
    refused: Mapping[str, str]

    def check(self, owner: str, args: Sequence[Any], given: Mapping[str, Any]) -> None:
        """Refuse wrong options.

        Args:
            owner: Name of the class, for the error.
            args: What is given by place.
            given: What is given by name.

        Raises:
            TypeError: There is no such option.
            ValueError: An option's value is not what it must be.
        """
        for name in given:
            if name in self.refused:
                raise TypeError(f'{owner}: option {name} {self.refused[name]}')
            if name not in self.hints and self.closed:
                raise TypeError(f'{owner}: option {name} is unknown; {self._advice(name)}')
        for name, value in (*zip(self.positional, args), *given.items()):
            hint = self.hints.get(name, Any)
            if not fits(value, hint):
                raise ValueError(f'{owner}: option {name} is {_short(value)}; expected {describe(hint)}')

    def _advice(self, name: str) -> str:
        nearest = difflib.get_close_matches(name, self.hints, 1)
        if nearest:
            return f'did you mean {nearest[0]}?'
        return f'it takes {", ".join(sorted(self.hints)) or "none"}'


def checked_options(target: Checked) -> Checked:
    """Let a class, or a function that makes something, refuse wrong options in one line.

    An error is ``<class>: option <name> is <value>; expected <what>``. Errors of the constructor itself, as of options
    that do not go together, get the class put before them where they name an option only. A subclass with an
    ``__init__`` of its own is not checked itself; its call of the parent's is.

    Args:
        target: The class, changed in place, or the function.

    Returns:
        The class, or the checked function.
    """
    if not inspect.isclass(target):
        return _wrapped(target, lambda: options_of(target))  # type: ignore[return-value]
    made: Any = target
    if not hasattr(made.__init__, '__checked__'):
        own = vars(made).get('__init__') or _inherited(made)
        made.__init__ = _wrapped(own, lambda: options_of(made))
    return target


def _wrapped(function: Callable, options: Callable[[], Options]) -> Callable:
    """A function that looks at its options first; they are read when it is first called."""
    is_init = function.__name__ == '__init__'

    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        """Check, then call."""
        owner = type(args[0]).__name__ if is_init else function.__name__
        known = options()
        known.check(owner, args[is_init:], kwargs)
        try:
            return function(*args, **kwargs)
        except (TypeError, ValueError) as error:
            if type(error) not in (TypeError, ValueError) or not _lacks_owner(str(error), owner, known):
                raise
            raise type(error)(f'{owner}: {error}') from error

    checked.__checked__ = True  # type: ignore[attr-defined]
    return checked


def _lacks_owner(message: str, owner: str, known: Options) -> bool:
    """Whether an error names an option and not whose it is."""
    return owner not in message and not known.hints.keys().isdisjoint(re.findall(r'\w+', message))


def _inherited(target: Any) -> Callable:
    """An ``__init__`` that calls the next one, with the signature that the class shows now."""

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:  # noqa: N807
        super(target, self).__init__(*args, **kwargs)

    functools.update_wrapper(__init__, target.__init__)
    if target.__init__ is object.__init__:
        __init__.__signature__ = inspect.Signature([_SELF])  # type: ignore[attr-defined]
    return __init__


_SELF = inspect.Parameter('self', inspect.Parameter.POSITIONAL_OR_KEYWORD)


@functools.lru_cache(None)
def options_of(target: Callable) -> Options:
    """Read what a class or a function takes, the classes included that its ``**kwargs`` go to.

    Args:
        target: The class or the function.

    Returns:
        Its options.
    """
    if not inspect.isclass(target):
        named, open_ended = _hints_of(inspect.unwrap(target))
        return Options(named, tuple(named), not open_ended, {})
    hints: dict[str, Any] = {}
    positional: tuple[str, ...] = ()
    for level, one in enumerate(base for base in target.__mro__ if '__init__' in vars(base)):
        function = vars(one)['__init__']
        found, open_ended = ({}, False) if one is object else _hints_of(inspect.unwrap(function), skip=1)
        positional = _positional_of(function) if level == 0 else positional
        hints = {**found, **hints}
        if not open_ended:
            break
    refused = {
        name: reason for base in reversed(target.__mro__) for name, reason in vars(base).get(REFUSED, {}).items()
    }
    return Options({k: v for k, v in hints.items() if k not in refused}, positional, not open_ended, refused)


def _positional_of(function: Callable) -> tuple[str, ...]:
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return tuple(one.name for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD)


def _hints_of(function: Callable, skip: int = 0) -> tuple[dict[str, Any], bool]:
    """Hints of the named parameters of a function, and whether it takes any others by name."""
    parameters = list(inspect.signature(function).parameters.values())[skip:]
    named = [one for one in parameters if one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)]
    return {one.name: _hint_of(one, function) for one in named}, any(one.kind is one.VAR_KEYWORD for one in parameters)


def _hint_of(parameter: inspect.Parameter, function: Callable) -> Any:
    """What a parameter must be: for ours its annotation, for others as far as it says something."""
    names = getattr(function, '__globals__', {})
    ours = (function.__module__ or '').split('.')[0] == OURS
    if not ours and parameter.name in HOST_OPTIONS:
        return HOST_OPTIONS[parameter.name]
    hint = parameter.annotation
    if hint is parameter.empty:
        return type(parameter.default) if isinstance(parameter.default, bool) else Any
    try:
        hint = eval_type_backport(ForwardRef(hint), names, names) if isinstance(hint, str) else hint
        hint = Optional[hint] if parameter.default is None else hint
        msgspec.json.Decoder(hint)  # refuses what it cannot check
    except (NameError, TypeError):
        if ours:
            raise
        return Any
    return hint


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is what a hint says; nothing is converted, but lists pass for tuples and numpy's for Python's.

    Args:
        value: The value.
        hint: A type that msgspec knows.
    """
    if hint is Any:
        return True
    if is_dataclass(hint):  # msgspec would take a dict for it
        return isinstance(value, hint)  # type: ignore[arg-type]
    try:
        msgspec.convert(_plain(value), hint)
    except msgspec.ValidationError:
        return False
    return True


def _plain(value: Any) -> Any:
    """A value in Python's own types, as far as it consists of numbers, sequences and dicts."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Config):
        return value.to_dict()
    if isinstance(value, (list, tuple, range)):
        return [_plain(one) for one in value]
    return value


def describe(hint: Any) -> str:
    """Say what is expected.

    Args:
        hint: A type that msgspec knows.

    Returns:
        For example ``a finite number over 0, or None``.
    """
    origin, args = get_origin(hint), get_args(hint)
    metas = [one for one in getattr(hint, '__metadata__', ()) if isinstance(one, Meta)]
    if metas:
        return metas[0].description or _sized(describe(args[0]), metas[0])
    if hint is None or hint is type(None):
        return 'None'
    if hasattr(hint, '__total__'):
        return f'a dict with {" and ".join(repr(key) for key in hint.__annotations__)}'
    if _is_union(origin):
        return ', or '.join(dict.fromkeys(describe(one) for one in args))
    if _is_literal(hint):
        return f'one of {", ".join(map(repr, args))}'
    if origin is tuple and Ellipsis not in args:
        return f'a sequence of {len(args)} entries, each {" or ".join(dict.fromkeys(map(describe, args)))}'
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return 'a sequence' if Any in args else f'a sequence, each entry {describe(args[0])}'
    return NAMES.get(origin or hint, getattr(hint, '__name__', str(hint)))


def _sized(text: str, meta: Meta) -> str:
    """Put the length into the words for a sequence."""
    if meta.min_length is not None and meta.min_length == meta.max_length:
        return text.replace('a sequence', f'a sequence of {meta.min_length} entries', 1)
    return text.replace('a sequence', f'a sequence of {meta.min_length} or more entries', 1)


def _is_union(origin: Any) -> bool:
    return origin is Union or getattr(origin, '__name__', '') == 'UnionType'


def _is_literal(hint: Any) -> bool:
    return getattr(get_origin(hint), '_name', '') == 'Literal'


def _short(value: Any, longest: int = 80) -> str:
    text = ' '.join(repr(value).split())
    return text if len(text) <= longest else f'{text[:longest]}...'
