"""Keeps a test's OBS on loopback.

obs-websocket listens on every interface and has no setting for it, so a few lines that OBS loads
before everything else turn "every interface" into 127.0.0.1.
"""

import os
import shutil
import subprocess
from pathlib import Path

from libs.testing.obs_studio.configuration import StudioFailed

COMPILERS = ("cc", "gcc", "clang", "tcc")

#: Without any header, so that a compiler is enough and no C library's development files are needed.
#: An IPv4 address is 16 bytes: family (2), port (2), address (4), zeros.
_SOURCE = """\
void *dlsym(void *, const char *);
typedef int binding(int, const void *, unsigned);
int bind(int socket, const unsigned char *address, unsigned length) {
  binding *next = (binding *)dlsym((void *)-1L, "bind");
  unsigned char loopback[16];
  int i, is_ipv4 = address && length == 16 && address[0] == 2 && address[1] == 0;
  if (!is_ipv4 || address[4] || address[5] || address[6] || address[7])
    return next(socket, address, length);
  for (i = 0; i < 16; i++) loopback[i] = address[i];
  loopback[4] = 127;
  loopback[7] = 1;
  return next(socket, loopback, length);
}
"""


def compiler() -> str | None:
    names = (os.environ.get("CC", ""), *COMPILERS)
    return next((path for name in names if name and (path := shutil.which(name))), None)


def build(folder: Path) -> Path:
    """The library to preload, made in this folder once. Raises `StudioFailed`."""
    library, source = folder / "loopback.so", folder / "loopback.c"
    if library.exists():
        return library
    program = compiler()
    if program is None:
        raise StudioFailed("no C compiler for the loopback library: install tcc")
    source.write_text(_SOURCE, "ascii")
    command = [program, "-shared", "-fPIC", "-nostdlib", "-o", str(library), str(source)]
    built = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if built.returncode != 0:
        raise StudioFailed(f"the loopback library cannot be built: {built.stderr[-500:]}")
    return library
