"""One rule of orientation: images and label pictures are turned upright, each as its own EXIF data says."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile
from PIL import Image, ImageOps

from mmmaskattn.data_tools.check.sample import SampleRules, check_sample
from mmmaskattn.data_tools.prepare.split import image_size
from mmmaskattn.data_tools.shrink.samples import Sample, shrink_sample
from mmmaskattn.datasets.transforms.load_low_res_image import LoadLowResImage
from mmmaskattn.datasets.transforms.load_panoptic import read_panoptic_ids
from mmmaskattn.datasets.transforms.load_seg_map import read_label_map
from mmmaskattn.datasets.transforms.low_res_resize import resize_labels
from mmmaskattn.datasets.transforms.picture_file import MAX_PIXELS, picture_header, turn_upright

SIZES = [(48, 48), (32, 48)]


def stored(size: tuple[int, int]) -> np.ndarray:
    """Colours of four quarters, which no turn leaves as they were."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    quarters = 2 * (rows >= size[0] // 2) + (columns >= size[1] // 2)
    return np.stack([quarters * 60, quarters * 0, quarters * 0 + 3], 2).astype(np.uint8)


def save(path: Path, array: np.ndarray, orientation: int) -> str:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(array).save(path, exif=exif, **({'quality': 100} if path.suffix == '.jpg' else {}))
    return str(path)


@pytest.mark.parametrize('orientation', range(1, 9))
def test_arrays_are_turned_as_pillow_turns_pictures(tmp_path, orientation):
    path = save(tmp_path / 'a.png', stored((32, 48)), orientation)
    with Image.open(path) as picture:
        expected = np.asarray(ImageOps.exif_transpose(picture))
    turned = turn_upright(stored((32, 48)), orientation)
    np.testing.assert_array_equal(turned, expected)
    assert picture_header(path).size == turned.shape[:2] == image_size(Path(path))


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('suffix', ['.jpg', '.png', '.webp'])
@pytest.mark.parametrize('orientation', [3, 6, 8])
def test_both_image_loaders_turn(tmp_path, size, suffix, orientation):
    path = save(tmp_path / f'a{suffix}', stored(size), orientation)
    expected = turn_upright(stored(size), orientation)[..., ::-1]
    for loader in (LoadLowResImage(16), LoadImageFromFile()):
        results = loader(dict(img_path=path))
        assert results['ori_shape'] == expected.shape[:2]
        centre = np.abs(results['img'].astype(int) - expected)[8:-8, 8:-8]
        assert np.median(centre) <= 3


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('orientation', [3, 6, 8])
def test_label_and_panoptic_pictures_turn(tmp_path, size, orientation):
    path = save(tmp_path / 'labels.png', stored(size)[..., 0], orientation)
    expected = turn_upright(stored(size), orientation)
    np.testing.assert_array_equal(read_label_map(path), expected[..., 0])
    path = save(tmp_path / 'ids.png', stored(size), orientation)
    np.testing.assert_array_equal(read_panoptic_ids(path), expected[..., 0] + 65536 * expected[..., 2].astype(int))


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('orientation', [3, 6, 8])
def test_check_and_shrink_turn(tmp_path, size, orientation):
    image = save(tmp_path / 'a.jpg', stored(size), orientation)
    labels = save(tmp_path / 'a.png', stored(size)[..., 0] // 60, orientation)
    report = check_sample(SampleRules(tuple('abcd'), 4), dict(img_path=image, seg_map_path=labels))
    assert not [problem for problem in report.problems if problem.fatal]
    assert shrink_sample(tmp_path, tmp_path / 'copy', (16, 16), MAX_PIXELS, Sample('a.jpg', (('a.png', 3),))) is True
    small = cv2.imread(str(tmp_path / 'copy/a.png'), cv2.IMREAD_UNCHANGED)
    turned = turn_upright(stored(size), orientation)
    np.testing.assert_array_equal(small, resize_labels(turned[..., 0] // 60, (16, 16)))
    assert cv2.imread(str(tmp_path / 'copy/a.jpg'))[3, 3, 2] == pytest.approx(turned[6, 6, 0], abs=6)


def test_a_mask_of_the_unturned_picture_is_told(tmp_path):
    image = save(tmp_path / 'a.jpg', stored((48, 48)), 6)
    cv2.imwrite(str(tmp_path / 'a.png'), stored((48, 48))[..., 0] // 60)
    report = check_sample(SampleRules(tuple('abcd'), 4), dict(img_path=image, seg_map_path=str(tmp_path / 'a.png')))
    (note,) = map(str, report.problems)
    assert note.startswith(f'note: {image}: EXIF says to turn or mirror it (orientation 6), and the loader does')
