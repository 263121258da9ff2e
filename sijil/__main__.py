"""The `sijil` command, and `python -m sijil`."""

import sys

INTERRUPTED = 130  # as a shell says of what Ctrl-C ended


def main() -> None:
    """Runs a command; Ctrl-C while it is still being loaded ends it without a word, too."""
    try:
        from sijil.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
