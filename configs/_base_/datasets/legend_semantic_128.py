# Drawn pictures whose labels depend on what is far away: python tools/data/make_mini.py legend $LEGEND_ROOT ...
# Expected on disk: $LEGEND_ROOT/images/{train,val}/NAME.png, $LEGEND_ROOT/labels/{train,val}/NAME.png.
_base_ = './semantic_128.py'
from mmmaskattn.data_tools.mini.legend import CLASSES, PALETTE

data_root = '{{$LEGEND_ROOT:data/legend}}'
num_classes = len(CLASSES)

load_labels = [dict(type='mmmaskattn.LoadSegMap'), dict(type='mmmaskattn.CheckSegMap', num_classes=num_classes)]
flip = dict(type='RandomFlip', prob=0.5)
# No jitter: it would cut the legend off.
train_pipeline = [_base_.load_train_image, *load_labels, _base_.resize, flip, dict(type='PackSegInputs')]
test_pipeline = [*_base_.load_image, *load_labels, *_base_.shrink]
tta_pipeline = [*_base_.load_image, *load_labels, _base_.augment_test]

dataset = dict(
    type='BaseSegDataset', data_root=data_root, metainfo=dict(classes=CLASSES, palette=PALETTE), img_suffix='.png'
)
train_dataloader = dict(
    batch_size=8,
    dataset=dict(
        **dataset, data_prefix=dict(img_path='images/train', seg_map_path='labels/train'), pipeline=train_pipeline
    ),
)
val_dataloader = dict(
    dataset=dict(**dataset, data_prefix=dict(img_path='images/val', seg_map_path='labels/val'), pipeline=test_pipeline)
)
test_dataloader = val_dataloader
