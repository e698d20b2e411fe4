# COCO 2017, instances: 80 things; the rest is background.
# Expected on disk: $COCO_ROOT/{train,val}2017, $COCO_ROOT/annotations/instances_{train,val}2017.json.
_base_ = './instance_128.py'
data_root = '{{$COCO_ROOT:data/coco}}'
num_things = 80

dataset = dict(type='mmmaskattn.CocoInstanceDataset', data_root=data_root)
train_dataloader = dict(
    dataset=dict(**dataset, ann_file='annotations/instances_train2017.json', data_prefix=dict(img='train2017'))
)
val_dataloader = dict(
    dataset=dict(**dataset, ann_file='annotations/instances_val2017.json', data_prefix=dict(img='val2017'))
)
test_dataloader = val_dataloader
