"""The Python and the Node client in programs of their own, also as other users."""

import os
import sys

from . import AS_ROOT, LIMIT, ROOT, TOOL, run

PYTHON = ROOT / "clients" / "python"
NODE = ROOT / "clients" / "node"


def python(code, *arguments, env=None, cwd=None, timeout=LIMIT, under=(), interpreter=(sys.executable, "-S")):
    """A Python program with the client in reach; `under`: a command that runs it."""
    environment = {"PYTHONPATH": str(PYTHON), "PYTHONDONTWRITEBYTECODE": "1", **(env or {})}
    return run(*under, *interpreter, "-c", code, *arguments, env=environment, cwd=cwd, timeout=timeout)


def node(code, *arguments, env=None, cwd=None, timeout=LIMIT, under=()):
    """A Node program: `h` is the client, `args` the arguments; what it throws is printed."""
    program = (
        f"const h = require({str(NODE)!r}); const args = process.argv.slice(1);"
        "(async () => {" + code + "})().catch((e) => console.log(`${e.name} ${e.code}: ${e.message}`));"
    )
    environment = {"HEARTBEAT_TOOL": str(TOOL), **(env or {})}
    result = run(*under, "node", "-e", program, "--", *arguments, env=environment, cwd=cwd, timeout=timeout)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def as_user(user, group=None, groups=()):
    """The command that runs another one as a user without a name."""
    assert os.geteuid() == 0 or AS_ROOT
    more = ["--groups", ",".join(map(str, groups))] if groups else ["--clear-groups"]
    return [*AS_ROOT, "setpriv", f"--reuid={user}", f"--regid={group or user}", *more]
