# liberg in a program, recorded by plain LTTng tools with sessions of our own and read by
# babeltrace2: no erg-record, no erg-analyze.
# bats file_tags=apart
load helpers
load lttng

app=$ERG_BUILD/tests/trace/trace-app

programs=(trace-app)
test_setup() { lttng_setup; }

@test "nested layers, phases, markers and spans are recorded with their definitions" {
    start a
    ERG_RUN_ID=run-7 "$app" network:net module:fire2 layer:fire2/squeeze phase:inference \
        iteration:5 begin:net begin:fire2 begin:fire2/squeeze end:fire2/squeeze end:fire2 end:net \
        /phase:inference marker:hello track:stream0 span:fire2/squeeze=100-350
    stop a
    [ "$(events a 'process_define.*run = "run-7", role = "app", exe = ".*trace-app"')" -eq 1 ]
    [ "$(events a 'layer_define')" -eq 3 ]
    [ "$(events a 'layer_define.*id = 3, parent = 2, level = 2, name = "fire2/squeeze", type = "conv", network = "net", macs = 42, params = 7,.*\[2\] = 227 \]')" -eq 1 ]
    grep -o 'ergtrace:layer:.*' a.txt | grep -o '{ id.*' | cut -d, -f1,2 >order
    diff order - <<<'{ id = 3, iteration = 5
{ id = 2, iteration = 5
{ id = 1, iteration = 5'
    [ "$(events a 'phase_begin.*name = "inference"')" -eq 1 ]
    [ "$(events a 'phase_end.*name = "inference"')" -eq 1 ]
    [ "$(events a 'marker.*text = "hello", color = 0xFF8800')" -eq 1 ]
    [ "$(events a 'track_define.*track = 1, name = "stream0", device = 1')" -eq 1 ]
    [ "$(events a 'layer_span.*id = 3, iteration = 0, begin = 100, end = 350, track = 1')" -eq 1 ]
}

@test "the beginning of a layer lies before its end and the layers nest in time" {
    start a
    "$app" network:net layer:l begin:net sleep:20 begin:l sleep:30 end:l end:net
    stop a
    # begin is CLOCK_MONOTONIC ns; the stamps of the two ends differ by what the begins do not.
    begins=($(grep -o 'ergtrace:layer:.*' a.txt | grep -o 'begin = [0-9]*' | cut -c9-))
    [ "${#begins[@]}" -eq 2 ]
    [ "${begins[1]}" -lt "${begins[0]}" ]
    [ $((begins[0] - begins[1])) -ge 20000000 ]
}

@test "threads are told apart" {
    start a
    "$app" network:net layer:l threads:8=l
    stop a
    [ "$(events a 'layer: ')" -eq 80 ]
    [ "$(grep 'ergtrace:layer: ' a.txt | grep -o 'vtid = [0-9]*' | sort | uniq -c | awk '$1 == 10' | wc -l)" -eq 8 ]
}

@test "threads have the name they got last, and a late session gets it, too" {
    need_daemon
    start a
    launch "$app" name:first name:main name:main wait name:again
    start late
    described
    stop late
    go_on
    stop a
    exec 9>&-
    names() { sed -n 's/.*ergtrace:thread_define: .*vtid.*{ tid = [0-9]*, name = "\(.*\)" }/\1/p' $1.txt; }
    # main is in a twice: the description for the late session goes to all
    diff <(names a | uniq) <(printf '%s\n' first main again)
    diff <(names late) <(echo main)
}

@test "a forked child is a process of its own, with definitions, without a preload" {
    start a
    "$app" network:net layer:l name:worker begin:net fork begin:l end:l end:net sleep:50
    stop a
    [ "$(events a process_define)" -ge 2 ]
    [ "$(events a layer_define)" -ge 4 ]
    [ "$(events a 'layer: ')" -eq 1 ]
    child=$(grep 'ergtrace:layer: ' a.txt | grep -o 'vpid = [0-9]*')
    grep 'layer_define.*name = "l"' a.txt | grep -q "$child"
    [ "$(grep -o 'vpid = [0-9]*' a.txt | sort -u | wc -l)" -eq 2 ]
    # The thread that forked keeps its name, under its new id.
    [ "$(events a "thread_define: .*${child}, .*{ tid = ${child#vpid = }, name = \"worker\"")" -ge 1 ]
    [ "$(grep 'ergtrace:thread_define' a.txt | grep -c "$child")" -eq \
        "$(events a "thread_define: .*{ tid = ${child#vpid = },")" ]
}

@test "a forked child with LTTng's own preload is recorded once, too" {
    lib=$(ldconfig -p | sed -n 's/.*liblttng-ust-fork.so.*=> //p' | head -1)
    [ -n "$lib" ] || skip "liblttng-ust-fork.so is not installed"
    start a
    LD_PRELOAD=$lib "$app" network:net layer:l fork begin:l end:l sleep:50
    stop a
    [ "$(events a process_define)" -ge 2 ]
    [ "$(events a 'layer: ')" -eq 1 ]
    [ "$(grep -o 'vpid = [0-9]*' a.txt | sort -u | wc -l)" -eq 2 ]
}

@test "a session that starts late gets the definitions, even if nothing happens after" {
    need_daemon
    launch "$app" network:net module:m layer:l counter:bytes=1 track:gpu wait begin:l end:l wait
    start late
    described
    lttng rotate "$session-late" >/dev/null 2>&1 || true
    lttng stop "$session-late" >/dev/null
    babeltrace2 late >late.txt
    [ "$(events late process_define)" -ge 1 ]
    [ "$(events late layer_define)" -ge 3 ]
    [ "$(events late track_define)" -ge 1 ]
    [ "$(events late counter_define)" -ge 1 ]
    [ "$(events late 'layer_counted: ')" -eq 0 ]
    lttng start "$session-late" >/dev/null
    go_on
    stop late
    [ "$(events late 'layer_counted: ')" -eq 1 ]
    exec 9>&-
}

@test "a late session gets thousands of definitions, none lost" {
    need_daemon
    launch "$app" network:net many:3000 wait
    start late
    described
    stop late
    exec 9>&-
    [ "$(grep -o 'layer_define.* name = "many[0-9]*"' late.txt | grep -o 'many[0-9]*' | sort -u | wc -l)" -eq 3000 ]
}

@test "sessions come and go while threads run" {
    need_daemon
    launch "$app" network:net layer:l busy:l wait idle wait
    start a
    start b
    for _ in 1 2 3; do
        lttng stop "$session-a" >/dev/null
        lttng start "$session-a" >/dev/null
    done
    stop b
    go_on
    stop a
    exec 9>&-
    [ "$(events b 'layer: ')" -gt 0 ]
    [ "$(events a 'layer_define.*name = "l"')" -ge 1 ]
}

@test "a layer that was open before the session and one across a pause are left out" {
    need_daemon
    alone
    launch "$app" network:net layer:l layer:k begin:net wait end:net begin:l wait begin:k end:k end:l \
        begin:k end:k wait
    start a
    described
    go_on
    lttng stop "$session-a" >/dev/null
    lttng start "$session-a" >/dev/null
    described
    go_on
    stop a
    exec 9>&-
    alone
    # net was begun before the session, l before the pause; k is whole, twice.
    [ "$(events a 'layer: ')" -eq 2 ]
    [ "$(events a 'layer: .*{ id = 3,')" -eq 2 ]
}

@test "two sessions at once both describe themselves, and the first loses nothing" {
    need_daemon
    start one
    launch "$app" network:net layer:l begin:net begin:l end:l wait begin:l end:l end:net wait
    start two
    described
    go_on
    stop one
    stop two
    exec 9>&-
    [ "$(events one 'layer: ')" -eq 3 ]
    [ "$(events two 'layer: .*{ id = 2,')" -eq 1 ]
    [ "$(events two layer_define)" -ge 2 ]
    [ "$(events two process_define)" -ge 1 ]
    [ "$(events one process_define)" -ge 1 ]
}

@test "a session that enables only layer_counted wakes the pair" {
    start a 'ergtrace:layer_counted'
    "$app" network:net layer:l counter:bytes=3 begin:l counter:bytes=5 end:l
    stop a
    [ "$(events a 'layer_counted: .*deltas = \[ \[0\] = 5 \]')" -eq 1 ]
}

@test "counters of the kernel and of the application come with the layer" {
    start a
    ERG_COUNTERS='faults=1:2;task_clock=1:1' "$app" network:net layer:l counter:bytes=0 \
        phase:p begin:l counter:bytes=64 end:l /phase:p
    stop a
    [ "$(events a 'counter_define.*index = 0, name = "faults", origin = "perf"')" -eq 1 ]
    [ "$(events a 'counter_define.*index = 2, name = "bytes", origin = "app"')" -eq 1 ]
    [ "$(events a 'layer_counted.*_deltas_length = 3,.*\[2\] = 64 \]')" -eq 1 ]
    [ "$(events a 'counter_snapshot')" -eq 2 ]
    [ "$(events a 'layer: ')" -eq 0 ]
}

@test "layer_begin is off unless asked for" {
    start a
    "$app" network:net layer:l begin:l end:l
    ERG_LAYER_BEGIN=1 "$app" network:net layer:l begin:l
    stop a
    [ "$(events a 'layer_begin')" -eq 1 ]
    [ "$(events a 'layer: ')" -eq 1 ]
}

@test "a program runs unchanged where no daemon is" {
    # Root's daemon lives in /run and /dev/shm: hide them. Another user's lives in its home. Where /
    # is no mount point (a chroot) its propagation cannot be changed: what is mounted there is taken
    # away again, lest it be seen outside.
    mkdir home
    hide=(env)
    if [ "$(id -u)" -eq 0 ]; then
        hide=(unshare -m)
        unshare -m true 2>/dev/null || hide+=(--propagation unchanged)
        hide+=(sh -c 'mount -t tmpfs none /run && mount -t tmpfs none /dev/shm && "$@"; s=$?
            umount /dev/shm /run; exit $s' sh)
    fi
    run "${hide[@]}" env HOME="$PWD/home" LTTNG_HOME="$PWD/home" ERG_COUNTERS='f=1:2;bad' "$app" \
        network:net layer:l begin:l end:l phase:p marker:m threads:4=l fork begin:l end:l
    [ "$status" -eq 0 ]
    [ "$output" = "" ]
}
