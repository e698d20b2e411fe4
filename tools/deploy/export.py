"""Write a model as one file: ``python tools/deploy/export.py MODEL --out FILE.onnx``; as ``mmmaskattn export``."""

from __future__ import annotations

from collections.abc import Sequence

from mmmaskattn.utils.command_line import ends_in_one_line
from mmmaskattn_console.console import export


@ends_in_one_line('export')
def main(argv: Sequence[str] | None = None) -> None:
    """Run the tool.

    Args:
        argv: Arguments; those of the process by default.
    """
    export(argv)


if __name__ == '__main__':
    main()
