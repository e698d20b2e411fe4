# Data Science Bowl 2018 (nuclei), instances: 1 thing; the rest is background.
# Expected on disk: $DSB2018_ROOT/images/{train,val,test}, annotations/instances_{train,val,test}.json.
_base_ = './instance_128.py'
data_root = '{{$DSB2018_ROOT:data/dsb2018_128}}'
num_things = 1
leave_out = ('brightfield_grey',)  # 16 of 664 images, whose nuclei are a few pixels large at 128x128

train_dataloader = dict(
    dataset=dict(
        type='mmmaskattn.DSB2018InstanceDataset',
        data_root=data_root,
        ann_file='annotations/instances_train.json',
        data_prefix=dict(img='images/train'),
        filter_cfg=dict(filter_empty_gt=True),
        leave_out=leave_out,
    )
)
val_dataloader = dict(
    dataset=dict(
        type='mmmaskattn.DSB2018InstanceDataset',
        data_root=data_root,
        ann_file='annotations/instances_val.json',
        data_prefix=dict(img='images/val'),
        leave_out=leave_out,
    )
)
test_dataloader = dict(
    dataset=dict(
        type='mmmaskattn.DSB2018InstanceDataset',
        data_root=data_root,
        ann_file='annotations/instances_test.json',
        data_prefix=dict(img='images/test'),
        leave_out=leave_out,
    )
)
val_evaluator = dict(max_dets=400)
test_evaluator = val_evaluator
