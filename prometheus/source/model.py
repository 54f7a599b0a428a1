"""What rules and dashboards share: the states, their colours and signs, and what counts as busy and as full."""

from dataclasses import dataclass


@dataclass(frozen=True)
class State:
    """One word of heartbeat_state. The larger `rank`, the worse; colours and signs are those of the status page and the terminal."""

    word: str
    rank: int
    sign: str
    colour: str


STATES = (
    State("alive", 1, "●", "green"),
    State("stopped", 2, "■", "#8e9aab"),
    State("never", 3, "○", "purple"),
    State("hung", 4, "▲", "orange"),
    State("dead", 5, "✕", "red"),
)

# Why a process is dead, or hangs, as a sentence for whoever is woken by it. The words are those of heartbeat_state.
DEAD_BECAUSE = {
    "pid_gone": "Its process is gone",
    "zombie": "Its process has ended and is a zombie",
    "pid_reused": "Its process is gone, and its pid belongs to another one",
    "silent": "No beat within its timeout, and nobody knows of its process",
    "clock_ahead": "Nothing new from it within its timeout; its clock is ahead",
    "entry_vanished": "Its entry has vanished or cannot be read, and it does not run",
}
HUNG_BECAUSE = {
    "silent": "It runs, but no beat came within its timeout",
    "suspended": "It is suspended by a signal and beats no more",
    "clock_ahead": "It runs, but nothing new came within its timeout; its clock is ahead",
    "entry_vanished": "It runs, but its entry has vanished or cannot be read",
}

# Images that are read-only are full by nature.
READ_ONLY_TYPES = "squashfs|erofs|iso9660|udf"

# Modes in which a core computes nothing: it is idle, waits for a disk, or another machine of the hypervisor has it.
IDLE_MODES = "idle|iowait|steal"


def cpu_busy(selector, window, by):
    """The share of the cores' time in which they compute. The times of a core that is offline stand still, so it has no part. Never above 1, whatever a counter does."""
    every = f"rate(system_cpu_seconds_total{{{selector}}}[{window}])"
    idle = f'rate(system_cpu_seconds_total{{{selector},mode=~"{IDLE_MODES}"}}[{window}])'
    return f"1 - sum {by} ({idle}) / (sum {by} ({every}) > 0)"


def cores_online(selector, window, by):
    """How many cores there are whose times go on."""
    every = f"rate(system_cpu_seconds_total{{{selector}}}[{window}])"
    return f"count {by} (sum without (mode) ({every}) > 0)"


def disk_free(selector):
    """The share of a file system that is free for ordinary users, by df's formula: what root keeps back is not there for them."""
    free, available, size = (f"system_filesystem_{n}_bytes{{{selector}}}" for n in ("free", "avail", "size"))
    return f"{available} / ({size} - {free} + {available})"
