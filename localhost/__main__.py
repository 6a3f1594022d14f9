"""`python -m localhost`: run function_app.py of this folder on this machine."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
from pathlib import Path

from localhost.app import load_app
from localhost.host import Address, index_of, serve
from localhost.settings import HostError, complete_environment


def main() -> int:
    """Run until told to end. Exit 0 after a clean end, 2 when the app or its settings cannot be run."""
    options = argparse.ArgumentParser(
        prog="python -m localhost", description="Run function_app.py on this machine."
    )
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=7071, help="0 takes a free one")
    options.add_argument("--app", type=Path, default=Path.cwd(), help="the folder with function_app.py")
    options.add_argument("--index", action="store_true", help="list the functions as JSON and end")
    options.add_argument("--quiet", action="store_true", help="log warnings and errors only")
    given = options.parse_args()
    logging.basicConfig(
        level=logging.WARNING if given.quiet else logging.INFO,
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    logging.getLogger("azure").setLevel(logging.WARNING)
    folder = given.app.resolve()
    try:
        complete_environment(folder)
        functions = load_app(folder)
        if given.index:
            print(json.dumps(index_of(functions), indent=2))
        else:
            asyncio.run(serve(functions, folder, Address(given.host, given.port)))
    except HostError as error:
        print(f"localhost: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
