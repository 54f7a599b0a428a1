"""The completions in a real interactive zsh: the keys go in through a terminal, the completed line comes out."""

import os
import pty
import select
import signal
import time

import pytest

from support import TOOL, run


class Zsh:
    """A shell of its own, with nothing but our completions beside zsh's."""

    def __init__(self, folder):
        (folder / "_heartbeat").write_text(run(TOOL, "completions", "zsh").stdout)
        (folder / "heartbeat").symlink_to(TOOL)
        (folder / ".zshrc").write_text(
            f"fpath=({folder} $fpath); path=({folder} $path); autoload -U compinit; compinit -u -d {folder}/dump\n"
            "unsetopt beep; PS1='ready> '\n"
        )
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execvpe("zsh", ["zsh", "-i"], os.environ | {"ZDOTDIR": str(folder), "TERM": "dumb"})

    def read_until(self, text):
        seen = ""
        end = time.monotonic() + 30
        while text not in seen:
            ready, _, _ = select.select([self.terminal], [], [], max(0, end - time.monotonic()))
            assert ready, f"zsh never wrote {text!r}, but {seen!r}"
            seen += os.read(self.terminal, 4096).decode(errors="replace")

    def type(self, keys):
        os.write(self.terminal, keys.encode())

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


@pytest.mark.parametrize(
    "keys, completed",
    [
        ("heartbeat mon\t", "heartbeat monitor "),
        ("heartbeat simulate --scenario=fl\t", "--scenario=flapping "),
        ("heartbeat run --rest\t", "heartbeat run --restart"),
        ("heartbeat prune --dry\t", "heartbeat prune --dry-run "),
    ],
)
def test_zsh_understands_its_completions(tmp_path, keys, completed):
    zsh = Zsh(tmp_path)
    try:
        zsh.read_until("ready> ")
        zsh.type(keys)
        zsh.read_until(completed)
    finally:
        zsh.close()
