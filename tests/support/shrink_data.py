"""Drawn data sets as they are after the prepare tools, and helpers to look at their copies."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from mmmaskattn.data_tools.mini import write_mini
from mmmaskattn.data_tools.prepare.ade20k import ade20k_splits
from mmmaskattn.data_tools.prepare.cityscapes import cityscapes_splits
from mmmaskattn.data_tools.prepare.run import prepare_splits

LAYOUTS = ('ade20k', 'coco', 'cityscapes')


def draw_prepared(layout: str, root: Path, num_train: int = 3, num_val: int = 2, size=(96, 136)) -> Path:
    """Draw a mini set and make the json files that its panoptic and instance configs read."""
    root = write_mini(layout, root, num_train=num_train, num_val=num_val, size=size)
    splits = {'ade20k': ade20k_splits, 'cityscapes': cityscapes_splits}.get(layout)
    if splits is not None:
        assert not any(report.problems for report in prepare_splits(splits(root), workers=1))
    return root


def contents(root: Path) -> dict[str, str]:
    """Digest of every file under a folder that is not hidden."""
    names = {path.relative_to(root).as_posix(): path for path in sorted(root.rglob('*')) if path.is_file()}
    seen = {name: path for name, path in names.items() if not name.startswith('.') and '/.' not in name}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in seen.items()}


def edit_json(path: Path, change) -> None:
    """Load a json, let ``change`` alter it, and write it back."""
    content = json.loads(path.read_text())
    path.write_text(json.dumps(change(content) or content))
