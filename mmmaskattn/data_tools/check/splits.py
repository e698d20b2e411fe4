"""Checks of the splits of a data set and of the classes of its model."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import DATASETS

from mmmaskattn.data_tools.check.annotation_json import check_annotation_json
from mmmaskattn.data_tools.check.problems import Problem, from_exception
from mmmaskattn.datasets.check_root import check_dataset_paths, leaf_datasets, root_variables
from mmmaskattn.datasets.input_size import sized_transforms
from mmmaskattn.datasets.transforms.picture_backend import PICTURE_BACKEND
from mmmaskattn.datasets.transforms.picture_file import MAX_PIXELS
from mmmaskattn.utils.files import walk_files

LABEL_LOADERS = ('LoadSegMap', 'LoadPanoptic', 'LoadPanopticAsSemantic')
COUNTS = ('num_classes', 'num_things_classes', 'num_stuff_classes')


def model_class_counts(model: Any, option: str = 'model') -> Iterator[tuple[str, int]]:
    """Every number of classes that a model's heads are built with.

    Region proposal heads, which know one class, and backbones are left out.

    Args:
        model: The config's ``model``, or a part of it.
        option: Name of that part.

    Yields:
        Name of the option and its value.
    """
    if isinstance(model, dict):
        for key, value in model.items():
            path = f'{option}.{key}'
            if key in COUNTS and isinstance(value, int) and 'head' in option and 'rpn_head' not in option:
                yield path, value
            yield from model_class_counts(value, path)
    elif isinstance(model, (list, tuple)):
        for index, part in enumerate(model):
            yield from model_class_counts(part, f'{option}.{index}')


def pipeline_class_counts(pipeline: Sequence[dict], option: str) -> Iterator[tuple[str, int]]:
    """Every number of classes that the steps of a pipeline are built with (`CheckSegMap`).

    Args:
        pipeline: The data set's pipeline.
        option: Name of the data set's option.

    Yields:
        Name of the option and its value.
    """
    for index, step in enumerate(pipeline or ()):
        if isinstance(step.get('num_classes'), int):
            yield f'{option}.pipeline.{index}.num_classes', step['num_classes']


def pixel_limits(leaf: dict) -> tuple[int, int]:
    """The most pixels that the steps of a data set's pipeline let pass.

    Args:
        leaf: Config of the data set.

    Returns:
        Of images, and of label and panoptic pictures.
    """
    limits: dict[bool, int] = {}
    for step in leaf.get('pipeline') or ():
        name, backend = str(step.get('type')).rpartition('.')[2], step.get('backend_args') or {}
        ours = step if name in ('LoadLowResImage', *LABEL_LOADERS) else backend
        if ours is step or backend.get('backend') == PICTURE_BACKEND:
            key, limit = name in LABEL_LOADERS, ours.get('max_pixels', MAX_PIXELS)
            limits[key] = min(limits.get(key, limit), limit)
    return limits.get(False, MAX_PIXELS), limits.get(True, MAX_PIXELS)


def check_class_counts(counts: Sequence[tuple[str, int]], metainfo: dict, data: str) -> Iterator[Problem]:
    """Compare numbers of classes with a data set's.

    Args:
        counts: Options and values of :func:`model_class_counts` and :func:`pipeline_class_counts`.
        metainfo: The data set's ``metainfo``: ``classes``, and ``thing_classes`` and ``stuff_classes`` if it has them.
        data: Name of the data set's option.

    Yields:
        An error where there are too few outputs, a note where there are too many.
    """
    classes, things = len(metainfo['classes']), len(metainfo.get('thing_classes', metainfo['classes']))
    stuff = {len(metainfo.get('stuff_classes', ()))}
    if classes == things:
        stuff.add(0)  # instances alone: with the background as stuff, or without
    expected = {'num_classes': {classes, things}, 'num_things_classes': {things}, 'num_stuff_classes': stuff}
    for option, value in counts:
        wanted = expected[option.rpartition('.')[2]]
        if value not in wanted:
            several = ' or '.join(map(str, sorted(wanted)))
            what = f'{value}, but {data} has {several} classes'
            yield Problem(option, f'{what}; set it to {several}', fatal=value < min(wanted))


SPLITS = ('train', 'val', 'test')


def split_datasets(cfg: Config, splits: tuple[str, ...]) -> Iterator[tuple[str, str, dict]]:
    """Data sets of a config's dataloaders, without wrappers; one that two splits share comes once.

    Args:
        cfg: The config.
        splits: Of ``train``, ``val`` and ``test``.

    Yields:
        Split, name of the option, config of the data set.
    """
    seen: list[dict] = []
    for split in splits:
        loader = cfg.get(f'{split}_dataloader') or {}
        for option, leaf in leaf_datasets(loader.get('dataset'), f'{split}_dataloader.dataset'):
            identity = {key: value for key, value in leaf.items() if key not in ('pipeline', 'test_mode')}
            if identity not in seen:
                seen.append(identity)
                yield split, option, leaf


def network_size(cfg: Config, split: str) -> tuple[int, int] | None:
    """The size at which the network sees a split.

    Args:
        cfg: The config.
        split: ``train``, ``val`` or ``test``.

    Returns:
        (H, W) of our resize, else of the pre-processor, else of a crop or of a resize that does not keep the aspect
        ratio; None if images come in their own sizes.
    """
    loader = cfg.get(f'{split}_dataloader') or {}
    for step in sized_transforms(loader):
        return _pair(step['size'])
    size = ((cfg.get('model') or {}).get('data_preprocessor') or {}).get('size')
    if size:
        return _pair(size)
    steps = list(_steps(loader.get('dataset') or {}))
    for step in steps:
        if str(step.get('type')).endswith('RandomCrop') and step.get('crop_size'):
            return _pair(step['crop_size'])
    for step in steps:
        if str(step.get('type')).endswith('Resize') and step.get('scale') and not step.get('keep_ratio', False):
            return _pair(tuple(step['scale'])[::-1])  # mmcv's scale is (W, H)
    return None


def _pair(size: Any) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))


def _steps(dataset: dict) -> Iterator[dict]:
    for _, leaf in leaf_datasets(dataset, ''):
        yield from leaf.get('pipeline') or []


def build_for_check(cfg: Config, option: str, leaf: dict) -> tuple[BaseDataset | None, list[Problem]]:
    """Check a data set's json and build it without pipeline and filter, so that every entry is listed.

    Returns:
        The data set, or None if it cannot be built, and the problems found.
    """
    try:
        check_dataset_paths(option, leaf, root_variables(cfg), cfg.get('default_scope'))
    except (OSError, ValueError) as error:
        where, _, what = str(error).partition(': ')
        return None, [Problem(where, what)]
    problems, content = _check_json(leaf)
    if content is None and problems:
        return None, problems
    try:
        dataset = DATASETS.build(dict(copy.deepcopy(leaf), pipeline=[], filter_cfg=None, serialize_data=False))
        dataset.full_init()
    except Exception as error:  # a data set class may raise anything; the check goes on with the next one
        reason = from_exception(option, error)
        if any(problem.fatal for problem in problems):
            reason = Problem(option, 'its images are not checked before its json is mended')
        return None, [*problems, reason]
    if not len(dataset):
        problems.append(Problem(option, f'no image found under {dataset.data_root or dataset.data_prefix}'))
    try:
        problems += unpaired_labels(dataset)
    except ValueError as error:
        where, _, what = str(error).partition(': ')
        problems.append(Problem(where, what))
    return dataset, [*problems, *check_label_order(leaf, dataset, content)]


def _check_json(leaf: dict) -> tuple[list[Problem], dict | None]:
    """Check the json of a data set that has one; its categories alone are kept."""
    path = leaf.get('ann_file') or ''
    if not path.endswith('.json'):
        return [], None
    if '://' not in path:
        path = str(Path(leaf.get('data_root') or '') / path)
    kind = getattr(DATASETS.get(leaf['type']), 'KIND', None)
    content, problems = check_annotation_json(path, kind, leaf.get('backend_args'))
    if content is None:
        return problems, None
    return problems, {'path': path, 'categories': content['categories']}


def check_label_order(leaf: dict, dataset: BaseDataset, content: dict | None) -> Iterator[Problem]:
    """Check that a json's categories are the config's classes, in their order.

    mmdet numbers the labels in the order of the json's categories, whatever the order of the class names, and skips
    names that the json lacks, which shifts the labels after them.

    Args:
        leaf: Config of the data set.
        dataset: The data set, loaded.
        content: Path and categories of its json, if it has one.
    """
    labels = getattr(dataset, 'cat2label', None)
    classes = list(dataset.metainfo.get('classes') or ())
    if content is None or not labels or not classes:
        return
    names = {category['id']: category['name'] for category in content['categories']}
    for category, label in labels.items():
        name = names.get(category)
        if name in classes and classes.index(name) != label:
            yield Problem(
                content['path'],
                f'category {category} ({name!r}) gets label {label}, but it is class {classes.index(name)} of the '
                f"config's classes: {leaf['type']} numbers labels in the json's order. Order the classes as the json",
            )
            return
    if len(labels) < len(classes):
        missing = [name for name in classes if name not in names.values()]
        yield Problem(content['path'], f'has no category for the classes {missing} of the config')


def unpaired_labels(dataset: BaseDataset) -> Iterator[Problem]:
    """Label pictures without an image, in a folder that is read whole.

    Args:
        dataset: The data set, loaded.
    """
    folder, suffix = (dataset.data_prefix or {}).get('seg_map_path'), getattr(dataset, 'seg_map_suffix', None)
    listed = bool(dataset.ann_file) and Path(dataset.ann_file).is_file()
    if listed or not folder or not suffix or '://' in folder or not Path(folder).is_dir():
        return
    used = {str(Path(dataset.get_data_info(index)['seg_map_path'])) for index in range(len(dataset))}
    for name in sorted(walk_files(folder)):
        path = Path(folder) / name
        if name.endswith(suffix) and str(path) not in used:
            yield Problem(str(path), f'a label map whose image is not in {dataset.data_prefix["img_path"]}', False)
