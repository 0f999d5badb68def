"""As much of torch as a host asks."""

from types import SimpleNamespace

float32, float16, bfloat16 = "float32", "float16", "bfloat16"
cuda = SimpleNamespace(is_available=lambda: False, is_bf16_supported=lambda: False)
