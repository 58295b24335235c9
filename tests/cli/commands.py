#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""commands.py [--print] FILE...: the commands that texts tell people to type, checked against the programs.

Of Markdown: indented blocks and fences of sh that begin with a command; of manual pages: literal displays
under EXAMPLES, where displays with "$ " tell commands from what they print. Each must be a line of bash,
and its verbs and options must exist. --print prints the commands instead, one a line."""
import re
import shlex
import subprocess
import sys

PROGRAMS = ("erg-record", "erg-analyze")
BEGINS = re.compile(r"(\$ )?([A-Z_]+=\S+ )*"
                    r"(erg-|examples/|tests/|sudo |seq |tar |cc |meson |ninja |head |(\w+ )*\| )")
OPERATORS = set("|&;()") | {"||", "&&", ";;", "|&"}


def joined(lines):
    """Lines that end in a backslash with those that follow."""
    whole = ""
    for line in lines:
        whole += line
        if whole.endswith("\\"):
            whole = whole[:-1] + " "
            continue
        yield re.sub(r"\s+# .*", "", whole).strip()
        whole = ""


def of_markdown(text):
    blocks = re.findall(r"^```sh[^\n]*\n(.*?)^```$", text, re.M | re.S)
    blocks += re.findall(r"(?<=\n\n)((?:    [^\n]*\n)+)", "\n\n" + text)
    for block in blocks:
        yield from joined(line.strip() for line in block.splitlines())


def of_manual(text):
    for section in re.findall(r"^\.Sh EXAMPLES\n(.*?)(?=^\.Sh |\Z)", text, re.M | re.S):
        yield from (line[4:] for line in section.splitlines() if line.startswith(".Dl erg-"))
        for display in re.findall(r"^\.Bd[^\n]*\n(.*?)^\.Ed$", section, re.M | re.S):
            lines = [line.replace("\\e", "\\").replace("\\&", "").replace("\\-", "-") for line in display.splitlines()]
            if any(line.startswith("$ ") for line in lines):
                lines = [line[2:] for line in lines if line.startswith("$ ")]
            yield from joined(lines)


def commands(path):
    text = open(path, encoding="utf-8").read()
    for line in (of_markdown if path.endswith(".md") else of_manual)(text):
        if BEGINS.match(line) or re.search(r"[|;&] *erg-", line):
            yield line


def help_of(*words):
    return subprocess.run([*words, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout


def helps(seen={}):
    """(program, verb) to the text of its help."""
    if not seen:
        for program in PROGRAMS:
            verbs = help_of(program).split("\nVerbs:")[1].split("\n\n")[0]
            for verb in re.findall(r"^  ([a-z]+) ", verbs, re.M):
                seen[program, verb] = help_of(program, verb)
    return seen


def wrong(line):
    """What is wrong with a command, or None."""
    if subprocess.run(["bash", "-n", "-c", line], stderr=subprocess.DEVNULL, check=False).returncode:
        return "no line of bash"
    lexer = shlex.shlex(line, posix=True, punctuation_chars="();&|")
    lexer.whitespace_split = True
    page = None
    words = list(lexer)
    for at, word in enumerate(words):
        if word in OPERATORS or word == "--":
            page = None
        elif word in PROGRAMS:
            verb = words[at + 1] if at + 1 < len(words) else ""
            verb = "run" if verb.startswith("-") and word == "erg-record" else verb
            if verb == "help" or (verb.startswith("--") and word == "erg-analyze"):
                continue
            if (word, verb) not in helps():
                return f"{word} has no verb {verb!r}"
            page = helps()[word, verb]
        elif page and re.match(r"--?[a-z]", word):
            option = re.match(r"--[a-z-]+|-[a-zA-Z]", word).group(0)
            if not re.search(rf"(^|[ ,]){re.escape(option)}( |,|$)", page, re.M):
                return f"no option {option}"
    return None


def main():
    files = [f for f in sys.argv[1:] if f != "--print"]
    bad = found = 0
    for path in files:
        for line in commands(path):
            found += 1
            if len(files) < len(sys.argv) - 1:
                print(line)
                continue
            why = wrong(line)
            if why:
                bad += 1
                print(f"{path}: {line}: {why}")
    print(f"{found} commands, {bad} wrong", file=sys.stderr)
    sys.exit(bad > 0 or not found)


main()
