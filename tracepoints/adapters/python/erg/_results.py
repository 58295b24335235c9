# SPDX-License-Identifier: MIT
"""Results of erg-analyze as tables of Python. The tables are those of `erg-analyze export --to sqlite`
(erg-analyze-export(1)), which reads archives, result documents and folders of either; nothing is computed
here."""
import json
import math
import os
import shutil
import sqlite3
import subprocess
import tempfile

_TABLES = ("runs", "factors", "layers", "counters", "phases", "points", "warnings")
_JSON = ("merged_with", "group", "factors")
"""Columns that hold JSON."""


class Results:
    """Tables: runs, factors, layers, counters, phases, points, warnings.

    Each is a pandas.DataFrame where pandas is installed, else a list of dictionaries. An estimate x has the
    columns x, x_lo, x_hi (95 %), x_method and, where it is unresolved, x_reason; SI units are in the names; what is
    not known is None (NaN in a DataFrame). `run` joins the tables.
    """

    __slots__ = _TABLES

    def __repr__(self):
        return "<erg.Results %s>" % ", ".join("%d %s" % (len(getattr(self, t)), t) for t in _TABLES)


def _value(column, value):
    return json.loads(value) if column in _JSON and isinstance(value, str) else value


def _table(db, name, frame):
    cursor = db.execute('SELECT * FROM "%s"' % name)
    columns = [c[0] for c in cursor.description]
    rows = [{c: _value(c, v) for c, v in zip(columns, row)} for row in cursor]
    if not frame:
        return rows
    # A column of which nothing is known would be one of objects, with which nobody can reckon.
    unknown = {c: math.nan for c in columns if all(row[c] is None for row in rows)}
    for row in rows:
        row.update(unknown)
    return frame(rows, columns=columns)


def _read(path, frame):
    results = Results()
    db = sqlite3.connect("file:%s?mode=ro" % path.replace("%", "%25").replace("?", "%3f").replace("#", "%23"),
                         uri=True)
    try:
        for name in _TABLES:
            setattr(results, name, _table(db, name, frame))
    except sqlite3.DatabaseError as e:
        raise ValueError("%s: expected a database of erg-analyze export --to sqlite: %s" % (path, e)) from None
    finally:
        db.close()
    return results


def _is_database(path):
    try:
        with open(path, "rb") as f:
            return f.read(16) == b"SQLite format 3\0"
    except IsADirectoryError:
        return False


def _export(paths, options, to):
    program = os.environ.get("ERG_ANALYZE") or shutil.which("erg-analyze")
    if not program:
        raise FileNotFoundError("erg.load: erg-analyze is not in PATH")
    done = subprocess.run([program, "export", "--to", "sqlite", *options, "-o", to, "--", *paths],
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise RuntimeError(said[-1] if said else "erg-analyze export: status %d" % done.returncode)


def _frame(pandas):
    if pandas is False:
        return None
    try:
        import pandas as found
    except ImportError:
        if pandas:
            raise
        return None
    return found.DataFrame


def load(paths, options, pandas):
    paths = [os.fspath(p) for p in paths]
    if not paths:
        raise TypeError("erg.load: expected an archive, a result, a folder or a database")
    for path in paths:
        os.stat(path)
    frame = _frame(pandas)
    if len(paths) == 1 and _is_database(paths[0]):
        return _read(paths[0], frame)
    with tempfile.TemporaryDirectory(prefix="erg-load-") as folder:
        database = os.path.join(folder, "results.db")
        _export(paths, list(options), database)
        return _read(database, frame)
