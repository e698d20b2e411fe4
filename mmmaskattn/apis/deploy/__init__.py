"""Models as files that run without torch; everything here needs the packages of the extra ``deploy``."""

from mmmaskattn.apis.deploy.compare import Differences, compare
from mmmaskattn.apis.deploy.export import Exported, export_model
from mmmaskattn.apis.deploy.session import Session

__all__ = ['Differences', 'Exported', 'Session', 'compare', 'export_model']
