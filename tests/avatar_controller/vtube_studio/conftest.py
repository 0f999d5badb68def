"""What tests of the link to VTube Studio need."""

import pytest

from libs.testing.ports import free_port


@pytest.fixture
def udp_port() -> int:
    """Where a broadcast goes, instead of VTube Studio's own port."""
    return free_port()
