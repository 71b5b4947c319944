# SPDX-License-Identifier: ISC
"""What the peers in Python share: ../rounds.h in Python."""
import json
import resource
import sys
import time


def children_seconds():
    """The processor's time of programs that were run and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def clock_for(threads):
    """With one thread the processor's time of this program, else real time."""
    return time.process_time if threads == 1 else time.perf_counter


def serve(said, units, body, clock):
    """Answers each line of standard input, seconds, by a round of at least so long: a line of JSON, `said` and `value`,
    in units a second; a call of `body` does `units`."""
    for line in sys.stdin:
        least, calls, start = float(line), 0, clock()
        while True:
            body()
            calls += 1
            seconds = clock() - start
            if seconds >= least:
                break
        print(json.dumps({**said, "value": float(f"{units * calls / seconds:.6g}")}), flush=True)
