"""Our parts in the zoo's configs, run by mmseg's own tools/train.py from another folder.

That no import of ours is needed is shown by tests/test_registry.py and tests/configs/test_your_data.py.
"""

from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from long_tests import first_of
from small_job import run
from warm_python import warm_python

from mmmaskattn.data_tools.mini import write_mini

ZOO = Path(find_spec('mmseg').origin).parent / '.mim'
SEGFORMER = 'segformer/segformer_mit-b0_8xb2-160k_ade20k-512x512.py'
FCN = 'fcn/fcn_r50-d8_4xb4-80k_ade20k-512x512.py'

CONFIG = """
_base_ = '{zoo}/configs/{base}'
model = {model}
load = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations', reduce_zero_label=True)]
pipeline = [*load, dict(type='Resize', scale=(64, 64)), dict(type='PackSegInputs')]
train_dataloader = dict(batch_size=2, num_workers=0, persistent_workers=False,
                        dataset=dict(data_root='{data}', pipeline=pipeline))
train_cfg = dict(max_iters=2)
val_dataloader = val_cfg = val_evaluator = None
"""

UNET = dict(_delete_=True, type='mmmaskattn.MaskAttnUNet', arch='tiny', attention_masks='gate')
PYRAMID = [24, 48, 96, 128]


def decoder(*in_channels):
    return dict(type='mmmaskattn.MaskAttnDecoder', arch='tiny', in_channels=list(in_channels))


# Zoo config, what the user's config changes in its model.
CASES = {
    'UNet under FCNHead': (
        FCN,
        dict(
            backbone=UNET,
            decode_head=dict(in_channels=PYRAMID[3], in_index=3),
            auxiliary_head=dict(in_channels=PYRAMID[2]),
        ),
    ),
    'decoder on ResNet-50': (
        FCN,
        dict(
            neck=decoder(256, 512, 1024, 2048),
            decode_head=dict(in_channels=24, in_index=0),
            auxiliary_head=dict(in_channels=48, in_index=1),
        ),
    ),
    'decoder on MiT-B0': (
        SEGFORMER,
        dict(
            backbone=dict(init_cfg=None),
            neck=decoder(32, 64, 160, 256),
            decode_head=dict(in_channels=[24, 48, 96], in_index=[0, 1, 2]),
        ),
    ),
}


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp('data') / 'ade'
    write_mini('ade20k', folder, num_train=4, num_val=1, size=(48, 64), seed=0)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize('case', first_of(CASES))
def test_mmsegs_own_train_runs_it(tmp_path, data, case):
    base, model = CASES[case]
    processor = dict(size=(64, 64))
    config = tmp_path / 'user.py'
    changes = dict(pretrained=None, data_preprocessor=processor, **model)
    config.write_text(CONFIG.format(zoo=ZOO, base=base, model=changes, data=data))
    done = run([warm_python(), ZOO / 'tools/train.py', config, '--work-dir', 'work'], tmp_path)
    assert done.returncode == 0, done.stdout[-5000:]
    state = torch.load(tmp_path / 'work/iter_2.pth', weights_only=False)['state_dict']
    ours = 'backbone.attentions.' if case.startswith('UNet') else 'neck.'
    assert any(name.startswith(ours) for name in state)
    assert all(value.isfinite().all() for value in state.values() if value.is_floating_point())
