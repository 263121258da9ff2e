"""Has a file from a stranger examined by a process of its own (examine.py), which nothing of ours shares."""

import sys
from subprocess import DEVNULL, PIPE, TimeoutExpired, run

from models.errors import Refused
from workflows.documents.examine import Taken

MOST_BYTES = 5 * 1024 * 1024  # of a file
SECONDS = 30  # for one file, also where the machine is busy
# Why a file is refused, each with a sentence for programs; the pages of citizens have words of their own.
REASONS = {
    "empty_file": "The file is empty.",
    "too_large_file": "The file is larger than 5 MB.",
    "wrong_type": "The file is no picture (JPEG or PNG) and no PDF.",
    "unreadable": "The file is damaged: it cannot be read.",
    "too_many_pixels": "The picture has too many pixels.",
    "too_complex": "The file cannot be read with the memory and the time that one file may take.",
    "too_many_pages": "The PDF has too many pages.",
    "pdf_encrypted": "The PDF is protected by a password or encrypted.",
    "pdf_script": "The PDF has a script in it.",
    "pdf_action": "The PDF does something by itself when it is opened or read.",
    "pdf_attachment": "The PDF has other files in it.",
    "pdf_form": "The PDF is a form that a program draws.",
}


def take(sent: bytes) -> Taken:
    """What may be kept of a file. Raises Refused with the code of a reason. It takes most of a second."""
    if not sent:
        raise not_taken("empty_file")
    if len(sent) > MOST_BYTES:
        raise not_taken("too_large_file")
    # `-I`: neither the environment nor the folder that we stand in tells it which code to run.
    command = [sys.executable, "-I", "-m", "workflows.documents.examine"]
    try:
        done = run(command, input=sent, stdout=PIPE, stderr=DEVNULL, timeout=SECONDS, env={}, check=False)
    except TimeoutExpired:
        raise not_taken("too_complex") from None
    head, _, content = done.stdout.partition(b"\n")
    match head.decode(errors="replace").split():
        case ["ok", media_type, pages] if done.returncode == 0:
            if len(content) > MOST_BYTES:
                raise not_taken("too_large_file")
            return Taken(media_type, int(pages), content)
        case ["refused", code] if code in REASONS:
            raise not_taken(code)
    raise not_taken("too_complex")  # the system ended it


def not_taken(code: str) -> Refused:
    """The refusal for a reason."""
    return Refused(code, REASONS[code])
