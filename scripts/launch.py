"""`accelerate launch` with the exit codes of minsheng: python scripts/launch.py [options] scripts/run_tag.py …

`accelerate launch` itself ends with 1 and a traceback of its own wherever a process ends with another code than 0,
also with 3 (done, but some inputs could not be read). The options are the same: see `accelerate launch --help`.
"""

from __future__ import annotations

import logging
import signal
import subprocess
import sys


def launch(arguments: list[str]) -> int:
    """The exit code of the first process that failed, 1 for one that was killed; 0 where all are done.

    128 and the number of the signal where the launch itself was stopped: 130 for Ctrl-C.
    """
    from accelerate.commands.launch import launch_command, launch_command_parser
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    # It reports at length what the process that failed has said already.
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)
    try:
        launch_command(launch_command_parser().parse_args(arguments))
    except subprocess.CalledProcessError as error:  # one process
        return ended("the process", error.returncode)
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        return ended(f"rank {rank}", failure.exitcode)
    except SignalException as error:
        ended("the launch", -error.sigval)
        return 128 + error.sigval
    return 0


def ended(who: str, code: int) -> int:
    """Say what has not been said: that a process was killed."""
    if code >= 0:
        return code
    print(f"minsheng: {who} was killed ({signal.Signals(-code).name}); start the same command again to go on",
          file=sys.stderr)  # fmt: skip
    return 1


if __name__ == "__main__":
    sys.exit(launch(sys.argv[1:]))
