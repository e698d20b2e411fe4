"""A config for pictures of one's own: what the data is, the rules that choose settings, the file that is written."""

from mmmaskattn.data_tools.init.class_names import checked_names
from mmmaskattn.data_tools.init.layouts import Given
from mmmaskattn.data_tools.init.run import InitReport, init_folder

__all__ = ['Given', 'InitReport', 'checked_names', 'init_folder']
