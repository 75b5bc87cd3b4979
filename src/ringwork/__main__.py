"""`python -m ringwork`: the command line where its script is not on the path, or where one of several Pythons is meant."""

from __future__ import annotations

import sys

from ringwork.cli import main

if __name__ == "__main__":
    sys.exit(main.main())
