"""The documentation is true: links lead somewhere, files named exist, tables and configs agree with the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope

from mmmaskattn.analysis import build_model, count_complexity
from mmmaskattn.models.layers.attention_masks import ATTENTION_MASKS
from mmmaskattn.models.variants import VARIANTS

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / 'docs').rglob('*.md')) + sorted(ROOT.glob('*.md'))
PARTS_PAGE = ROOT / 'docs/how-to/use-our-parts-in-your-config.md'
LEAVES = sorted(path for path in (ROOT / 'configs').rglob('*.py') if '_base_' not in path.parts)
NAMED_FILE = re.compile(r'(?<![\w/.:-])((?:configs|tools|mmmaskattn|tests|docs)/[\w./-]*\.(?:py|sh|md|yml))\b')
LINK = re.compile(r'\]\(([^)#\s]+)(?:#[^)]*)?\)')
COMMAND = re.compile(r'python (tools/[\w/]+\.py)([^\n`#]*(?:\\\n[^\n`#]*)*)')


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


def python_blocks(page: Path) -> list[str]:
    return re.findall(r'```python\n(.*?)```', page.read_text(encoding='utf-8'), re.DOTALL)


def rows(page: str) -> list[list[str]]:
    """Return the cells of every table row of a page, without code marks."""
    text = (ROOT / 'docs' / page).read_text(encoding='utf-8').replace('`', '')
    return [[cell.strip() for cell in line.strip('|').split('|')] for line in text.splitlines() if line.startswith('|')]


@pytest.mark.parametrize('page', PAGES, ids=page_id)
def test_links_resolve(page: Path):
    targets = [target for target in LINK.findall(page.read_text(encoding='utf-8')) if '://' not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize('page', PAGES, ids=page_id)
def test_files_named_exist(page: Path):
    named = NAMED_FILE.findall(page.read_text(encoding='utf-8'))
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_every_page_is_reached_from_the_index():
    index = ROOT / 'docs/README.md'
    linked = {(index.parent / target).resolve() for target in LINK.findall(index.read_text(encoding='utf-8'))}
    assert {page.resolve() for page in (ROOT / 'docs').rglob('*.md')} - linked == {index.resolve()}


def test_every_leaf_config_is_in_the_reference():
    text = (ROOT / 'docs/reference/configs.md').read_text(encoding='utf-8')
    assert LEAVES
    assert [str(leaf.relative_to(ROOT)) for leaf in LEAVES if str(leaf.relative_to(ROOT)) not in text] == []


def test_options_shown_are_known_to_the_tools():
    """Every long option that a shown command gives is declared by that tool, or by the module that does its work."""
    shown: dict[str, set[str]] = {}
    for page in PAGES:
        for tool, arguments in COMMAND.findall(page.read_text(encoding='utf-8')):
            shown.setdefault(tool, set()).update(re.findall(r'(?<!\S)--[a-z-]+', arguments))
    assert len(shown) >= 5
    engine = ''.join((ROOT / f'mmmaskattn/engine/{name}.py').read_text() for name in ('launch', 'training', 'testing'))
    rooms = ('mmmaskattn/utils', 'mmmaskattn_console')
    shared = ''.join((ROOT / room / 'command_line.py').read_text() for room in rooms)
    console = (ROOT / 'mmmaskattn_console/console.py').read_text()
    for tool, options in shown.items():
        source = (ROOT / tool).read_text(encoding='utf-8')
        declared = source + shared + (engine if 'mmmaskattn.engine' in source else '')
        declared += console if 'mmmaskattn_console.console' in source else ''
        assert {option for option in options if f"'{option}'" not in declared} == set(), tool


@pytest.mark.parametrize('number', range(len(python_blocks(PARTS_PAGE))))
def test_shown_configs_build_and_run(number: int, tmp_path: Path):
    config = tmp_path / 'config.py'
    config.write_text(python_blocks(PARTS_PAGE)[number], encoding='utf-8')
    cfg = Config.fromfile(config)
    init_default_scope(cfg.default_scope)
    model = MODELS.build(cfg.model).eval()
    with torch.inference_mode():
        maps = model(torch.rand(1, 3, 64, 64), mode='tensor')
    if cfg.default_scope == 'mmdet':
        assert [one.shape[2:] for one in maps] == [(16, 16), (64, 64), (64, 64)]
        assert maps[0].shape[:2] == (1, 81)
    else:
        assert maps.shape[:2] == (1, 150)
    text = config.read_text()
    assert 'mmmaskattn.' in text


def test_variants_page_agrees_with_the_code():
    table = {row[0]: row[1:] for row in reversed(rows('reference/variants.md'))}
    masks = {row[0]: row[1:] for row in rows('reference/variants.md') if len(row) == 3}
    for name, variant in VARIANTS.items():
        widths, encoder, decoder = (
            ', '.join(map(str, v)) for v in (variant.channels, variant.encoder_convs, variant.decoder_convs)
        )
        assert table[name] == [widths, str(variant.stem_stride), encoder, decoder]
        assert masks[name] == [_names(variant.encoder_attention_masks), _names(variant.decoder_attention_masks)]


def _names(masks) -> str:
    if masks is None:
        return 'None'
    return ', '.join(f'{mask["type"]} {mask["k"]}' if isinstance(mask, dict) else str(mask) for mask in masks)


@pytest.mark.parametrize('variant', sorted(VARIANTS))
def test_sizes_shown_are_those_counted(variant: str):
    (shown,) = [row for row in rows('reference/variants.md') if row[0] == variant and row[1].endswith(' G')]
    suffix = '' if variant == 'base' else f'_{variant}'
    cfg = Config.fromfile(ROOT / f'configs/maskattn/ade20k_semantic_128{suffix}.py')
    counted = count_complexity(build_model(cfg), (128, 128))
    assert shown[1:3] == [f'{counted.macs / 1e9:.3f} G', f'{counted.params_read / 1e6:.3f} M']


@pytest.mark.parametrize('model', ['lite0', 'lite1', 'lite2'])
def test_sizes_of_pretrained_models_are_those_counted(model: str):
    (shown,) = [row for row in rows('reference/variants.md') if row[0] == model]
    counted = count_complexity(
        build_model(Config.fromfile(ROOT / f'configs/maskattn/camvid_semantic_128_{model}.py')), (128, 128)
    )
    assert shown[1:] == [f'{counted.macs / 1e9:.3f} G', f'{counted.params_read / 1e6:.3f} M']


def test_masks_page_lists_every_mask():
    listed = [row[0] for row in rows('reference/masks.md')]
    assert set(ATTENTION_MASKS) <= set(listed)
