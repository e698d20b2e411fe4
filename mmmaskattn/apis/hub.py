"""Files of Hugging Face repositories, through huggingface_hub and its cache; no network where the file is there."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SCHEME = 'hf://'
_ADDRESS = re.compile(r'hf://([\w.-]+/[\w.-]+)(?:@([^/]+))?/(.+)')
REPOSITORY = re.compile(r'(?:hf://)?([\w.-]+/[\w.-]+?)(?:@([^/]+))?')


def huggingface_hub() -> Any:
    """Import huggingface_hub.

    Raises:
        ModuleNotFoundError: If it is not installed.
    """
    if find_spec('huggingface_hub') is None:
        raise ModuleNotFoundError("huggingface_hub is not installed; pip install 'mmmaskattn[hub]'")
    return import_module('huggingface_hub')


def failures() -> tuple[type[Exception], ...]:
    """What huggingface_hub raises when a repository cannot be reached, or refuses, or its name is none."""
    return OSError, ValueError, import_module('huggingface_hub.errors').HTTPError


def fetch_address(address: str) -> Path:
    """Find the file of an address in the cache, or download it there.

    Args:
        address: ``hf://OWNER/REPOSITORY/FILE``, with ``@REVISION`` after the repository or not.

    Returns:
        The file in the cache.

    Raises:
        ValueError: If it is no such address.
        OSError: If the file is not in the cache and cannot be had.
    """
    found = _ADDRESS.fullmatch(address)
    if not found:
        raise ValueError(f'{address}: expected hf://OWNER/REPOSITORY/FILE or hf://OWNER/REPOSITORY@REVISION/FILE')
    return fetch(found[1], found[3], found[2])


def fetch(repository: str, filename: str, revision: str | None = None) -> Path:
    """Find a file of a repository in the cache, or download it there.

    Args:
        repository: ``OWNER/NAME``.
        filename: Path in it.
        revision: Branch, tag or commit; the main branch by default.

    Returns:
        The file in the cache. A branch is not asked for news once its file is there.

    Raises:
        OSError: If the file is not in the cache and cannot be had.
    """
    hub = huggingface_hub()
    cached = hub.try_to_load_from_cache(repository, filename, revision=revision)
    if isinstance(cached, str):
        return Path(cached)
    try:
        return Path(hub.hf_hub_download(repository, filename, revision=revision))
    except failures() as error:
        reason = str(error).strip().splitlines()[0]
        raise OSError(f'{SCHEME}{repository}/{filename} is not in the cache and cannot be had: {reason}') from error
