"""How much memory the first GPU has, asked of the driver itself. Standard library only."""

import ctypes
import sys

_DRIVERS = ("nvcuda.dll",) if sys.platform == "win32" else ("libcuda.so.1", "libcuda.so")


def gpu_memory_bytes() -> int:
    """0 where there is no GPU, or no driver that could be asked (CUDA Driver API, section 6.5)."""
    for name in _DRIVERS:
        try:
            driver = ctypes.CDLL(name)
        except OSError:
            continue
        device, memory = ctypes.c_int(), ctypes.c_size_t()
        if (
            driver.cuInit(0) == 0
            and driver.cuDeviceGet(ctypes.byref(device), 0) == 0
            and driver.cuDeviceTotalMem_v2(ctypes.byref(memory), device) == 0
        ):
            return memory.value
    return 0
