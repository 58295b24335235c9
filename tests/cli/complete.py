#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""complete.py SHELL LINE...: what bash or zsh makes of each line when TAB is pressed behind it.

The shell runs interactively on a terminal of its own, with nothing but our completion loaded.
ERG_SRC is the source tree; the programs are found by PATH. A line without one completion is printed
as it was, or with what all completions begin with."""
import os
import pty
import select
import sys
import tempfile
import time

LIMIT_S = 60
SHELLS = {
    "bash": (
        ["bash", "--norc", "--noprofile", "-i"],
        'source "$ERG_SRC/completions/ergtrace.bash"; '
        "bind -x '\"\\C-t\": printf \"%s\\n\" \"$READLINE_LINE\" >\"$OUT\"'; ",
    ),
    "zsh": (
        ["zsh", "-f", "-i"],
        'fpath=("$ERG_SRC/completions" $fpath); autoload -Uz compinit; compinit -u -D; '
        "write() { print -r -- $BUFFER >$OUT }; zle -N write; bindkey '^T' write; ",
    ),
}


def until(fd, done, deadline):
    """Reads what the shell writes until done(all of it)."""
    seen = b""
    while not done(seen):
        if time.monotonic() > deadline:
            sys.exit(f"the shell does not answer; it wrote {seen[-300:]!r}")
        if select.select([fd], [], [], 0.05)[0]:
            seen += os.read(fd, 65536)


def start(shell, out):
    """The shell's pid and terminal, when it waits for a line."""
    argv, setup = SHELLS[shell]
    pid, fd = pty.fork()
    if not pid:
        os.environ.update(OUT=out, TERM="dumb", PS1="", HISTFILE="")
        os.execvp(argv[0], argv)
    # the prompt is written in two parts, so that the echo of this is not taken for it
    os.write(fd, (setup + "PS1='rea''dy>'\n").encode())
    until(fd, lambda seen: b"ready>" in seen, time.monotonic() + LIMIT_S)
    return pid, fd


def complete(fd, line, out):
    """What TAB makes of the line, which is cleared again (^U)."""
    os.write(fd, line.encode() + b"\t\x14")
    until(fd, lambda seen: os.path.exists(out) and os.path.getsize(out), time.monotonic() + LIMIT_S)
    os.write(fd, b"\x15")
    with open(out) as f:
        text = f.read()
    os.unlink(out)
    return text.rstrip(" ,\n")  # zsh's comma goes when a space is typed


def main():
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "line")
        pid, fd = start(sys.argv[1], out)
        for line in sys.argv[2:]:
            print(complete(fd, line, out), flush=True)
        os.close(fd)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
