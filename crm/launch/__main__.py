"""`python3 -m crm.launch run|test|setup`. Only syntax that an old Python can read stands here."""

import os
import sys

OLDEST = (3, 11)


def main(argv):  # type: ignore[no-untyped-def]
    """Refuse an old Python or a system without its tools in one line; then hand over."""
    if sys.version_info < OLDEST:
        found = "%d.%d" % tuple(sys.version_info[:2])
        sys.stderr.write(
            "Python 3.11 or newer is needed; this is %s. Name a newer one: make run PYTHON=python3.11\n"
            % found
        )
        return 2
    if os.name != "posix":
        sys.stderr.write("Linux or macOS is needed (on Windows: WSL).\n")
        return 2
    from crm.launch.cli import dispatch

    return dispatch(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))  # type: ignore[no-untyped-call]
