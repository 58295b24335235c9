#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""tutorial.py PAGE HAVE...: makes a bash script of the fenced blocks of a page in Markdown.

A block of another language names its file (```c infer.c) and is written; of the blocks of commands (```sh)
all are run but those with a word that is not among HAVE (```sh board)."""
import re
import shlex
import sys


def main():
    page, have = sys.argv[1], set(sys.argv[2:])
    text = open(page, encoding="utf-8").read()
    blocks = re.findall(r"^```(\w+)(?: +(\S+))?\n(.*?)^```$", text, re.M | re.S)
    if text.count("\n```") != 2 * len(blocks):
        sys.exit(f"{page}: a fence that this does not understand")
    print("set -eu -o pipefail")
    ran = 0
    for language, word, body in blocks:
        if language != "sh":
            if not word:
                sys.exit(f"{page}: a block of {language} without a file's name")
            print(f"cat >{shlex.quote(word)} <<'END-OF-BLOCK'\n{body}END-OF-BLOCK")
        elif not word or word in have:
            print(f"echo {shlex.quote('$ ' + body.splitlines()[0])}\n{body}")
            ran += 1
    if not ran:
        sys.exit(f"{page}: no commands")


main()
