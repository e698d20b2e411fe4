"""Write the model index: model-index.yml and the metafiles, from the configs and the records of trained models.

python tools/analysis/model_index.py
python tools/analysis/model_index.py --check

The records are the json files in mmmaskattn/weights, which tools/model_converters/publish_model.py writes beside the
weights. What a metafile says under Collections is written by hand and kept.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from mmmaskattn.apis.metafiles import outdated
from mmmaskattn.utils.command_line import ToolParser, ends_in_one_line
from mmmaskattn.utils.files import atomic_write

ROOT = Path(__file__).resolve().parents[2]


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--check', action='store_true', help='write nothing; end with status 1 if a file would change')
    parser.add_argument('--root', type=Path, default=ROOT, help='the repository (default: the one of this script)')
    return parser.parse_args(argv)


@ends_in_one_line('model_index')
def main(argv: Sequence[str] | None = None) -> None:
    """Write what differs, and say what it was."""
    args = parse_args(argv)
    texts = outdated(args.root)
    if args.check and texts:
        raise ValueError(f'not as the configs and records say: {", ".join(texts)}; run the command without --check')
    for name, text in texts.items():
        atomic_write(args.root / name, text.encode())
        print(f'written: {name}')
    if not texts:
        print('The model index is up to date.')


if __name__ == '__main__':
    main()
