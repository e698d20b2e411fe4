from __future__ import annotations

import cv2
import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile
from pictures import centre_of_mass, disc, save_jpeg, smooth_photo

from mmmaskattn.datasets.transforms import LoadLowResImage, LowResResize, LowResScaleJitter
from mmmaskattn.datasets.transforms.load_low_res_image import decode_scale

NATIVE = [(480, 640), (427, 640), (1025, 1031), (1200, 1600), (683, 512), (257, 300), (100, 90)]


def load(loader, path: str, **more) -> dict:
    return loader(dict(img_path=path, **more))


@pytest.mark.parametrize('native', NATIVE)
def test_true_shape_and_nearly_the_same_picture(tmp_path, native):
    path = save_jpeg(str(tmp_path / 'a.jpg'), smooth_photo(native))
    full, reduced = load(LoadImageFromFile(), path), load(LoadLowResImage(128), path)
    assert reduced['ori_shape'] == full['ori_shape'] == native
    assert reduced['img_shape'] == reduced['img'].shape[:2]
    scale = decode_scale(native, (128, 128))
    assert reduced['decode_scale'] == scale
    assert reduced['img_shape'] == (-(-native[0] // scale), -(-native[1] // scale))
    resize = LowResResize(128)
    full, reduced = resize(full), resize(reduced)
    assert reduced['ori_shape'] == full['ori_shape']
    assert reduced['scale_factor'] == full['scale_factor']
    assert np.abs(full['img'].astype(int) - reduced['img'].astype(int)).mean() < 1.5


@pytest.mark.parametrize('native', [(1025, 1031), (1023, 1150), (427, 641)])
def test_reduced_decode_does_not_shift(tmp_path, native):
    image, labels = disc(native, (native[0] * 0.7, native[1] * 0.75), native[0] * 0.2)
    path = save_jpeg(str(tmp_path / 'a.jpg'), image)
    more = dict(gt_seg_map=labels, seg_fields=['gt_seg_map'])
    reduced = load(LoadLowResImage(128), path, **more)
    assert reduced['decode_scale'] > 1
    results = LowResResize(128)(reduced)
    shift = (centre_of_mass(results['img'][..., 0]) - centre_of_mass(results['gt_seg_map'])) * 128
    assert np.abs(shift).max() < 0.15


def test_labels_equal_those_of_the_full_decode(tmp_path):
    image, labels = disc((900, 1203), (400, 700), 300)
    path = save_jpeg(str(tmp_path / 'a.jpg'), image)
    outputs = []
    for loader in (LoadImageFromFile(), LoadLowResImage(128)):
        results = load(loader, path, gt_seg_map=labels.copy(), seg_fields=['gt_seg_map'])
        outputs.append(LowResResize((64, 48))(results)['gt_seg_map'])
    assert np.array_equal(*outputs)


@pytest.mark.parametrize(
    ('native', 'needed', 'scale'),
    [
        ((1024, 1024), (128, 128), 8),
        ((1023, 1024), (128, 128), 4),
        ((480, 640), (128, 128), 2),
        ((480, 640), (64, 48), 4),
        ((255, 640), (128, 128), 1),
        ((640, 255), (128, 128), 1),
        ((4000, 4000), (32, 32), 8),
    ],
)
def test_both_sides_keep_the_pixels_needed(native, needed, scale):
    assert decode_scale(native, needed) == scale


def test_ratio_is_drawn_once_and_decides_the_decode(tmp_path):
    path = save_jpeg(str(tmp_path / 'a.jpg'), smooth_photo((480, 640)))
    np.random.seed(0)
    loader, jitter = LoadLowResImage(128, ratio_range=(0.5, 2.0)), LowResScaleJitter(128, (0.5, 2.0))
    scales = set()
    for _ in range(40):
        results = load(loader, path)
        ratio = results['jitter_ratio']
        assert 0.5 <= ratio <= 2.0
        needed = round(128 * ratio)
        assert min(results['img_shape']) >= needed or results['decode_scale'] == 1
        scales.add(results['decode_scale'])
        assert jitter(results)['scale_factor'][1] == needed / 480
    assert scales == {1, 2, 4}


@pytest.mark.parametrize('orientation', [3, 6, 8])
def test_exif_orientation_is_applied_as_mmcv_does(tmp_path, orientation):
    path = save_jpeg(str(tmp_path / 'a.jpg'), smooth_photo((600, 1000)), orientation)
    full, ours = load(LoadImageFromFile(), path), load(LoadLowResImage(64), path)
    assert full['ori_shape'] == ((600, 1000) if orientation == 3 else (1000, 600))
    assert ours['ori_shape'] == full['ori_shape']
    assert np.array_equal(ours['img'], full['img'])


def test_other_formats_and_backends_are_decoded_in_full(tmp_path):
    picture = smooth_photo((600, 800))
    png, jpeg = str(tmp_path / 'a.png'), save_jpeg(str(tmp_path / 'a.jpg'), picture)
    cv2.imwrite(png, picture)
    assert np.array_equal(load(LoadLowResImage(64), png)['img'], picture)
    assert load(LoadLowResImage(64, imdecode_backend='pillow'), jpeg)['img_shape'] == (600, 800)


def test_grayscale_is_reduced_too_and_float_is_kept(tmp_path):
    path = save_jpeg(str(tmp_path / 'a.jpg'), smooth_photo((600, 800)))
    results = load(LoadLowResImage(64, color_type='grayscale', to_float32=True), path)
    assert results['img'].shape == (75, 100)
    assert results['img'].dtype == np.float32
    assert results['ori_shape'] == (600, 800)


@pytest.mark.parametrize('content', [b'', b'no picture', b'\xff\xd8\xff\xe0 broken'])
def test_an_unreadable_file_is_named(tmp_path, content):
    path = tmp_path / 'broken.jpg'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r'broken\.jpg: cannot be decoded'):
        load(LoadLowResImage(64), str(path))
    assert load(LoadLowResImage(64, ignore_empty=True), str(path)) is None


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'absent\.jpg'):
        load(LoadLowResImage(64), str(tmp_path / 'absent.jpg'))


def test_small_size_is_refused():
    with pytest.raises(ValueError, match='LoadLowResImage: option size is 8'):
        LoadLowResImage(8)
