"""Every wrong option of every registered class is refused in a line that names the class and the option."""

import copy
import inspect
import math
import pickle
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal, Union, get_args, get_origin

import numpy as np
import pytest
from mmengine.config import ConfigDict
from mmengine.visualization import Visualizer

import mmmaskattn.engine.hooks
import mmmaskattn.evaluation  # noqa: F401 - registers
from mmmaskattn import registry
from mmmaskattn.models import LRFormer, MaskAttnUNet
from mmmaskattn.models.dense_heads import ContrastiveInstanceHead
from mmmaskattn.models.dense_heads.segment_prediction import PredictionOptions
from mmmaskattn.models.grouping import FusionOptions, GroupingOptions
from mmmaskattn.utils.options import checked_options, options_of

REGISTRIES = ('MODELS', 'DATASETS', 'TRANSFORMS', 'HOOKS', 'METRICS')
CLASSES = {name: one for kind in REGISTRIES for name, one in getattr(registry, kind).module_dict.items()}
CLASSES |= {one.__name__: one for one in (GroupingOptions, FusionOptions, PredictionOptions)}
HEAD = dict(num_things=2, num_stuff=1, in_channels=8)
DECODER = dict(in_channels=(8, 8), channels=8, num_classes=2, in_index=(0, 1), num_heads=4)
JSON = dict(ann_file='gone.json', lazy_init=True)
BASE: dict[str, dict] = {
    'LayerNorm2d': dict(normalized_shape=4),
    'CrossProcessBN': dict(num_features=4),
    'MaskAttnUNet': dict(arch='tiny'),
    'TimmEncoder': dict(model_name='resnet18'),
    'MaskAttnDecoder': dict(arch='tiny'),
    'StripCrossAttentionNeck': dict(in_channels=(8, 8)),
    'LRHead': DECODER,
    'StripCrossAttentionHead': DECODER,
    'SummedMapsHead': dict(in_channels=(8, 8), channels=8, num_classes=2),
    'EdgePIDHead': dict(
        in_channels=8, channels=8, num_classes=2, loss_decode=[dict(type='mmseg.CrossEntropyLoss')] * 4
    ),
    'GlobalLRASPPHead': dict(
        in_channels=(8, 8, 8), in_index=(0, 1, 2), channels=8, num_classes=2, input_transform='multiple_select'
    ),
    'StarDistHead': dict(HEAD, num_things=1),
    'AuxiliaryFCNHead': dict(in_channels=8, channels=8, num_classes=2, in_index=0),
    'AuxiliaryClassHead': dict(in_index=0, **HEAD),
    'ConnectedComponentsHead': HEAD,
    'ContrastiveInstanceHead': HEAD,
    'OffsetVotingHead': HEAD,
    'RescalingRTMDetInsHead': dict(num_classes=2, in_channels=8, feat_channels=8, stacked_convs=1),
    'BottomUpPanoptic': dict(
        backbone=dict(type='mmmaskattn.MaskAttnUNet', arch='tiny'),
        segment_head=dict(type='mmmaskattn.ConnectedComponentsHead', **HEAD),
    ),
    'CocoPanopticSemanticDataset': JSON,
    **{name: JSON for name in CLASSES if name.endswith(('InstanceDataset', 'PanopticDataset'))},
    'LowResResize': dict(size=128),
    'LowResScaleJitter': dict(size=128),
    'LoadLowResImage': dict(size=128),
    'CheckSegMap': dict(num_classes=3),
    'LabelMapDump': dict(output_dir='absent/out'),
    'SegmentDump': dict(output_dir='absent/out'),
}
BASE['CrossProcessEncoderDecoder'] = dict(
    backbone=dict(type='mmmaskattn.MaskAttnUNet', arch='nano'),
    decode_head=dict(type='mmmaskattn.AuxiliaryFCNHead', **BASE['AuxiliaryFCNHead']),
)
BASE['MeanProbabilityTTA'] = dict(module=dict(type='mmmaskattn.BottomUpPanoptic', **BASE['BottomUpPanoptic']))
NEEDS_FILES = ('CCPDataset', 'CamVidDataset', 'FractionDataset', 'TimmEncoder')  # cannot be made here, only refused
POOL: list[Any] = [
    *(None, 'nonsense', '', 'False', True, 2, 0, -1, -0.5, 1.5, 1e40, math.nan, math.inf, object()),
    *({}, {'a': 1}, [], [-1], [math.nan], ['nonsense'], [None], [1.5], [2], [16] * 2, [2] * 3, [2] * 7, [[2]], [{}]),
]
NOT_CHECKED = {'device', 'dtype', 'module', 'data_preprocessor', 'input_transform'}


def is_right(value, hint) -> bool:
    """Whether a value is what a hint says, by reading the hint anew."""
    origin, args = get_origin(hint), get_args(hint)
    if hasattr(hint, '__metadata__'):
        return is_right(value, args[0]) and all(within(value, meta) for meta in hint.__metadata__)
    if hint is Any:
        return True
    if hasattr(hint, '__total__'):
        return isinstance(value, dict) and 'type' in value
    if origin is Literal:
        return any(type(value) is type(one) and value == one for one in args)
    if origin is Union or type(hint).__name__ == 'UnionType':
        return any(is_right(value, one) for one in args)
    if origin is tuple:
        return isinstance(value, (list, tuple)) and len(value) == len(args) and all(map(is_right, value, args))
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return isinstance(value, (list, tuple)) and all(is_right(one, args[0]) for one in value)
    if hint is float:
        return type(value) in (int, float)
    return (
        type(value) is (origin or hint) if (origin or hint) in (int, bool, str) else isinstance(value, origin or hint)
    )


def within(value, meta) -> bool:
    """Whether a value keeps to the bounds of a hint; nan keeps to none."""
    length = len(value) if isinstance(value, (str, list, tuple)) else 0
    bounds = [
        meta.ge is None or value >= meta.ge,
        meta.gt is None or value > meta.gt,
        meta.le is None or value <= meta.le,
        meta.lt is None or value < meta.lt,
        meta.min_length is None or length >= meta.min_length,
        meta.max_length is None or length <= meta.max_length,
    ]
    return all(bounds)


def options(name: str) -> dict[str, Any]:
    """The options of a class, with what they must be."""
    return options_of(inspect.unwrap(CLASSES[name]) if inspect.isfunction(CLASSES[name]) else CLASSES[name]).hints


def wrong_arguments(name: str) -> list[tuple[str, Any]]:
    """Options of a class with wrong values; and one that does not exist, and one misspelt."""
    wrong = [(option, value) for option, hint in options(name).items() for value in POOL if not is_right(value, hint)]
    return [*wrong, ('nonsense', 1), *((f'{option}s', 1) for option in list(options(name))[:1])]


def outcome(name: str, option: str, value: Any) -> str:
    """How a class takes a wrong argument."""
    try:
        CLASSES[name](**{**BASE.get(name, {}), option: value})
    except (TypeError, ValueError) as error:
        message = str(error)
        owner = getattr(inspect.unwrap(CLASSES[name]), '__name__', name)
        return 'named' if owner in message and option in message and '\n' not in message else f'not named: {message}'
    except Exception as error:
        return f'not named: {error!r}'
    return 'silent'


def test_the_right_arguments_are_taken(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    Visualizer.get_instance('options')
    for name, one in CLASSES.items():
        if name not in NEEDS_FILES:
            one(**copy.deepcopy(BASE.get(name, {})))


def test_every_wrong_argument_is_named():
    tried = {
        (name, option, repr(value)): outcome(name, option, value)
        for name in CLASSES
        for option, value in wrong_arguments(name)
    }
    kinds = Counter(result.partition(':')[0] for result in tried.values())
    print(len(CLASSES), 'classes', sum(len(options(name)) for name in CLASSES), 'options', len(tried), dict(kinds))
    assert {case: result for case, result in tried.items() if result != 'named'} == {}
    assert len(tried) > 10000


def test_every_option_of_ours_says_what_it_may_be():
    loose = {
        (name, option)
        for name in CLASSES
        for option, hint in options(name).items()
        if hint in (Any, int, float) and option not in NOT_CHECKED
    }
    assert loose == set()


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(chanels=(8, 8)), 'MaskAttnUNet: option chanels is unknown; did you mean channels?'),
        (dict(masks='gate'), 'MaskAttnUNet: option masks is called attention_masks; rename it in the config'),
        (dict(norm_eval='False'), "MaskAttnUNet: option norm_eval is 'False'; expected True or False"),
        (dict(num_heads=0), 'MaskAttnUNet: option num_heads is 0; expected a whole number of at least 1'),
        (dict(arch='tinny'), "MaskAttnUNet: option arch is 'tinny'; expected one of 'nano', 'tiny', 'small', 'base'"),
        (dict(num_convs=(1,)), 'MaskAttnUNet: num_convs has 1 entries for 5 stages; give one for each stage'),
        (dict(out_indices=(1, 1)), 'MaskAttnUNet: out_indices is (1, 1); it takes stages 0 to 4, each once'),
    ],
)
def test_the_line_says_what_to_do(options, message):
    with pytest.raises((TypeError, ValueError)) as error:
        MaskAttnUNet(**options)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ('head', 'message'),
    [
        (dict(test_cfg=dict(max_per_image=-1)), 'PredictionOptions: option max_per_image is -1; expected'),
        (dict(test_cfg=dict(return_embeddings='False')), "PredictionOptions: option return_embeddings is 'False'"),
        (dict(test_cfg=dict(panoptic=dict(residual='none'))), "FusionOptions: option residual is 'none'"),
        (dict(test_cfg=dict(panoptic=3)), 'ContrastiveInstanceHead: test_cfg.panoptic is 3; expected a dict'),
        (dict(grouping=dict(min_areas=3)), 'GroupingOptions: option min_areas is unknown; did you mean min_area?'),
    ],
)
def test_settings_within_an_option_are_checked_too(head, message):
    with pytest.raises((TypeError, ValueError), match='^' + re.escape(message)):
        ContrastiveInstanceHead(**HEAD, **head)


def test_a_head_in_a_detector_has_no_settings_of_its_own():
    detector = copy.deepcopy(BASE['BottomUpPanoptic'])
    detector['segment_head']['test_cfg'] = dict(max_per_image=5)
    with pytest.raises(ValueError, match='BottomUpPanoptic: segment_head has a test_cfg, which has no effect there'):
        CLASSES['BottomUpPanoptic'](**detector)


def test_suffixes_that_a_json_makes_useless_are_refused():
    for name, option in (('CocoPanopticSemanticDataset', 'img_suffix'), ('CocoInstanceDataset', 'seg_map_suffix')):
        with pytest.raises(TypeError, match=f'^{name}: option {option} has no effect'):
            CLASSES[name](**JSON, **{option: '.png'})


def test_what_configs_and_numpy_hand_over_is_taken_as_it_is():
    widths = [np.int64(8), np.int64(8)]
    norm = ConfigDict(type='mmmaskattn.CrossProcessBN')
    backbone = LRFormer(embed_dims=widths, depths=range(1, 3), num_heads=[2, 2], norm_cfg=norm, out_indices=[0, 1])
    assert backbone.out_channels == (8, 8)
    assert len(backbone.stages[1].blocks) == 2


class Wider(MaskAttnUNet):
    """A subclass with options of its own, as users write them."""

    def __init__(self, factor: int, **kwargs: Any) -> None:
        super().__init__(channels=[4 * factor] * 3, **kwargs)


def test_subclasses_are_checked_where_they_call_ours():
    assert Wider(2, arch='tiny').out_channels == (8, 8, 8)
    with pytest.raises(ValueError, match=r'^Wider: option arch is 3; expected one of'):
        Wider(2, arch=3)


def test_a_checked_class_stays_the_class_that_it_was():
    parameters = inspect.signature(MaskAttnUNet).parameters
    assert list(parameters)[:3] == ['arch', 'in_channels', 'channels']
    assert parameters['arch'].default == 'base'
    assert str(inspect.signature(CLASSES['FindSeeds'])) == '()'
    assert checked_options(MaskAttnUNet).__init__ is MaskAttnUNet.__init__
    resize = CLASSES['LowResResize']((96, 128), scale=1.25)
    assert repr(pickle.loads(pickle.dumps(resize))) == repr(copy.deepcopy(resize)) == repr(resize)
