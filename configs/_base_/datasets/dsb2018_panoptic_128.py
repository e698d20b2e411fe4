# Data Science Bowl 2018 (nuclei), panoptic: 1 thing, 1 kind of stuff.
# Expected on disk: $DSB2018_ROOT/images/{train,val,test}, annotations/panoptic_{train,val,test}.json and
# panoptic/{train,val,test}.
_base_ = ['./panoptic_128.py', './dsb2018_128.py']
data_root = '{{$DSB2018_ROOT:data/dsb2018_128}}'
num_things = 1
num_stuff = 1

dataset = dict(type='mmmaskattn.DSB2018PanopticDataset', data_root=data_root, leave_out=_base_.leave_out)
train_dataloader = dict(
    batch_size=8,
    dataset=dict(
        **dataset,
        ann_file='annotations/panoptic_train.json',
        data_prefix=dict(img='images/train', seg='panoptic/train'),
    ),
)
val_dataloader = dict(
    dataset=dict(
        **dataset, ann_file='annotations/panoptic_val.json', data_prefix=dict(img='images/val', seg='panoptic/val')
    )
)
test_dataloader = dict(
    dataset=dict(
        **dataset, ann_file='annotations/panoptic_test.json', data_prefix=dict(img='images/test', seg='panoptic/test')
    )
)
val_evaluator = [
    dict(type='mmmaskattn.PanopticQuality', prefix='lowres'),
    dict(type='mmmaskattn.InstanceAP', prefix='lowres', max_dets=400),
    dict(type='mmmaskattn.SegmentIoU', prefix='lowres'),
]
test_evaluator = val_evaluator
