"""Names of classes as configs give them, checked before anything counts their letters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

KEYS = ('classes', 'thing_classes', 'stuff_classes')


def check_class_names(metainfo: Mapping[str, Any] | None, option: str = 'metainfo') -> None:
    """Check the class names of a data set's ``metainfo``.

    A string that is the path of a file passes: mmengine reads the names from it, one a line.

    Args:
        metainfo: The option; what it does not name is not looked at.
        option: Its name, for the message.

    Raises:
        ValueError: If names are one string, no list, not all strings, or not all different.
    """
    for key in KEYS:
        names = (metainfo or {}).get(key)
        if names is None or (isinstance(names, str) and Path(names).is_file()):
            continue
        if isinstance(names, str):
            raise ValueError(
                f'{option}.{key}={names!r}: a string, each letter of which would be a class. Expected a list of names: '
                f'[{names!r}], or with a comma ({names!r},).'
            )
        wrong = not isinstance(names, (list, tuple)) or [
            name for name in names if not isinstance(name, str) or not name
        ]
        if wrong or (key == 'classes' and not names):
            raise ValueError(f'{option}.{key}={names!r}: expected a list of names.')
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f'{option}.{key}: the names {twice} come more than once. Expected each once.')
