"""How much memory is free for this process, and sizes in words."""

from __future__ import annotations

import math
import os
from pathlib import Path

_CGROUPS = (('memory.max', 'memory.current'), ('memory/memory.limit_in_bytes', 'memory/memory.usage_in_bytes'))
_UNITS = ('B', 'kB', 'MB', 'GB', 'TB')


def free_memory(meminfo: Path = Path('/proc/meminfo'), cgroup: Path = Path('/sys/fs/cgroup')) -> int:
    """Bytes that new data may take before something else must go: of the machine, or of the container if that is less.

    Args:
        meminfo: Where Linux tells it of the machine.
        cgroup: Where it tells the container's limit and use.

    Returns:
        Bytes; elsewhere than on Linux the unused memory, which leaves out what the system's caches would give back.
    """
    if not meminfo.is_file():
        return os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_AVPHYS_PAGES')
    lines = dict(line.split(':', 1) for line in meminfo.read_text().splitlines() if ':' in line)
    free = 1024 * int(lines['MemAvailable'].split()[0])
    for limit, used in _CGROUPS:
        values = [(cgroup / name).read_text().strip() if (cgroup / name).is_file() else '' for name in (limit, used)]
        if all(value.isdecimal() for value in values):
            free = min(free, max(0, int(values[0]) - int(values[1])))
    return free


def size_text(size: float) -> str:
    """A number of bytes for a person to read.

    Args:
        size: Bytes.

    Returns:
        For example ``23.4 MB`` (a million bytes each).
    """
    power = min(int(math.log(max(size, 1), 1000)), len(_UNITS) - 1)
    rounded = size / 1000**power
    return f'{rounded:.0f} {_UNITS[power]}' if rounded >= 100 or not power else f'{rounded:.1f} {_UNITS[power]}'
