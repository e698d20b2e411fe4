"""``python -m mmmaskattn`` is the command ``mmmaskattn``; alone it prints what is installed, and never fails."""

from __future__ import annotations

import sys

from mmmaskattn.utils.environment import report

if __name__ == '__main__':
    if len(sys.argv) == 1:
        print(report())
    else:
        from mmmaskattn_console.console import main

        main()
