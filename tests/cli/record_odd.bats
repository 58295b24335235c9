#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# erg-record started in odd ways: descriptors that are closed, names that are no UTF-8 or too long,
# variables that are secrets.
# bats file_tags=apart
load helpers

# denied ERRNO CALL COMMAND…: it is refused the system call of that name by that error, as behind seccomp.
denied() {
    cat >denied.c <<'C'
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	struct sock_filter f[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CALL, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ERROR), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog p = {4, f};
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p))
		return 77;
	execvp(argv[1], argv + 1);
	return 127;
}
C
    gcc -w -o denied denied.c -DERROR="$1" -DCALL="__NR_$2"
    shift 2
    ./denied "$@"
}

REC=(erg-record -q -s procstat)

test_setup() {
    skip_unless erg-record jq
}

@test "closed standard descriptors: the archive is good, and the command finds them closed" {
    "${REC[@]}" -o a.erg -- bash -c 'for i in 0 1 2; do [ ! -e /proc/$$/fd/$i ] || exit 9; done' \
        0<&- 1>&- 2>&-
    erg-analyze verify a.erg
    erg-record -s procstat -o b.erg -- true 2>&-
    erg-analyze verify b.erg
    # a summary that could land in the archive
    env --default-signal=INT "${REC[@]}" -o c.erg -- sh -c 'kill -KILL $PPID; sleep 0.2' || true
    erg-record recover ./*.spool -o c.erg 1>&- 2>&-
    erg-analyze verify c.erg
}

@test "standard output that takes nothing is a failure" {
    [ -e /dev/full ] || skip "no /dev/full"
    for args in --help --version "run --help" "sources --seconds 0"; do
        # shellcheck disable=SC2086
        run -1 bash -c "erg-record $args >/dev/full"
        [[ "$output" == *"standard output: No space left on device" ]]
    done
}

@test "an output that cannot be made is refused before the command runs" {
    long=$(printf 'x%.0s' {1..260})
    run -1 "${REC[@]}" -o "$long.erg" -- touch ran
    [[ "$output" == *"File name too long" ]]
    run -1 "${REC[@]}" --spool . -o no/such/a.erg -- touch ran
    [[ "$output" == *"no/such/a.erg: directory no/such: No such file or directory" ]]
    mkdir d.erg
    run -1 "${REC[@]}" --force -o d.erg -- touch ran
    [[ "$output" == *"d.erg: is not a regular file, cannot be replaced" ]]
    ln -s nowhere l.erg
    run -1 "${REC[@]}" -o l.erg -- touch ran
    [[ "$output" == *"l.erg: exists already (--force replaces it)" ]]
    [ ! -e ran ]
    [ "$(ls)" = "$(printf 'd.erg\nl.erg')" ]
}

# of ROOM: processes that have it as their LTTng's home
of() { grep -lzs "^LTTNG_HOME=$1\$" /proc/[0-9]*/environ || true; }

nobody_of() { [ -z "$(of "$1")" ]; }

@test "interrupted at any instant: no daemon, no spool and no archive are left" {
    need_other_user # it would look at the daemons of the user who runs the tests
    room=$(mktemp -d /tmp/erg-room.XXXXXX)
    cp "$ERG_BUILD/record/erg-record" "$room/"
    chown -R "$(ordinary_user)" "$room"
    for t in 0.01 0.03 0.05 0.08 0.11 0.15 0.2 0.3; do
        (cd "$room" && as_user env --default-signal=INT LTTNG_HOME="$room" \
            timeout --foreground -s INT "$t" \
            ./erg-record -q -s procstat --idle 30 -o a.erg -- touch ran 3>&-) || true
        await nobody_of "$room"
        [ "$(find "$room" -mindepth 1 -maxdepth 1 ! -name .lttng)" = "$room/erg-record" ]
    done
    rm -r "$room"
}

@test "names and words that are no UTF-8" {
    mkdir $'caf\xe9'
    cd $'caf\xe9'
    "${REC[@]}" -o $'a\xff.erg' -- true $'\xff'
    mv $'a\xff.erg' a.erg
    erg-analyze verify a.erg
    "${REC[@]}" -o b.erg -- sh -c 'kill -KILL $PPID; sleep 0.2' || true
    run -1 erg-record recover ./*.spool
    [[ "$output" == *"expected -o FILE.erg" ]]
    erg-record recover ./*.spool -o c.erg
    erg-analyze verify c.erg
}

@test "the manifest keeps nothing that may be a secret; the archive is as open as the umask says" {
    umask 077
    NVIDIA_API_KEY=hidden ERG_ACCESS_TOKEN=hidden OMP_NUM_THREADS=3 OTHER=hidden \
        "${REC[@]}" -o a.erg -- true --api-key=hidden --token hidden https://me:hidden@host/ --max-tokens 512
    [ "$(stat -c %a a.erg)" = 600 ]
    tar -xOf a.erg a/manifest.json >m.json
    [ "$(jq -r .environment.OMP_NUM_THREADS m.json)" = 3 ]
    [ "$(jq -r '.command | join(" ")' m.json)" = \
        "true --api-key=(masked) --token (masked) https://me:(masked)@host/ --max-tokens 512" ]
    run -1 grep hidden m.json
    # what is kept of the environment, of sources and of scripts, and in the trace
    reader='while echo "0 VDD_IN 3.25 W"; do sleep 0.1; done; : --token hidden'
    OMP_NUM_THREADS=http://me:hidden@host/ PYTHON_BASIC=sk-hidden0hidden0hidden0hidden \
        "${REC[@]}" -s "exec:$reader" -o c.erg -- sh -c 'true; : --password hidden' 'https://me:hidden@host/?token=hidden'
    mkdir c
    tar -C c -xf c.erg
    [ "$(jq -r '.sources[0].path' c/c/manifest.json)" = "exec:${reader/hidden/(masked)}" ]
    [ "$(jq -r '.environment | .OMP_NUM_THREADS + .PYTHON_BASIC' c/c/manifest.json)" = "http://me:(masked)@host/(masked)" ]
    [ "$(jq -r '.command[2:] | join(" ")' c/c/manifest.json)" = \
        "true; : --password (masked) https://me:(masked)@host/?token=(masked)" ]
    run -1 grep -r hidden c
    "${REC[@]}" -o b.erg --no-command -- true some thing
    [ "$(tar -xOf b.erg b/manifest.json | jq -c .command)" = '["true"]' ]
}

@test "a kernel without pidfds: the command is waited for and signalled, and the daemon ends" {
    old=$ERG_BUILD/tests/tools/no-pidfd
    "$old" true || skip "no filter of system calls here"
    run -5 "$old" "${REC[@]}" -o a.erg -- sh -c 'sleep 0.3; exit 5'
    env --default-signal=TERM "$old" "${REC[@]}" -o b.erg -- sh -c ': >began; exec sleep 60' &
    recorder=$!
    await test -e began
    kill -TERM $recorder
    ends $recorder 143
    [ "$(tar -xOf b.erg b/summary.json | jq .signal)" = 15 ]
    "$old" "${REC[@]}" -o c.erg -- "$ERG_BUILD/tests/trace/trace-app" network:n layer:l threads:2=l fork threads:3=l
    [ "$(erg-analyze layers --format json c.erg 2>/dev/null | jq '[.runs[0].layers[].calls] | add')" = 50 ]
}

@test "the output's folder is removed during the run: said, exit 1, the command goes on" {
    # rm fails where LTTng or the recorder makes a file meanwhile
    gone='for i in $(seq 100); do rm -rf d 2>>rm.log && break; done'
    mkdir d
    rc=0
    "${REC[@]}" -o d/a.erg -- sh -c "$gone"'
        n=0; until grep -q "the command goes on" err || [ $((n += 1)) -gt 600 ]; do sleep 0.1; done
        echo went on' >out 2>err || rc=$?
    [ "$rc" -eq 1 ]
    [ "$(cat out)" = "went on" ]
    grep -q "removed while it was recorded into; what was recorded is lost; recording ends here, the command goes on" err
    grep -q "nothing of the recording is left" err
    [ ! -e d ]
    # Also where it is only noticed at the end, and where another folder has its name.
    mkdir d
    run -1 "${REC[@]}" -o d/a.erg -- sh -c "$gone; mkdir d"
    [[ "$output" == *"removed while it was recorded into"* ]]
}

@test "a program that gives notices without end: fifty are told, and how many more" {
    steps=(layer:l)
    for i in $(seq 70) 1 2; do steps+=("marker:erg: notice $i"); done
    "${REC[@]}" -o a.erg -- "$ERG_BUILD/tests/trace/trace-app" "${steps[@]}"
    erg-analyze info --decode --format json a.erg 2>/dev/null | jq -r '.warnings[] | select(.code == "notice") | .text' >told
    [ "$(grep -c '^a.erg: notice [0-9]*$' told)" -eq 50 ]
    grep '^a.erg: 20 notices more, of other texts$' told
}

@test "a time namespace: layers with other times are left out, and that is said" {
    skip_unless unshare
    unshare --time --monotonic 100000 --fork true 2>/dev/null || skip "no time namespaces here"
    "${REC[@]}" -o a.erg -- unshare --time --monotonic 100000 --fork \
        "$ERG_BUILD/tests/trace/trace-app" network:n layer:l threads:5=l 2>err
    grep -q 'not recorded: 1 program in time namespaces' err
    erg-analyze layers --format json a.erg 2>/dev/null >layers.json
    jq -e '[.runs[0].layers[] | select(.calls > 0)] == []' layers.json
}

@test "a sensor that is a FIFO is left out, and nobody waits for it" {
    mkdir -p sys/class/hwmon/hwmon0 sys/class/hwmon/hwmon1
    echo good >sys/class/hwmon/hwmon0/name
    echo 1000000 >sys/class/hwmon/hwmon0/power1_input
    echo bad >sys/class/hwmon/hwmon1/name
    mkfifo sys/class/hwmon/hwmon1/power1_input
    timeout 60 erg-record -q --sysfs sys -s hwmon -o a.erg -- true
    [ "$(tar -xOf a.erg a/manifest.json | jq '[.sources[].channels[]] | length')" = 1 ]
}

@test "a driver that never answers: said, and a signal ends the recorder before the command runs" {
    skip_unless cc
    # loading it takes for ever
    echo '#include <unistd.h>
__attribute__((constructor)) static void hang(void) { for (;;) pause(); }' |
        cc -shared -fPIC -Wl,-soname,libnvidia-ml.so.1 -o libnvidia-ml.so.1 -x c -
    for verb in "run -s nvml -o a.erg -- touch ran" "sources -s nvml"; do
        # shellcheck disable=SC2086
        LD_LIBRARY_PATH=$PWD env --default-signal=TERM erg-record $verb >out 2>err 3>&- &
        recorder=$!
        await grep -q libnvidia-ml /proc/$recorder/maps
        [[ "$verb" != run* ]] || await grep -q "waiting for a sensor's driver" err
        kill -TERM $recorder
        ends $recorder 143
    done
    [ -z "$(ls -A | grep -v -e '^out$' -e '^err$' -e '^libnvidia')" ]
}

@test "a command that closes all descriptors: with --keep-fds it is recorded to its end" {
    skip_unless babeltrace2
    ulimit -n 1024
    "${REC[@]}" -o a.erg --keep-fds -- "$ERG_BUILD/tests/trace/trace-app" network:n layer:l threads:2=l close threads:3=l
    [ "$(erg-analyze layers --format json a.erg 2>/dev/null | jq '[.runs[0].layers[].calls] | add')" = 50 ]
}

@test "a rate too low for a counter that goes round: it is read often enough" {
    mkdir -p sys/class/powercap/intel-rapl:0
    cd sys/class/powercap/intel-rapl:0
    echo package-0 >name
    echo 5 >energy_uj
    echo 400000000 >max_energy_range_uj # 400 J: 0.1 s are a quarter of it at 1 kW
    cd "$BATS_TEST_TMPDIR"
    erg-record -q --sysfs sys -s powercap --rate 0.01 -o a.erg --duration 3
    tar -xOf a.erg a/summary.json >s.json
    [ "$(jq '.sources[0].reads >= 5' s.json)" = true ]
}

@test "programs that can have no layers: linked statically, or under a seccomp filter: that is the reason given" {
    skip_unless cc
    echo 'int main(void) { return 0; }' >s.c
    cc -static -o static s.c 2>/dev/null || skip "no static libraries of C"
    erg-record -s procstat -o a.erg -- ./static 2>err
    grep 'no layer was seen: the program is linked statically' err
    refuses="$ERG_BUILD/tests/tools/refuses"
    # by number: socket of x86-64 and of the others
    number=$([ "$(uname -m)" = x86_64 ] && echo 41 || echo 198)
    run "$refuses" "$number" true
    [ "$status" -eq 0 ] || skip "no seccomp filters here"
    erg-record -s procstat -o b.erg -- "$refuses" "$number" "$ERG_BUILD/tests/trace/trace-app" network:n layer:l threads:2=l 2>err
    grep -q 'Seccomp:.0' /proc/self/status || skip "this is under a filter itself"
    grep 'no layer was seen: the program ran under a seccomp filter' err
}

# with_files N COMMAND…: records the small program by it; N files may be open.
with_files() {
    (ulimit -n "$1"; shift; exec "$@" -- "$ERG_BUILD/tests/trace/trace-app" network:n layer:l threads:2=l)
}

@test "few files: refused in one line that says how many are needed, and with so many recorded whole" {
    lttng --no-sessiond list >/dev/null 2>&1 || lttng-sessiond --daemonize 3>&- >/dev/null 2>&1
    for n in 9 16 20 26 34; do
        # LTTng-UST, which has no file to reach its daemon by, is not to wait for it
        LTTNG_UST_REGISTER_TIMEOUT=300 run -1 with_files "$n" erg-record -s procstat -o a.erg
        echo "$output"
        [ "${#lines[@]}" -eq 1 ]
        [[ "$output" =~ ^"erg-record run: "(.*"(ulimit -n), and a recording needs "([0-9]+)|"no more files can be opened (ulimit -n)") ]]
        [ -z "$(ls -A)" ]
    done
    most=${BASH_REMATCH[2]}
    # LTTng's threads may not have opened theirs when it was counted
    with_files "$((most + 3))" erg-record -q -s procstat -o a.erg
    [ "$(erg-analyze layers --format json a.erg 2>/dev/null | jq '[.runs[0].layers[].calls] | add')" -eq 20 ]
}

@test "the soft limit of files is raised for the recorder, and not for the command and a meter's program" {
    meter='ulimit -S -n >met.new; mv met.new met; while echo "0 v 1 W"; do sleep 0.1; done'
    (ulimit -S -n 30; exec erg-record -q -s procstat -s "exec:$meter" -o b.erg -- \
        sh -c 'ulimit -S -n; ulimit -H -n; until [ -e met ]; do sleep 0.05; done') >limits
    [ "$(cat limits)" = "$(printf '%s\n' 30 "$(ulimit -H -n)")" ]
    [ "$(cat met)" = 30 ]
}

@test "few files for a session daemon: it is not started, in one line" {
    [ "$(id -u)" -eq 0 ] || skip "needs root, for a folder of its own"
    unshare --mount --pid --fork true 2>/dev/null || skip "no namespaces here"
    for n in 16 60 100; do
        run -1 unshare --mount --pid --fork --mount-proc --kill-child bash -c '
            mount -t tmpfs tmpfs /run && mkdir -p /run/lttng /run/lock || exit 77
            ulimit -n "$0" && exec erg-record -s procstat -o a.erg -- touch ran' "$n"
        [ "${#lines[@]}" -eq 1 ]
        [[ "$output" == *"files may be open (ulimit -n), and a recording needs "* ]]
        [ -z "$(ls -A)" ]
    done
}

@test "a program that may open too few files for LTTng: that is said, and it ends as without" {
    app="$ERG_BUILD/tests/trace/trace-app network:n layer:l threads:2=l"
    # whatever it reaches, and at the limit at which nothing is left when it ends
    for n in $(seq 8 26); do
        LTTNG_UST_REGISTER_TIMEOUT=300 erg-record -s procstat --force -o a.erg -- sh -c "ulimit -n $n; exec $app" 2>err ||
            { echo "$n: status $?"; cat err; false; }
        grep -q "the command could open $n files (ulimit -n), and LTTng needs [0-9]* of them" err
    done
    erg-record -s procstat -o b.erg -- sh -c "$app; (ulimit -n 17; exec $app); $app" 2>err
    grep 'not recorded: 1 program that may open too few files (ulimit -n)' err
    [ "$(tar -xOf b.erg b/summary.json | jq .processes.few_files)" = 1 ]
    [ "$(erg-analyze layers --format json b.erg 2>/dev/null | jq '[.runs[0].layers[].calls] | add')" -eq 40 ]
}

@test "a program that may map too little memory for LTTng's buffers: that is said, and it ends as without" {
    app="$ERG_BUILD/tests/trace/trace-app network:n layer:l begin:l end:l begin:l end:l"
    told=0 kib=24000
    until [ "${whole:-}" ]; do
        # what cannot even start alone says nothing of a recording
        if (ulimit -v $kib; exec $app) 2>/dev/null; then
            erg-record -s procstat --force -o a.erg -- sh -c "(ulimit -v $kib; exec $app); exit \$?" 2>err || { cat err; false; }
            calls=$(erg-analyze layers --format json a.erg 2>/dev/null | jq '[.runs[0].layers[]?.calls] | add')
            if [ "$calls" = 2 ]; then
                run ! grep 'too little memory' err
                whole=$kib
            else
                grep 'not recorded: 1 program with too little memory (ulimit -v) for LTTng' err
                grep 'no layer was seen: raise the limit of memory (ulimit -v)' err
                [ "$(tar -xOf a.erg a/summary.json | jq .processes.no_buffers)" = 1 ]
                told=$((told + 1))
            fi
        fi
        kib=$((kib * 5 / 4))
    done
    [ "$told" -ge 1 ]
}

@test "no /proc, and memory that cannot be shared: one line each, and nothing ran" {
    [ "$(id -u)" -eq 0 ] || skip "mounts file systems"
    unshare --mount --pid --fork true 2>/dev/null || skip "no namespaces here"
    # below the one of these namespaces there may be another
    for without in 'while umount -l /proc 2>/dev/null; do :; done' 'mount -t tmpfs -o ro none /dev/shm'; do
        run -1 timeout 120 unshare --mount --pid --fork --mount-proc --kill-child --propagation private sh -c \
            'mount -t tmpfs tmpfs /run && mkdir -p /run/lttng /run/lock || exit 77
            eval "$0" && exec erg-record -q -s procstat -o a.erg -- touch ran' "$without"
        echo "$output"
        [[ "${lines[-1]}" =~ ^"erg-record run: ".*("/proc is not there"|"/dev/shm") ]]
        [ ! -e ran ]
        [ -z "$(ls -A)" ]
    done
}

@test "few processes: one line, and nothing ran" {
    lttng --no-sessiond list >/dev/null 2>&1 || lttng-sessiond --daemonize 3>&- >/dev/null 2>&1
    cgroup=/sys/fs/cgroup/pids
    [ -d "$cgroup" ] || cgroup=/sys/fs/cgroup
    mkdir "$cgroup/erg-test-$$" 2>/dev/null || skip "no control groups that may be made here"
    cgroup=$cgroup/erg-test-$$
    [ -w "$cgroup/pids.max" ] || { rmdir "$cgroup"; skip "no control group of processes here"; }
    for n in 3 6; do
        echo $n >"$cgroup/pids.max"
        run -1 sh -c 'echo $$ >"$0/cgroup.procs" && exec erg-record -q -s procstat -o p.erg -- touch ran' "$cgroup"
        echo "$output" >>all
    done
    await rmdir "$cgroup"
    [ "$(grep -c '^erg-record run: .*: Resource temporarily unavailable$' all)" -eq 2 ]
    [ ! -e ran ]
}

@test "files that may not be large: one line, or recorded whole, and the command has the signal as it was" {
    [ "$(id -u)" -eq 0 ] || skip "needs root, for daemons under this limit"
    unshare --mount --pid --fork true 2>/dev/null || skip "no namespaces here"
    limited() { # KIB COMMAND…
        unshare --mount --pid --fork --mount-proc --kill-child bash -c '
            mount -t tmpfs tmpfs /run && mkdir -p /run/lttng /run/lock &&
                mount -t tmpfs -o mode=1777 tmpfs /dev/shm || exit 77
            ulimit -f "$0"
            "$@"' "$@"
    }
    for kib in 20 2000 100000; do
        rm -f a.erg
        rc=0
        limited $kib erg-record -s procstat -o a.erg -- grep SigIgn /proc/self/status >ignored 2>err || rc=$?
        if [ "$rc" -eq 0 ]; then
            erg-analyze verify a.erg 2>/dev/null
            cmp ignored <(limited $kib grep SigIgn /proc/self/status)
            whole=$kib
        else
            [ "$rc" -eq 1 ]
            grep -qE '^erg-record.*(File too large|ulimit -f|daemon is gone|not complete)' err || { cat err; return 1; }
        fi
    done
    [ "$whole" -eq 100000 ]
}

@test "a daemon of another program's at LTTng's socket: one line, and nothing runs" {
    skip_unless python3
    [ "$(id -u)" -eq 0 ] || skip "needs root, for a folder of its own"
    unshare --mount --pid --fork true 2>/dev/null || skip "no namespaces here"
    cat >other.py <<'PY'
import os, socket
s = socket.socket(socket.AF_UNIX)
s.bind("/run/lttng/client-lttng-sessiond")
s.listen(9)
open("listens", "w")
while True:
    c = s.accept()[0]
    try:
        c.send(bytes([7] * 64))
    except OSError:
        pass
    c.close()
PY
    run -1 unshare --mount --pid --fork --mount-proc --kill-child bash -c '
        mount -t tmpfs tmpfs /run && mkdir -p /run/lttng /run/lock || exit 77
        python3 other.py 3>&- &
        until [ -e listens ]; do sleep 0.05; done
        erg-record -q -s procstat -o a.erg -- touch ran 2>err'
    grep -q '^erg-record run: LTTng: ' err
    [ "$(grep -c '^erg-record' err)" -le 2 ]
    [ ! -e ran ]
    [ ! -e a.erg ]
    [ -z "$(find . -name '*.spool')" ]
}

@test "the clock of the day is set during a recording: nothing of it moves" {
    lib=$(echo "$ERG_BUILD"/tests/tools/liberg-clock-steps.so)
    for step in 3600 -100000000; do
        LD_PRELOAD=$lib ERG_STEP_S=$step ERG_STEP_AFTER_S=0.3 "${REC[@]}" --force --chunk-time 1 -o a.erg -- \
            "$ERG_BUILD/tests/trace/trace-app" network:n layer:l threads:3=l sleep:1500 threads:3=l
        erg-analyze layers --format json a.erg 2>/dev/null >layers.json
        jq -e '.runs[0] | .time_s < 3000 and ([.layers[].calls] | add) == 60' layers.json
        erg-analyze verify a.erg
    done
}

@test "a folder that cannot be written into: refused before the command runs" {
    [ "$(id -u)" -eq 0 ] || skip "mounts a file system"
    mkdir ro
    run -1 unshare --mount --propagation private sh -c 'mount -t tmpfs -o ro none ro || exit 77
        cd ro && erg-record -q -s procstat -- touch ../ran'
    [[ "$output" == *": Read-only file system" ]]
    [ "${#lines[@]}" -eq 1 ]
    [ ! -e ran ]
}

# quota_made: a control group, $group, whose processes get a tenth of one processor.
quota_made() {
    local top
    for top in /sys/fs/cgroup/cpu /sys/fs/cgroup; do
        group=$top/erg-test-$$
        mkdir "$group" 2>/dev/null || continue
        if [ -e "$group/cpu.cfs_quota_us" ]; then echo 10000 >"$group/cpu.cfs_quota_us"; return; fi
        if [ -e "$group/cpu.max" ]; then echo 10000 100000 >"$group/cpu.max"; return; fi
        rmdir "$group"
    done
    return 1
}

@test "a quota of processor time: no layer and no reading is lost, and what was missed is counted" {
    quota_made || skip "no control groups can be made here"
    app=$ERG_BUILD/tests/trace/trace-app
    # no matter what comes of the recording, the group is empty when it ends
    sh -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' - "$group" "${REC[@]}" --rate 200 -o a.erg -- \
        bash -c '"$1" network:n layer:l threads:20=l
            for ((i = 0; i < 100000; i++)); do :; done
            "$1" network:n layer:l threads:20=l' - "$app" 3>&- || failed=$?
    throttled=$(awk '$1 == "nr_throttled" { print $2 }' "$group/cpu.stat")
    await rmdir "$group"
    [ -z "${failed:-}" ]
    [ "$throttled" -gt 0 ]
    tar -xf a.erg
    babeltrace2 a/trace >text
    [ "$(grep -c 'ergtrace:layer: ' text)" -eq 400 ]
    jq -e --argjson taken "$(grep -c 'ergtrace:utilization_sample: ' text)" '.complete and .lost.sample_events == 0 and
        .sources[0].reads == $taken and .sampler.deadlines - .sampler.missed == $taken' a/summary.json
}

# memory_made MIB: a control group, $group, whose processes may have so much together.
memory_made() {
    local top file
    for top in /sys/fs/cgroup/memory /sys/fs/cgroup; do
        group=$top/erg-test-$$
        mkdir "$group" 2>/dev/null || continue
        for file in memory.limit_in_bytes memory.max; do
            if [ -e "$group/$file" ]; then echo $(($1 << 20)) >"$group/$file"; return; fi
        done
        rmdir "$group"
    done
    return 1
}

@test "a limit of memory that recorder and command share: the command is ended, the recording goes on, and it is said" {
    # a few times what the recorder and its buffers take, less than locking whole stacks and libraries took
    memory_made $((60 + 20 * $(nproc))) || skip "no control groups can be made here"
    app=$ERG_BUILD/tests/trace/trace-app
    sh -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' - "$group" erg-record run -s procstat -o a.erg -- \
        sh -c '"$1" network:n layer:l threads:20=l; tail /dev/zero; echo $? >status
            "$1" network:n layer:l threads:20=l' - "$app" 2>err 3>&- || failed=$?
    await rmdir "$group"
    [ -z "${failed:-}" ]
    [ "$(cat status)" -eq 137 ]
    [ "$(grep -c 'warning: the kernel ended 1 process of this control group, which had no more memory' err)" -eq 1 ]
    erg-analyze layers --format json a.erg 2>/dev/null | jq -e '[.runs[0].layers[].calls] == [400] and .runs[0].lost_events == 0'
    # and nothing is said where nothing was ended
    erg-record run -s procstat -o b.erg -- true 2>err
    [ "$(grep -c 'the kernel ended' err)" -eq 0 ]
}

@test "a sampler whose processor a real-time program keeps does not hold up the end of the recording" {
    [ "$(nproc)" -gt 1 ] || skip "one processor: nothing else would run"
    chrt --fifo 1 true 2>/dev/null || skip "no real-time priority here"
    # it goes on until the recording has ended
    "${REC[@]}" --cpu 0 -o a.erg -- sh -c ': >began; until [ -e hogged ]; do sleep 0.05; done' 3>&- &
    one=$!
    await test -e began
    chrt --fifo 1 taskset -c 0 sh -c ': >hogged; while :; do :; done' 3>&- &
    hog=$!
    await gone $one || failed=$?
    kill $hog
    [ -z "${failed:-}" ]
    ends $one 0
    erg-analyze verify a.erg
}

@test "system calls that are denied, as behind seccomp: one line each where something is less, and the recording goes on" {
    denied 1 getpid true || skip "no seccomp here"
    # call, error, what is said
    while IFS=: read -r call error said; do
        denied "$error" "$call" erg-record run --force -o "$call.erg" -s procstat -- "$ERG_BUILD/tests/trace/trace-app" network:a layer:l threads:20=l 2>err ||
            { cat err; return 1; }
        erg-analyze verify "$call.erg" >/dev/null
        # the summary cannot count them without a page of memory; the archive has them
        erg-analyze layers --format json "$call.erg" 2>/dev/null | jq -e '[.runs[0].layers[].calls] | add == 200' ||
            { echo "$call"; cat err; return 1; }
        [ -z "$said" ] || [ "$(grep -c "$said" err)" -eq 1 ] || { cat err; return 1; }
    done <<'END'
sched_setaffinity:1:threads may not choose where they run (sched_setaffinity: Operation not permitted)
sched_setaffinity:38:threads may not choose where they run (sched_setaffinity: Function not implemented)
sched_setscheduler:1:
mlockall:1:
memfd_create:1:
pidfd_open:38:
close_range:1:
perf_event_open:1:
inotify_init1:38:
process_vm_readv:1:
END
}

@test "options of a command, of an archive or of a log are not taken where there is none" {
    local option
    for option in "--counters cycles" --keep-fds --no-command "--annotate nvtx" "--progress f"; do
        # shellcheck disable=SC2086
        run -2 "${REC[@]}" --duration 0.1 $option -o a.erg
        [[ $output == *"${option%% *} is of a command: expected -- COMMAND"* ]]
    done
    for option in --force "--spool-limit 5" "--compress during"; do
        # shellcheck disable=SC2086
        run -2 "${REC[@]}" --to 127.0.0.1 $option -- true
        [[ $output == *": --to makes none here"* ]]
    done
    run -2 erg-record collect --list -o a.erg
    run -2 erg-record collect --list --force
    run -2 erg-record calibrate --force
    printf 'time_s,A [W]\n0,1\n1,2\n2,1\n' >s.csv
    printf 'begin_s,end_s,layer\n0,1,a\n' >l.csv
    erg-record import --samples s.csv -o b.erg
    for option in "--sensor kind=point" "--interval 1" "--time t" "--column A=W" "--where A=1"; do
        # shellcheck disable=SC2086
        run -2 erg-record import --onto b.erg --layers l.csv -o c.erg $option
        [[ $output == *" of readings: expected --samples FILE with it"* ]]
    done
    run -1 erg-record import --samples s.csv -o c.erg --where A=1
    [[ $output == *"--where: 'A': which columns hold readings"* ]]
    [ ! -e a.erg ]
    [ ! -e c.erg ]
}

@test "programs that go on when the command has ended: said, and what they did before is recorded" {
    app=$ERG_BUILD/tests/trace/trace-app
    mkfifo in
    "${REC[@]}" -o a.erg -- sh -c "setsid '$app' network:n layer:l threads:2=l wait threads:2=l <>in >out 2>&1 3>&- &
        echo \$! >pid; until grep -q waiting out; do sleep 0.05; done" 2>err
    kill "$(cat pid)"
    grep '1 program of the command went on when it had ended' err
    [ "$(tar -xOf a.erg a/summary.json | jq .processes.went_on)" = 1 ]
    [ "$(erg-analyze layers --format json a.erg 2>/dev/null | jq '[.runs[0].layers[].calls] | add')" -eq 20 ]
    "${REC[@]}" -o b.erg -- sh -c "'$app' network:n layer:l threads:2=l & wait" 2>err
    run -1 grep 'went on' err
}
