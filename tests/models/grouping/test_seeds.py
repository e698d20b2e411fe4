from __future__ import annotations

import pytest
import torch
from group_scenes import embed, grid_ids, seed_pixels

from mmmaskattn.models.grouping import GroupingOptions, count_peaks, count_seeds, density_seeds, group_by_prototypes
from mmmaskattn.models.grouping.seeds import best_peaks, compact, peak_mask


def direct_peaks(seed_map, threshold):
    """Peaks by their definition, pixel by pixel."""
    height, width = seed_map.shape

    def window(y, x):
        rows, columns = range(max(0, y - 1), min(height, y + 2)), range(max(0, x - 1), min(width, x + 2))
        return [(row, column) for row in rows for column in columns]

    def is_top(y, x):
        return seed_map[y, x] > threshold and all(seed_map[y, x] >= seed_map[place] for place in window(y, x))

    tops = {(y, x) for y in range(height) for x in range(width) if is_top(y, x)}
    return {top for top in tops if top == min(place for place in window(*top) if place in tops)}


@pytest.mark.parametrize('levels', [3, 8, 1000])
def test_peaks_are_those_of_the_definition(levels):
    torch.manual_seed(0)
    seed_map = (torch.rand(2, 12, 9) * levels).round() / levels
    found = peak_mask(seed_map, 0.1)
    for image, mask in zip(seed_map, found):
        assert {tuple(place) for place in mask.nonzero().tolist()} == direct_peaks(image, 0.1)


def test_a_plateau_has_one_peak_or_few():
    assert int(peak_mask(torch.ones(1, 20, 30), 0.1).sum()) == 1
    y, x = torch.arange(40)[:, None] - 20, torch.arange(40) - 20
    assert int(peak_mask((y**2 + x**2 < 300).float()[None], 0.1).sum()) <= 8


def test_best_peaks_come_first_and_the_rest_is_not_valid():
    seed_map = torch.zeros(1, 9, 9)
    seed_map[0, 1, 1], seed_map[0, 4, 4], seed_map[0, 7, 7], seed_map[0, 1, 7] = 0.5, 0.9, 0.5, 0.05
    seeds = best_peaks(seed_map, 0.1, 5)
    assert seeds.valid.tolist() == [[True, True, True, False, False]]
    assert seeds.places[0, :3].tolist() == [4 * 9 + 4, 1 * 9 + 1, 7 * 9 + 7]
    assert compact(seeds, 2).places.tolist() == [[40, 10]]
    assert compact(seeds, 100).valid.shape == (1, 3)


def test_compact_closes_gaps_and_keeps_the_order():
    seeds = best_peaks(seed_pixels(grid_ids(32, 4, 1)), 0.1, 16)
    gaps = seeds.valid & (torch.arange(16) % 3 > 0)
    dense = compact(seeds._replace(valid=gaps), 16)
    assert dense.valid.all()
    assert dense.places[0].tolist() == seeds.places[0][gaps[0]].tolist()


def test_counts_tell_all_peaks_and_distinct_objects():
    ids = grid_ids(64, 6, 1)
    seed_map = seed_pixels(ids)
    seed_map[0, 2, 2], seed_map[0, 2, 5] = 0.3, 0.3  # more peaks on the first object
    options = GroupingOptions(max_instances=10)
    assert count_peaks(seed_map, options).tolist() == [38]
    assert count_seeds(embed(ids), seed_map, options).tolist() == [36]


def test_density_is_high_inside_and_low_at_borders():
    ids = grid_ids(40, 2)
    density = density_seeds(embed(ids, noise=0.02))
    assert density.shape == (1, 40, 40)
    assert float(density[0, 10, 10]) > 0.9
    assert float(density[0, 10, 19]) < 0.8
    assert float(density[0, 0, 0]) > 0.9, "the image's border is not an object's"
    exact = density_seeds(embed(ids, noise=0), window=3)
    assert float(exact[0, 10, 10]) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize('window', [0, 4])
def test_density_needs_an_odd_window(window):
    with pytest.raises(ValueError, match='odd'):
        density_seeds(torch.zeros(1, 4, 8, 8), window)


def test_objects_are_found_from_density_alone():
    ids = grid_ids(60, 4)
    embeddings = embed(ids)
    groups = group_by_prototypes(
        embeddings, 0.9 * density_seeds(embeddings), torch.full((1, 60, 60), 0.9), GroupingOptions()
    )
    assert int(groups.valid.sum()) == 16
