# Surface defects of magnetic tiles, five kinds; grey images.
# Expected on disk: $MAGNETIC_TILE_ROOT/images/{train,val,test}/NAME.jpg, $MAGNETIC_TILE_ROOT/labels/{...}/NAME.png.
_base_ = './semantic_128.py'
from mmmaskattn.datasets.input_size import with_jitter

data_root = '{{$MAGNETIC_TILE_ROOT:data/magnetic_tile}}'
classes = ('no_defect', 'blowhole', 'break', 'crack', 'fray', 'uneven')
palette = [(0, 0, 0), (220, 50, 50), (60, 100, 200), (250, 230, 70), (40, 140, 80), (200, 80, 200)]
num_classes = len(classes)
class_shares = (95.4, 0.031, 0.413, 0.036, 0.619, 3.50)  # %: tools/data/check.py

load_labels = [dict(type='mmmaskattn.LoadSegMap'), dict(type='mmmaskattn.CheckSegMap', num_classes=num_classes)]
train_pipeline = with_jitter([_base_.load_train_image, *load_labels, *_base_.augment], (1.0, 1.5))
test_pipeline = [*_base_.load_image, *load_labels, *_base_.shrink]
tta_pipeline = [*_base_.load_image, *load_labels, _base_.augment_test]

dataset = dict(type='BaseSegDataset', data_root=data_root, metainfo=dict(classes=classes, palette=palette))
train_dataloader = dict(
    batch_size=8,
    dataset=dict(
        **dataset, data_prefix=dict(img_path='images/train', seg_map_path='labels/train'), pipeline=train_pipeline
    ),
)
val_dataloader = dict(
    dataset=dict(**dataset, data_prefix=dict(img_path='images/val', seg_map_path='labels/val'), pipeline=test_pipeline)
)
test_dataloader = dict(
    dataset=dict(
        **dataset, data_prefix=dict(img_path='images/test', seg_map_path='labels/test'), pipeline=test_pipeline
    )
)
