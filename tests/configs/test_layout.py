"""How configs are put together: tasks name what their name says, leaves say nothing twice, pages show real files."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from config_check import CONFIGS, parts_of
from mmengine.config import Config

TASKS = sorted((CONFIGS / '_base_/tasks').glob('*.py'))
DATA_SETS = ('ade20k', 'camvid', 'ccp', 'cityscapes', 'coco', 'legend', 'magnetic_tile')
LEAVES = sorted(path for path in CONFIGS.rglob('*.py') if '_base_' not in path.parts)
PAPERS = ('ade20k', 'coco', 'cityscapes')


def code(text: str) -> list[str]:
    """Lines without comments and empty ones."""
    return [line.partition('  #')[0] for line in text.splitlines() if line and not line.startswith('#')]


@pytest.mark.parametrize('task', [path for path in TASKS if path.stem.endswith('_128')], ids=lambda path: path.stem)
def test_a_task_is_the_data_set_of_its_name_with_the_schedule_of_its_kind(task):
    data_set, kind, *_ = parts_of(task.stem)
    schedule = (
        ('paper_1000e' if kind == 'semantic' else 'paper_1000e_batch14') if data_set in PAPERS else 'onecycle_45e'
    )
    runtime = 'default_runtime' if kind == 'semantic' else 'default_runtime_det'
    expected = [f'../datasets/{task.stem}.py', f'../schedules/{schedule}.py', f'../{runtime}.py']
    assert code(task.read_text()) == [f'_base_ = {expected}']


@pytest.mark.parametrize('task', TASKS, ids=lambda path: path.stem)
def test_a_task_is_all_but_the_model(task):
    cfg = Config.fromfile(task)
    assert 'model' not in cfg
    assert {'train_dataloader', 'val_evaluator', 'optim_wrapper', 'default_hooks', 'default_scope'} <= set(cfg)


def test_no_leaf_is_another_one_again():
    texts = Counter('\n'.join(code(leaf.read_text())) for leaf in LEAVES)
    assert [text for text, count in texts.items() if count > 1] == []


def test_leaves_of_one_model_on_two_data_sets_differ_by_their_bases_only():
    """But for the nuclei, of which an image has up to 375, and the large sizes of LRFormer and SCASeg."""
    texts: dict[tuple[str, ...], set[str]] = {}
    for leaf in LEAVES:
        if 'your_data' in leaf.parts:
            continue
        data_set, task, size, variant = parts_of(leaf.stem)
        if data_set in DATA_SETS and size == '128':
            text = '\n'.join(code(leaf.read_text())).replace(data_set, 'DATA_SET')
            texts.setdefault((leaf.parent.name, task, variant), set()).add(text)
    assert len(texts) > 30
    assert [model for model, found in texts.items() if len(found) > 1] == []


@pytest.mark.parametrize('page', ['configs', 'peers'])
def test_configs_shown_are_files_of_ours(page):
    text = (CONFIGS.parent / f'docs/reference/{page}.md').read_text(encoding='utf-8')
    shipped = [code(path.read_text()) for path in (*TASKS, *LEAVES)]
    shown = [code(block) for block in re.findall(r'```python\n(.*?)```', text, re.DOTALL)]
    assert shown
    assert [block for block in shown if block not in shipped] == []
