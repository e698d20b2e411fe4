"""``python -m mmmaskattn_runtime``."""

from mmmaskattn_runtime.console import main

main()
