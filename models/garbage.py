"""What Python's garbage collector looks at, in processes that live long."""

import gc

OFTEN = 700  # new objects, Python's own threshold: a short look each time, for who answers people meanwhile
SELDOM = 200_000  # more than the batches of all threads of a worker make, which hold no cycles


def leave_what_exists(threshold: int) -> None:
    """Has the collector ignore all objects that exist now, and look at later ones after so many of them.

    It stops all threads while it looks: for 0.15 seconds at everything that was imported, and longer at what has come
    since, the more that is.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(threshold, 20, 20)
