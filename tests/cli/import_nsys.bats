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

# Of two processes each calls its only GPU device 0 and its first stream 7: kernels at the same time. nsys counts the
# GPUs otherwise than PCI does: process 77 has the one that nvidia-smi calls 1.
TWO="UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET streamId = 7, start = start - 29000000, end = end - 12000000 WHERE streamId = 9;
    CREATE TABLE TARGET_INFO_GPU (vmId INTEGER NOT NULL, id INTEGER NOT NULL, name TEXT, busLocation TEXT, uuid TEXT);
    CREATE TABLE TARGET_INFO_CUDA_DEVICE (gpuId INTEGER, cudaId INTEGER NOT NULL, pid INTEGER NOT NULL, uuid TEXT);
    INSERT INTO TARGET_INFO_GPU VALUES (0, 0, 'A', '0000:0f:00.0', ''), (0, 1, 'A', '0000:07:00.0', '');
    INSERT INTO TARGET_INFO_CUDA_DEVICE VALUES (0, 0, 77, ''), (1, 0, 88, '');"
A=GPU-5fd4f087-86f3-7a43-b711-4771313afc50 B=GPU-01234567-89ab-cdef-0123-456789abcdef

# two_powers RAIL0 RAIL1: 20 W while the kernels of 88 run, from 15 to 35 ms, else 3; the power of 77's GPU.
two_powers() {
    power | awk -F, -v a="$1" -v b="$2" 'NR == 1 { print "time_s," a " [W]," b " [W]"; next }
        { m = (NR - 2 + 49) % 50; print $1 "," (m >= 15 && m < 35 ? 20 : 3) + (NR * 7907 % 103 - 51) / 1000 "," (m >= 44 && m < 47 ? $2 - 2 : $2) }'
}
# layer RAIL NAME: J
layer() {
    erg-analyze layers --rail "$1" --format json out.erg 2>/dev/null |
        jq -c --arg n "$2" '[.runs[0].layers[] | select(.name == $n).energy_j.value] | add // 0'
}

@test "several GPUs: what each process calls device 0, streams of one number, rails by number, UUID, or all" {
    two_powers gpu0 gpu1 >p.csv
    nsys n.sqlite "$TWO"
    erg-record import p.csv --from nsys n.sqlite -o out.erg 2>log
    if grep -q 'overlaps' log; then false; fi
    rm -rf out; tar -xf out.erg
    babeltrace2 out/trace >events
    grep -q 'track_define.*name = "gpu 1 process 77 stream 7", device = 1' events
    grep -q 'track_define.*name = "gpu 0 process 88 stream 7", device = 1' events
    # by hand: 88 runs 40 times 20 ms at 20 W; 77's conv, fc and what is behind step 5.48 + 2 + 0.64 J, and nothing of 88
    erg-analyze layers --rail gpu0 --format json out.erg 2>/dev/null >0.json
    jq -e '[.runs[0].layers[] | select(.name != "(no layer)").module] == ["other"]' 0.json
    near "$(layer gpu0 'void gemm<float>()')" 16
    near "$(layer gpu1 'void gemm<float>()')" "$(awk 'BEGIN { print 5.48 + 40 * 0.008 * 6 + 40 * 0.002 * 8 }')"
    near "$(layer all-roots 'void gemm<float>()')" "$(awk 'BEGIN { print 16 + 5.48 + 1.92 + 0.64 }')"
    # names of rails and GPUs that have UUIDs go by these, whatever their numbers
    two_powers "gpu$A" "gpu$B" >u.csv
    nsys u.sqlite "$TWO UPDATE TARGET_INFO_CUDA_DEVICE SET uuid = CASE pid WHEN 77 THEN '$B' ELSE '${A#GPU-}' END;"
    erg-record import u.csv --from nsys u.sqlite -f -o out.erg 2>log
    near "$(layer "gpu$A" 'void gemm<float>()')" 16
    near "$(layer "gpu$B" 'void gemm<float>()')" 8.04
    # one stream number in two contexts of a process; and nothing that says which GPU a device is
    nsys c.sqlite "${TWO%%CREATE*} UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET contextId = 2, globalPid = 77 << 24, correlationId = NULL WHERE globalPid = 88 << 24;"
    erg-record import p.csv --from nsys c.sqlite -f -o out.erg 2>log
    if grep -q 'overlaps' log; then false; fi
    rm -rf out; tar -xf out.erg
    babeltrace2 out/trace | grep -q 'track_define.*name = "gpu 0 context 2 stream 7", device = 1'
}

@test "several GPUs of a framework's own profile: each rail has the tracks of its number" {
    awk 'BEGIN { print "time_s,gpu0 [W],gpu1 [W]"; for (i = 0; i <= 2000; i++) { m = (i + 49) % 50
        printf "%.3f,%.3f,%.3f\n", 100 + i / 1000, (m >= 15 && m < 35 ? 20 : 3) + (i * 7907 % 103 - 51) / 1000, (m >= 13 && m < 27 ? 10 : 4) + (i * 7919 % 101 - 50) / 1000 } }' >p.csv
    awk 'BEGIN { print "["; for (i = 0; i < 40; i++) { t = 100000000 + i * 50000; for (g = 0; g < 2; g++)
            printf "{\"ph\":\"X\",\"cat\":\"kernel\",\"name\":\"k%d\",\"pid\":%d,\"tid\":7,\"ts\":%d,\"dur\":%d},\n", g, g, t + (g ? 13000 : 15000), g ? 14000 : 20000 }
        for (g = 0; g < 2; g++) printf "%s{\"ph\":\"M\",\"name\":\"process_labels\",\"pid\":%d,\"args\":{\"labels\":\"GPU %d\"}}\n", g ? "," : "", g, g
        print "]" }' >t.json
    erg-record import p.csv --from chrome-trace t.json -o out.erg 2>log
    near "$(layer gpu0 k0)" 16
    near "$(layer gpu1 k1)" 5.6
    [ "$(layer gpu1 k0) $(layer gpu0 k1)" = '0 0' ]
    # tracks of one GPU alone may be of any: which it is, the number does not say where others are hidden
    sed '/"k0"/d' t.json >one.json
    erg-record import p.csv --from chrome-trace one.json -f -o out.erg 2>log
    near "$(layer gpu1 k1)" 5.6
}
