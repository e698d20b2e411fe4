# Cityscapes, 19 classes (gtFine labelTrainIds).
# Expected on disk: $CITYSCAPES_ROOT/{leftImg8bit,gtFine}/{train,val}/CITY/.
_base_ = './semantic_128.py'
data_root = '{{$CITYSCAPES_ROOT:data/cityscapes}}'
num_classes = 19

load_labels = [dict(type='mmmaskattn.LoadSegMap'), dict(type='mmmaskattn.CheckSegMap', num_classes=num_classes)]
train_pipeline = [_base_.load_train_image, *load_labels, *_base_.augment]
test_pipeline = [*_base_.load_image, *load_labels, *_base_.shrink]
tta_pipeline = [*_base_.load_image, *load_labels, _base_.augment_test]

dataset = dict(type='CityscapesDataset', data_root=data_root)
train_dataloader = dict(
    dataset=dict(
        **dataset, data_prefix=dict(img_path='leftImg8bit/train', seg_map_path='gtFine/train'), pipeline=train_pipeline
    )
)
val_dataloader = dict(
    dataset=dict(
        **dataset, data_prefix=dict(img_path='leftImg8bit/val', seg_map_path='gtFine/val'), pipeline=test_pipeline
    )
)
test_dataloader = val_dataloader
