"""httpx without its command line, which would bring rich, click and pygments into every worker that
asks somebody something: 3 MB, and a tenth of a second at each start. Import httpx from here."""

import sys

#: `import httpx._main` is an ImportError now, which httpx takes for "not installed".
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

import httpx  # noqa: E402 - only after that

__all__ = ["httpx"]
