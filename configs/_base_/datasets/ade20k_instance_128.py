# ADE20K, instances: 100 things; the rest is background.
# Expected on disk: $ADE20K_ROOT/images/{training,validation} and, from tools/data/prepare_ade20k.py,
# ade20k_instance_{train,val}.json.
_base_ = './instance_128.py'
data_root = '{{$ADE20K_ROOT:data/ade/ADEChallengeData2016}}'
num_things = 100

dataset = dict(type='mmmaskattn.ADE20KInstanceDataset', data_root=data_root)
train_dataloader = dict(
    dataset=dict(**dataset, ann_file='ade20k_instance_train.json', data_prefix=dict(img='images/training'))
)
val_dataloader = dict(
    dataset=dict(**dataset, ann_file='ade20k_instance_val.json', data_prefix=dict(img='images/validation'))
)
test_dataloader = val_dataloader
