"""Make a training's checkpoint a file to give away: weights only, as safetensors, with a record for the model index.

python tools/model_converters/publish_model.py work_dirs/x/epoch_45.pth --half \\
    --config configs/maskattn/dsb2018_panoptic_128_tiny.py \\
    --out mmmaskattn/weights/tiny_dsb2018_panoptic.safetensors --metrics PQ=61.1 AP=37.9 --licence CC0-1.0

Nothing is overwritten. Afterwards tools/analysis/model_index.py writes the metafiles.
"""

from __future__ import annotations

import argparse
import logging
import warnings
from collections.abc import Sequence
from pathlib import Path

from mmmaskattn.apis.metafiles import ModelRecord, collection_of, model_of, yaml_text
from mmmaskattn.apis.publish import publish
from mmmaskattn.utils.command_line import ToolParser, ends_in_one_line
from mmmaskattn_console.model_index import shipped_folder


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('checkpoint', type=Path, help='checkpoint of a training; of an EMA the average is taken')
    parser.add_argument('--config', type=Path, required=True, help='its config, as it is in the repository')
    parser.add_argument('--out', type=Path, required=True, metavar='FILE.safetensors', help='file to write')
    parser.add_argument('--half', action='store_true', help='half precision in the file, float32 when loaded')
    parser.add_argument('--metrics', type=_figure, nargs='+', default=[], metavar='NAME=NUMBER', help='on test images')
    parser.add_argument('--licence', help='licence of the data that it was trained on')
    parser.add_argument('--address', help='where others find the file, if not in the package: https:// or hf://')
    parser.add_argument('--latency', type=float, metavar='MS', help='milliseconds for an image on one thread')
    parser.add_argument('--epochs', type=int, help='epochs of the training')
    parser.add_argument('--command', help='the command that trained it')
    parser.add_argument('--log', type=Path, help='log file of the training, of which the last lines are kept')
    parser.add_argument('--log-lines', type=int, default=5, metavar='N', help='how many of them (default: 5)')
    parser.add_argument('--about', help='what else is to be known, in a sentence')
    return parser.parse_args(argv)


def _figure(word: str) -> tuple[str, float]:
    name, _, number = word.partition('=')
    try:
        return name, float(number)
    except ValueError:
        raise argparse.ArgumentTypeError(f'{word}: expected NAME=NUMBER, for example mIoU=49.1') from None


def record_of(args: argparse.Namespace) -> ModelRecord:
    """What the options say of the model."""
    lines = args.log.read_text(encoding='utf-8').splitlines() if args.log else []
    return ModelRecord(
        config=str(args.config),
        metrics=dict(args.metrics),
        weights=args.address,
        latency_ms=args.latency,
        epochs=args.epochs,
        licence=args.licence,
        command=args.command,
        log=tuple([line for line in lines if line.strip()][-args.log_lines :]),
        about=args.about,
    )


@ends_in_one_line('publish_model')
def main(argv: Sequence[str] | None = None) -> None:
    """Write the files, and say what they are."""
    args = parse_args(argv)
    warnings.filterwarnings('ignore')
    logging.disable(logging.WARNING)
    done = publish(args.checkpoint, args.config, args.out, record_of(args), args.half)
    print(f'{done.weights}: {done.weights.stat().st_size / 1e6:.2f} MB, {done.content.parameters} parameters')
    print(f'taken: {done.taken}')
    print(f'sha256: {done.content.sha256}')
    print(f'{done.record}: its record')
    if Path(done.content.config).is_absolute():
        print('The config is none of the repository, so the model index has no place for it.')
        return
    print('The model index will say:')
    print(yaml_text([model_of(done.content, collection_of(done.content.config, shipped_folder()))]), end='')


if __name__ == '__main__':
    main()
