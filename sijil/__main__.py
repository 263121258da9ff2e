"""The `sijil` command, and `python -m sijil`."""

import sys

INTERRUPTED = 130  # the exit code that a shell reports for a command that Ctrl-C ended


def main() -> None:
    """Runs a command. Ctrl-C ends it without a traceback, even while its modules are being loaded."""
    try:
        from sijil.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
