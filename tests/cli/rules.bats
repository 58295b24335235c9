# Layers from events that are not ours, by rules: recorded, and from a trace that was made without us.
# bats file_tags=apart
load helpers
load lttng

app=$ERG_BUILD/tests/trace/ros2-app
rules=$ERG_BUILD/record/rules/erg-rules
ros2=$ERG_SRC/record/rules/ros2.yaml
programs=(ros2-app)
test_setup() {
    lttng_setup
    [ -x "$rules" ] || skip "erg-rules was not built (libbabeltrace2-dev, libfyaml-dev, uthash-dev)"
}

# Without power, so that no layers are merged: what few readings saw on a loaded machine would be.
record() {
    skip_unless erg-record erg-analyze jq
    erg-record run --force -o run.erg -s procstat "$@" >out 2>err || { cat err; return 1; }
    erg-analyze layers --format json run.erg >layers.json 2>warnings
}

@test "--annotate lttng:ros2: callbacks by their symbols, in their nodes; the output is the same" {
    record --annotate lttng:ros2 -- "$app" 40
    [ "$(cat out)" = 120 ]
    jq -r '.runs[0].layers[] | [.name, .type, .module, .network, .calls] | @tsv' layers.json | sort >got
    diff got <(printf '%s\t%s\t%s\tros2\t40\n' 'Planner::plan' service /arm/planner \
        'Planner::tick, "fast"' timer /arm/planner \
        'void (Camera::?)(std::shared_ptr<Image>)' subscription /camera | sort)
    # Each took at least its 1, 2 and 4 ms of wall time; none runs beside another.
    jq -e '.runs[0].layers | map({(.type): (.time_s.value / .calls)}) | add |
        .service >= 0.001 and .subscription >= 0.002 and .timer >= 0.004' layers.json
    run ! grep -q 'rules' warnings
    [ -z "$(ls -A | grep erg-rules)" ]
    [ "$(erg-analyze info --format json run.erg | jq '.files[0].manifest.options.annotate // "lttng:ros2"' -r)" = lttng:ros2 ]
}

@test "rules: folders of events that others hold, and other users', stay, though their processes are not seen here" {
    mkdir -m 700 .erg-rules-999999-abcdef .erg-rules-999998-abcdef
    touch .erg-rules-999999-abcdef/kept .erg-rules-999998-abcdef/kept
    exec {held}<.erg-rules-999999-abcdef
    flock -s "$held"
    [ "$(id -u)" -ne 0 ] || chown -R nobody .erg-rules-999998-abcdef
    record --annotate lttng:ros2 -- "$app" 2
    [ -e .erg-rules-999999-abcdef/kept ]
    [ "$(id -u)" -ne 0 ] || [ -e .erg-rules-999998-abcdef/kept ]
    [ "$(jq '[.runs[0].layers[].calls] | add' layers.json)" -eq 6 ]
}

@test "rules: threads are tracks; nothing is lost of many events" {
    record --annotate lttng:ros2 -- "$app" 200
    mkdir x
    tar -C x -xf run.erg
    babeltrace2 x >all.txt
    [ "$(grep -c 'ergtrace:layer_span' all.txt)" -eq 600 ]
    [ "$(grep -c 'ergtrace:track_define.*name = "ros2-app thread ' all.txt)" -eq 2 ]
    jq -e '.runs[0].lost_events == 0 and ([.runs[0].layers[].calls] | add) == 600' layers.json
}

@test "rules: what was not told, or did not end, is said" {
    record --annotate lttng:ros2 -- "$app" 5 late
    grep -q '15 layers without all of their names, of 15' warnings
    jq -e '[.runs[0].layers[] | .name] == ["ros2:callback_start"]' layers.json
    record --annotate lttng:ros2 -- "$app" 5 open
    grep -q '1 layers had not ended, beside 15 that had' warnings
    record --annotate lttng:ros2 -- true
    grep -q 'rules: no layer in 0 events' warnings
}

@test "rules: a file that is wrong is refused before anything runs, with the place" {
    skip_unless erg-record
    refused() { # TEXT MESSAGE
        printf '%s\n' "$1" >bad.yaml
        run erg-record run -o bad.erg -s procstat --annotate lttng:bad.yaml -- touch ran
        [ "$status" -ne 0 ]
        [[ "$output" == *"$2"* ]] || { echo "$output"; return 1; }
        [ "$(grep -vc warning <<<"$output")" -eq 1 ]
        [ ! -e ran ]
        [ ! -e bad.erg ]
    }
    refused 'layers: []' 'a list of {begin, end, name} was expected'
    refused 'layers: [{begin: a:b, end: c:d, nam: x}]' "bad.yaml:1:33: 'nam' is not known in a layer"
    refused 'layers: [{begin: a:b, end: c:d, name: "{x"}]' "'}' was expected"
    refused 'layers: [{begin: a:b, end: c:d, name: "{t[x]}"}]' 'a table that is not under tables'
    refused 'layers: [{begin: a:b, end: c:d, name: "{}"}]' 'the name of a field or table was expected'
    refused 'layers: [{begin: a:b, name: x}]' "'end' was expected"
    refused 'tables: {t: [{event: a:b, key: "x y", value: z}]}' 'one expression was expected'
    refused '- x' 'a map was expected'
    refused 'layers: [{begin: nocolon, end: c:d, name: x}]' "bad.yaml:1:18: 'begin' was expected to be the name of an event"
    refused 'layers: [{begin: "a:*", end: c:d, name: x}]' "'begin' was expected to be the name of an event"
    refused 'layers: [{begin: a:b, end: c:d, name: x, same: ["a b"]}]' "bad.yaml:1:50: same: a list of fields was expected"
    refused 'layers: [{begin: a:b, end: c:d, name: x, scope: process}]' "bad.yaml:1:49: scope: process: 'same' was expected"
    refused 'layers: [{begin: a:b, end: c:d, name: x, same: [a], scope: trace}]' "bad.yaml:1:60: scope: thread or process was expected"
    refused $'layers: [{begin: a:b, end: c:d, name: x}]\n---\nlayers: []' "bad.yaml:2:1: a second document: one was expected"
    refused 'layers: [{begin: a:b, begin: c:d, end: c:d, name: x}]' 'duplicate key'
    run erg-record run -o bad.erg -s procstat --annotate lttng:nosuch -- touch ran
    [ "$status" -eq 2 ]
    [[ "$output" == *"a file of rules, or one of those that are installed (ros2)"* ]]
}

# The trace of an LTTng session of somebody else.
foreign_trace() {
    need_daemon
    lttng create "$session-a" --output="$PWD/a" >/dev/null 3>&-
    started+=("$session-a")
    lttng enable-event -s "$session-a" -u 'ros2:*' >/dev/null
    lttng add-context -s "$session-a" -u -t vpid -t vtid -t procname >/dev/null
    lttng start "$session-a" >/dev/null
    "$app" "$@" >out
    stop a
}

@test "import --from ctf TRACE --rules: a trace that was made without us" {
    skip_unless erg-record erg-analyze jq
    foreign_trace 20
    # A second before and after, at 100 Hz: 2 W.
    babeltrace2 --clock-seconds a | sed -n 's/^\[\([0-9.]*\)\].*/\1/p' >times
    awk 'NR == 1 { from = $1 } END { print "time_s,CPU [W]"
        for (t = from - 1; t < $1 + 1; t += 0.01) printf "%.3f,2\n", t }' times >samples.csv
    erg-record import --from ctf a --rules "$ros2" --samples samples.csv -o run.erg >msg 2>&1
    erg-analyze layers --format json run.erg >layers.json 2>warnings
    jq -r '.runs[0].layers[] | [.name, .module, .calls] | @tsv' layers.json | sort >got
    diff got <(printf '%s\t%s\t20\n' 'Planner::plan' /arm/planner 'Planner::tick, "fast"' /arm/planner \
        'void (Camera::?)(std::shared_ptr<Image>)' /camera | sort)
    # The time of each is what babeltrace2 and awk make of the trace.
    babeltrace2 --clock-cycles a | sed -n 's/^\[\([0-9]*\)\].*ros2:\(callback_[a-z]*\):.*vtid = \([0-9]*\).*callback = \(0x[0-9A-Fa-f]*\).*/\1 \2 \3 \4/p' |
        awk '$2 == "callback_start" { at[$3 " " $4] = $1; next } { sum[$4] += $1 - at[$3 " " $4] }
            END { for (c in sum) print sum[c] }' | sort >by_hand
    "$rules" csv "$ros2" a | awk -F, 'NR > 1 { sum[$3] += $2 - $1 } END { for (n in sum) printf "%d\n", sum[n] }' | sort >by_us
    paste by_hand by_us | awk '{ d = $1 - $2; if (d < -9999 || d > 9999) bad = 1 } END { exit bad || NR != 3 }'
    # The same again is the same to the byte.
    mkdir again
    erg-record import --from ctf a --rules "$ros2" --samples samples.csv -o again/run.erg >msg 2>&1
    cmp run.erg again/run.erg
}

@test "import --from ctf: snapshots of one buffer have events in common, and packets between them are lost: none is counted twice, and that is said" {
    need_daemon
    lttng create "$session-a" --snapshot --output="$PWD/a" >/dev/null 3>&-
    started+=("$session-a")
    lttng enable-channel -s "$session-a" -u --overwrite --subbuf-size=4k --num-subbuf=8 c >/dev/null
    lttng enable-event -s "$session-a" -u 'ros2:*' -c c >/dev/null
    lttng add-context -s "$session-a" -u -t vpid -t vtid -c c >/dev/null
    lttng start "$session-a" >/dev/null
    "$app" 10 >out
    lttng snapshot record -s "$session-a" >/dev/null
    lttng snapshot record -s "$session-a" >/dev/null
    "$app" 10 >out
    lttng snapshot record -s "$session-a" >/dev/null
    [ "$(find a -name metadata | wc -l)" -eq 3 ]
    "$rules" csv "$ros2" a >a.csv 2>err
    [ ! -s err ]
    [ "$(sed 1d a.csv | sort -u | wc -l)" -eq 60 ]
    [ "$(wc -l <a.csv)" -eq 61 ]
    # a buffer that was written over since: eight packets of 4 KiB are left of each processor
    taskset -c "$(taskset -cp $$ | sed "s|.*[: ,-]||")" "$app" 300 >out
    lttng snapshot record -s "$session-a" >/dev/null
    babeltrace2 a >/dev/null 2>lost || true
    [ "$(grep -c 'discarded .* packet' lost)" -ge 1 ]
    "$rules" csv "$ros2" a >b.csv 2>err
    [ "$(grep -c 'rules: [0-9]* packets of events were lost: layers are missing' err)" -eq 1 ]
    stop a
}

@test "import --from ctf: layers that were open where events were lost are left out, and no others" {
    skip_unless python3
    cat >make.py <<'PY'
import os, struct, sys
# By the specification of CTF 1.8: two packets of a clock of 1 MHz; how many events were lost when the second was full.
lost = int(sys.argv[2])
os.mkdir(sys.argv[1])
open(sys.argv[1] + "/metadata", "w").write('''/* CTF 1.8 */
typealias integer { size = 16; align = 8; signed = false; } := u16;
typealias integer { size = 32; align = 8; signed = false; } := u32;
typealias integer { size = 64; align = 8; signed = false; } := u64;
trace { major = 1; minor = 8; byte_order = le; packet.header := struct { u32 magic; u32 stream_id; }; };
clock { name = "c"; freq = 1000000; offset_s = 1700000000; };
typealias integer { size = 64; align = 8; signed = false; map = clock.c.value; } := stamp;
stream { id = 0; event.header := struct { u16 id; stamp timestamp; };
  packet.context := struct { stamp timestamp_begin; stamp timestamp_end; u64 content_size; u64 packet_size; u32 events_discarded; }; };
event { id = 0; stream_id = 0; name = "begin"; fields := struct { u32 k; }; };
event { id = 1; stream_id = 0; name = "end"; fields := struct { u32 k; }; };
''')
with open(sys.argv[1] + "/stream", "wb") as f:
    # the first ends whole; the second's end may be another's, as may the third's beginning; the fourth is whole
    for events, n in ([(10, 0, 1), (20, 1, 1), (30, 0, 2)], 0), ([(1000, 1, 2), (1010, 0, 4), (1020, 1, 4), (1030, 0, 3)], lost), (
            [(2000, 1, 3), (2010, 0, 5), (2020, 1, 5)], lost):
        body = b"".join(struct.pack("<HQI", e, t, k) for t, e, k in events)
        bits = 8 * (8 + 36 + len(body))
        f.write(struct.pack("<IIQQQQI", 0xC1FC1FC1, 0, events[0][0], events[-1][0], bits, bits, n) + body)
PY
    python3 make.py whole 0
    python3 make.py lossy 7
    echo 'layers: [{begin: begin, end: end, same: [k], name: "layer {k}"}]' >x.yaml
    "$rules" csv x.yaml whole 2>err | awk -F, 'NR > 1 { print $3, substr($2, 11) - substr($1, 11) }' >whole.txt
    diff whole.txt <(printf '"layer %d" %d\n' 1 10000 2 970000 4 10000 3 970000 5 10000)
    [ "$(grep -c lost err)" -eq 0 ]
    "$rules" csv x.yaml lossy 2>err | awk -F, 'NR > 1 { print $3 }' >lossy.txt
    diff lossy.txt <(printf '"layer %d"\n' 1 4 5)
    [ "$(grep -c 'rules: 7 events were lost: layers are missing' err)" -eq 1 ]
    [ "$(grep -c 'rules: 2 layers that were open where events were lost are left out: they may be two' err)" -eq 1 ]
}

@test "import --from ctf: processes whose addresses are the same: by the trace where each has its own buffers; else it is said" {
    skip_unless setarch
    local how
    # how the buffers are, which contexts there are, what is said
    while IFS=: read -r how contexts said; do
        need_daemon
        lttng create "$session-$how" --output="$PWD/$how" >/dev/null 3>&-
        started+=("$session-$how")
        lttng enable-channel -s "$session-$how" -u "--buffers-${how%%-*}" c >/dev/null
        lttng enable-event -s "$session-$how" -u 'ros2:*' -c c >/dev/null
        [ -z "$contexts" ] || lttng add-context -s "$session-$how" -u -c c $contexts >/dev/null
        lttng start "$session-$how" >/dev/null
        setarch -R "$app" 20 >out1 3>&- &
        setarch -R "$app" 20 >out2 || { kill $!; skip "no program may choose its addresses here"; }
        wait $!
        stop "$how"
        "$rules" csv "$ros2" "$how" >"$how.csv" 2>err
        diff <(sed 's/.*rules: //' err) <(echo -n "${said:+$said
}")
        [ "$(wc -l <"$how.csv")" -eq 121 ]
        # Of each process the time is what babeltrace2 and awk make of its trace.
        if [ "$how" = pid ]; then
            find "$how" -name metadata -printf '%h\n' | while read -r trace; do
                babeltrace2 --clock-cycles "$trace"
                echo
            done | sed -n 's/^\[\([0-9]*\)\].*ros2:callback_\([a-z]*\):.*callback = \(0x[0-9A-Fa-f]*\).*/\1 \2 \3/p' |
                awk '$2 == "start" { at[$3] = $1; next } { sum += $1 - at[$3] } END { printf "%.0f\n", sum }' >by_hand
            awk -F, 'NR > 1 { sum += $2 - $1 } END { printf "%.0f\n", sum }' "$how.csv" >by_us
            paste by_hand by_us | awk '{ d = $1 - $2; exit d * d > 99999 * 99999 }'
        fi
    done <<'KINDS'
pid::events without their thread (context vtid): layers of several threads are mixed
uid:-t vtid:events without their process (context vpid): if they are of several, what these tell is mixed
KINDS
}

@test "import --from ctf: a trace that is CTF 2 is one also in the error where it is not read" {
    babeltrace2 --version | grep -q 'Babeltrace 2\.0\.' || skip "babeltrace2 is 2.1 or later: it reads CTF 2"
    mkdir -p a/b
    printf '\036{"type":"preamble","version":2}\n' >a/b/metadata
    printf 'time_s,CPU [W]\n0,1\n1,1\n' >samples.csv
    run erg-record import --from ctf a --rules "$ros2" --samples samples.csv -o run.erg
    [ "$status" -eq 1 ]
    [[ "$output" =~ ^"erg-record import: a/b: it is CTF 2, which babeltrace2 reads since 2.1; here is 2.0."[0-9]+$ ]]
    [ ! -e run.erg ]
}

@test "import --from ctf: what is wrong is said, and nothing is written" {
    skip_unless erg-record
    foreign_trace 3 late
    printf 'time_s,CPU [W]\n0,1\n1,1\n2,1\n' >samples.csv
    run erg-record import --from ctf a --samples samples.csv -o run.erg
    [ "$status" -eq 1 ]
    [[ "$output" == *"--rules RULES.yaml was expected"* ]]
    run erg-record import --layers x.csv --rules "$ros2" --samples samples.csv -o run.erg
    [ "$status" -eq 2 ]
    run erg-record import --from ctf nosuch --rules "$ros2" --samples samples.csv -o run.erg
    [ "$status" -eq 1 ]
    [[ "$output" == *"nosuch: a folder with a CTF trace"* ]]
    echo 'layers: [{begin: a:b, end: c:d, name: x}]' >none.yaml
    run erg-record import --from ctf a --rules none.yaml --samples samples.csv -o run.erg
    [ "$status" -eq 1 ]
    [[ "$output" == *"no layer by the rules of none.yaml"* ]]
    [ ! -e run.erg ]
    # A trace that is cut is refused or read, and never hangs.
    metadata=$(find a -name metadata)
    head -c 1000 "$metadata" >cut
    cp cut "$metadata"
    run timeout 300 erg-record import --from ctf a --rules "$ros2" --samples samples.csv -o run.erg
    [ "$status" -eq 1 ]
    [[ "$output" == *"the trace cannot be read"* ]] || [[ "$output" == *"ended by signal"* ]]
}

@test "rules: another provider, with words, fractions and a field that is spelled wrong" {
    cat >shop.h <<'C'
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER shop
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "./shop.h"
#if !defined(SHOP_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define SHOP_H
#include <lttng/tracepoint.h>
LTTNG_UST_TRACEPOINT_ENUM(shop, kind, LTTNG_UST_TP_ENUM_VALUES(
	lttng_ust_field_enum_value("bread", 0) lttng_ust_field_enum_range("cake", 1, 3)))
LTTNG_UST_TRACEPOINT_EVENT(shop, hired, LTTNG_UST_TP_ARGS(int, who, const char *, name),
	LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(int, who, who) lttng_ust_field_string(name, name)))
LTTNG_UST_TRACEPOINT_EVENT(shop, job_in, LTTNG_UST_TP_ARGS(int, job, int, who, int, kind, double, size),
	LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(int, job, job) lttng_ust_field_integer(int, who, who)
		lttng_ust_field_enum(shop, kind, int, kind, kind) lttng_ust_field_float(double, size, size)))
LTTNG_UST_TRACEPOINT_EVENT(shop, job_out, LTTNG_UST_TP_ARGS(int, job),
	LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(int, job, job)))
#endif
#include <lttng/tracepoint-event.h>
C
    cat >shop.c <<'C'
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "shop.h"
#include <unistd.h>
int main(void)
{
	lttng_ust_tracepoint(shop, hired, 7, "Ann");
	for (int i = 0; i < 4; i++) {
		lttng_ust_tracepoint(shop, job_in, 2 * i, 7, i, i + 0.5);
		lttng_ust_tracepoint(shop, job_in, 2 * i + 1, i % 2 ? 7 : 8, 9, 2);
		usleep(1000);
		lttng_ust_tracepoint(shop, job_out, 2 * i);
		lttng_ust_tracepoint(shop, job_out, 2 * i + 1);
	}
	return 0;
}
C
    gcc -I. -o shop shop.c -llttng-ust -ldl 2>gcc.err || skip "this LTTng-UST has other names for its macros: $(head -1 gcc.err)"
    cat >shop.yaml <<'Y'
tables:
  worker: [{event: "shop:hired", key: who, value: name}]
layers:
  - {begin: "shop:job_in", end: "shop:job_out", same: [job], network: shop, module: "{worker[who]|'somebody'}",
     name: "{kind} of {size}", type: "{kind}"}
Y
    app=./shop
    programs=(shop)
    need_daemon
    lttng create "$session-a" --output="$PWD/a" >/dev/null 3>&-
    started+=("$session-a")
    lttng enable-event -s "$session-a" -u 'shop:*' >/dev/null
    lttng add-context -s "$session-a" -u -t vpid -t vtid >/dev/null
    lttng start "$session-a" >/dev/null
    ./shop
    stop a
    "$rules" csv shop.yaml a >shop.csv 2>err
    [ ! -s err ]
    # Jobs cross: each ends while the next goes on. 9 has no word.
    diff <(awk -F, 'NR > 1 { print $3, $6 }' shop.csv | sort) <(printf '%s\n' '"bread of 0.5" "Ann"' '"cake of 1.5" "Ann"' \
        '"cake of 2.5" "Ann"' '"cake of 3.5" "Ann"' '"9 of 2" "Ann"' '"9 of 2" "Ann"' '"9 of 2" "somebody"' '"9 of 2" "somebody"' | sort)
    sed 's/same: .job./same: [jib]/' shop.yaml >wrong.yaml
    "$rules" csv wrong.yaml a >/dev/null 2>err
    grep -q "16 events without a field that 'same' names: layers may be mixed" err
}

@test "rules: layers that cross, that one event ends and begins, and ends without a beginning" {
    cat >any.yaml <<'Y'
tables:
  last: [{event: "ros2:rclcpp_callback_register", key: "'one'", value: "{symbol}:{callback}"}]
layers:
  - begin: "ros2:callback_start"
    end: "ros2:callback_end"
    name: "{callback}"
  - begin: "ros2:callback_start"
    end: "ros2:callback_start"
    network: "{procname}"
    name: "between {is_intra_process|'none'} {nothing|last['one']|'?'}"
Y
    foreign_trace 2
    "$rules" csv any.yaml a >any.csv 2>any.err
    # The address is written as it is in the trace: in sixteens.
    [ "$(grep -c '"0x[0-9a-f]*","","","","ros2-app thread' any.csv)" -eq 6 ]
    # Four starts in one thread, two in the other: three and one between them.
    [ "$(grep -c '"between [01] Planner::plan:0x[0-9a-f]*","","ros2-app",' any.csv)" -eq 4 ]
    # Each callback ends while what lies between it and the next goes on: on a track beside.
    [ "$(grep -c '"0x.*, overlapping"' any.csv)" -eq 6 ]
    grep -q '2 ends of layers without a beginning' any.err
    grep -q '2 layers had not ended' any.err
}

# A trace as no tracer here writes it: of a kernel's names, with fields of every kind that CTF 1.8 has. Time is
# in ns since 1700000000 s.
foreign_kinds() {
    /usr/bin/python3 - "$1" <<'P'
import os, struct, sys
os.mkdir(sys.argv[1])
open(sys.argv[1] + "/metadata", "w").write("""/* CTF 1.8 */
typealias integer { size = 8; align = 8; signed = false; } := u8;
typealias integer { size = 32; align = 8; signed = false; } := u32;
typealias integer { size = 16; align = 8; signed = true; base = x; } := x16;
trace { major = 1; minor = 8; byte_order = le; };
clock { name = c; freq = 1000000000; offset_s = 1700000000; };
typealias integer { size = 64; align = 8; signed = false; map = clock.c.value; } := t64;
stream { packet.context := struct { u8 cpu_id; };
  event.header := struct { u8 id; t64 timestamp; }; event.context := struct { u32 pid; u32 tid; }; };
event { name = "request_in"; id = 0; fields := struct {
  struct { u32 number; string name; } client; u32 shape[2]; x16 flags;
  enum : u8 { small, large } tag; variant <tag> { u8 small; string large; } what;
  u8 _n; u8 list[_n]; floating_point { exp_dig = 8; mant_dig = 24; align = 8; } half; }; };
event { name = "request_out"; id = 1; fields := struct { struct { u32 number; } client; }; };
event { name = "irq_entry"; id = 2; fields := struct { u8 irq; }; };
event { name = "irq_exit"; id = 3; fields := struct { u8 irq; }; };
""")
def begin(at, tid, number, name, large):
    what = b"big\0" if large else b"\x05"
    return struct.pack("<BQIII", 0, at, 9, tid, number) + name + b"\0" + struct.pack("<IIh", 3, 224, -2) + \
        bytes([large]) + what + bytes([2, 7, 8]) + struct.pack("<f", 0.5)
def end(at, tid, number):
    return struct.pack("<BQIII", 1, at, 9, tid, number)
def irq(at, kind, number):
    return struct.pack("<BQIIB", kind, at, 9, 1, number)
requests = begin(1000, 1, 4294967295, b"ann", 0) + begin(2000, 1, 12, b"bob", 1) + end(3000, 2, 4294967295) + \
    begin(4000, 3, 13, b"eve", 0) + end(5000, 1, 12) + end(6000, 9, 99) + end(7000, 1, 13) + begin(8000, 1, 14, b"joe", 1)
open(sys.argv[1] + "/cpu0", "wb").write(b"\0" + requests)
open(sys.argv[1] + "/cpu1", "wb").write(b"\1" + irq(500, 2, 5) + irq(600, 3, 5))
open(sys.argv[1] + "/cpu2", "wb").write(b"\2" + irq(510, 2, 5) + irq(520, 2, 6) + irq(530, 3, 6) + irq(700, 3, 5))
P
}

@test "rules: layers that begin in one thread and end in another; fields of each kind; a kernel's names" {
    [ -x /usr/bin/python3 ] || skip "python3 is not installed"
    foreign_kinds t
    cat >kinds.yaml <<'Y'
layers:
  - begin: request_in
    end: request_out
    same: [client.number]
    scope: process
    network: "{client.name}"
    type: "{tag} {what}"
    name: "{shape.0}x{shape.1} {flags} {list.1} {half} {list.2|'two'} {client|'whole'} {tid}"
  - begin: irq_entry
    end: irq_exit
    same: [cpu_id]
    name: "irq {irq} on {cpu_id}"
Y
    # babeltrace2 2.1.1 aborts where packets have no times
    babeltrace2 t >/dev/null 2>&1 || [ $? -ne 134 ] || skip "this babeltrace2 aborts on the trace"
    "$rules" csv kinds.yaml t >kinds.csv 2>err
    # The last of the same processor ends first: 6 within 5; the other processor's ends while these go on.
    diff kinds.csv - <<'C'
begin_ns,end_ns,layer,type,network,module,track,iteration
1700000000000000520,1700000000000000530,"irq 6 on 2","","","","process thread 1",0
1700000000000000500,1700000000000000600,"irq 5 on 1","","","","process thread 1, overlapping",0
1700000000000000510,1700000000000000700,"irq 5 on 2","","","","process thread 1",0
1700000000000001000,1700000000000003000,"3x224 0xfffe 8 0.5 two whole 1","small 5","ann","","process, process 9",0
1700000000000002000,1700000000000005000,"3x224 0xfffe 8 0.5 two whole 1","large big","bob","","process, process 9, 2",0
1700000000000004000,1700000000000007000,"3x224 0xfffe 8 0.5 two whole 3","small 5","eve","","process, process 9",0
C
    grep -q '1 ends of layers without a beginning, beside 6 layers' err
    grep -q '1 layers had not ended, beside 6 that had' err
    [ "$(wc -l <err)" -eq 2 ]
    # What is recorded has a provider.
    run "$rules" events kinds.yaml
    [ "$status" -eq 1 ]
    [[ "$output" == *"kinds.yaml:2:12: 'begin' was expected to be the name of an event, as provider:event"* ]]
}
