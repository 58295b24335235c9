# SPDX-License-Identifier: GPL-3.0-or-later
"""The energy counter of a GPU, read by the workload itself: what a recording is compared with."""
import ctypes
import time


class Counter:
    """Energy of one GPU since its driver was loaded, mJ, by NVML."""

    def __init__(self, index):
        self.nvml = ctypes.CDLL("libnvidia-ml.so.1")
        self.device = ctypes.c_void_p()
        for result in (self.nvml.nvmlInit_v2(), self.nvml.nvmlDeviceGetHandleByIndex_v2(
                ctypes.c_uint(index), ctypes.byref(self.device))):
            if result:
                raise SystemExit(f"NVML: GPU {index}: error {result}")

    def read(self):
        mj = ctypes.c_ulonglong()
        result = self.nvml.nvmlDeviceGetTotalEnergyConsumption(self.device, ctypes.byref(mj))
        if result:
            raise SystemExit(f"NVML: no energy counter: error {result}")
        return mj.value

    def read_fresh(self):
        """Just after it changed: an update may take 100 ms."""
        first, end = self.read(), time.monotonic() + 1
        while time.monotonic() < end:
            mj = self.read()
            if mj != first:
                return mj
        return first

    def measure(self, work):
        """Does WORK; {"seconds", "counter_j"} of it. WORK returns when the GPU is done."""
        mj, begin = self.read_fresh(), time.monotonic()
        work()
        end, last = time.monotonic(), self.read_fresh()
        return {"seconds": end - begin, "counter_j": (last - mj) / 1e3}
