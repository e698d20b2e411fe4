# Cityscapes, semantic, 128x128: data, schedule and runtime settings, all but the model.
_base_ = ['../datasets/cityscapes_semantic_128.py', '../schedules/paper_1000e.py', '../default_runtime.py']
