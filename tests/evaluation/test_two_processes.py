"""Two processes with half of the images each report what one process reports of all."""

from __future__ import annotations

import pytest
import torch
from metric_job import IMAGES, score, work
from warm_processes import run_two


@pytest.mark.slow
def test_two_processes_give_what_one_gives(tmp_path):
    run_two(work, str(tmp_path))
    expected = score(list(range(IMAGES)))
    assert {'lowres/PQ', 'lowres/AP', 'lowres/mIoU'} <= expected.keys()
    assert all(5 < expected[f'lowres/{name}'] < 95 for name in ('PQ', 'AP', 'mIoU'))
    for rank in range(2):
        assert torch.load(tmp_path / f'{rank}.pt') == expected
