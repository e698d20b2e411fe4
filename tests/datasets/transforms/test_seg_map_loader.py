"""What all loaders of annotation pictures have from their base."""

from __future__ import annotations

import pytest

from mmmaskattn.registry import TRANSFORMS

SHOWN = {
    'LoadSegMap': "LoadSegMap(backend_args={'backend': 'local'})",
    'LoadPanoptic': "LoadPanoptic(backend_args={'backend': 'local'})",
    'LoadPanopticAsSemantic': "LoadPanopticAsSemantic(void_label=255, backend_args={'backend': 'local'})",
}


@pytest.mark.parametrize('name', SHOWN)
class TestEachLoader:
    def test_a_sample_without_annotation_passes_unchanged(self, name: str):
        results = dict(img_path='a.jpg', segments_info=[])
        assert TRANSFORMS.build(dict(type=name))(results) is results
        assert results == dict(img_path='a.jpg', segments_info=[])

    def test_a_missing_picture_is_an_error_that_names_it(self, name: str):
        with pytest.raises(FileNotFoundError, match=r'absent\.png'):
            TRANSFORMS.build(dict(type=name))(dict(seg_map_path='absent.png', segments_info=[]))

    def test_its_options_are_shown(self, name: str):
        assert repr(TRANSFORMS.build(dict(type=name, backend_args=dict(backend='local')))) == SHOWN[name]
