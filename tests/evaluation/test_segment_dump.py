"""What is written loads again: with pycocotools, and with our own panoptic reader."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from dump_job import COUNT, work
from mmengine.evaluator import Evaluator
from mmengine.registry import DATASETS, init_default_scope
from mmengine.structures import PixelData
from pycocotools.coco import COCO
from segment_samples import METAINFO, VOID, instances_of, rectangle, segment_sample
from warm_processes import run_two

from mmmaskattn.evaluation.classes import class_kinds
from mmmaskattn.evaluation.segment_dump import SegmentDump, categories_of

IDS = {'dog': 30, 'cat': 17, 'sky': 5, 'grass': 41}
SIZE = (16, 16)


@pytest.fixture
def ann_file(tmp_path):
    """A json whose category ids and their order are not those of the classes."""
    images = [dict(id=7, file_name='folder/image.jpg', height=480, width=640), dict(id=9, file_name='second.jpg')]
    categories = [dict(id=number, name=name) for name, number in IDS.items()]
    path = tmp_path / 'truth.json'
    path.write_text(json.dumps(dict(images=images, categories=categories, annotations=[])))
    return path


def second_sample():
    """No instances, one thing without others, and void."""
    sample = segment_sample(img_path='other/second.png', img_id=9)
    sample.pred_instances = instances_of([], [], [], SIZE)
    sample.pred_panoptic_seg.sem_seg[:] = VOID
    sample.pred_panoptic_seg.sem_seg[0, 2:5, 3:9] = 1001
    return sample


def dump(folder, samples, **options) -> Path:
    evaluator = Evaluator(dict(type='mmmaskattn.SegmentDump', output_dir=str(folder), **options))
    evaluator.dataset_meta = METAINFO
    for sample in samples:
        evaluator.process([sample])
    assert evaluator.evaluate(len(samples)) == {}
    return folder


def test_instances_load_with_pycocotools(ann_file, tmp_path):
    samples = [segment_sample(), second_sample()]
    folder = dump(tmp_path / 'out', samples, ann_file=str(ann_file))
    found = COCO(str(ann_file)).loadRes(str(folder / 'instances.json'))
    rows = found.loadAnns(found.getAnnIds())
    assert [(row['image_id'], row['category_id']) for row in rows] == [(7, IDS['cat']), (7, IDS['dog'])]
    assert [row['score'] for row in rows] == torch.tensor([0.9, 0.6]).tolist()
    assert [row['bbox'] for row in rows] == [[2, 4, 4, 4], [8, 10, 4, 4]]
    for row, mask in zip(rows, samples[0].pred_instances.masks.numpy()):
        assert np.array_equal(found.annToMask(row), mask)


def test_panoptic_maps_load_with_our_reader(ann_file, tmp_path):
    init_default_scope('mmdet')
    samples = [segment_sample(), second_sample()]
    folder = dump(tmp_path / 'out', samples, ann_file=str(ann_file))
    dataset = DATASETS.build(
        dict(
            type='mmmaskattn.CocoPanopticDataset',
            metainfo={key: METAINFO[key] for key in ('thing_classes', 'stuff_classes')},
            data_root=str(folder),
            ann_file='panoptic.json',
            data_prefix=dict(seg='panoptic'),
            test_mode=True,
            pipeline=[dict(type='mmmaskattn.LoadPanoptic')],
        )
    )
    assert [info['img_path'] for info in dataset] == ['folder/image.jpg', 'second.jpg']
    for read, sample in zip(dataset, samples):
        given = sample.pred_panoptic_seg.sem_seg[0].numpy()
        labels = np.array([VOID, *(segment['label'] for segment in read['segments'])])[read['gt_id_map']]
        assert np.array_equal(labels, given % 1000)
        # Another number in the prediction, another segment: the same cut of the image.
        pairs = np.unique(np.stack([read['gt_id_map'].ravel(), given.ravel()]), axis=1)
        assert pairs.shape[1] == len(np.unique(given)) == len(np.unique(read['gt_id_map']))
        for k, segment in enumerate(read['segments'], 1):
            rows, columns = np.nonzero(read['gt_id_map'] == k)
            corner = [columns.min(), rows.min()]
            assert segment['isthing'] == (segment['label'] < 2)
            assert segment['iscrowd'] == 0
            written = json.loads((folder / 'panoptic.json').read_text())['annotations'][samples.index(sample)]
            info = {entry['id']: entry for entry in written['segments_info']}[segment['id']]
            assert info['area'] == len(rows)
            assert info['bbox'] == [*corner, columns.max() + 1 - corner[0], rows.max() + 1 - corner[1]]


def test_void_is_0_and_ids_are_three_bytes_in_rgb_order(tmp_path):
    folder = dump(tmp_path / 'out', [second_sample()])
    picture = cv2.imread(str(folder / 'panoptic/second.png'), cv2.IMREAD_UNCHANGED)
    expected = rectangle(SIZE, 2, 3, 5, 9)
    assert np.array_equal(picture[..., 2], expected), 'red, which OpenCV gives last'
    assert not picture[..., :2].any()


def test_semantic_maps_lie_beside_the_panoptic_ones(tmp_path):
    samples = [segment_sample(), second_sample()]
    maps = [torch.zeros(1, *SIZE, dtype=torch.int64), torch.full((1, *SIZE), 3)]
    maps[0][0, 4:, 2:] = 2
    maps[1][0, 0, 0] = len(IDS)  # no class
    for sample, labels in zip(samples, maps):
        sample.pred_sem_seg = PixelData(sem_seg=labels)
    folder = dump(tmp_path / 'out', samples)
    names = sorted(path.name for path in (folder / 'panoptic').iterdir())
    assert sorted(path.name for path in (folder / 'semantic').iterdir()) == names == ['image.png', 'second.png']
    first, second = (cv2.imread(str(folder / 'semantic' / name), cv2.IMREAD_UNCHANGED) for name in names)
    assert np.array_equal(first, maps[0][0].numpy())
    assert second[0, 0] == 255
    assert (second.ravel()[1:] == 3).all()


def test_pictures_of_one_stem_are_told_apart(tmp_path):
    samples = [segment_sample(img_path='a/1.png', img_id=1), segment_sample(img_path='b/1.png', img_id=2)]
    samples[1].pred_panoptic_seg.sem_seg[:] = 3
    folder = dump(tmp_path / 'out', samples)
    written = json.loads((folder / 'panoptic.json').read_text())['annotations']
    assert [len(annotation['segments_info']) for annotation in written] == [4, 1]
    assert len({annotation['file_name'] for annotation in written}) == 2
    assert all((folder / 'panoptic' / annotation['file_name']).is_file() for annotation in written)


def test_only_what_the_model_predicts_is_written(tmp_path):
    sample = segment_sample()
    del sample.pred_panoptic_seg
    assert [path.name for path in dump(tmp_path / 'instances', [sample]).iterdir()] == ['instances.json']
    sample = segment_sample()
    del sample.pred_instances
    names = sorted(path.name for path in dump(tmp_path / 'panoptic', [sample]).iterdir())
    assert names == ['panoptic', 'panoptic.json']


def test_no_instance_in_any_image_is_an_empty_list(tmp_path):
    assert json.loads((dump(tmp_path / 'out', [second_sample()]) / 'instances.json').read_text()) == []


def test_a_sample_without_predictions_is_named(tmp_path):
    sample = segment_sample()
    del sample.pred_instances, sample.pred_panoptic_seg
    with pytest.raises(ValueError, match=r'folder/image\.png has .*Expected img_id'):
        dump(tmp_path / 'out', [sample])


def test_nothing_is_overwritten(tmp_path):
    folder = tmp_path / 'out'
    folder.mkdir()
    metric = SegmentDump(output_dir=str(folder))
    (folder / 'panoptic.json').write_text('precious')
    with pytest.raises(FileExistsError, match='out is not empty'):
        SegmentDump(output_dir=str(folder))
    metric.dataset_meta = METAINFO
    metric.process(None, [segment_sample().to_dict()])
    metric.evaluate(1)
    assert (folder / 'panoptic.json').read_text() == 'precious'
    assert json.loads((tmp_path / 'out_2/panoptic.json').read_text())['images'][0]['id'] == 7


@pytest.mark.parametrize('content', ['{', '[]', '{"images": []}'])
def test_a_file_that_is_no_coco_json_is_named_before_the_test(tmp_path, content):
    path = tmp_path / 'bad.json'
    path.write_text(content)
    with pytest.raises(ValueError, match=r'bad\.json is no COCO json'):
        SegmentDump(output_dir=str(tmp_path / 'out'), ann_file=str(path))
    with pytest.raises(FileNotFoundError, match=r'gone\.json'):
        SegmentDump(output_dir=str(tmp_path / 'out'), ann_file=str(tmp_path / 'gone.json'))


def test_classes_that_the_json_lacks_get_new_ids():
    kinds = class_kinds(dict(classes=('dog', 'cat'), thing_classes=('dog', 'cat'), stuff_classes=('background',)))
    given = [dict(id=17, name='cat'), dict(id=30, name='dog')]
    assert categories_of(kinds, given) == [
        dict(id=30, name='dog', isthing=1),
        dict(id=17, name='cat', isthing=1),
        dict(id=31, name='background', isthing=0),
    ]
    assert [category['id'] for category in categories_of(kinds, [])] == [1, 2, 3]


@pytest.mark.slow
def test_two_processes_write_every_image_once(tmp_path):
    run_two(work, str(tmp_path))
    assert sorted(path.name for path in tmp_path.glob('out*')) == ['out']
    written = json.loads((tmp_path / 'out/panoptic.json').read_text())
    assert [image['id'] for image in written['images']] == list(range(COUNT))
    assert len(list((tmp_path / 'out/panoptic').iterdir())) == COUNT
    rows = json.loads((tmp_path / 'out/instances.json').read_text())
    assert [row['image_id'] for row in rows] == [image for image in range(COUNT) for _ in range(2)]
