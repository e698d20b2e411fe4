from __future__ import annotations

import pytest

from mmmaskattn.models.grouping import FusionOptions, GroupingOptions


@pytest.mark.parametrize(
    ('option', 'value'),
    [
        ('max_instances', 0),
        ('max_instances', 2.5),
        ('min_area', 0),
        ('iterations', -1),
        ('temperature', 0),
        ('vote_sigma', float('nan')),
        ('seed_threshold', 1.5),
        ('foreground', -0.1),
        ('similarity', 1.1),
        ('duplicate_similarity', -2),
        ('connectivity', 6),
    ],
)
def test_wrong_grouping_options_are_named_with_their_value(option, value):
    with pytest.raises(ValueError, match=rf'GroupingOptions: option {option} is {value!r}; expected'):
        GroupingOptions(**{option: value})


@pytest.mark.parametrize(('option', 'value'), [('score_threshold', 2), ('keep_fraction', -1), ('residual', 'stuff')])
def test_wrong_fusion_options_are_named_with_their_value(option, value):
    with pytest.raises(ValueError, match=rf'FusionOptions: option {option} is {value!r}; expected'):
        FusionOptions(**{option: value})
