"""The config that is written: a leaf over the bases of configs/your_data, with each choice and its reason."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from pprint import pformat

from mmmaskattn.data_tools.init.class_names import distinct_colours
from mmmaskattn.data_tools.init.fingerprint import Fingerprint
from mmmaskattn.data_tools.init.labelled import Labelled
from mmmaskattn.data_tools.init.plan import Choice, Plan

WIDTH = 118
HERE = '{{fileDirname}}'
"""mmengine puts the config's folder here, so that the folder can be moved."""
BASES = {
    'semantic': ('datasets/semantic_128.py', 'default_runtime.py'),
    'instance': ('datasets/coco_instance_128.py', 'default_runtime_det.py'),
    'panoptic': ('datasets/coco_panoptic_128.py', 'default_runtime_det.py'),
}


def config_text(labelled: Labelled, splits: Sequence[str], found: Fingerprint, plan: Plan, folder: Path) -> str:
    """Write the config.

    Args:
        labelled: The data.
        splits: Those there are: ``train``, ``val``, perhaps ``test``.
        found: The fingerprint.
        plan: The settings.
        folder: Where the data has been written so far; paths in it become relative to the config.

    Returns:
        Its text.
    """
    parts = [
        _head(labelled, found, plan),
        _bases(labelled, plan),
        _imports(labelled),
        _places(labelled, folder),
        _classes(labelled, plan),
        _settings(plan),
        _model(labelled, plan),
        _schedule(),
        _loaders(labelled, splits),
    ]
    return '\n'.join(parts)


def _comment(text: str) -> str:
    return (
        '\n'.join(textwrap.wrap(text, WIDTH, initial_indent='# ', subsequent_indent='# ', break_on_hyphens=False))
        + '\n'
    )


def _because(choice: Choice, line: str) -> str:
    """A setting with its reason above it."""
    return f'{_comment(choice.why)}{line}\n'


def _head(labelled: Labelled, found: Fingerprint, plan: Plan) -> str:
    numbers = ', '.join(f'{count} {split}' for split, count in found.pictures.items())
    classes = f'{len(labelled.all_classes)} class{"es" if len(labelled.all_classes) > 1 else ""}'
    lines = [
        f'Pictures of your own, {labelled.task}: {numbers}; {classes}. Written by mmmaskattn init; change it freely.',
        f'Labels: {labelled.layout}, {labelled.how}. Split: {found.split_rule}.',
        'fingerprint.json has what was found in the data and on the machine.',
        *(f'Note: {line}.' for line in plan.warnings),
    ]
    return ''.join(map(_comment, lines))


def _bases(labelled: Labelled, plan: Plan) -> str:
    data, runtime = BASES[labelled.task]
    return (
        f'{_comment(f"The model {plan.model.why}. Others: docs/how-to/train-on-your-own-images.md.")}'
        f"_base_ = __import__('mmmaskattn').base_configs(\n"
        f"    '{plan.model.value}', '{data}', 'schedules/onecycle_45e.py', '{runtime}'\n)"
    )


def _imports(labelled: Labelled) -> str:
    jitter = ', with_jitter' if labelled.task == 'semantic' else ''
    return (
        f'from mmmaskattn.datasets.input_size import with_input_size{jitter}\n'
        'from mmmaskattn.utils.configs import with_classes\n'
    )


def _places(labelled: Labelled, folder: Path) -> str:
    lines = [f"folder = '{HERE}'  # that of this file", f'images = {str(labelled.images)!r}']
    if labelled.labels is not None:
        name = {'semantic': 'labels'}.get(labelled.task, 'pictures')
        inside = labelled.labels.is_relative_to(folder)
        place = (
            f"f'{{folder}}/{labelled.labels.relative_to(folder).as_posix()}'" if inside else repr(str(labelled.labels))
        )
        lines.append(f'{name} = {place}')
    return '\n'.join(lines) + "\nwork_dir = f'{folder}/training'\n"


def _tuple(name: str, values: object) -> str:
    text = pformat(values, width=WIDTH - len(name), compact=True)
    return f'{name} = ' + text.replace('\n', '\n' + ' ' * (len(name) + 3))


def _classes(labelled: Labelled, plan: Plan) -> str:
    if labelled.task == 'panoptic':
        return f'{_tuple("thing_classes", labelled.classes)}\n{_tuple("stuff_classes", labelled.stuff)}\n'
    text = f'{_tuple("classes", labelled.classes)}\n'
    if labelled.task == 'semantic':
        text += f'{_tuple("palette", distinct_colours(len(labelled.classes)))}\n'
    if plan.shares is not None:
        text += _because(plan.shares, _tuple('class_shares', plan.shares.value))
    return text


def _settings(plan: Plan) -> str:
    text = _because(plan.image_size, f'image_size = {plan.image_size.value}  # (height, width)')
    text += _because(plan.batch, f'batch_size = {plan.batch.value}')
    text += _because(plan.epochs, f'epochs = {plan.epochs.value}')
    text += _because(plan.rate, f'learning_rate = {plan.rate.value:g}')
    text += _because(plan.workers, f'workers = {plan.workers.value}')
    if plan.max_instances is not None:
        text += _because(plan.max_instances, f'max_instances = {plan.max_instances.value}')
    if plan.upsample is not None:
        text += _because(plan.upsample, f'upsample = {plan.upsample.value}')
    return text + f'val_interval = {plan.val_interval}\n'


def _model(labelled: Labelled, plan: Plan) -> str:
    if labelled.task == 'semantic':
        counts = 'num_classes=len(classes), class_shares=class_shares'
        return f'model = with_classes(dict(_base_, {counts}))\n'
    counts = 'num_things=len(classes), num_stuff=1'
    if labelled.task == 'panoptic':
        counts = 'num_things=len(thing_classes), num_stuff=len(stuff_classes)'
    text = (
        'model = with_classes(\n'
        f'    dict(_base_, {counts}),\n'
        '    segment_head=dict(upsample=upsample, grouping=dict(max_instances=max_instances)),\n'
        '    test_cfg=dict(max_per_image=max_instances),\n'
        ')\n'
    )
    if labelled.task == 'instance':
        return text + 'val_evaluator = dict(max_dets=max_instances)\ntest_evaluator = val_evaluator\n'
    return text + (
        'val_evaluator = [\n'
        "    dict(one, max_dets=max_instances) if one.type == 'mmmaskattn.InstanceAP' else one\n"
        '    for one in _base_.val_evaluator\n'
        ']\ntest_evaluator = val_evaluator\n'
    )


def _schedule() -> str:
    return (
        'optim_wrapper = dict(optimizer=dict(lr=learning_rate))\n'
        'auto_scale_lr = dict(base_batch_size=batch_size)  # what the rate is meant for\n'
        'train_cfg = dict(max_epochs=epochs, val_interval=val_interval)\n'
        'rise = 0.3 * epochs  # epochs over which the rate rises, then it falls\n'
        'param_scheduler = [\n'
        '    dict(_base_.param_scheduler[0], end=rise),\n'
        '    dict(_base_.param_scheduler[1], begin=rise, end=epochs, T_max=epochs - rise),\n'
        ']\n'
        "default_hooks = dict(cache=dict(where='auto'))  # decoded pictures stay in memory, if there is room\n"
    )


def _loaders(labelled: Labelled, splits: Sequence[str]) -> str:
    text = _semantic_data(labelled) if labelled.task == 'semantic' else _coco_data(labelled)
    for split in ('train', 'val', 'test'):
        batch = 'batch_size=batch_size, ' if split == 'train' else ''
        if split in splits:
            data = _dataset(labelled, split)
            text += f'{split}_dataloader = dict(\n    {batch}num_workers=workers,\n    dataset={data},\n)\n'
        else:
            text += f'{split}_dataloader = val_dataloader\n'
    if labelled.task == 'semantic':
        text += 'tta_pipeline = with_input_size([*_base_.load_image, *load_labels, _base_.augment_test], image_size)\n'
    return text


def list_file(labelled: Labelled, split: str) -> str:
    """Path of the list of a split, below the folder."""
    if labelled.task == 'semantic':
        return f'data/{split}.txt'
    return f'data/{"instances" if labelled.task == "instance" else "panoptic"}_{split}.json'


def _dataset(labelled: Labelled, split: str) -> str:
    pipeline = 'train_pipeline' if split == 'train' else 'test_pipeline'
    return f"dict(**dataset, ann_file=f'{{folder}}/{list_file(labelled, split)}', pipeline={pipeline})"


def _semantic_data(labelled: Labelled) -> str:
    return (
        "load_labels = [dict(type='mmmaskattn.LoadSegMap'), "
        "dict(type='mmmaskattn.CheckSegMap', num_classes=len(classes))]\n"
        'train_pipeline = with_input_size(\n'
        '    with_jitter([_base_.load_train_image, *load_labels, *_base_.augment], (1.0, 1.5)), image_size\n)\n'
        'test_pipeline = with_input_size([*_base_.load_image, *load_labels, *_base_.shrink], image_size)\n'
        'dataset = dict(\n'
        "    type='BaseSegDataset',\n"
        '    metainfo=dict(classes=classes, palette=palette),\n'
        '    data_prefix=dict(img_path=images, seg_map_path=labels),\n'
        f'    img_suffix={labelled.img_suffix!r},\n'
        f'    seg_map_suffix={labelled.label_suffix!r},\n'
        ')\n'
    )


def _coco_data(labelled: Labelled) -> str:
    names, prefix = 'classes=classes', 'img=images'
    if labelled.task == 'panoptic':
        names, prefix = 'thing_classes=thing_classes, stuff_classes=stuff_classes', 'img=images, seg=pictures'
    return (
        'train_pipeline = with_input_size(_base_.train_pipeline, image_size)\n'
        'test_pipeline = with_input_size(_base_.test_pipeline, image_size)\n'
        f'dataset = dict(data_root=folder, metainfo=dict({names}), data_prefix=dict({prefix}))\n'
    )
