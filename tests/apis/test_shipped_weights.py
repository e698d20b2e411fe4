"""The models that come with the package, on pictures drawn here."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mmmaskattn.apis import list_models, load_model
from mmmaskattn_console.console import main


def draw_nuclei(seed: int, size: tuple[int, int]) -> tuple[np.ndarray, int]:
    """Bright, soft, separate ellipses on dark ground, grey (H, W), and their number."""
    rng = np.random.default_rng(seed)
    picture, taken, number = np.full(size, 12, np.float32), np.zeros(size, np.uint8), 0
    unit = min(size) / 128
    for _ in range(60):
        centre = [int(rng.uniform(0.08, 0.92) * side) for side in size[::-1]]
        axes = [int(unit * rng.uniform(6, 10)) for _ in range(2)]
        mask = np.zeros(size, np.uint8)
        cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1, -1)
        if not (taken & mask).any():
            picture[mask > 0] = rng.uniform(60, 110)
            taken |= cv2.dilate(mask, np.ones((int(5 * unit),) * 2, np.uint8))
            number += 1
    return (cv2.GaussianBlur(picture, (0, 0), unit) + rng.normal(0, 2, size)).clip(0, 255).astype(np.uint8), number


@pytest.mark.parametrize('size', [(128, 128), (300, 260)])
def test_nuclei_are_counted(size):
    model = load_model('tiny_dsb2018_panoptic', device='cpu')
    for seed in range(3):
        picture, number = draw_nuclei(seed, size)
        result = model.predict(picture)
        assert result.size == size
        assert result.counts()['nucleus'] == pytest.approx(number, rel=0.15)
        assert result.classes.names == ('nucleus', 'background')


def test_every_shipped_model_predicts_by_its_name(tmp_path, capsys):
    picture, _ = draw_nuclei(0, (90, 140))
    cv2.imwrite(str(tmp_path / 'a.png'), picture)
    entries = [entry for entry in list_models(published=True) if '://' not in str(entry.weights)]
    assert {'tiny_dsb2018_panoptic', 'nano_ccp_semantic'} <= {entry.name for entry in entries}
    for entry in entries:
        main(['predict', str(tmp_path / 'a.png'), '--model', entry.name, '--out', str(tmp_path / entry.name)])
        assert (tmp_path / entry.name / 'pictures/a.png').is_file()
        assert '1 picture, 0 skipped' in capsys.readouterr().out
    main(['models'])
    said = capsys.readouterr().out
    assert all(f'| {entry.name} ' in said for entry in entries)
