#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes one C file of the report's page: page.html with styles, libraries and scripts inlined, cut
in two at @DATA@.

usage: embed.py OUT.c PAGE.html NAME=FILE[,FILE…]…   (each @NAME@ of the page becomes the files)
"""
import re
import sys


def c_array(name, data):
    rows = [", ".join(map(str, data[i:i + 24])) for i in range(0, len(data), 24)]
    return "const unsigned char %s[] = {\n%s\n};\nconst size_t %s_len = sizeof(%s);\n" % (
        name, ",\n".join(rows), name, name)


def main():
    out, page, *parts = sys.argv[1:]
    text = open(page, encoding="utf-8").read()
    files = dict(p.split("=", 1) for p in parts)

    def inline(match):
        if match[1] == "DATA":
            return match[0]
        body = "\n".join(open(f, encoding="utf-8").read() for f in files[match[1]].split(","))
        body = re.sub(r"(?m)^//# sourceMappingURL=.*$|/\*# sourceMappingURL=.*?\*/", "", body)
        if match[1].endswith("_JS"):
            body = body.replace("</script", "<\\/script")
        return body

    head, tail = re.sub(r"@([A-Z_]+)@", inline, text).split("@DATA@")
    with open(out, "w", encoding="utf-8") as f:
        f.write("#include <stddef.h>\n\n"
                "extern const unsigned char erg_page_head[], erg_page_tail[];\n"
                "extern const size_t erg_page_head_len, erg_page_tail_len;\n\n")
        f.write(c_array("erg_page_head", head.encode()))
        f.write(c_array("erg_page_tail", tail.encode()))


main()
