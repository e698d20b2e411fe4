"""The drawn scenes: consistent, varied, determined by the seed."""

from __future__ import annotations

import numpy as np
import pytest

from mmmaskattn.data_tools.mini.draw import MIN_AREA, draw_scene
from mmmaskattn.data_tools.mini.scene import CAR, GROUNDS, KINDS, PERSON, SKY, THINGS, VOID, Scene
from mmmaskattn.data_tools.mini.shapes import SHAPES, TEXTURES

ALL = [kind.name for kind in KINDS]


def draw(seed: int, names: list[str] = ALL, size: tuple[int, int] = (96, 128)) -> Scene:
    return draw_scene(np.random.default_rng(seed), *size, names)


@pytest.fixture(scope='module')
def scenes() -> list[Scene]:
    return [draw(seed) for seed in range(60)]


def test_same_seed_same_scene_other_seed_other_scene():
    one, again, other = draw(3), draw(3), draw(4)
    assert np.array_equal(one.image, again.image)
    assert np.array_equal(one.instances, again.instances)
    assert not np.array_equal(one.kinds, other.kinds)


def test_sizes_and_types():
    scene = draw(0, size=(61, 87))
    assert scene.image.shape == (61, 87, 3)
    assert scene.image.dtype == np.uint8
    assert scene.kinds.shape == scene.instances.shape == (61, 87)


def test_instances_and_kinds_agree(scenes: list[Scene]):
    for scene in scenes:
        stuff = [i for i, kind in enumerate(KINDS) if not kind.shape] + [VOID]
        assert np.isin(scene.kinds[scene.instances == 0], stuff).all()
        assert scene.instances.max() <= len(scene.objects)
        for i, thing in enumerate(scene.objects, 1):
            kinds = np.unique(scene.kinds[scene.instances == i])
            assert [KINDS[k] for k in kinds] == [thing.kind]
            assert (scene.instances == i).sum() >= MIN_AREA


def test_what_the_set_as_a_whole_offers(scenes: list[Scene]):
    """Every kind, scenes without things, crowds, void, and neighbours of one kind that touch."""
    present = set(np.concatenate([np.unique(scene.kinds) for scene in scenes]).tolist())
    assert present == {*range(len(KINDS)), VOID}
    assert 1 <= sum(not scene.objects for scene in scenes) <= 20
    assert any(thing.crowd for scene in scenes for thing in scene.objects)
    assert sum(_has_touching_pair(scene) for scene in scenes) >= 10
    areas = [(scene.instances == i).sum() for scene in scenes for i in range(1, len(scene.objects) + 1)]
    assert np.percentile(areas, 90) > 8 * np.percentile(areas, 10)


def _has_touching_pair(scene: Scene) -> bool:
    left, right = scene.instances[:, :-1], scene.instances[:, 1:]
    same_kind = scene.kinds[:, :-1] == scene.kinds[:, 1:]
    return bool(((left != right) & (left > 0) & (right > 0) & same_kind).any())


def test_only_the_named_kinds_appear():
    names = [SKY.name, 'tree', GROUNDS[0].name, CAR.name]
    for seed in range(8):
        assert {kind.name for _, kind in draw(seed, names).kinds_present()} <= set(names)


def test_hidden_objects_become_void_and_the_rest_is_numbered_anew():
    scene = Scene.empty(20, 20)
    for kind, rows in ((PERSON, slice(0, 1)), (CAR, slice(5, 15))):
        number = scene.add_object(kind)
        scene.kinds[rows, :10] = KINDS.index(kind)
        scene.instances[rows, :10] = number
    scene.drop_hidden(min_area=11)
    assert [thing.kind for thing in scene.objects] == [CAR]
    assert (scene.kinds[0] == VOID).all()
    assert np.unique(scene.instances[5:15, :10]).tolist() == [1]
    assert scene.instances[0].max() == 0


@pytest.mark.parametrize('kind', THINGS, ids=lambda kind: kind.name)
@pytest.mark.parametrize('size', [(6, 4), (31, 17), (90, 160)])
def test_silhouettes_fill_their_box_and_name_known_parts(kind, size: tuple[int, int]):
    parts = SHAPES[kind.shape](*size)
    assert parts.shape == size
    assert parts.max() <= len(kind.colours)
    assert 0.25 < (parts > 0).mean() <= 1
    if size == (90, 160):
        assert set(np.unique(parts)) - {0} == set(range(1, len(kind.colours) + 1))


@pytest.mark.parametrize('name', sorted(TEXTURES))
def test_textures_stay_in_range_and_vary(name: str):
    texture = TEXTURES[name](np.random.default_rng(0), 37, 53)
    assert texture.shape == (37, 53)
    assert np.abs(texture).max() <= 1
    assert texture.std() > 0.1
