from tests.engine.conftest import home

__all__ = ["home"]
