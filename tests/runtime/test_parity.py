"""Exported files of trained models: the runtime's results are PyTorch's, in Python and in the browser."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from browser import build, drive, missing, served
from pictures import smooth_photo
from shared_exports import PUBLISHED, nuclei_pictures, shared_export

from mmmaskattn.apis import MaskAttnInferencer
from mmmaskattn_runtime import RunLengths, load

pytestmark = pytest.mark.long
SHOWN = Path(__file__).parents[2] / 'docs/images/nuclei.png'
CLOTHES = 'nano_ccp_semantic'


@pytest.fixture(scope='module')
def nuclei(tmp_path_factory):
    return shared_export(tmp_path_factory)


def assert_same(found, expected):
    assert found.size == expected.size
    assert (found.labels != expected.labels).mean() <= 1e-4
    assert [(one.label, one.is_thing) for one in found.segments] == [
        (one.label, one.is_thing) for one in expected.segments
    ]
    assert len(found.instances or ()) == len(expected.instances or ())
    for one, other in zip(found.instances or (), expected.instances or ()):
        assert one.score == pytest.approx(other.score, abs=1e-2)
        assert one.area == pytest.approx(other.area, abs=2)
        assert (one.label, one.name) == (other.label, other.name)


def test_nuclei_as_pytorch_finds_them(nuclei):
    inferencer, model = MaskAttnInferencer(PUBLISHED, device='cpu'), load(nuclei, threads=1)
    pictures = [*nuclei_pictures(), SHOWN]
    results = [model(picture) for picture in pictures]
    assert sum(len(result.objects) for result in results) > 50
    for picture, result in zip(pictures, results):
        assert_same(result, inferencer(picture))


def test_clothes_as_pytorch_labels_them(tmp_path_factory):
    model = load(shared_export(tmp_path_factory, CLOTHES), threads=1)
    inferencer = MaskAttnInferencer(CLOTHES, device='cpu')
    for size in ((97, 203), (128, 128), (33, 500), (300, 41)):
        picture = np.ascontiguousarray(smooth_photo(size))
        assert_same(model(picture), inferencer(picture))


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_nuclei_in_the_browser(nuclei, tmp_path):
    (tmp_path / 'models').mkdir()
    (tmp_path / 'models' / 'nuclei.onnx').write_bytes(nuclei.read_bytes())
    steps = [['wait'], ['upload', '#file', str(SHOWN)], ['text', '#status'], ['download', '#save-coco', 'a.json']]
    with served(build(tmp_path)) as url:
        said = drive(tmp_path, url, steps)
    expected = load(nuclei, threads=1)(SHOWN)
    assert said['answers'][2].startswith(f'nuclei.png: {len(expected.objects)} nucleus, background ')
    found = json.loads((tmp_path / 'a.json').read_text())['annotations']
    assert len(found) == len(expected.instances)
    for one, other in zip(found, expected.instances):
        assert one['score'] == pytest.approx(other.score, abs=1e-3)
        masks = RunLengths.from_coco(one['segmentation']).to_mask(), other.mask.to_mask()
        assert (masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum() > 0.99
