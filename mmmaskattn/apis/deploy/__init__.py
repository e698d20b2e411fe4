"""Models as files that run elsewhere; everything here needs the packages of the extra ``deploy``."""

from mmmaskattn.apis.deploy.compare import Differences, compare
from mmmaskattn.apis.deploy.export import Exported, export_model
from mmmaskattn.apis.deploy.formats import Opened, open_file

__all__ = ['Differences', 'Exported', 'Opened', 'compare', 'export_model', 'open_file']
