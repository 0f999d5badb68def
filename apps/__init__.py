"""One folder per process.

What a process makes while it starts stays: the collector does not look through it again and again.
`libs.worker.runtime` sets what holds afterwards.
"""

import gc

gc.set_threshold(50_000, 20, 20)
