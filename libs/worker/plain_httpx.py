"""httpx without its command line, which would bring rich, click and pygments into every worker that
asks somebody something: 3 MB, and a tenth of a second at each start. Import httpx from here."""

import ssl
import sys
from urllib.parse import urlsplit

#: `import httpx._main` is an ImportError now, which httpx takes for "not installed".
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

import httpx  # noqa: E402 - only after that

__all__ = ["authorities_for", "httpx"]


def authorities_for(url: str) -> ssl.SSLContext | bool:
    """What a client of this address gives for `verify`. Where there is no TLS nobody is trusted: to
    read the certificates of all authorities takes a twentieth of a second and megabytes."""
    return True if urlsplit(url).scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
