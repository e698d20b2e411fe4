"""What the tests of the prepare tools share: mini sets, their files, and the json files read back."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np

from mmmaskattn.data_tools.mini import write_mini
from mmmaskattn.data_tools.prepare.report import SplitReport
from mmmaskattn.data_tools.prepare.run import prepare_splits
from mmmaskattn.data_tools.prepare.split import STATE_FOLDER
from mmmaskattn.datasets.panoptic_png import rgb_to_id


def mini(layout: str, root: Path, train: int = 4, val: int = 2) -> Path:
    """Write a small mini set and return its root."""
    return write_mini(layout, root, num_train=train, num_val=val, size=(64, 96), seed=3)


def prepare(splits: list, workers: int = 1, **options: bool) -> list[SplitReport]:
    """Prepare all splits and return the reports."""
    return list(prepare_splits(splits, workers, **options))


def read_ids(path: Path) -> np.ndarray:
    """Read a panoptic PNG, independently of the code under test but for the id formula."""
    return rgb_to_id(cv2.imread(str(path), cv2.IMREAD_COLOR)[..., ::-1])


def read_json(path: Path) -> dict:
    """Read a json file."""
    return json.loads(path.read_text(encoding='utf-8'))


def contents(root: Path) -> dict[str, bytes]:
    """Return the content of every file under a root but the tool's own notes."""
    files = (path for path in sorted(root.rglob('*')) if path.is_file() and STATE_FOLDER not in path.parts)
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def times(root: Path) -> dict[str, int]:
    """Return the time of change of every file under a root, notes included; the lock is opened by every run."""
    files = (path for path in sorted(root.rglob('*')) if path.is_file() and path.name != 'lock')
    return {str(path.relative_to(root)): path.stat().st_mtime_ns for path in files}


def check_extents(picture: Path, segments: list[dict]) -> None:
    """Recount ids, areas and boxes of a panoptic picture and compare them with its segments."""
    ids = read_ids(picture)
    assert sorted(segment['id'] for segment in segments) == [i for i in np.unique(ids).tolist() if i]
    for segment in segments:
        rows, cols = np.nonzero(ids == segment['id'])
        assert segment['area'] == len(rows)
        box = [cols.min(), rows.min(), cols.max() - cols.min() + 1, rows.max() - rows.min() + 1]
        assert segment['bbox'] == [int(side) for side in box]
