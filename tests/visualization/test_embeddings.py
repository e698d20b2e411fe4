"""Principal components as colours."""

import numpy as np
import pytest

from mmmaskattn.visualization.segment_picture import embedding_colours


@pytest.fixture
def noise():
    scales = np.array([9.0, 4.0, 2.0, 0.1, 0.1])[:, None, None]
    return np.random.default_rng(0).normal(size=(5, 20, 30)) * scales


def test_components_come_in_the_order_of_their_variance(noise):
    colours = embedding_colours(noise).astype(float)
    for channel in range(3):
        assert np.corrcoef(colours[..., channel].ravel(), noise[channel].ravel())[0, 1] > 0.98


def test_the_sign_makes_the_largest_loading_positive_so_that_negated_embeddings_are_inverted(noise):
    first, second = embedding_colours(noise).astype(int), embedding_colours(-noise).astype(int)
    assert np.abs(first + second - 255).max() <= 1
    assert np.array_equal(embedding_colours(noise), embedding_colours(noise.copy()))


def test_outliers_do_not_flatten_the_rest(noise):
    noise[0, 0, 0] = 1e4
    noise[1:, 0, 0] = 0
    red = embedding_colours(noise)[..., 0]
    assert red[0, 0] == 255
    assert red.std() > 50


def test_groups_of_equal_embeddings_have_equal_colours_unlike_each_other():
    groups = np.repeat(np.arange(4), 40).reshape(8, 20)
    vectors = np.random.default_rng(1).normal(size=(4, 16))
    colours = embedding_colours(vectors[groups].transpose(2, 0, 1))
    own = [np.unique(colours[groups == k].reshape(-1, 3), axis=0) for k in range(4)]
    assert [len(colour) for colour in own] == [1] * 4
    assert all(np.abs(own[i][0].astype(int) - own[j][0]).max() > 40 for i in range(4) for j in range(i))


def test_foreground_decides_and_the_rest_is_dark(noise):
    foreground = np.zeros((20, 30), bool)
    foreground[5:15, 5:25] = True
    noise[3, ~foreground] *= 1e3
    colours = embedding_colours(noise, foreground)
    red, given = colours[..., 0].astype(float), noise[0]
    assert np.corrcoef(red[foreground], given[foreground])[0, 1] > 0.98, 'not the component of the background'
    assert colours[foreground].max() == 255
    assert colours[~foreground].max() <= 77


def test_too_small_a_foreground_means_all_pixels(noise):
    foreground = np.zeros((20, 30), bool)
    foreground[0, 0] = True
    assert np.array_equal(embedding_colours(noise, foreground), embedding_colours(noise))


@pytest.mark.parametrize('depth', [1, 2, 3])
def test_missing_components_are_mid_grey(depth, noise):
    colours = embedding_colours(noise[:depth])
    assert (colours[..., depth:] == 128).all()
    assert all(len(np.unique(colours[..., channel])) > 50 for channel in range(depth))


def test_constant_and_broken_embeddings_do_not_crash():
    assert (embedding_colours(np.full((8, 4, 5), 0.3)) == 128).all()
    broken = np.random.default_rng(0).normal(size=(4, 6, 6))
    broken[0, 0, 0] = np.nan
    colours = embedding_colours(broken)
    assert (colours[0, 0] == 0).all()
    assert (colours.reshape(-1, 3).max(axis=0) == 255).all()
    assert not embedding_colours(np.full((4, 6, 6), np.inf)).any()
