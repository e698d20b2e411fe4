# Data Science Bowl 2018 (nuclei), panoptic: 1 thing, 1 kind of stuff.
# Expected on disk: $DSB2018_ROOT/images/{train,val,test}, annotations/panoptic_{train,val,test}.json and
# panoptic/{train,val,test}.
_base_ = './panoptic_128.py'
data_root = '{{$DSB2018_ROOT:data/dsb2018_128}}'
num_things = 1
num_stuff = 1
leave_out = ('brightfield_grey',)  # 16 of 664 images, whose nuclei are a few pixels large at 128x128

train_dataloader = dict(
    dataset=dict(
        type='mmmaskattn.DSB2018PanopticDataset',
        data_root=data_root,
        ann_file='annotations/panoptic_train.json',
        data_prefix=dict(img='images/train', seg='panoptic/train'),
        leave_out=leave_out,
    )
)
val_dataloader = dict(
    dataset=dict(
        type='mmmaskattn.DSB2018PanopticDataset',
        data_root=data_root,
        ann_file='annotations/panoptic_val.json',
        data_prefix=dict(img='images/val', seg='panoptic/val'),
        leave_out=leave_out,
    )
)
test_dataloader = dict(
    dataset=dict(
        type='mmmaskattn.DSB2018PanopticDataset',
        data_root=data_root,
        ann_file='annotations/panoptic_test.json',
        data_prefix=dict(img='images/test', seg='panoptic/test'),
        leave_out=leave_out,
    )
)
val_evaluator = [
    dict(type='mmmaskattn.PanopticQuality', prefix='lowres'),
    dict(type='mmmaskattn.InstanceAP', prefix='lowres', max_dets=400),
    dict(type='mmmaskattn.SegmentIoU', prefix='lowres'),
]
test_evaluator = val_evaluator
