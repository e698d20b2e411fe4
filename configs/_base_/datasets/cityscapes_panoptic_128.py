# Cityscapes, panoptic: 8 things, 11 kinds of stuff.
# Expected on disk: $CITYSCAPES_ROOT/leftImg8bit/{train,val}/CITY/ and, from tools/data/prepare_cityscapes.py,
# annotations/cityscapes_panoptic_{train,val}.json and gtFine/cityscapes_panoptic_{train,val}/CITY/.
_base_ = './panoptic_128.py'
data_root = '{{$CITYSCAPES_ROOT:data/cityscapes}}'
num_things = 8
num_stuff = 11

dataset = dict(type='mmmaskattn.CityscapesPanopticDataset', data_root=data_root)
train_dataloader = dict(
    dataset=dict(
        **dataset,
        ann_file='annotations/cityscapes_panoptic_train.json',
        data_prefix=dict(img='leftImg8bit/train', seg='gtFine/cityscapes_panoptic_train'),
    )
)
val_dataloader = dict(
    dataset=dict(
        **dataset,
        ann_file='annotations/cityscapes_panoptic_val.json',
        data_prefix=dict(img='leftImg8bit/val', seg='gtFine/cityscapes_panoptic_val'),
    )
)
test_dataloader = val_dataloader
