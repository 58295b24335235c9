# erg-record import: what NVTX ranges of threads are on the streams of what they launched, in Nsight Systems' SQLite
# bats file_tags=offline
load helpers

# nsys FILE [SQL]: 40 steps of 50 ms. Thread 78 of process 77 is in step from 0 to 12 ms, in conv from 1 to 4 and in fc
# from 5 to 8 of it, and launches two kernels in conv, a kernel and a memset in fc, and a kernel behind step; stream 7
# of device 0 runs them later: 13 to 20, 20.5 to 27, 28 to 36, 36 to 37 and 41 to 43 ms. Another process, whose calls
# have the same numbers, runs other on stream 9, from 44 to 47 ms. The tables are those that nsys 2024 writes.
nsys() {
    rm -f "$1"
    python3 - "$1" "${2:-}" <<'PY'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.executescript('''
CREATE TABLE StringIds (id INTEGER NOT NULL PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE ThreadNames (nameId INTEGER NOT NULL, priority INTEGER, globalTid INTEGER);
CREATE TABLE TARGET_INFO_SESSION_START_TIME (utcEpochNs INTEGER, utcTime TEXT, localTime TEXT);
CREATE TABLE NVTX_EVENTS (start INTEGER NOT NULL, end INTEGER, eventType INTEGER NOT NULL, rangeId INTEGER,
    category INTEGER, color INTEGER, text TEXT, globalTid INTEGER, endGlobalTid INTEGER, textId INTEGER,
    domainId INTEGER, uint64Value INTEGER, int64Value INTEGER, doubleValue REAL, uint32Value INTEGER,
    int32Value INTEGER, floatValue REAL, jsonTextId INTEGER, jsonText TEXT, binaryData TEXT);
CREATE TABLE CUPTI_ACTIVITY_KIND_RUNTIME (start INTEGER NOT NULL, end INTEGER NOT NULL, eventClass INTEGER NOT NULL,
    globalTid INTEGER, correlationId INTEGER, nameId INTEGER NOT NULL, returnValue INTEGER NOT NULL,
    callchainId INTEGER);
CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL (start INTEGER NOT NULL, end INTEGER NOT NULL, deviceId INTEGER NOT NULL,
    contextId INTEGER NOT NULL, greenContextId INTEGER, streamId INTEGER NOT NULL, correlationId INTEGER,
    globalPid INTEGER, demangledName INTEGER NOT NULL, shortName INTEGER NOT NULL, mangledName INTEGER,
    gridX INTEGER NOT NULL, gridY INTEGER NOT NULL, gridZ INTEGER NOT NULL);
CREATE TABLE CUPTI_ACTIVITY_KIND_MEMSET (start INTEGER NOT NULL, end INTEGER NOT NULL, deviceId INTEGER NOT NULL,
    contextId INTEGER NOT NULL, streamId INTEGER NOT NULL, correlationId INTEGER, globalPid INTEGER,
    value INTEGER NOT NULL, bytes INTEGER NOT NULL);
INSERT INTO StringIds VALUES (1, 'conv'), (2, 'void gemm<float>()'), (3, 'gemm'), (4, 'python3'), (5, 'cudaLaunchKernel');
INSERT INTO TARGET_INFO_SESSION_START_TIME VALUES (1700000000000000000, '', '');
''')
P, Q, ms = 77 << 24, 88 << 24, 1000000
def nvtx(begin, end, name, tid, kind=59):
    text, ident = (None, 1) if name == 'conv' else (name, None)
    db.execute('INSERT INTO NVTX_EVENTS (start, end, eventType, text, globalTid, textId, domainId) VALUES (?,?,?,?,?,?,0)',
        (begin, end, kind, text, tid, ident))
def call(t, pid, tid, ident):
    db.execute('INSERT INTO CUPTI_ACTIVITY_KIND_RUNTIME VALUES (?,?,0,?,?,5,0,NULL)', (t, t + 10000, pid | tid, ident))
def kernel(begin, end, pid, ident, stream=7):
    db.execute('INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES (?,?,0,1,NULL,?,?,?,2,3,NULL,1,1,1)',
        (begin, end, stream, ident, pid))
for i in range(40):
    t, n = i * 50 * ms, 10 * i
    nvtx(t, t + 12 * ms, 'step', P | 78)
    nvtx(t + ms, t + 4 * ms, 'conv', P | 78)
    nvtx(t + 5 * ms, t + 8 * ms, 'fc', P | 78)
    for k, (at, begin, end) in enumerate(((2, 13, 20), (3, 20.5, 27), (6, 28, 36), (40, 41, 43))):
        call(t + at * ms, P, 78, n + k)
        kernel(t + int(begin * ms), t + end * ms, P, n + k)
    call(t + 7 * ms, P, 78, n + 5)
    db.execute('INSERT INTO CUPTI_ACTIVITY_KIND_MEMSET VALUES (?,?,0,1,7,?,?,0,4096)', (t + 36 * ms, t + 37 * ms, n + 5, P))
    nvtx(t + ms, t + 9 * ms, 'other', Q | 89)
    call(t + 2 * ms, Q, 89, n)
    kernel(t + 44 * ms, t + 47 * ms, Q, n, 9)
db.executescript(sys.argv[2])
db.commit()
PY
}

# 1 ms means: 10 W in conv's kernels and 4 between, 6 in fc's kernel, 2 in its memset, 8 in the last kernel, 5 in the
# other process', 3 else.
power() {
    awk 'BEGIN { print "time_s,gpu0 [W]"
        for (i = 0; i <= 2000; i++) { m = (i + 49) % 50
            p = m >= 13 && m < 27 ? (m == 20 ? 7 : 10) : m >= 28 && m < 36 ? 6 : m == 36 ? 2 : m == 41 || m == 42 ? 8 : m >= 44 && m < 47 ? 5 : 3
            printf "17000000%05.3f,%.3f\n", i / 1000, p + (i * 7919 % 101 - 50) / 1000 } }' | sed 's/^\(17000000\)\([0-9]\)\./\10\2./'
}

# row BY NAME: calls, ms, J
row() {
    erg-analyze layers --by "$1" --format json out.erg 2>/dev/null |
        jq -c --arg n "$2" '.runs[0].layers[] | select(.name == $n) | [.calls, (.time_s.value * 1000 | round), (.energy_j.value * 100 | round / 100)]'
}
near() { awk -v a="$1" -v b="$2" 'BEGIN { d = a - b; exit !(d * d < 4e-4 * b * b) }' || { echo "$1 is not $2"; return 1; }; }

@test "ranges are modules on the streams of what they launched, when that ran" {
    power >p.csv
    nsys n.sqlite
    erg-record import p.csv --from nsys n.sqlite -o out.erg 2>log
    rm -rf out; tar -xf out.erg
    babeltrace2 --clock-cycles out/trace >events
    # conv of the first step, and the step, which has fc and its memset in it
    grep 'layer_span' events | grep -q 'begin = 1700000000013000000, end = 1700000000027000000'
    grep 'layer_span' events | grep -q 'begin = 1700000000013000000, end = 1700000000037000000'
    grep 'layer_span' events | grep -q 'begin = 1700000000028000000, end = 1700000000037000000'
    # by hand: 40 times 13.5 ms at 10 W and 0.5 ms at 4 W; 8 ms at 6 W and 1 ms at 2 W
    near "$(row module conv | jq '.[2]')" 5.48
    near "$(row module fc | jq '.[2]')" 2.00
    [ "$(row module conv | jq -c '.[:2]')" = "[40,560]" ]
    [ "$(row module fc | jq -c '.[:2]')" = "[40,360]" ]
    # one kernel's name is two layers where it is of two ranges, and one more outside of them
    erg-analyze layers --format json out.erg 2>/dev/null >l.json
    jq -e '[.runs[0].layers[] | select(.name == "void gemm<float>()") | [.module, .calls]] | sort == [["", 40], ["conv", 80], ["fc", 40], ["other", 40]]' l.json
    # between conv and fc nothing runs in step
    [ "$(row module step)" = "[40,40,0.12]" ]
    # the other process' kernel is not of conv, though its call has the same number
    near "$(row module other | jq '.[2]')" 0.6
    grep -q 'of 240 kernels and copies 40 were launched outside of all ranges and of 0 it is not known' log
}

@test "what cannot be brought onto a stream is counted; without CUDA's calls nothing can" {
    power >p.csv
    nsys n.sqlite "DELETE FROM CUPTI_ACTIVITY_KIND_RUNTIME WHERE correlationId % 10 = 2;
        INSERT INTO NVTX_EVENTS (start, end, eventType, text, globalTid) VALUES (5000000, 90000000, 60, 'epoch', 1291845710);"
    erg-record import p.csv --from nsys n.sqlite -o out.erg 2>log
    grep -q 'of 240 kernels and copies 40 were launched outside of all ranges and of 40 it is not known by which call; 1 ranges that are started' log
    # fc has its memset alone
    [ "$(row module fc | jq -c '.[:2]')" = "[40,40]" ]
    nsys old.sqlite 'DROP TABLE CUPTI_ACTIVITY_KIND_RUNTIME'
    erg-record import p.csv --from nsys old.sqlite -f -o out.erg 2>log
    grep -q 'old.sqlite: there is no table CUPTI_ACTIVITY_KIND_RUNTIME' log
    [ -z "$(row module conv)" ]
    erg-analyze layers --format json out.erg 2>/dev/null | jq -e '[.runs[0].layers[] | select(.name == "void gemm<float>()").calls] == [200]'
}

@test "ranges of one time, of one kernel, of two threads; ranges that overlap on their thread" {
    power >p.csv
    # a range around conv alone has the same time on the stream; a thread that launches onto the stream between the others
    nsys n.sqlite "INSERT INTO NVTX_EVENTS (start, end, eventType, text, globalTid) SELECT start - 1000, end + 1000, 59, 'block', globalTid FROM NVTX_EVENTS WHERE textId = 1;
        INSERT INTO NVTX_EVENTS (start, end, eventType, text, globalTid) SELECT start + 1000000, end, 59, 'late', globalTid + 1 FROM NVTX_EVENTS WHERE text = 'step';
        UPDATE CUPTI_ACTIVITY_KIND_RUNTIME SET globalTid = globalTid + 1, start = start - 30000000 WHERE correlationId % 10 = 3;"
    erg-record import p.csv --from nsys n.sqlite -o out.erg 2>log
    erg-analyze layers --format json out.erg 2>/dev/null >l.json
    jq -e '[.runs[0].layers[] | select(.module == "conv").calls] == [80] and [.runs[0].layers[] | select(.module == "late").calls] == [40]' l.json
    [ "$(row module late | jq -c '.[:2]')" = "[40,80]" ]
    near "$(row module conv | jq '.[2]')" 5.48
    if grep -q 'overlaps' log; then false; fi
    # half in step, half behind: no range of either
    nsys bad.sqlite "INSERT INTO NVTX_EVENTS (start, end, eventType, text, globalTid) VALUES (6500000, 45000000, 59, 'crooked', 1291845710);"
    erg-record import p.csv --from nsys bad.sqlite -f -o out.erg 2>log
    grep -q "overlaps" log
    [ -z "$(row module crooked)" ]
}
