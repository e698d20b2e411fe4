# CCP, semantic, 128x128: data, schedule and runtime settings, all but the model.
_base_ = ['../datasets/ccp_semantic_128.py', '../schedules/onecycle_45e.py', '../default_runtime.py']
