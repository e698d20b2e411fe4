"""Make Cityscapes' label maps, panoptic and instance json files and panoptic PNGs from its official annotations.

Example: python tools/data/prepare_cityscapes.py data/cityscapes

It can be stopped and started again at any time.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))  # last: an installed package comes first

from mmmaskattn.data_tools.prepare import cityscapes_splits
from mmmaskattn.data_tools.prepare.command import root_parser, run_prepare

if __name__ == '__main__':
    run_prepare(
        'prepare_cityscapes',
        cityscapes_splits,
        root_parser(
            'From leftImg8bit/ and gtFine/ to labelTrainIds, panoptic and instance json files.',
            'CITYSCAPES_ROOT',
            'data/cityscapes',
        ),
    )
