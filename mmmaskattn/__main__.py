"""``python -m mmmaskattn`` prints what is installed, what was tested, and the devices; it warns, never fails."""

from __future__ import annotations

from mmmaskattn.utils.environment import report

if __name__ == '__main__':
    print(report())
