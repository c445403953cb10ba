"""PID 1 of a service's container: runs `python -m oslira_<OSLIRA_SERVICE>`, or the module named as the argument.

The kernel ignores a signal to PID 1 without a handler, so a stop during the imports would wait for the whole grace period and
end in a SIGKILL. The service replaces these handlers by its own, for an orderly shutdown.
"""

import os
import runpy
import signal
import sys


def main() -> None:
    """Run the module."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    module = sys.argv[1] if len(sys.argv) > 1 else f"oslira_{os.environ['OSLIRA_SERVICE']}"
    sys.argv = [module, *sys.argv[2:]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


main()
