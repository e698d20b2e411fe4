"""Make ADE20K's panoptic and instance json files and panoptic PNGs from its official annotations.

Example: python tools/data/prepare_ade20k.py data/ade/ADEChallengeData2016

It can be stopped and started again at any time.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))  # last: an installed package comes first

from mmmaskattn.data_tools.prepare import ade20k_splits
from mmmaskattn.data_tools.prepare.command import root_parser, run_prepare

if __name__ == '__main__':
    run_prepare(
        'prepare_ade20k',
        ade20k_splits,
        root_parser(
            'From images/, annotations/ and annotations_instance/ to panoptic and instance json files.',
            'ADE20K_ROOT',
            'data/ade/ADEChallengeData2016',
        ),
    )
