"""Starts Kitsu from a fresh checkout: `python3 scripts/kitsu.py up`.

Needs nothing but Python 3.11 or newer. This file is read by whatever Python the user has, so it
uses only what every Python understands; the work is done in `bootstrap.py` beside it.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this line is for those who have an older one
    sys.stderr.write(
        "Kitsu needs Python 3.11 or newer; this is Python %d.%d. "  # noqa: UP031
        "Get one from https://www.python.org/downloads/ and run it instead.\n"
        % sys.version_info[:2]
    )
    sys.exit(1)

if __name__ == "__main__":
    import bootstrap

    sys.exit(bootstrap.main(sys.argv[1:]))
