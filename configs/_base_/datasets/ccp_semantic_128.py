# Clothing Co-Parsing, 12 groups of clothes.
# Expected on disk: $CCP_ROOT/images/{train,val,test}/NAME.jpg, $CCP_ROOT/labels/{train,val,test}/NAME.png (59 labels).
_base_ = './semantic_128.py'
from mmmaskattn.datasets.input_size import with_jitter

data_root = '{{$CCP_ROOT:data/ccp}}'
num_classes = 12
class_shares = (76.8, 2.90, 1.25, 3.02, 4.91, 2.98, 3.96, 0.905, 0.287, 1.09, 1.27, 0.583)  # %: tools/data/check.py

load_labels = [dict(type='mmmaskattn.LoadSegMap'), dict(type='mmmaskattn.CheckSegMap', num_classes=num_classes)]
train_pipeline = with_jitter([_base_.load_train_image, *load_labels, *_base_.augment], (1.0, 1.5))
test_pipeline = [*_base_.load_image, *load_labels, *_base_.shrink]
tta_pipeline = [*_base_.load_image, *load_labels, _base_.augment_test]

dataset = dict(type='mmmaskattn.CCPDataset', data_root=data_root)
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
