"""Draw the pictures of docs/gallery.md: drawn nuclei, and what the model that comes with the package finds in them.

python tools/analysis/draw_gallery.py --out docs/images/gallery
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from mmmaskattn.apis import load_model
from mmmaskattn.data_tools.mini.nuclei import DARK, STAINED, draw_nuclei
from mmmaskattn.utils.command_line import ToolParser, ends_in_one_line
from mmmaskattn_runtime import draw
from mmmaskattn_runtime.drawing import Style

MODEL = 'tiny_dsb2018_panoptic'


class Shown(NamedTuple):
    """A picture of the gallery: how it is drawn, and in which style its result is shown."""

    style: Style
    drawn: dict[str, Any]


GALLERY = {
    'dark': Shown('side-by-side', dict(seed=1, size=(160, 200), number=18, radius=11, kind=DARK)),
    'stained': Shown('side-by-side', dict(seed=2, size=(160, 200), number=16, radius=12, kind=STAINED)),
    'touching': Shown('overlay', dict(seed=3, size=(256, 320), number=40, radius=17, kind=DARK, touching=0.12)),
    'map': Shown('map', dict(seed=4, size=(128, 128), number=14, radius=8, kind=STAINED)),
    'field': Shown('overlay', dict(seed=5, size=(480, 640), number=60, radius=22, kind=DARK)),
}


@ends_in_one_line('draw_gallery')
def main(argv: Sequence[str] | None = None) -> None:
    """Draw, predict, write."""
    parser = ToolParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', type=Path, required=True, help='folder of the PNGs; those that are there are replaced')
    parser.add_argument('--model', default=MODEL, help=f'name or config of a model (default {MODEL})')
    args = parser.parse_args(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    model = load_model(args.model, device='cpu')
    for name, shown in GALLERY.items():
        picture, ids = draw_nuclei(**shown.drawn)
        result = replace(next(model.stream([picture[..., ::-1]])), name=f'{name}: drawn nuclei')
        Image.fromarray(draw(picture, result, shown.style)).save(args.out / f'{name}.png', optimize=True)
        print(f'{args.out / name}.png: {len(result.objects)} nuclei found, {ids.max()} drawn')


if __name__ == '__main__':
    main()
