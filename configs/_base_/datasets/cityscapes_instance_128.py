# Cityscapes, instances: 8 things; the rest is background.
# Expected on disk: $CITYSCAPES_ROOT/leftImg8bit/{train,val}/CITY/ and, from tools/data/prepare_cityscapes.py,
# annotations/instancesonly_filtered_gtFine_{train,val}.json.
_base_ = './instance_128.py'
data_root = '{{$CITYSCAPES_ROOT:data/cityscapes}}'
num_things = 8

dataset = dict(type='mmmaskattn.CityscapesInstanceDataset', data_root=data_root)
train_dataloader = dict(
    dataset=dict(
        **dataset,
        ann_file='annotations/instancesonly_filtered_gtFine_train.json',
        data_prefix=dict(img='leftImg8bit/train'),
    )
)
val_dataloader = dict(
    dataset=dict(
        **dataset,
        ann_file='annotations/instancesonly_filtered_gtFine_val.json',
        data_prefix=dict(img='leftImg8bit/val'),
    )
)
test_dataloader = val_dataloader
