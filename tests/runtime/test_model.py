"""Exported files run without torch: results, limits of memory, the command, and what they cost."""

from __future__ import annotations

import numpy as np
import pytest
from exported_files import ATTENTION_NAMES, write_model
from PIL import Image

from mmmaskattn.apis.inferencer import MaskAttnInferencer
from mmmaskattn.datasets.transforms.low_res_resize import resize_image
from mmmaskattn_runtime import PictureError, load
from mmmaskattn_runtime.console import main
from mmmaskattn_runtime.measure import measure
from mmmaskattn_runtime.resizing import shrink


def quarters(size=(64, 96)):
    """White in the upper left and lower right quarter, black elsewhere, RGB."""
    picture = np.zeros((*size, 3), np.uint8)
    picture[: size[0] // 2, : size[1] // 2] = picture[size[0] // 2 :, size[1] // 2 :] = 255
    return picture


@pytest.fixture(scope='module')
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp('exported')
    return {task: write_model(folder / f'{task}.onnx', task) for task in ('semantic', 'instance', 'panoptic')}


@pytest.fixture
def shot(tmp_path):
    Image.fromarray(quarters()).save(tmp_path / 'shot.png')
    return tmp_path / 'shot.png'


@pytest.mark.parametrize('layout', ['nhwc', 'nchw'])
def test_pixels_take_their_class(tmp_path, layout):
    model = load(write_model(tmp_path / 'a.onnx', 'semantic', layout=layout))
    picture = np.zeros((64, 96, 3), np.uint8)
    picture[:, :32, 0], picture[:, 64:, 2] = 255, 255
    labels = model(picture[..., ::-1]).labels
    assert labels.dtype == np.int16
    assert (labels[:, 32:64] == 0).mean() > 0.9
    assert (labels[:, :30] == 1).all()
    assert (labels[:, 66:] == 3).all()


def test_a_panoptic_file_gives_all_that_the_inferencer_gives(files, shot):
    result = load(files['panoptic'])(shot)
    assert result.task == 'panoptic'
    assert result.name == str(shot)
    assert [(one.id, one.name, one.is_thing) for one in result.segments] == [
        (1, 'ground', False),
        (2, 'cell', True),
        (3, 'cell', True),
    ]
    assert [one.area for one in result.segments] == pytest.approx([3072, 1536, 1536], abs=2)  # round corners
    assert [(one.name, round(one.score, 3)) for one in result.instances] == [
        ('cell', 0.9),
        ('cell', 0.9),
        ('dirt', 0.4),
    ]
    assert result.instances[0].box == (0, 0, 48, 32)
    assert result.instances[0].mask.to_mask()[:32, :48].mean() > 0.99
    assert (result.labels == np.where(quarters()[..., 0] > 0, 0, 2)).mean() > 0.99
    assert [one.score for one in load(files['panoptic'], score=0.5)(shot).instances] == pytest.approx([0.9, 0.9])
    black = load(files['panoptic'])(np.zeros((5, 9), np.uint8))
    assert black.instances == ()
    assert black.areas() == {'ground': 45}


def test_what_the_attention_keeps(files, tmp_path, shot):
    """Results are the same with it and without."""
    model = load(write_model(tmp_path / 'a.onnx', 'panoptic', attention=ATTENTION_NAMES))
    bright, dark = (model.attention(shot)[name] for name in ATTENTION_NAMES)
    assert bright.shape == dark.shape == (32, 32)
    assert np.array_equal(bright > 0.5, quarters((32, 32))[..., 0] > 0)
    assert dark == pytest.approx(1 - bright, abs=1e-6)
    assert np.array_equal(model(shot).segment_ids, load(files['panoptic'])(shot).segment_ids)
    assert load(files['panoptic']).attention(shot) == {}


def test_most_instances_and_no_object(tmp_path, shot):
    model = load(write_model(tmp_path / 'a.onnx', 'instance', thresholds=dict(score=0.0, instances=1)))
    assert len(model(shot).instances) == 1
    assert model(np.zeros((8, 8), np.uint8)).instances == ()


def test_large_maps_are_made_smaller_and_enlarged(files):
    whole = load(files['panoptic'])(quarters((640, 960))[..., ::-1])
    asked = []
    model = load(files['panoptic'], values=2**18)
    run = model._run
    model._run = lambda batch, size: asked.append(size) or run(batch, size)
    parts = model(quarters((640, 960))[..., ::-1])
    assert asked == [(32, 32), (160, 240)]  # how many objects there are, then 4 x 640 x 960 values in 16 parts
    assert parts.size == (640, 960)
    assert (parts.segment_ids == whole.segment_ids).mean() > 0.99
    at_network = load(files['panoptic'], maps='network')(quarters((640, 960))[..., ::-1])
    assert (at_network.segment_ids == whole.segment_ids).mean() > 0.95


def test_large_pictures_are_made_small_before(files, monkeypatch):
    rng = np.random.default_rng(0)
    picture = np.asarray(Image.fromarray(rng.integers(0, 256, (9, 14, 3)).astype(np.uint8)).resize((301, 203)))
    plain = load(files['semantic']).fields(picture)['labels']
    monkeypatch.setattr('mmmaskattn_runtime.model.LARGE_PICTURE', 100)
    assert (load(files['semantic']).fields(picture)['labels'] == plain).mean() > 0.98


@pytest.mark.parametrize('size', [(97, 203), (128, 128), (20, 500), (300, 5), (1, 1), (1031, 777)])
def test_shrink_is_the_mean_of_areas(size):
    picture = np.random.default_rng(1).integers(0, 256, (*size, 3)).astype(np.uint8)
    small = shrink(picture, (32, 32))
    assert small.shape == (min(size[0], 32), min(size[1], 32), 3)
    assert np.abs(small.astype(int) - resize_image(picture, small.shape[:2])).max() <= 1


def test_the_inferencer_takes_exported_files(files, shot, tmp_path):
    inferencer = MaskAttnInferencer(files['panoptic'])
    assert inferencer(shot).to_dict() == load(files['panoptic'])(shot).to_dict()
    assert [path.name for path in inferencer([shot], out_dir=tmp_path / 'out')] == [
        *('instances.json', 'maps', 'maps.json', 'objects.csv', 'panoptic', 'panoptic.json', 'pictures')
    ]
    assert len(MaskAttnInferencer(str(files['panoptic']), score_thr=0.8)(shot).instances) == 2
    with pytest.raises(ValueError, match='takes no weights'):
        MaskAttnInferencer(files['panoptic'], weights='a.pth')
    with pytest.raises(ValueError, match='gives results alone'):
        inferencer(shot, return_datasamples=True)


def test_the_command(files, shot, tmp_path, capsys):
    (tmp_path / 'in').mkdir()
    shot.rename(tmp_path / 'in' / 'a.png')
    (tmp_path / 'in' / 'b.png').write_text('no picture')
    main([str(files['panoptic']), str(tmp_path / 'in'), '--out', str(tmp_path / 'out'), '--formats', 'csv', 'pictures'])
    out, err = capsys.readouterr()
    assert out.splitlines()[0].endswith('a.png: 2 cell, ground 50.0 %, cell 50.0 %')
    assert 'skipped:' in err
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == ['objects.csv', 'pictures']
    for words in ([tmp_path / 'in' / 'b.png'], ['gone.png'], [tmp_path / 'in', '--out', tmp_path / 'out']):
        with pytest.raises(SystemExit) as end:
            main([str(files['panoptic']), *map(str, words)])
        assert str(end.value).startswith('mmmaskattn_runtime: ')
        assert '\n' not in str(end.value)


def test_formats_that_the_task_does_not_give(files, shot, tmp_path):
    with pytest.raises(SystemExit, match='formats coco: a model of the semantic task gives none of them'):
        main([str(files['semantic']), str(shot), '--out', str(tmp_path / 'out'), '--formats', 'coco'])
    assert not (tmp_path / 'out').exists()


def test_one_picture_that_cannot_be_read(files, tmp_path):
    with pytest.raises(PictureError, match=r'gone\.png'):
        load(files['semantic'])(tmp_path / 'gone.png')


def test_options(files):
    for options in (dict(score=2), dict(maps='none'), dict(threads=-1), dict(threads=10**5), dict(values=0)):
        with pytest.raises(ValueError, match='expected'):
            load(files['semantic'], **options)


def test_what_a_file_costs(files, shot):
    cost = measure(files['panoptic'], shot, repeats=2)
    assert 20 < cost.peak < 300
    assert 0 < cost.load < cost.cold_start < 60
    assert 0 < cost.latency < 1000
    assert cost.objects == 2
    for options in (dict(repeats=0), dict(threads=-1)):
        with pytest.raises(ValueError, match=next(iter(options))):
            measure(files['panoptic'], shot, **options)


def test_debug_shows_the_error(files):
    with pytest.raises(PictureError):
        main([str(files['semantic']), 'gone*.png', '--debug'])
