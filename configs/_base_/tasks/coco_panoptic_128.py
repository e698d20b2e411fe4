# COCO, panoptic, 128x128: data, schedule and runtime settings, all but the model.
_base_ = ['../datasets/coco_panoptic_128.py', '../schedules/paper_1000e_batch14.py', '../default_runtime_det.py']
