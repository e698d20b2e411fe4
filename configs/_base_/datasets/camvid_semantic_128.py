# CamVid, 11 classes.
# Expected on disk: $CAMVID_ROOT/{train,trainannot,...} (SegNet), or $CAMVID_ROOT/{images,labels}/{train,...}.
_base_ = './semantic_128.py'
from mmmaskattn.datasets.input_size import with_jitter

data_root = '{{$CAMVID_ROOT:data/CamVid}}'
num_classes = 11
class_shares = (17.5, 24.2, 1.03, 33.0, 4.67, 10.1, 1.22, 1.17, 6.11, 0.664, 0.303)  # %: tools/data/check.py

load_labels = [dict(type='mmmaskattn.LoadSegMap'), dict(type='mmmaskattn.CheckSegMap', num_classes=num_classes)]
# Objects are never shrunk: docs/explanation/recipe.md.
train_pipeline = with_jitter([_base_.load_train_image, *load_labels, *_base_.augment], (1.0, 1.5))
test_pipeline = [*_base_.load_image, *load_labels, *_base_.shrink]
tta_pipeline = [*_base_.load_image, *load_labels, _base_.augment_test]

dataset = dict(type='mmmaskattn.CamVidDataset', data_root=data_root)
train_dataloader = dict(batch_size=8, dataset=dict(**dataset, split='train', pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(**dataset, split='val', pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(**dataset, split='test', pipeline=test_pipeline))
