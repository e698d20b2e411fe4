# Data Science Bowl 2018 (nuclei), instances: 1 thing; the rest is background.
# Expected on disk: $DSB2018_ROOT/images/{train,val,test}, annotations/instances_{train,val,test}.json.
_base_ = ['./instance_128.py', './dsb2018_128.py']
data_root = '{{$DSB2018_ROOT:data/dsb2018_128}}'
num_things = 1

dataset = dict(type='mmmaskattn.DSB2018InstanceDataset', data_root=data_root, leave_out=_base_.leave_out)
train_dataloader = dict(
    batch_size=8,
    dataset=dict(**dataset, ann_file='annotations/instances_train.json', data_prefix=dict(img='images/train')),
)
val_dataloader = dict(
    dataset=dict(**dataset, ann_file='annotations/instances_val.json', data_prefix=dict(img='images/val'))
)
test_dataloader = dict(
    dataset=dict(**dataset, ann_file='annotations/instances_test.json', data_prefix=dict(img='images/test'))
)
val_evaluator = dict(max_dets=400)
test_evaluator = val_evaluator
