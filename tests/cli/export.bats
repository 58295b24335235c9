#!/usr/bin/env bats
# bats file_tags=offline
# Exports: what other tools need of the files, and that hostile names break none of them.
load helpers
load together

test_setup() {
    awk 'BEGIN { print "time_s,VDD_IN [W],soc [degC],cpu [MHz]"
        for (i = 0; i <= 8000; i++) { t = i / 1000
            printf "%.3f,%.3f,%.2f,%d\n", t, (int(t / 0.05) % 2 ? 8 : 3) + (i % 7) / 100, 40 + t / 4, 1000 } }' >samples.csv
    awk 'BEGIN { print "begin_s,end_s,layer,type,network,iteration"
        for (i = 0; i < 160; i++)
            printf "%.3f,%.3f,%s,%s,net,%d\n", i * 0.05, (i + 1) * 0.05,
                i % 2 ? "\"a;b \"\"quoted\"\" \\ name\"" : "conv1", i % 2 ? "pool" : "conv", i / 2 }' >layers.csv
    erg-record import --samples samples.csv --layers layers.csv \
        --sensor "kind=point window_s=0 lag_s=0 lag_u_s=0" -o run.erg 2>/dev/null
}

@test "perfetto: valid Trace Event Format with every slice and every reading" {
    erg-analyze export --to perfetto-json run.erg -o run.json 2>/dev/null
    jq -e '.traceEvents | length > 0' run.json
    [ "$(jq '[.traceEvents[] | select(.ph == "X" and .cat == "layer")] | length' run.json)" -eq 160 ]
    # what the trace processor needs of each kind of event
    jq -e '[.traceEvents[] | select(.ph == "X")] |
        all((.ts | type) == "number" and .ts >= 0 and (.dur | type) == "number" and .dur >= 0 and
            (.pid | type) == "number" and (.tid | type) == "number" and (.name | type) == "string")' run.json
    jq -e '[.traceEvents[] | select(.ph == "C")] |
        all((.ts | type) == "number" and ([.args[] | type] | all(. == "number")))' run.json
    jq -e '[.traceEvents[] | .ph] | unique - ["C", "M", "X", "i"] == []' run.json
    [ "$(jq '[.traceEvents[] | select(.ph == "C" and (.name | startswith("VDD_IN")))] | length' run.json)" -eq 8001 ]
    # slices of one track do not overlap
    jq -e '[.traceEvents[] | select(.ph == "X" and .cat == "layer")] | sort_by(.ts) |
        [range(1; length) as $i | .[$i].ts >= .[$i - 1].ts + .[$i - 1].dur - 0.0005] | all' run.json
    jq -e '[.traceEvents[] | select(.name == "a;b \"quoted\" \\ name")] | length == 80' run.json
}

# The events of a native trace, by another tool: protoc says what fields there are, bundles are zlib's.
# Prints "PHASE TRACK NAME TIME" of slices and "C TRACK VALUE TIME" of counters, tracks and processes by name.
events_of() {
    python3 - "$1" <<'EOF'
import re, struct, subprocess, sys, zlib

def fields(data):
    """[(number, value)] of a message, as protoc --decode_raw reads its top level; values as bytes or int."""
    at, out = 0, []
    def varint():
        nonlocal at
        v = shift = 0
        while True:
            b = data[at]; at += 1
            v |= (b & 127) << shift; shift += 7
            if b < 128: return v
    while at < len(data):
        tag = varint()
        if tag & 7 == 0: out.append((tag >> 3, varint()))
        elif tag & 7 == 1: out.append((tag >> 3, struct.unpack("<d", data[at:at + 8])[0])); at += 8
        elif tag & 7 == 2: n = varint(); out.append((tag >> 3, data[at:at + n])); at += n
        else: sys.exit("wire type %d" % (tag & 7))
    return out

packets = b""
for number, bundle in fields(open(sys.argv[1], "rb").read()):
    assert number == 1
    inner = dict(fields(bundle))
    assert list(inner) == [50]
    packets += zlib.decompress(inner[50])
open("packets", "wb").write(packets)
tracks, names, out = {}, {}, []
for _, packet in fields(packets):
    p = dict(fields(packet))
    if 12 in p:
        names = {dict(fields(v))[1]: dict(fields(v))[2].decode() for k, v in fields(p[12]) if k == 2}
    if 60 in p:
        d = dict(fields(p[60]))
        name = d.get(2, b"").decode()
        if 3 in d: name = "process:%d:" % dict(fields(d[3]))[1] + dict(fields(d[3]))[6].decode()
        if 4 in d: name = "thread:" + dict(fields(d[4]))[5].decode()
        if 8 in d: name += " " + dict(fields(d[8]))[6].decode()
        tracks[d[1]] = (tracks[d[5]] + "/" if 5 in d else "") + name
    if 11 in p:
        e = dict(fields(p[11]))
        kind = "?BEIC"[e[9]]
        what = e[44] if kind == "C" else names[e[10]] if 10 in e else e.get(23, b"").decode()
        out.append((p[8], kind, tracks[e[11]], what))
for t, kind, track, what in out:
    print(kind, track, what, t, sep="|")
EOF
}

@test "perfetto: the native trace has what the JSON has, in a tenth of the bytes" {
    skip_unless protoc python3
    erg-analyze export --to perfetto run.erg -o run.pftrace 2>/dev/null
    erg-analyze export --to perfetto-json run.erg -o run.json 2>/dev/null
    [ $(($(stat -c %s run.pftrace) * 10)) -lt "$(stat -c %s run.json)" ]
    events_of run.pftrace >events
    protoc --decode_raw <packets >raw
    [ "$(grep -c '^1 {' raw)" -gt 8000 ]
    # Slices: the JSON's, to the nanosecond; their ends are there.
    awk -F'|' '$1 == "B" && $2 ~ /layers$/ { print $3 "|" $4 }' events >begins
    jq -r '.traceEvents[] | select(.ph == "X" and .cat == "layer") | "\(.name)|\(.ts * 1000 | floor)"' run.json | diff - begins
    jq -r '.traceEvents[] | select(.ph == "X" and .cat == "layer") | (.ts * 1000 | floor) + (.dur * 1000 | floor)' run.json |
        sort -n >ends
    awk -F'|' '$1 == "E" && $2 ~ /layers$/ { print $4 }' events | sort -n | diff ends -
    # Counters: all readings, with their unit.
    jq -r '.traceEvents[] | select(.ph == "C" and .name == "VDD_IN") | .args.W' run.json >json.w
    awk -F'|' '$1 == "C" && $2 == "machine/VDD_IN W" { print $3 }' events >native.w
    paste json.w native.w | awk '{ d = $1 - $2 } d > 1e-6 || d < -1e-6 { exit 1 } END { exit NR != 8001 }'
    grep -q '^C|machine/soc degC|40.0|0$' events
    grep -q '^C|machine/cpu Hz|1000000000' events
    # A begin and an end are never out of order on their track.
    awk -F'|' '$1 ~ /[BE]/ && ($2 in at) && $4 < at[$2] { exit 1 } { if ($1 ~ /[BE]/) at[$2] = $4 }' events
    run -0 erg-analyze export --to perfetto run.erg -o now.json
    [[ $output == *"--to perfetto-json makes JSON"* ]]
}

@test "folded: stacks add up to the layers' energy, and no name splits a frame" {
    erg-analyze export --to folded run.erg -o run.folded 2>/dev/null
    sum=$(awk '{ s += $NF } END { print s }' run.folded)
    want=$(erg-analyze layers run.erg --format json 2>/dev/null |
        jq '[.runs[0] | (.layers + .rest)[] | .energy_j.value // 0] | add * 1e6')
    awk -v a="$sum" -v b="$want" 'BEGIN { exit !(a > 0 && (a - b) / b < 1e-5 && (b - a) / b < 1e-5) }'
    # network;layer: one separator a line, the name's own semicolon replaced
    awk -F';' 'NF != 2 && !/no layer/ { exit 1 }' run.folded
    # stacks of simulated power say so, and are the same beyond that
    erg-analyze export --to samples run.erg -o samples.txt 2>/dev/null
    erg-analyze export --to layers run.erg -o layers.txt 2>/dev/null
    sed '/^#erg column/s/$/\tsimulated=1/' samples.txt >simulated.txt
    erg-record import --samples simulated.txt --layers layers.txt -o simulated.erg 2>/dev/null
    erg-analyze export --to folded simulated.erg -o simulated.folded 2>/dev/null
    sed 's/^SIMULATED power;//' simulated.folded | cut -d' ' -f1 | diff - <(cut -d' ' -f1 run.folded)
    [ "$(grep -vc '^SIMULATED power;' simulated.folded)" -eq 0 ]
}

# By hand: 10 and 20 MACs a call; the modules left and right have one network in common.
@test "layers that are merged are never shown under the name of one, and their work is that of all" {
    together 0
    together_record two.erg
    read -r both c <truth
    erg-analyze layers --format json two.erg >l.json 2>/dev/null
    jq -e '[.runs[0].layers[] | [.name, .merged_with]] == [["a", ["b"]], ["c", []]]' l.json
    jq -e '.runs[0].layers[] | (.per_call_j.value * .calls / .energy_j.value - 1 | fabs) < 1e-6' l.json
    erg-analyze export --to folded two.erg -o two.folded 2>/dev/null
    awk -F'[; ]' -v both="$both" -v c="$c" '/^net;a \+ b / { a = $NF / 1e6 / both - 1 } /^net;left;c / { x = $NF / 1e6 / c - 1; n = NR }
        END { exit !(n == 2 && a != 0 && a ^ 2 < 1e-4 && x ^ 2 < 1e-4) }' two.folded
    erg-analyze layers --format csv two.erg 2>/dev/null >l.csv
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
        NR == 2 { ok = $at["name"] == "a" && $at["merged_with"] == "b" && $at["macs"] == 30 } END { exit !ok }' l.csv
    erg-analyze compare --by layer --format csv l.json two.erg 2>/dev/null >c.csv
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
        NR == 2 { ok = $at["layer"] == "a" && $at["merged_with"] == "b" } END { exit !ok }' c.csv
    erg-analyze compare --by layer l.json two.erg 2>/dev/null | grep -q '^a + b cannot tell: '
    erg-analyze compare --by layer --format markdown l.json two.erg 2>/dev/null | grep -q '^| a + b | '
    erg-analyze compare --by layer --format junit l.json two.erg 2>/dev/null | grep -q 'classname="ergtrace.energy.net.left" name="a + b"'
    skip_unless sqlite3
    erg-analyze export --to sqlite two.erg -o two.db 2>/dev/null
    [ "$(sqlite3 two.db "SELECT name || macs || merged_with FROM layers LIMIT 1")" = 'a30["b"]' ]
}

@test "csv: one row a reading, with the layer that ran" {
    erg-analyze export --to csv run.erg -o run.csv 2>/dev/null
    [ "$(wc -l <run.csv)" -eq 8002 ]
    head -1 run.csv | grep -q '^time_s,VDD_IN \[W\],soc \[degC\],cpu \[Hz\],network,module,layer,iteration,phase,thread$'
    grep -q '^0.020000000,3' run.csv
    erg-analyze export --to csv run.erg -o - 2>/dev/null | cmp - run.csv
    [ ! -e ./- ]
    run -1 sh -c 'erg-analyze export --to csv run.erg -o - >&-'
    [[ "$output" == *"/dev/stdout: cannot be written"* ]]
    grep '^0.020000000,' run.csv | grep -q ',net,,conv1,0,,layers$'
    grep '^0.070000000,' run.csv | grep -q 'quoted'
    # of one phase: the readings of its time
    sed '1s/$/,phase/; 2,41s/$/,warm/; 42,$s/$/,hot/' layers.csv >phases.csv
    erg-record import --samples samples.csv --layers phases.csv --sensor kind=point -o p.erg 2>/dev/null
    erg-analyze export --to csv --phase warm p.erg -o warm.csv 2>/dev/null
    awk -F, 'NR > 1 { n++; if ($1 < 0 || $1 >= 2 || $(NF - 1) != "warm") bad = 1 } END { exit bad || n != 2000 }' warm.csv
    run -1 erg-analyze export --to csv --phase cold p.erg -o cold.csv
    [[ "$output" == *"p.erg: no phase 'cold'"* ]]
    [ ! -e cold.csv ]
    run -2 erg-analyze export --to folded --phase warm p.erg -o x
}

@test "an export that fails leaves nothing" {
    run erg-analyze export --to csv run.erg -o no/where/run.csv
    [ "$status" -eq 1 ]
    run erg-analyze export --to csv nowhere.erg -o out.csv
    [ "$status" -eq 1 ]
    [ ! -e out.csv ]
    run erg-analyze export --to csv --rail NONE run.erg -o out.csv
    [ "$status" -eq 1 ]
    [[ "$output" == *NONE*VDD_IN* ]]
    [ ! -e out.csv ]
    [ "$(ls | grep -c 'out.csv\.')" -eq 0 ]
    run erg-analyze export --to svg run.erg -o out.svg
    [ "$status" -eq 2 ]
}

@test "sqlite: a folder becomes tables that agree with layers and sweep" {
    skip_unless sqlite3
    mkdir runs
    for w in 1 2; do
        sed '1s/$/,phase/; 2,80s/$/,warm/; 81,$s/$/,hot/' layers.csv >phases.csv
        erg-record import --samples samples.csv --layers phases.csv --sensor kind=point --tag clock=$w -o runs/$w.erg \
            2>/dev/null
        erg-analyze layers --format json runs/$w.erg 2>/dev/null |
            jq -c ".runs[0].factors.freq = $w" >$w.layers.json
    done
    run -0 erg-analyze export --to sqlite runs -o archives.db
    [[ "$output" != *"without their phases"* ]]
    sql() { sqlite3 -separator '|' "$1" "$2"; }
    [ "$(sql archives.db 'SELECT count(*), count(DISTINCT archive) FROM runs')" = '2|2' ]
    [ "$(sql archives.db "SELECT group_concat(number) FROM factors WHERE name = 'clock' AND kind = 'tag'")" = 1.0,2.0 ]
    # The same figures, to the last digit.
    erg-analyze layers runs --format json 2>/dev/null | jq -r '.runs[0].layers[] | [.name, .calls, .energy_j.value,
        .energy_j.lo, .energy_j.method] | join("|")' >json.txt
    sql archives.db 'SELECT name, calls, energy_j, energy_j_lo, energy_j_method FROM layers WHERE run = 1 ORDER BY layer' |
        diff json.txt -
    [ "$(sql archives.db 'SELECT count(*) FROM points')" -eq 0 ] # tags are no factors
    erg-analyze layers --by phase runs --format json 2>/dev/null >phases.json
    jq -r '.runs[] | .layers[] | [.name, .calls, .energy_j.value, .energy_j.hi] | join("|")' phases.json >json.txt
    [ "$(grep -c '^warm|' json.txt)" -eq 2 ]
    sql archives.db 'SELECT name, calls, energy_j, energy_j_hi FROM phases ORDER BY run, phase' | diff json.txt -
    # Documents of a batch have the phases too, and of several kinds of rows each verb takes its own.
    erg-analyze batch runs -o results 2>/dev/null
    run -0 erg-analyze export --to sqlite results -o batch.db
    [[ "$output" != *"without their phases"* ]]
    sql batch.db 'SELECT name, calls, energy_j, energy_j_hi FROM phases ORDER BY run, phase' | diff json.txt -
    erg-analyze layers runs --by phase,type,layer --format json 2>/dev/null >several.json
    jq -e '[.runs[] | .by, (.tables | map(.by))] == ["phase", ["type", "layer"], "phase", ["type", "layer"]]' several.json
    for f in runs several.json; do
        erg-analyze sweep $f --factor clock --format json 2>/dev/null | jq -S .groups >$f.sweep
    done
    diff runs.sweep several.json.sweep
    run -2 erg-analyze layers runs --by layer,kind
    [[ "$output" == *"--by 'layer,kind': expected layer, type, module, block, network or phase, or several"* ]]
    # From results alone, with a factor: the points of the sweep.
    rm -r runs
    run -0 erg-analyze export --to sqlite ./*.layers.json -o results.db
    [[ "$output" == *"2 of 2 runs are results without their phases"* ]]
    run -0 erg-analyze export --to sqlite phases.json 1.layers.json -o mixed.db
    [[ "$output" == *"1 of 3 runs are results without their phases"* ]]
    [ "$(sql mixed.db 'SELECT count(DISTINCT run), count(*) FROM phases')" = "2|$(wc -l <json.txt)" ]
    [ "$(sql mixed.db 'SELECT group_concat(DISTINCT run) FROM layers')" = 3 ]
    [ "$(sql results.db "SELECT group_concat(json_extract(factors, '$.freq')) FROM points")" = 1,2 ]
    [ "$(sql results.db 'PRAGMA integrity_check')" = ok ]
    erg-analyze export --to sqlite -o newest.db 2>told # of the newest archive here
    grep -q 'taking .*\.erg' told || { cat told; false; }
    [ "$(sql newest.db 'SELECT count(*) FROM runs')" = 1 ]
    run -1 erg-analyze export --to sqlite missing.erg -o x.db
    [ ! -e x.db ]
}

# A third program reads both: every column against the key of its name in the document.
@test "sqlite: each figure is the one of the document, and where there is none the reason is" {
    skip_unless python3
    # a wait in no layer, two rails, phases; one layer too short to be told; no idle power
    awk 'BEGIN { print "begin_s,end_s,layer,type,network,module,phase,macs,params,bytes_in"
        for (i = 0; i < 60; i++) for (k = 0; k < 3; k++)
            printf "%.5f,%.5f,%s,conv,net,m/%d,%s,%d,7,8\n", i / 30 + k / 100, i / 30 + k / 100 + (k == 2 ? 0.00002 : 0.01),
                substr("abc", k + 1, 1), k, i < 20 ? "warm" : "hot", k * 1000 }' >l.csv
    awk 'BEGIN { print "time_s,VDD_IN [W],CPU [W]"
        for (i = 0; i < 500; i++) printf "%.3f,%.3f,%.3f\n", i / 250, 5 + int(i / 2.5) % 3 + i * 7 % 10 / 50, 2 }' >s.csv
    mkdir runs
    erg-record import --samples s.csv --layers l.csv --sensor kind=point --tag a=1 -o runs/a.erg 2>/dev/null
    erg-record import --samples s.csv --layers l.csv --sensor kind=boxcar --sensor window_s=0.02 --tag a=2 -o runs/b.erg 2>/dev/null
    erg-analyze layers runs --by phase,layer,type --format json 2>/dev/null >doc.json
    erg-analyze export --to sqlite runs -o archives.db 2>/dev/null
    run -0 --separate-stderr erg-analyze export --to sqlite doc.json -o document.db
    [[ $stderr != *"without their"* ]]
    # of the same rows, the same database: what is not in the rows by layer is not missed
    cat >check.py <<'EOF'
import json, sqlite3, sys
doc = json.load(open("doc.json"))
checked = reasons = 0
for name in "archives.db", "document.db":
    db = sqlite3.connect(name)
    db.row_factory = sqlite3.Row
    def same(row, j):
        global checked, reasons
        for column in row.keys():
            if column in ("run", "layer", "phase"): continue
            key, part = column, None
            for suffix in "lo", "hi", "method", "reason":
                if column.endswith("_" + suffix): key, part = column[:-len(suffix) - 1], suffix
            v = j.get(key)
            if isinstance(v, dict): v = v.get(part or "value")
            elif part: v = j.get(column)
            if isinstance(v, list): v = json.dumps(v, separators=(",", ":"))
            assert row[column] == v, (name, column, row[column], v)
            checked += v is not None
            reasons += part == "reason" and v is not None
    runs = db.execute("SELECT * FROM runs ORDER BY run").fetchall()
    assert len(runs) == len(doc["runs"]) == 2
    for row, run in zip(runs, doc["runs"]):
        same(row, run)
        of = {t["by"]: t["layers"] for t in run["tables"] + [run]}
        for table, by in ("layers", "layer"), ("phases", "phase"):
            rows = db.execute("SELECT * FROM %s WHERE run = ? ORDER BY %s" % (table, by), (row["run"],)).fetchall()
            assert len(rows) == len(of[by]) > 1, (name, table, len(rows))
            for r, j in zip(rows, of[by]): same(r, j)
assert checked > 300 and reasons > 20, (checked, reasons)
EOF
    python3 check.py
    # the estimates that a document's rows have are those that the tables have, but for the means of two ways
    jq -r '.runs[0].tables[] | select(.by == "layer").layers[0] | to_entries[] | select(.value | type == "object" and has("method")) | .key' \
        doc.json | grep -vx -e direct_j -e nnls_j -e per_inference_j | sort >estimates
    sqlite3 document.db "SELECT substr(name, 1, length(name) - 7) FROM pragma_table_info('layers') WHERE name LIKE '%\_reason' ESCAPE '\'" |
        sort | diff estimates -
    # rows by something else are no layers
    erg-analyze layers runs/a.erg --by type --format json 2>/dev/null >types.json
    run -0 --separate-stderr erg-analyze export --to sqlite types.json -o types.db
    [[ $stderr == *"1 of 1 runs are results without their layers: the table layers lacks them"* ]]
    [ "$(sqlite3 types.db 'SELECT count(*) FROM layers')" = 0 ]
}

@test "python: erg.load gives the tables of archives, results and databases" {
    [ -x /usr/bin/python3 ] || skip "python3 is not installed"
    export PYTHONPATH=$ERG_SRC/tracepoints/adapters/python PYTHONDONTWRITEBYTECODE=1
    mkdir -p runs stand
    mv run.erg "runs/a 'b'?.erg"
    erg-analyze layers runs --format json 2>/dev/null >layers.json
    erg-analyze export --to sqlite runs -o "all?.db" 2>/dev/null
    # pandas where it is not installed: it has no part in this but a constructor and columns
    cat >stand/pandas.py <<'EOF'
class DataFrame:
    def __init__(s, rows, columns): s.rows, s.columns = rows, columns
    def __len__(s): return len(s.rows)
    def __getitem__(s, column): return [row[column] for row in s.rows]
EOF
    cat >t.py <<'EOF'
import json, math, sys
import erg

doc = json.load(open("layers.json"))["runs"][0]
for source in ("runs", "layers.json", "all?.db"):
    r = erg.load(source, pandas=False)
    assert [l["name"] for l in r.layers] == [l["name"] for l in doc["layers"]], source
    for mine, its in zip(r.layers, doc["layers"]):
        assert abs(mine["energy_j_hi"] - its["energy_j"]["hi"]) < 1e-8 and mine["merged_with"] == its["merged_with"]
    assert len(r.runs) == 1 and r.runs[0]["rail"] == "VDD_IN" and r.runs[0]["simulated"] == 0
    assert r.runs[0]["run"] == r.layers[0]["run"]
assert erg.load("runs", "layers.json", pandas=False).runs[1]["run"] == 2
assert repr(r).startswith("<erg.Results 1 runs, ")
sys.path.append("stand")
frame = erg.load("all?.db").layers
assert type(frame).__name__ == "DataFrame" and "energy_j_lo" in frame.columns and len(frame) == len(r.layers)
nothing = [c for c in r.runs[0] if r.runs[0][c] is None]
assert nothing and all(math.isnan(v) for c in nothing for v in erg.load("all?.db").runs[c])
for error, what in ((FileNotFoundError, ["nowhere.erg"]), (TypeError, [])):
    try:
        erg.load(*what)
    except error:
        continue
    raise AssertionError(what)
try:
    erg.load("runs", options=["--rail", "NONE"])
except RuntimeError as e:
    assert "NONE" in str(e) and "VDD_IN" in str(e)
else:
    raise AssertionError
EOF
    run -0 /usr/bin/python3 t.py
}
