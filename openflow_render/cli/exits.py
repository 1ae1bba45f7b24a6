"""Exit codes. They are a promise: scripts and CI rely on them."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the process says when it ends; the documentation's table is printed from here."""

    DONE = 0, "done; no differences"
    DIFFERENT = 1, "differences found"
    USAGE = 2, "wrong use of the command line"
    REFUSED = 3, "the input was refused"
    CLUSTER = 4, "the cluster refused or could not be reached"
    UNDECIDED = 5, "a decision is needed: a field conflict, a replacement, a deletion limit, another cluster"
    FAILED = 6, "the workload failed or did not become ready in time"
    CRASHED = 70, "a defect in openflow (a traceback is printed only with -v)"
    INTERRUPTED = 130, "interrupted; what was and was not done is printed"

    about: str

    def __new__(cls, value: int, about: str) -> Exit:
        member = int.__new__(cls, value)
        member._value_ = value
        member.about = about
        return member
