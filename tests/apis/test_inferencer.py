"""The inferencer against mmseg's and mmdet's own functions, and on whatever pictures are thrown at it."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pickle import UnpicklingError

import numpy as np
import pytest
import torch
from mmdet.apis import inference_detector, init_detector
from mmseg.apis import inference_model, init_model
from mmseg.structures import SegDataSample
from pictures import smooth_photo
from PIL import Image
from random_checkpoint import write_checkpoint

from mmmaskattn.apis import MaskAttnInferencer, load_model
from mmmaskattn.models.grouping import pixel_maps
from mmmaskattn.utils.weights import WeightsMismatchError
from mmmaskattn_runtime import PictureError, read_picture

SIZE = (97, 203)


@pytest.fixture(scope='module')
def checkpoints(tmp_path_factory):
    folder = tmp_path_factory.mktemp('checkpoints')
    names = ('ccp_semantic_128_nano', 'coco_instance_128_nano', 'coco_panoptic_128_nano')
    return {name.split('_')[1]: write_checkpoint(name, folder) for name in names}


@pytest.fixture(scope='module')
def inferencers(checkpoints):
    made = {task: MaskAttnInferencer(*files, device='cpu', score_thr=0.0) for task, files in checkpoints.items()}
    for one in made.values():  # as mmseg and mmdet have it: of random weights, roundings change the groups
        one.model.to(memory_format=torch.contiguous_format)
    return made


def test_labels_are_those_of_mmseg(inferencers, checkpoints):
    picture = smooth_photo(SIZE)
    expected = inference_model(init_model(*checkpoints['semantic'], device='cpu'), picture)
    result = inferencers['semantic'](picture)
    assert result.task == 'semantic'
    assert result.size == SIZE
    assert np.array_equal(result.labels, expected.pred_sem_seg.data[0].numpy())
    assert len(np.unique(result.labels)) > 1
    assert result.classes.names[1] == 'skin'


@pytest.mark.parametrize('task', ['instance', 'panoptic'])
def test_segments_are_those_of_mmdet(task, inferencers, checkpoints):
    picture = smooth_photo(SIZE)
    expected = inference_detector(init_detector(*checkpoints[task], device='cpu'), picture)
    result = inferencers[task](picture)
    assert result.task == task
    found = expected.pred_instances
    assert len(result.instances) == len(found) > 3
    for ours, mask, box, label, score in zip(
        result.instances, found.masks.numpy(), found.bboxes.numpy(), found.labels.tolist(), found.scores.tolist()
    ):
        assert (ours.label, ours.score, ours.area) == (label, score, mask.sum())
        assert np.array_equal(ours.mask.to_mask(), mask)
        assert np.allclose(ours.box, box)
    sample = inferencers[task](picture, return_datasamples=True)
    assert torch.equal(sample.pred_instances.masks, found.masks)
    if task == 'panoptic':
        numbers = expected.pred_panoptic_seg.sem_seg[0].numpy()
        pairs = np.unique(np.stack([numbers.ravel(), result.segment_ids.ravel()]), axis=1)
        assert len(pairs[0]) == len(np.unique(pairs[0])) == len(np.unique(pairs[1]))
        labels = {one.id: one.label for one in result.segments}
        assert all(labels[two] == one % 1000 for one, two in pairs.T.tolist() if two)


def test_a_panoptic_model_serves_all_tasks(inferencers, checkpoints):
    picture = smooth_photo(SIZE)
    whole = inferencers['panoptic'](picture)
    for task, parts in (('semantic', (True, False)), ('instance', (False, True))):
        result = MaskAttnInferencer(*checkpoints['panoptic'], device='cpu', task=task, score_thr=0.0)(picture)
        assert (result.labels is not None, result.instances is not None) == parts
    assert len(result.instances) == len(whole.instances)


def test_the_least_score_holds_for_instances_and_for_the_panoptic_map(checkpoints):
    picture, found = smooth_photo(SIZE), {}
    for least in (0.0, None):
        least = sorted(one.score for one in found[0.0].instances)[-3] if least is None else least
        found[least] = load_model(*checkpoints['panoptic'], device='cpu', score=least).predict(picture)
    all_of_them, best = found.values()
    assert [one.score for one in best.instances] == [one.score for one in all_of_them.instances[:3]]
    assert 0 < len(best.objects) <= 3 < len(all_of_them.objects)
    with pytest.raises(ValueError, match='score_thr: found 2, expected 0 to 1'):
        load_model(*checkpoints['panoptic'], score=2).predict(picture)


def test_kinds_of_input(inferencers, tmp_path):
    infer, array = inferencers['semantic'], smooth_photo(SIZE)
    Image.fromarray(array[..., ::-1]).save(tmp_path / 'a.png')
    Image.fromarray(array[..., ::-1]).resize((64, 256)).save(tmp_path / 'b.png')
    single = [infer(one) for one in (array, tmp_path / 'a.png', str(tmp_path / 'a.png'), read(tmp_path / 'a.png'))]
    assert all(np.array_equal(one.labels, single[0].labels) for one in single)
    many = infer(tmp_path, batch_size=2)
    assert [(one.name, one.size) for one in many] == [(f'{tmp_path}/a.png', SIZE), (f'{tmp_path}/b.png', (256, 64))]
    assert np.array_equal(many[0].labels, single[0].labels)
    assert [one.size for one in infer.stream([array, array[:50]], batch_size=1)] == [SIZE, (50, 203)]
    samples = infer(array, return_datasamples=True)
    assert isinstance(samples, SegDataSample)


def read(path):
    return Image.open(path)


def test_bad_pictures_are_skipped_and_said(inferencers, tmp_path):
    for number in range(5):
        Image.fromarray(smooth_photo((20 + number, 30))).save(tmp_path / f'{number}.png')
    for name in ('1', '3'):
        (tmp_path / f'{name}.png').write_bytes((tmp_path / f'{name}.png').read_bytes()[:-200])
    infer = inferencers['panoptic']
    written = infer(tmp_path, out_dir=tmp_path / 'out')
    assert [one.name for one in infer.skipped] == [str(tmp_path / '1.png'), str(tmp_path / '3.png')]
    assert infer.finished == 3
    assert 'objects.csv' in {path.name for path in written}
    assert len(list((tmp_path / 'out' / 'pictures').iterdir())) == 3
    with pytest.raises(PictureError, match=r'1\.png'):
        infer(tmp_path / '1.png')


@pytest.mark.parametrize('size', [(1, 1), (1, 400), (3, 2)])
def test_odd_sizes(size, inferencers):
    for infer in inferencers.values():
        assert infer(smooth_photo((16, 400))[: size[0], : size[1]]).size == size


@pytest.mark.long
def test_a_large_picture_with_many_objects_takes_less_than_a_gigabyte(checkpoints, tmp_path):
    """12 million pixels, all the instances that there can be, all formats; masks alone would be 1.2 GB."""
    Image.fromarray(smooth_photo((3000, 4000))).save(tmp_path / 'large.png')
    config, weights = map(str, checkpoints['panoptic'])
    words = ['predict', str(tmp_path / 'large.png'), '--model', config, '--weights', weights, '--score', '0']
    # getrusage would count what the process that starts this one had: Linux keeps it over exec.
    code = 'import sys; from mmmaskattn_console.console import main; main(sys.argv[1:]); '
    code += "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    process = [sys.executable, '-c', code, *words, '--device', 'cpu', '--out', str(tmp_path / 'out')]
    done = subprocess.run(process, capture_output=True, text=True, check=True)
    assert len(json.loads((tmp_path / 'out/instances.json').read_text())['annotations']) > 50
    assert int(done.stdout.splitlines()[-1]) * 1024 < 1e9  # libraries and all


def test_a_picture_taken_in_strips_is_labelled_as_a_whole_one(inferencers, monkeypatch):
    """Owners and classes of large pictures are numbers of two bytes, looked up strip by strip."""
    picture = smooth_photo((400, 700))
    found = {}
    for large in (pixel_maps.LARGE, 2**30):
        monkeypatch.setattr(pixel_maps, 'LARGE', large)
        found[large] = inferencers['panoptic'](picture)
    strips, whole = found.values()
    assert np.array_equal(strips.segment_ids, whole.segment_ids)
    assert np.array_equal(strips.labels, whole.labels)
    assert strips.segments == whole.segments
    assert [(one.box, one.area, one.score) for one in strips.instances] == [
        (one.box, one.area, one.score) for one in whole.instances
    ]


def test_weights_of_another_model_are_refused(checkpoints):
    with pytest.raises(WeightsMismatchError, match='does not fit the model'):
        MaskAttnInferencer(checkpoints['panoptic'].config, checkpoints['instance'].checkpoint)
    with pytest.raises(ValueError, match='no weights are published'):
        load_model(checkpoints['panoptic'].config).predict(smooth_photo(SIZE))
    with pytest.raises(ValueError, match="task 'depth': expected one of semantic"):
        MaskAttnInferencer(*checkpoints['semantic'], task='depth')
    with pytest.raises(LookupError, match='did you mean nano_ccp_semantic'):
        load_model('nano_ccp_semantics')


def test_tables_are_written_when_a_run_is_interrupted(inferencers, tmp_path):
    def interrupted():
        """Two pictures, then CTRL-C."""
        yield from (smooth_photo(SIZE), smooth_photo(SIZE))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        inferencers['semantic'](interrupted(), batch_size=1, out_dir=tmp_path / 'out')
    assert {path.name for path in (tmp_path / 'out').iterdir()} == {'pictures', 'maps', 'maps.json', 'objects.csv'}
    assert len(list((tmp_path / 'out/maps').iterdir())) == 2


def test_large_pictures_make_small_batches(inferencers):
    picture = smooth_photo((2100, 2700))
    batches = inferencers['semantic']._batches([picture] * 5, 8)
    assert [len(batch) for batch in batches] == [3, 2]
    batches = inferencers['semantic']._batches([picture[:20, :30]] * 10, 8)
    assert [len(batch) for batch in batches] == [8, 2]


@pytest.mark.parametrize(
    ('options', 'line'),
    [
        (dict(score_thr=2.0), 'score_thr: found 2'),
        (dict(score_thr=float('nan')), 'score_thr: found nan'),
        (dict(device='gpu'), "device 'gpu': expected cpu"),
        (dict(task='instance'), "task 'instance': the model only labels pixels"),
    ],
)
def test_wrong_options(options, line, checkpoints):
    with pytest.raises(ValueError, match=line):
        MaskAttnInferencer(*checkpoints['semantic'], **{'device': 'cpu', **options})


def test_what_is_no_checkpoint_is_named(checkpoints, inferencers, tmp_path):
    (tmp_path / 'text.pth').write_text('no checkpoint')
    with zipfile.ZipFile(tmp_path / 'zip.pth', 'w') as file:
        file.writestr('a', 'b')
    for name in ('text.pth', 'zip.pth'):
        with pytest.raises((ValueError, RuntimeError, UnpicklingError), match=name):
            MaskAttnInferencer(checkpoints['semantic'].config, tmp_path / name)
    with pytest.raises(ValueError, match='formats coco: a model of the semantic task gives none'):
        inferencers['semantic'](smooth_photo(SIZE), out_dir=tmp_path / 'out', formats='coco')


def test_pictures_are_read_as_in_training(tmp_path):
    """A JPEG by pillow and by OpenCV: the decoders may differ by a rounding."""
    import cv2

    Image.fromarray(smooth_photo(SIZE)).save(tmp_path / 'a.jpg', quality=90)
    ours, theirs = read_picture(tmp_path / 'a.jpg'), cv2.imread(str(tmp_path / 'a.jpg'))[..., ::-1]
    assert np.abs(ours.astype(int) - theirs).max() <= 3
