"""stub"""


def allow_mmengine_checkpoints() -> None:
    """Stub."""
