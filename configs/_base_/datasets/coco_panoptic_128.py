# COCO 2017, panoptic: 80 things, 53 kinds of stuff.
# Expected on disk: $COCO_ROOT/{train,val}2017, $COCO_ROOT/annotations/panoptic_{train,val}2017{.json,/}.
_base_ = './panoptic_128.py'
data_root = '{{$COCO_ROOT:data/coco}}'
num_things = 80
num_stuff = 53

dataset = dict(type='mmmaskattn.CocoPanopticDataset', data_root=data_root)
train_dataloader = dict(
    dataset=dict(
        **dataset,
        ann_file='annotations/panoptic_train2017.json',
        data_prefix=dict(img='train2017', seg='annotations/panoptic_train2017'),
    )
)
val_dataloader = dict(
    dataset=dict(
        **dataset,
        ann_file='annotations/panoptic_val2017.json',
        data_prefix=dict(img='val2017', seg='annotations/panoptic_val2017'),
    )
)
test_dataloader = val_dataloader
