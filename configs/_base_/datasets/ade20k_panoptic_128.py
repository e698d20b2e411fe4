# ADE20K, panoptic: 100 things, 50 kinds of stuff.
# Expected on disk: $ADE20K_ROOT/images/{training,validation} and, from tools/data/prepare_ade20k.py,
# ade20k_panoptic_{train,val}{.json,/}.
_base_ = './panoptic_128.py'
data_root = '{{$ADE20K_ROOT:data/ade/ADEChallengeData2016}}'
num_things = 100
num_stuff = 50

dataset = dict(type='mmmaskattn.ADE20KPanopticDataset', data_root=data_root)
train_dataloader = dict(
    dataset=dict(
        **dataset,
        ann_file='ade20k_panoptic_train.json',
        data_prefix=dict(img='images/training', seg='ade20k_panoptic_train'),
    )
)
val_dataloader = dict(
    dataset=dict(
        **dataset,
        ann_file='ade20k_panoptic_val.json',
        data_prefix=dict(img='images/validation', seg='ade20k_panoptic_val'),
    )
)
test_dataloader = val_dataloader
