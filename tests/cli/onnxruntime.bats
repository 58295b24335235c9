# Layers of programs on ONNX Runtime: those that link it, by preloading, and Python's wheel.
load helpers
load lttng
load boardtruth

example=$ERG_SRC/examples/onnxruntime
adapter=$ERG_BUILD/tracepoints/adapters/liberg-onnxruntime.so
all=$ERG_BUILD/tracepoints/adapters/liberg-auto.so
app=$ERG_BUILD/tests/trace/ort-app
python=/usr/bin/python3
programs=(ort-app node python3 prog)
test_setup() {
    lttng_setup
    export TMPDIR=$PWD/tmp
    mkdir tmp
}

# The library that the example's install step gets from npm; NET is the example's network.
need_onnxruntime() {
    skip_unless node npm
    from_npm onnxruntime-node "$example"
    case $(uname -m) in
    x86_64) ort=x64 ;;
    aarch64) ort=arm64 ;;
    *) skip "onnxruntime-node has no library for $(uname -m)" ;;
    esac
    ort=$(find "$example/node_modules/onnxruntime-node/bin" -path "*linux/$ort/libonnxruntime.so.1")
    [ -e "$ort" ]
    net=$PWD/small.onnx
    node "$example/network.js" "$net"
}

bare() { LD_PRELOAD=$ort "$app" "$@"; }
traced() { LD_PRELOAD=$adapter:$ort "$app" "$@"; }

# spans NAME: ITERATION LAYER TRACK BEGIN END of each span, by begin
spans() {
    sed -n 's/.*ergtrace:layer_define:.*{ id = \([0-9]*\),.*[^_]name = "\([^"]*\)", type = .*/L \1 \2/p
        s/.*ergtrace:track_define:.*{ track = \([0-9]*\), name = "\([^"]*\)".*/T \1 \2/p
        s/.*ergtrace:layer_span:.*{ id = \([0-9]*\), iteration = \([0-9]*\), begin = \([0-9]*\), end = \([0-9]*\), track = \([0-9]*\) }.*/S \1 \2 \3 \4 \5/p' "$1.txt" |
        awk '$1 == "L" { layer[$2] = $3 } $1 == "T" { track[$2] = $NF }
            $1 == "S" { print $3, layer[$2], track[$6], $4, $5 }' | sort -n -k4,4 -k5,5r
}

# by_process NAME: the same, with the process
by_process() {
    local p
    for p in $(sed -n 's/.*layer_span:.* vpid = \([0-9]*\),.*/\1/p' "$1.txt" | sort -u); do
        grep " vpid = $p," "$1.txt" >"$1.$p.txt"
        spans "$1.$p" | sed "s/\$/ $p/"
    done | sort -n -k4,4 -k5,5r
}

warnings() { events "$1" 'marker: .*text = "erg: '; }

@test "--annotate onnxruntime: layers of a program that knows nothing of it; its output is the same" {
    need_onnxruntime
    skip_unless erg-record erg-analyze jq
    # without power: layers that the readings do not tell apart share a row, and which those are goes by the
    # load of the machine
    erg-record run -o run.erg -s procstat --annotate onnxruntime -- node "$example/main.js" "$net" 30 >out 2>err
    node "$example/main.js" "$net" 30 >plain
    diff plain out
    erg-analyze layers --format json run.erg >layers.json 2>err
    jq -e '.runs[0].lost_events == 0' layers.json
    # 30 runs of each; by type: 64x64 outputs of 3x3x3x32, 32x32 of 3x3 for each of 32, 32x32 of 32x64,
    # 32x32 of 3x3x64x64; 64 x 10.
    jq -r '.runs[0].layers[] | select(.macs > 0) | [.type, .macs, .calls, .network] | @tsv' \
        layers.json | sort >got
    diff got <(printf '%s\t%s\t30\tsmall\n' conv $((64 * 64 * 27 * 32)) dwconv $((32 * 32 * 9 * 32)) \
        conv $((32 * 32 * 32 * 64)) conv $((32 * 32 * 9 * 64 * 64)) fc $((64 * 10)) | sort)
    jq -e '.runs[0].layers[] | select(.macs == 37748736) | .in_shape == [1, 64, 32, 32] and
        .out_shape == [1, 64, 32, 32] and .kernel_shape == [64, 64, 3, 3] and
        .params == 64 * 64 * 9 + 64 and .time_s.value > 0' layers.json
    [ -z "$(ls -A tmp)" ]
}

@test "onnxruntime: of a model that is not there the program writes what it writes alone" {
    need_onnxruntime
    cat >missing.js <<'J'
const ort = require(process.argv[2] + "/node_modules/onnxruntime-node");
ort.InferenceSession.create("none.onnx").catch((error) => console.log(error.message));
J
    node missing.js "$example" >plain 2>&1
    grep -q none.onnx plain
    erg-record run --force -o run.erg -s procstat --annotate onnxruntime -- sh -c 'node missing.js "$1" >traced 2>&1' sh "$example"
    diff plain traced
    [ -z "$(ls -A tmp)" ]
}

@test "the sum over layers and rest is the energy to solution; types and layers hold the board's truth" {
    need_onnxruntime
    skip_unless erg-record erg-analyze erg-board erg-board-truth jq
    mkdir board
    erg-board board --truth "$PWD/truth.log" --follow command -- erg-record run --force -o run.erg --sysfs board \
        --annotate onnxruntime -- node "$example/main.js" "$net" 400 >out 2>err
    erg-analyze layers --format json run.erg 2>err | jq -e '.runs[0] as $r | $r.ets_j.value == null or
        ([$r.layers[].energy_j.value // 0] | add) <= $r.ets_j.value * 1.0001'
    erg-analyze layers --by network --format json run.erg >layers.json 2>err
    # they add up, or what is not told has its reason: a second of a loaded board may tell little
    jq -e '.runs[0] as $r | [$r.layers[], ($r.rest[] | select(.name == "(no layer)")) | .energy_j] as $e |
        if all($e[], $r.ets_j; .value != null)
        then ([$e[].value] | add) / $r.ets_j.value | . > 0.999 and . < 1.001
        else all($e[], $r.ets_j; .value != null or (.reason | length > 0)) end' layers.json
    holds_truth run.erg truth.log
}

@test "onnxruntime: spans lie in their run, one after the other; runs are counted" {
    need_onnxruntime
    start a
    before=$(awk '{ printf "%.0f", $1 * 1e9 }' /proc/uptime)
    traced "$net" 20 release >out
    after=$(awk '{ printf "%.0f", $1 * 1e9 }' /proc/uptime)
    stop a
    bare "$net" 20 | diff - out
    [ "$(warnings a)" -eq 0 ]
    spans a >got
    [ "$(grep -c ' small ' got)" -eq 20 ]
    # Ten nodes are left after fusion; each run has all of them within it and in order.
    awk '$2 == "small" { run = $1; end = $5; at = $4; n[run] = 0; next }
        $1 != run || $4 < at || $5 > end || $5 < $4 { print; bad = 1 }
        { at = $5; n[run]++ }
        END { for (r in n) if (n[r] != 10) bad = 1; exit bad }' got
    [ "$(awk '$2 == "small" { print $1 }' got | tr '\n' ' ')" = "$(seq -s ' ' 0 19) " ]
    # In CLOCK_MONOTONIC, while the program ran (the clock of uptime is that of boot: the same here
    # unless the machine has slept).
    awk -v from="$before" -v to="$after" 'NR == 1 && $4 < from - 2e7 { exit 1 } $5 > to + 2e7 { exit 1 }' got ||
        [ "$(awk '{ print int($1) }' /proc/uptime)" -ne "$("$python" -c 'import time; print(int(time.monotonic()))')" ]
    [ -z "$(ls -A tmp)" ]
}

@test "onnxruntime: sessions from memory, of shared options, left to exit, with threads" {
    need_onnxruntime
    local how
    for how in array twice threads parallel end ''; do
        start "x$how"
        traced "$net" 8 $how >out
        stop "x$how"
        bare "$net" 8 $how | diff - out
        [ "$(warnings "x$how")" -eq 0 ]
        spans "x$how" >"$how.got"
        [ -z "$(ls -A tmp)" ]
    done
    [ "$(grep -c ' small ' array.got)" -eq 8 ]
    [ "$(grep -c ' small ' parallel.got)" -eq 8 ]
    [ "$(grep -c ' small ' .got)" -eq 8 ]
    grep -q "profile: ''" <(bare "$net" 1 end)
    # The second session counts on.
    [ "$(awk '$2 == "small" { print $1 }' twice.got | sort -n | tr '\n' ' ')" = "$(seq -s ' ' 0 15) " ]
    # Four threads: four tracks; each node in a run of its own track and number.
    [ "$(grep -c ' small ' threads.got)" -eq 32 ]
    [ "$(awk '{ print $3 }' threads.got | sort -u | wc -l)" -eq 4 ]
    awk '$2 == "small" { run[$3] = $1; end[$3] = $5; n++; next }
        $1 != run[$3] || $5 > end[$3] { bad = 1 } { nodes++ }
        END { exit bad || nodes != 10 * n }' threads.got
}

@test "onnxruntime: a program that opens the library by itself; a second library; other questions to dlsym" {
    need_onnxruntime
    start a
    ORT_LIB=$ort LD_PRELOAD=$adapter "$app" "$net" 6 release >out
    ORT_LIB=$ort LD_PRELOAD=$all "$app" "$net" 7 release >all
    stop a
    ORT_LIB=$ort "$app" "$net" 6 release | diff - out
    ORT_LIB=$ort "$app" "$net" 7 release | diff - all
    [ "$(warnings a)" -eq 0 ]
    [ "$(spans a | grep -c ' small ')" -eq 13 ]
    # Both libraries answer for themselves; of the second it is said that it has no layers.
    cat >lib.c <<'C'
#include <stdint.h>
static const void *get_api(uint32_t v) { return 0; }
static const char *version(void) { return VERSION; }
static const struct { const void *(*a)(uint32_t); const char *(*v)(void); } base = {get_api, version};
const void *OrtGetApiBase(void) { return &base; }
int twice(int x) { return 2 * x; }
C
    cat >prog.c <<'C'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
struct base { const void *a; const char *(*v)(void); };
static const char *version(void *lib)
{
	struct base *(*get)(void);
	*(void **)&get = dlsym(lib, "OrtGetApiBase");
	return get ? get()->v() : dlerror();
}
int main(void)
{
	void *one = dlopen("./lib1.so", RTLD_NOW), *two = dlopen("./lib2.so", RTLD_NOW);
	int (*twice)(int);
	*(void **)&twice = dlsym(two, "twice");
	printf("%s %s %s %d\n", version(one), version(two), version(one), twice(21));
	/* whom these answer depends on who asks */
	printf("%d %d\n", dlsym(RTLD_DEFAULT, "main") == (void *)main, dlsym(RTLD_NEXT, "main") == NULL);
	printf("%d\n", dlsym(RTLD_NEXT, "printf") == (void *)printf);
	printf("%s\n", version(dlopen("libm.so.6", RTLD_NOW)));
}
C
    gcc -shared -fPIC -o lib1.so lib.c -DVERSION='"2.1"'
    gcc -shared -fPIC -o lib2.so lib.c -DVERSION='"2.2"'
    gcc -w -rdynamic -o prog prog.c -ldl
    ./prog >plain
    [ "$(head -2 plain | tr '\n' ' ')" = "2.1 2.2 2.1 42 1 1 " ]
    for loaded in $adapter:$ERG_BUILD/tracepoints/adapters/liberg-llama.so $all; do
        start b
        LD_PRELOAD=$loaded ./prog | diff plain -
        stop b
        [ "$(events b 'marker.*a second ONNX Runtime in one program: no layers of it')" -ge 1 ]
        rm -r b
        lttng destroy "$session-b" >/dev/null
    done
}

@test "onnxruntime: the application's own profile is left to it, and read" {
    need_onnxruntime
    local how
    for how in own own-release; do
        start "$how"
        traced "$net" 6 $how >out
        stop "$how"
        ls own_*.json
        jq -e 'map(select(.name == "model_run")) | length == 6' own_*.json
        [ "$how" = own-release ] || grep -q "profile: '$(ls own_*.json)'" out
        [ "$(spans "$how" | grep -c ' small ')" -eq 6 ]
        # Its times are those of the file, to a microsecond.
        diff <(jq -r '.[] | select(.name == "a8_nchwc_kernel_time") | .dur' own_*.json) \
            <(spans "$how" | awk '$2 == "a8_nchwc" { printf "%d\n", ($5 - $4) / 1000 }')
        rm own_*.json
    done
}

@test "onnxruntime: nothing is done where nothing records; a program that is killed leaves no file" {
    need_onnxruntime
    traced "$net" 5 release | diff - <(bare "$net" 5 release)
    [ -z "$(ls -A tmp)" ]
    start a
    run traced "$net" 5 killed
    [ "$status" -eq 137 ]
    traced "$net" 5 running >out 2>&1 || true # its thread may find ONNX Runtime gone
    traced "$net" 5 fork >out
    stop a
    [ -z "$(ls -A tmp)" ]
    # Of the one that ran on at exit it is said; the fork's child wrote nothing again.
    [ "$(events a 'marker: .*small: runs while the program ends: no layers')" -le 1 ]
    # What a process left that died while it made a session goes with the next.
    "$python" -c 'import os, sys; os.mkdir(f"tmp/erg-onnxruntime-{os.getpid()}-abcdef", 0o700)
open(f"tmp/erg-onnxruntime-{os.getpid()}-abcdef/profile_1.json", "w").close()'
    start b
    traced "$net" 1 >out
    stop b
    [ -z "$(ls -A tmp)" ]
    [ "$(spans b | grep -c ' small ')" -eq 1 ]
}

@test "onnxruntime: a program that SIGTERM ends has its layers, and dies of it" {
    need_onnxruntime
    start a
    LD_PRELOAD=$adapter:$ort "$app" "$net" 1000000 >out 3>&- &
    pid=$!
    await running_since
    kill -TERM "$pid"
    ends "$pid" 143
    stop a
    [ "$(warnings a)" -eq 0 ]
    [ "$(spans a | grep -c ' small ')" -gt 5 ]
    [ -z "$(ls -A tmp)" ]
}

# Its session is made: the folder of its profile has come and gone, and a second of runs.
running_since() { [ "$(ps -o cputimes= -p "$pid")" -ge 1 ]; }

@test "onnxruntime: a program that leaves by _exit, also in a handler, or by quick_exit has its layers" {
    need_onnxruntime
    local how
    for how in leave handler quick; do
        start "$how"
        run -5 traced "$net" 5 $how
        stop "$how"
        [ "$(bare "$net" 5 release)" = "$output" ]
        [ "$(warnings "$how")" -eq 0 ]
        [ "$(spans "$how" | grep -c ' small ')" -eq 5 ]
        [ -z "$(ls -A tmp)" ]
    done
}

@test "onnxruntime: a child of fork that goes on with its parent's session has layers of its own, and its parent's are the parent's" {
    need_onnxruntime
    local how
    for how in child child-leave child-release; do
        start "$how"
        traced "$net" 4 $how >out
        stop "$how"
        bare "$net" 4 $how | diff - out
        [ "$(warnings "$how")" -eq 0 ]
        [ -z "$(ls -A tmp)" ]
        by_process "$how" >got
        # Runs of both, numbered from 0, each of ten nodes; the parent's last begins when the child's have ended.
        [ "$(awk '$2 == "small" { n[$6]++ } END { for (p in n) print n[p] }' got | sort | xargs)" = "4 5" ]
        awk '$2 == "small" { if ($1 != runs[$6]++ + 0) bad = 1; next } { nodes[$6 " " $1]++ }
            END { for (r in nodes) if (nodes[r] != 10) bad = 1; exit bad }' got
        [ "$(awk '$2 == "small" { print $6 }' got | uniq | wc -l)" -eq 3 ]
    done
    # A profile of the application is left to it, so the child cannot have one of its own; that is said.
    start own
    traced "$net" 4 own-child >out
    stop own
    [ "$(events own 'marker.*small: goes on in a child of fork, .* no layers there')" -eq 1 ]
    [ "$(spans own | grep -c ' small ')" -eq 5 ]
    jq -e 'map(select(.name == "model_run")) | length == 5' own_*.json
}

@test "onnxruntime: a version that is not known gives a warning and runs on" {
    cat >ort.c <<'C'
#include <stdint.h>
static void *table[300];
static const void *get_api(uint32_t v) { return table; }
static const char *version(void) { return VERSION; }
static const struct { const void *(*a)(uint32_t); const char *(*v)(void); } base = {get_api, version};
const void *OrtGetApiBase(void) { return &base; }
C
    cat >prog.c <<'C'
#include <stdint.h>
#include <stdio.h>
struct base { void **(*a)(uint32_t); const char *(*v)(void); };
struct base *OrtGetApiBase(void);
int main(void)
{
	void **api = OrtGetApiBase()->a(8);
	printf("%s %d\n", OrtGetApiBase()->v(), api && !api[7]);
}
C
    gcc -shared -fPIC -o libort.so ort.c -DVERSION='"2.0.1"'
    gcc -o prog prog.c -L. -lort -Wl,-rpath,"$PWD"
    start a
    [ "$(LD_PRELOAD=$adapter ./prog)" = "2.0.1 1" ]
    stop a
    [ "$(events a 'marker.*text = "erg: onnxruntime: 2.0.1: a version that is not known: no layers"')" -eq 1 ]
}

# A library of ONNX Runtime's interface that only profiles: a line for each run. While `held` is not 0 it makes
# no session; `inside` counts the sessions that it makes.
holding_library() {
    cat >ort.c <<'C'
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
struct options { char prefix[4096]; };
struct session { uint64_t start; int runs, pids[8]; FILE *f; };
struct allocator { uint32_t version; void *(*alloc)(struct allocator *, size_t); void (*free)(struct allocator *, void *); };
atomic_int held, inside;
static void *enable(struct options *o, const char *prefix) { snprintf(o->prefix, 4096, "%s", prefix); return 0; }
static void *disable(struct options *o) { o->prefix[0] = 0; return 0; }
static void *create(void *env, const char *path, struct options *o, struct session **ret)
{
	struct timespec now;
	char name[5000];
	inside++;
	while (held)
		usleep(1000);
	*ret = calloc(1, sizeof(**ret));
	clock_gettime(CLOCK_REALTIME, &now);
	(*ret)->start = now.tv_sec * 1000000000ull + now.tv_nsec;
	snprintf(name, sizeof(name), "%s.json", o->prefix);
	(*ret)->f = *o->prefix ? fopen(name, "w") : NULL;
	return 0;
}
static void *run(struct session *s) { s->pids[s->runs++] = getpid(); return 0; }
static void *alloc(struct allocator *a, size_t n) { return calloc(1, n); }
static void give(struct allocator *a, void *p) { free(p); }
static struct allocator standard = {20, alloc, give};
static void *get_allocator(struct allocator **ret) { *ret = &standard; return 0; }
static void *start(struct session *s, uint64_t *ret) { *ret = s->start; return 0; }
static void *end(struct session *s, struct allocator *a, char **ret)
{
	for (int i = 0; i < s->runs; i++)
		fprintf(s->f, "{\"cat\" : \"Session\",\"pid\" :%d,\"tid\" :1,\"dur\" :5,\"ts\" :%d,\"ph\" : \"X\",\"name\" :\"model_run\",\"args\" : {}},\n", s->pids[i], 10 * i);
	fflush(s->f);
	*ret = calloc(1, 1);
	return 0;
}
static void release(void *p) { free(p); }
static void *table[1024] = {[7] = create, [9] = run, [14] = enable, [15] = disable, [78] = get_allocator,
	[95] = release, [110] = end, [146] = start};
static const void *get_api(uint32_t v) { return table; }
static const char *version(void) { return "1.20.0"; }
static const struct { const void *(*a)(uint32_t); const char *(*v)(void); } base = {get_api, version};
const void *OrtGetApiBase(void) { return &base; }
C
    gcc -w -shared -fPIC -o libort.so ort.c
}

@test "onnxruntime: a child of fork does what it wants; what other threads of its parent do is not waited for" {
    holding_library
    cat >prog.c <<'C'
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
struct base { void **(*a)(uint32_t); };
struct base *OrtGetApiBase(void);
extern atomic_int held, inside;
static char options[4096];
static void **api;
static void *make(void *path)
{
	void *session;
	((void *(*)(void *, const char *, void *, void **))api[7])(NULL, path, options, &session);
	return session;
}
static void run(void *session, int times)
{
	while (times--)
		((void *(*)(void *, ...))api[9])(session, NULL, NULL, NULL, (size_t)0, NULL, (size_t)0, NULL);
}
int main(int argc, char **argv)
{
	pthread_t one, two;
	void *a;
	int status;
	api = OrtGetApiBase()->a(20);
	run(a = make("a.onnx"), 2);
	held = 1;
	pthread_create(&one, NULL, make, "one.onnx");
	while (inside < 2)
		usleep(1000);
	pthread_create(&two, NULL, make, "two.onnx"); /* waits for the options */
	usleep(10000);
	if (!fork()) {
		alarm(60); /* instead of for ever */
		held = 0;
		run(make("b.onnx"), 3);
		run(a, 1);
		if (argc > 1)
			_exit(0); /* nothing of its parent's threads is here to do what is to be done then */
		exit(0);
	}
	wait(&status);
	held = 0;
	pthread_join(one, NULL);
	pthread_join(two, NULL);
	return !WIFEXITED(status);
}
C
    touch a.onnx one.onnx two.onnx b.onnx
    gcc -w -pthread -o prog prog.c -L. -lort -Wl,-rpath,"$PWD"
    local how
    for how in '' leave; do
        start "x$how"
        LD_PRELOAD=$adapter ./prog $how
        stop "x$how"
        [ "$(warnings "x$how")" -eq 0 ]
        [ "$(spans "x$how" | awk '{ print $2 }' | sort | uniq -c | xargs)" = "3 a 3 b" ]
        [ -z "$(ls -A tmp)" ]
    done
}

# A stand-in for the wheel: its classes, and a profile as ONNX Runtime writes it.
stand_in() {
    cat >onnxruntime.py <<'P'
import json, os, threading, time
class SessionOptions:
    enable_profiling = False
    profile_file_prefix = "onnxruntime_profile_"
class _Inner:
    def __init__(self, options):
        self.events, self.file = [], None
        if options.enable_profiling:
            self.start = time.time_ns()
            self.path = options.profile_file_prefix + time.strftime("_%Y-%m-%d_%H-%M-%S.json")
            self.file = open(self.path, "w")
    def note(self, cat, name, begin, end, **args):
        us = (begin - self.start) // 1000
        self.events.append({"cat": cat, "pid": os.getpid(), "tid": threading.get_native_id(),
                            "dur": (end - begin) // 1000, "ts": us, "ph": "X", "name": name, "args": args})
    def end_profiling(self):
        if not self.file:
            return ""
        lines = [json.dumps(e) for e in self.events]
        lines[1:1] = EXTRA
        self.file.write("[\n" + ",\n".join(lines) + "\n]\n")
        self.file.close()
        return self.path
EXTRA = []
class InferenceSession:
    def __init__(self, path_or_bytes, sess_options=None, providers=None):
        self._sess = _Inner(sess_options or SessionOptions())
    def get_profiling_start_time_ns(self):
        return self._sess.start
    def end_profiling(self):
        return self._sess.end_profiling()
    def run(self, outputs, feed):
        s, begin = self._sess, time.time_ns()
        for name, op, ins, outs, size in NODES:
            t = time.time_ns()
            while time.time_ns() < t + 300000:
                pass
            if s.file:
                s.note("Node", name + "_kernel_time", t, time.time_ns(), op_name=op, node_index=str(size),
                       provider="CPUExecutionProvider", parameter_size=str(size), activation_size="8", output_size="16",
                       input_type_shape=[{"float": i} for i in ins], output_type_shape=[{"float": o} for o in outs])
        if s.file:
            s.note("Session", "model_run", begin, time.time_ns())
        return feed
NODES = [("mm", "MatMul", [[2, 5, 7], [7, 11]], [[2, 5, 11]], 308), ("mm", "FusedMatMul", [[2, 7, 5], [2, 7, 11]], [[2, 5, 11]], 0),
         ("deconv", "ConvTranspose", [[1, 6, 4, 4], [6, 5, 3, 3], [5]], [[1, 5, 9, 9]], 1100),
         ("lstm", "LSTM", [[9, 2, 3], [1, 16, 3], [1, 16, 4]], [[9, 1, 2, 4]], 448),
         ("attention", "MultiHeadAttention", [[1, 8, 12], [1, 6, 12], [1, 6, 12]], [[1, 8, 12]], 0),
         ("if", "If", [[]], [[3]], 1), ("clip", "Clip", [[3]], [[3]], 2)]
import sys
if "packed" in sys.argv: # weights that are left out, channels that come last, long and odd names
    NODES = [("gru", "GRU", [[9, 2, 3]], [[9, 1, 2, 6]], 0), ("bilstm", "LSTM", [[9, 2, 3], [2, 64]], [[2, 2, 8]], 512),
             ("attention", "Attention", [[1, 8, 16], [48]], [[1, 8, 16]], 192), ("narrow", "Attention", [[1, 8, 16], [40]], [[1, 8, 8]], 160),
             ("past", "Attention", [[1, 8, 16], [48], [], [2, 1, 2, 5, 8]], [[1, 8, 16]], 192),
             ("last", "NhwcFusedConv", [[1, 28, 28, 1], [56, 1, 3, 3]], [[1, 26, 26, 56]], 2016),
             ("lastdw", "NhwcFusedConv", [[1, 28, 28, 56], [56, 1, 3, 3]], [[1, 26, 26, 56]], 2016),
             ("z" * 700, "Relu", [[3]], [[3]], 0)]
    EXTRA = [r'{"cat" : "Node","dur" :1,"ts" :2,"name" :"a\sb_kernel_time","args" : {"op_name" : "Relu"}}']
P
}

@test "onnxruntime: Python's wheel by erg.onnxruntime.SessionOptions" {
    [ -x "$python" ] || skip "python3 is not installed"
    stand_in
    cat >prog.py <<'P'
import onnxruntime as ort, erg, sys
def infer(n):
    session = ort.InferenceSession("dir/net.onnx", erg.onnxruntime.SessionOptions())
    for _ in range(n):
        session.run(None, {})
infer(3)
options = erg.onnxruntime.SessionOptions()
kept = ort.InferenceSession("dir/net.onnx", sess_options=options)
other = ort.InferenceSession("other/net.onnx", options)
plain = ort.InferenceSession("plain.onnx")
own = ort.SessionOptions()
own.enable_profiling, own.profile_file_prefix = True, "own"
own = ort.InferenceSession("own.onnx", erg.onnxruntime.SessionOptions(own))
for s in (kept, other, plain, own):
    print(s.run(None, {"x": 1}), options.enable_profiling)
own.end_profiling()
P
    export PYTHONPATH=$PWD:$ERG_BUILD/tracepoints/adapters/python
    start a
    "$python" prog.py >out
    stop a
    "$python" prog.py | diff out -
    [ "$(warnings a)" -eq 0 ]
    [ -z "$(ls -A tmp)" ]
    ls own_*.json
    spans a >got
    [ "$(grep -c ' net ' got)" -eq 4 ]
    [ "$(grep -c ' net#2 ' got)" -eq 1 ]
    [ "$(wc -l <got)" -eq $((8 * 5)) ]
    awk '$2 ~ /^net/ { run = $1; end = $5; at = $4; next }
        $1 != run || $4 < at || $5 > end || $5 - $4 < 2.9e5 { bad = 1; print } { at = $5 }
        END { exit bad }' got
    # name, type, MACs by hand: 2x5x11 outputs of 7; transposed the same; 6x16 inputs of 5x3x3; 9 steps
    # of 2 with 16x3 and 16x4; 8 queries of 6 keys, twice, 12 wide.
    sed -n 's/.*layer_define:.*level = 2, name = "\([^"]*\)", type = "\([^"]*\)", network = "net", macs = \([0-9]*\), params = \([0-9]*\),.*/\1 \2 \3 \4/p' a.txt |
        sort -u >layers
    diff layers <(printf '%s\n' "mm fc 770 77" "mm#0 fc 770 0" "deconv deconv $((6 * 16 * 45)) 275" \
        "lstm lstm $((9 * 2 * (16 * 3 + 16 * 4))) 112" "attention attention $((2 * 8 * 6 * 12)) 0" \
        "if If 0 0" "clip activation 0 0" | sort -u)
}

@test "onnxruntime: Python's wheel in children of fork, of multiprocessing, and where os._exit ends a program" {
    [ -x "$python" ] || skip "python3 is not installed"
    stand_in
    cat >prog.py <<'P'
import multiprocessing, onnxruntime as ort, erg, os, sys
s = ort.InferenceSession("net.onnx", erg.onnxruntime.SessionOptions())
def infer(n):
    for _ in range(n):
        s.run(None, {})
infer(3)
for n in (0, 5):
    if not os.fork():
        infer(n)
        sys.exit()
    os.wait()
job = multiprocessing.get_context("fork").Process(target=infer, args=(7,))
job.start()
job.join()
infer(1)
os._exit(job.exitcode)
P
    export PYTHONPATH=$PWD:$ERG_BUILD/tracepoints/adapters/python
    start a
    "$python" prog.py
    stop a
    [ "$(warnings a)" -eq 0 ]
    [ -z "$(ls -A tmp)" ]
    by_process a >got
    [ "$(awk '$2 == "net" { n[$6]++ } END { for (p in n) print n[p] }' got | sort | xargs)" = "4 5 7" ]
    [ "$(wc -l <got)" -eq $((16 * 8)) ]
}

@test "onnxruntime: shapes that change from run to run: MACs are their mean" {
    [ -x "$python" ] || skip "python3 is not installed"
    stand_in
    cat >prog.py <<'P'
import onnxruntime as ort, erg
session = ort.InferenceSession("net.onnx", erg.onnxruntime.SessionOptions())
for n in (5, 6, 13):
    ort.NODES = [("mm", "MatMul", [[n, 7], [7, 11]], [[n, 11]], 308)]
    session.run(None, 5)
P
    export PYTHONPATH=$PWD:$ERG_BUILD/tracepoints/adapters/python
    start a
    "$python" prog.py
    stop a
    [ "$(spans a | grep -c ' mm ')" -eq 3 ]
    [ "$(events a "layer_define.*name = \"mm\", type = \"fc\", .*macs = $((8 * 7 * 11)),")" -ge 1 ]
}

@test "onnxruntime: what packed weights leave of a node; channels that come last; long names" {
    [ -x "$python" ] || skip "python3 is not installed"
    stand_in
    printf '%s\n' 'import onnxruntime as ort, erg' 'ort.InferenceSession("net.onnx", erg.onnxruntime.SessionOptions()).run(None, 5)' >prog.py
    export PYTHONPATH=$PWD:$ERG_BUILD/tracepoints/adapters/python
    start a
    "$python" prog.py packed
    stop a
    [ "$(warnings a)" -eq 0 ]
    [ "$(spans a | wc -l)" -eq 10 ]
    # 9 steps of 2: 3 gates of 6 with 3 + 6; 4 of 8, both ways, with 3 + 8. 8 of 16 to 48, then 8 x 8 of 16
    # twice; to 40, of which 16 and 16 are compared and 8 are summed.
    sed -n 's/.*layer_define:.*level = 2, name = "\([^"]*\)", type = "\([^"]*\)", network = "net", macs = \([0-9]*\), params = \([0-9]*\),.*/\1 \2 \3 \4/p' a.txt |
        grep -v ' relu ' | sort -u >layers
    diff layers <(printf '%s\n' "gru gru $((9 * 2 * 3 * 6 * 9)) 0" "bilstm lstm $((9 * 2 * 4 * 2 * 8 * 11)) 0" \
        "attention attention $((8 * 16 * 48 + 8 * 8 * 32)) 0" "narrow attention $((8 * 16 * 40 + 8 * 8 * 24)) 0" "past attention 0 0" \
        "last conv $((26 * 26 * 56 * 9)) 504" "lastdw dwconv $((26 * 26 * 56 * 9)) 504" | sort -u)
    [ "$(events a 'layer_define.*name = "z\{500\}[^"]*", type = "relu"')" -ge 1 ]
    [ "$(events a 'layer_define.*name = "a\\\\sb", type = "relu"')" -ge 1 ]
}

@test "onnxruntime: lines of a profile that cannot be read are counted; without the adapter it runs" {
    [ -x "$python" ] || skip "python3 is not installed"
    stand_in
    cat >prog.py <<'P'
import onnxruntime as ort, erg
ort.EXTRA = ['{"cat" : "Node","dur" :1,"ts" :2,"name" :"a "quoted" name_kernel_time","args" : {}}', '{"cat" : "Nod',
             '{"cat" : "Node", "ts": [[[', '{"cat" : "Session","name" :"x","args" : {"a" : {"b" : [1,{"c":null}]}}}']
session = ort.InferenceSession("net.onnx", erg.onnxruntime.SessionOptions())
print(session.run(None, 5))
P
    export PYTHONPATH=$PWD:$ERG_BUILD/tracepoints/adapters/python
    start a
    [ "$("$python" prog.py)" = 5 ]
    stop a
    [ "$(events a 'marker.*text = "erg: onnxruntime: net: 3 lines of the profile could not be read"')" -eq 1 ]
    [ "$(spans a | wc -l)" -eq 8 ]
    mkdir -p elsewhere/a/b
    cp -r "$ERG_BUILD/tracepoints/adapters/python/erg" elsewhere/a/b
    cp "$ERG_BUILD/tracepoints/liberg.so.0" elsewhere
    start b
    [ "$(PYTHONPATH=$PWD:$PWD/elsewhere/a/b "$python" prog.py)" = 5 ]
    stop b
    [ "$(events b 'marker.*text = "erg: onnxruntime: liberg-onnxruntime.so is not installed: no layers"')" -eq 1 ]
}

@test "onnxruntime: the example runs and prints layers, and their joules or why there are none" {
    need_onnxruntime
    skip_unless erg-record erg-analyze erg-board jq
    "$example/run" 100 >out 2>err || { cat err; false; }
    grep -q SIMULATED out
    example_layers onnxruntime.erg small
}
