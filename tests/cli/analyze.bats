# erg-analyze: info, verify, layers, totals on archives of a known truth, on damaged and hostile ones.
# bats file_tags=offline
load helpers

test_setup() {
    PATH="$ERG_BUILD/tests/bench:$PATH"
}

# Two layers of 50 ms that take turns for 4 s inside a network: a at 9 W, b at 5 W, with a little
# noise; VDD_CPU is half of it. Idle phases of 2 W before and after when asked for.
make_run() {
    awk -v idle="${1:-0}" 'BEGIN {
        srand(7)
        print "time_s,VDD_IN [mW],VDD_CPU [mW]" > "s.csv"
        print "begin_s,end_s,layer,type,network,module,iteration,macs,phase" > "l.csv"
        n = 4 + 2 * idle
        for (i = 0; i < n * 1000; i++) {
            t = i / 1000 + 0.0004; k = int((t - idle) / 0.05)
            p = (t < idle || t >= idle + 4) ? 2000 : k % 2 ? 5000 : 9000
            p += int(rand() * 40) - 20
            printf "%.6f,%d,%d\n", t, p, p / 2 > "s.csv"
        }
        for (k = 0; k < 80; k++)
            printf "%.6f,%.6f,%s,conv,net,m%d,%d,1000,\n", idle + k * 0.05, idle + (k + 1) * 0.05, \
                k % 2 ? "b" : "a", k % 2, k / 2 > "l.csv"
    }'
    erg-record import --samples s.csv --layers l.csv --sensor "kind=point window_s=0.0001 period_s=0.001 lag_s=0" \
        --tag heatsink=off -o run.erg
}

# NAME BOUND: relative difference of a figure from the truth
near() {
    awk -v v="$1" -v t="$2" -v b="$3" 'BEGIN { d = (v - t) / t; exit !(d <= b && d >= -b) }' ||
        { echo "$1 is not within $3 of $2"; return 1; }
}

unpacked() {
    erg-analyze verify "$1.erg" >/dev/null && tar -xf "$1.erg"
}

@test "every verb explains itself and refuses what it does not know" {
    for verb in $(erg-analyze --help | awk '/^  [a-z]+ /{print $1}'); do
        run erg-analyze "$verb" --help
        [ "$status" -eq 0 ]
        [[ "$output" == *sage:* ]]
        run erg-analyze "$verb" --no-such-option
        [ "$status" -eq 2 ]
    done
    run erg-analyze frobnicate
    [ "$status" -eq 2 ]
    run erg-analyze
    [ "$status" -eq 2 ]
    run erg-analyze layers --format yaml x.erg
    [ "$status" -eq 2 ]
    run erg-analyze layers --jobs 0 x.erg
    [ "$status" -eq 2 ]
    run erg-analyze layers --by colour x.erg
    [ "$status" -eq 2 ]
}

@test "info says what was recorded" {
    make_run
    run erg-analyze info run.erg
    [ "$status" -eq 0 ]
    [[ "$output" == *"heatsink=off"* ]]
    [[ "$output" == *"VDD_IN"* ]]
    erg-analyze info --format json run.erg >i.json
    jq -e '.schema == "ergtrace/1" and (.files | length) == 1' i.json
    jq -e '.files[0] | .layer_events == 80 and .simulated == false and .lost_events == 0' i.json
    jq -e '.files[0].channels | length == 2 and .[0].readings == 4000 and .[0].sensor.kind == "point"' i.json
    near "$(jq '.files[0].rails[0].mean_w' i.json)" 7 0.01
    erg-analyze info --format csv run.erg | head -1 | grep -q '^archive,rail,'
}

# What was counted while the readings passed is what decoding finds, whatever the channels are.
@test "info of a large archive reads no chunk, and its figures are those of the chunks" {
    skip_unless jq
    awk 'BEGIN { srand(11); print "time_s,IN [mW],A [mA],A [mV],soc [degC],pkg [uJ],A [uJ],clk [MHz]"
        for (i = 0; i < 1500000; i++) { e += int(1000 * rand()); p = int(9000 * rand()); sum += p
            printf "%.3f,%d,%d,%d,%s,%d,,%d\n", 3 + i / 1000, p, 900 * rand(), 5000 + 9 * rand(),
                i % 10 ? "" : int(400 + 99 * rand()) / 10, e, 1 + i % 3 }
        print sum / 1500000 / 1000 >"mean" }' >s.csv
    erg-record import --samples s.csv --sensor "kind=point lag_s=0" --sensor "pkg:kind=counter" -o big.erg
    erg-analyze info --format json big.erg >i.json
    jq -e '.files[0] | .decoded == false and .layer_events == null and .phases == null and .rail == "IN"' i.json
    jq -e '[.files[0].channels[].readings] == [1500000, 1500000, 1500000, 150000, 1500000, 0, 1500000]' i.json
    near "$(jq '.files[0].rails[0].mean_w' i.json)" "$(cat mean)" 1e-5
    near "$(jq '.files[0].channels[3].rate_hz' i.json)" 100 1e-5
    erg-analyze info --decode --format json big.erg >d.json
    jq -e '.files[0] | .decoded == true and .layer_events == 0' d.json
    # an empty cell is a reading that failed when it comes from the chunks; the last digits are those of
    # another order of the sums
    for f in i d; do
        jq '.files[0] | [.channels[] | del(.failed)], .rails, .rail, .time_s, .lost_samples | .. |= if type == "number" then (. * 1e6 | round) else . end' \
            $f.json >$f
    done
    diff i d
    erg-analyze info big.erg >text
    grep '^layers     not counted' text
    grep '^soc .* 150000 ' text
    # no byte of a chunk is looked at
    size=$(stat -c %s big.erg)
    for at in $((size / 3)) $((size / 2)); do
        head -c 4096 /dev/zero | dd of=big.erg bs=1 seek="$at" conv=notrunc status=none
    done
    erg-analyze info --strict --format json big.erg | jq '.files[0]' | diff - <(jq '.files[0]' i.json)
    run erg-analyze info --decode --strict big.erg
    [ "$status" -eq 3 ]
    [[ "$output" == *chunk* ]]
    # what is cut is read as far as it goes
    head -c $((size - 20000)) big.erg >cut.erg
    erg-analyze info --format json cut.erg 2>/dev/null | jq -e '.files[0].decoded'
    run -1 erg-analyze info --rail OUT big.erg
    [[ "$output" == *"big.erg: no rail 'OUT'; there are: IN, A, pkg"* ]]
}

@test "info of a large archive that says nothing of its readings: not counted, and no number" {
    skip_unless jq
    mktrace 2500000 old.erg
    erg-analyze info old.erg >text 2>/dev/null
    grep '^layers     not counted' text
    grep '^channels   the manifest names none' text
    erg-analyze info --format json old.erg 2>/dev/null |
        jq -e '.files[0] | .simulated and (.channels | length) == 0 and .rail == null and .layer_events == null'
    erg-analyze info --decode --format json old.erg 2>/dev/null | jq -e '.files[0].layer_events > 2400000'
    # a manifest with sources and a summary without their figures
    tar -xf old.erg
    jq '.sources = [{id: 0, kind: "x", path: "p", simulated: true, interval_ns: 1000000, sensor: {kind: "point"},
        channels: [{rail: "VDD", parent: "", quantity: "power", unit: "mW", scale: 0.001, lsb: 1}]}]' old/manifest.json >m
    mv m old/manifest.json
    "$ERG_BUILD/tests/tools/erg-pack" old named.erg
    erg-analyze info --format json named.erg 2>/dev/null |
        jq -e '.files[0].channels[0] | .readings == null and .rate_hz == null and .asked_hz == 1000 and .lsb == 0.001'
    erg-analyze info named.erg 2>/dev/null | grep '^VDD .* not counted'
}

@test "layers finds the power of each layer, and the keys are those of the contract" {
    make_run
    erg-analyze layers --format json run.erg >l.json
    jq -e '.schema == "ergtrace/1" and .tool.name == "erg-analyze" and (.warnings | type) == "array"' l.json
    jq -e '.runs[0] | has("archive") and has("rail") and has("simulated") and has("time_s") and
        has("ets_j") and has("edp_js") and has("coverage") and has("lost_events")' l.json
    jq -e '.runs[0].layers[] | has("name") and has("type") and has("network") and has("module") and
        has("calls") and has("time_s") and has("energy_j") and has("power_w") and has("share") and
        has("macs") and has("counters") and has("merged_with")' l.json
    jq -e '.runs[0].layers[].energy_j | .lo <= .value and .value <= .hi and (.method | length) > 0' l.json
    near "$(jq '.runs[0].ets_j.value' l.json)" 28 0.005
    near "$(jq '.runs[0].layers[] | select(.name == "a").energy_j.value' l.json)" 18 0.01
    near "$(jq '.runs[0].layers[] | select(.name == "b").power_w.value' l.json)" 5 0.01
    near "$(jq '[.runs[0].layers[].energy_j.value] | add' l.json)" 28 0.005
}

@test "a rail by name, and the list of those there are" {
    make_run
    erg-analyze layers --rail VDD_CPU --format json run.erg >l.json
    jq -e '.runs[0].rail == "VDD_CPU"' l.json
    near "$(jq '.runs[0].ets_j.value' l.json)" 14 0.01
    run erg-analyze layers --rail VDD_GPU run.erg
    [ "$status" -eq 1 ]
    [[ "$output" == *"VDD_IN, VDD_CPU"* ]]
}

@test "layers by type, module and network add up to the same energy" {
    make_run
    for by in type module network; do
        erg-analyze layers --by $by --format json run.erg >l.json
        near "$(jq '[.runs[0].layers[].energy_j.value] | add' l.json)" 28 0.005
    done
    erg-analyze layers --by module --format json run.erg | jq -e '.runs[0].layers | length == 2'
}

@test "text, JSON and CSV of layers and totals agree" {
    make_run
    run erg-analyze layers run.erg
    [ "$status" -eq 0 ]
    [[ "$output" == *"ETS"* ]]
    erg-analyze layers --format csv run.erg >l.csv
    [ "$(wc -l <l.csv)" -eq 3 ]
    erg-analyze totals --format json run.erg >t.json
    jq -e '.runs[0].phases[0] | has("name") and has("time_s") and has("ets_j") and has("edp_js") and
        has("ed2p_js2") and has("mean_w") and has("peak_w")' t.json
    near "$(jq '.runs[0].phases[0].ets_j.value' t.json)" 28 0.005
    near "$(jq '.runs[0].phases[0].edp_js.value' t.json)" 112 0.005
    near "$(jq '.runs[0].phases[0].ed2p_js2.value' t.json)" 448 0.005
}

@test "one job, two jobs and another locale print the same bytes" {
    mktrace 260000 big.erg chunk=125000
    erg-analyze layers --jobs 1 --format json big.erg >one
    LC_ALL=de_DE.UTF-8 erg-analyze layers --jobs 2 --format json big.erg >two
    cmp one two
    jq -e '[.runs[0].layers[].calls] | add > 250000' one
}

# mktrace gives layerN, whose id is N + 1, 3.0245 W + 0.1 W x (id mod 17).
@test "layers of 5 to 40 us find their power, and a run too short for them its total" {
    mktrace 1000000 fast.erg
    erg-analyze layers --format json fast.erg >l.json 2>/dev/null
    for n in 1 16 40 67; do
        near "$(jq ".runs[0].layers[] | select(.name == \"layer$n\").power_w.value" l.json)" \
            "$(awk -v id=$((n + 1)) 'BEGIN { print 3.0245 + 0.1 * (id % 17) }')" 0.02
    done
    mktrace 10000 short.erg
    erg-analyze layers --format json short.erg >s.json 2>/dev/null
    near "$(jq '.runs[0].ets_j.value / .runs[0].time_s' s.json)" \
        "$(jq '.runs[0].ets_j.value / .runs[0].time_s' l.json)" 0.03
}

@test "simulated power is called so in every output, and --strict exits 3" {
    mktrace 30000 sim.erg
    erg-analyze layers sim.erg 2>/dev/null | grep -qi simulated
    erg-analyze totals sim.erg 2>/dev/null | grep -qi simulated
    erg-analyze info sim.erg 2>/dev/null | grep -qi simulated
    erg-analyze layers --format json sim.erg 2>/dev/null | jq -e '.runs[0].simulated == true'
    erg-analyze layers --format csv sim.erg 2>/dev/null | head -1 | grep -q simulated
    run erg-analyze layers --strict sim.erg
    [ "$status" -eq 3 ]
}

@test "two rails of one name stay two rails" {
    mktrace 30000 twin.erg twin
    erg-analyze info --format json twin.erg 2>/dev/null |
        jq -e '[.files[0].rails[].rail] == ["VDD_IN", "VDD_IN#2"]'
    one=$(erg-analyze totals --rail VDD_IN --format json twin.erg 2>/dev/null | jq '.runs[0].phases[0].ets_j.value')
    two=$(erg-analyze totals --rail 'VDD_IN#2' --format json twin.erg 2>/dev/null | jq '.runs[0].phases[0].ets_j.value')
    near "$two" "$(awk -v v="$one" 'BEGIN { print v / 2 }')" 0.001
    run erg-analyze info twin.erg
    [[ "$output" == *"two rails are named VDD_IN"* ]]
}

@test "verify: good, cut, flipped, and what is no archive" {
    make_run
    run erg-analyze verify run.erg
    [ "$status" -eq 0 ]
    [[ "$output" == *good* ]]
    head -c 20000 run.erg >cut.erg
    run erg-analyze verify cut.erg
    [ "$status" -eq 1 ]
    [[ "$output" == *cut.erg* ]]
    cp run.erg flip.erg
    printf '\x55' | dd of=flip.erg bs=1 seek=10000 conv=notrunc status=none
    run erg-analyze verify flip.erg run.erg
    [ "$status" -eq 1 ]
    [[ "$output" == *"1 of 2"* ]]
    : >empty.erg
    echo "not an archive" >text.erg
    for f in empty.erg text.erg missing.erg; do
        for verb in verify info layers totals; do
            run erg-analyze $verb $f
            [ "$status" -eq 1 ]
            [[ "$output" == *"$f"* ]]
        done
    done
}

@test "an archive cut at twenty places gives every chunk that is whole" {
    mktrace 260000 big.erg chunk=125000
    size=$(stat -c %s big.erg)
    for i in $(seq 20); do
        head -c $((size * (i * 37 % 97) / 97)) big.erg >cut.erg
        erg-analyze info --format json cut.erg >i.json 2>/dev/null || continue
        jq -e '.files[0].layer_events >= 0' i.json >/dev/null
    done
    # 125,000 instances a chunk: a cut in the last of three leaves two of them whole
    head -c $((size - 20000)) big.erg >cut.erg
    erg-analyze info --format json cut.erg >i.json 2>log
    jq -e '.files[0].layer_events >= 250000' i.json
    grep -q cut log
}

@test "a chunk that cannot be read is named and the rest is analysed" {
    mktrace 260000 big.erg chunk=125000
    unpacked big
    for damage in 'rm' 'truncate -s 100' 'cp /dev/null' 'dd if=/dev/zero bs=1k count=4 status=none conv=notrunc'; do
        rm -rf copy
        cp -r big copy
        f=copy/trace/0001/ust/uid/0/64-bit/metadata
        case $damage in
        dd*) $damage of=$f ;;
        cp*) $damage $f ;;
        *) $damage $f ;;
        esac
        timeout 600 erg-analyze info --format json copy >i.json 2>log
        jq -e '.files[0].layer_events > 100000 and .files[0].layer_events < 150000' i.json
        grep -q 'chunk 0001' log
    done
}

# FILE BYTE AT: the end of the last packet that ends at or before BYTE; each has its size in bits at AT.
packet_end() {
    local pos=0 next
    while next=$((pos + $(od -A n -t u8 -j $((pos + $3)) -N 8 "$1") / 8)) && [ "$next" -le "$2" ]; do
        pos=$next
    done
    echo "$pos"
}

# DIR: what is known of an unpacked archive, but for what is said to be lost.
contents() {
    erg-analyze info --format json "$1" 2>/dev/null | jq 'del(.warnings, .files[].losses)'
    erg-analyze layers --lag 0 --rounds 50 --format json "$1" 2>/dev/null | jq .runs
}

# DIR AT: each stream cut at random places reads as if it had never gone on behind its last packet.
cut_streams() {
    local f size cut whole
    for f in $(find "$1/trace" -type f ! -name metadata); do
        size=$(stat -c %s "$f")
        cp "$f" saved
        for cut in 1 $(((RANDOM * 32768 + RANDOM) % size)) $(((RANDOM * 32768 + RANDOM) % size)) $((size - 1)); do
            whole=$(packet_end saved "$cut" "$2")
            head -c "$whole" saved >"$f"
            contents "$1" >expected
            head -c "$cut" saved >"$f"
            contents "$1" >got
            cmp expected got
            erg-analyze info --format json "$1" 2>log >i.json
            jq -e '[.files[0].losses[] | select(.what == "cut")] | length == 1' i.json
            grep -qF "${f#"$1"/}: the packet at byte $whole is not complete: $((cut - whole)) bytes" log
            [ "$(stat -c %s "$f")" -eq "$cut" ] # it is the user's
        done
        cp saved "$f"
    done
}

@test "a stream cut inside a packet is read up to it, and what is left out is said" {
    RANDOM=1815
    mktrace 150000 lttng.erg
    unpacked lttng
    contents lttng >whole
    cut_streams lttng 56
    contents lttng | cmp - whole
    awk 'BEGIN { print "time_s,VDD_IN [mW]"; for (i = 0; i < 40000; i++) printf "%.6f,%d\n", i / 1e4, 5000 + i % 7 }' >s.csv
    erg-record import --samples s.csv --sensor "kind=point window_s=0.0001 period_s=0.0001 lag_s=0" -o import.erg
    unpacked import
    cut_streams import 36
}

@test "a chunk with a stream cut inside a packet: info and verify tell, --strict exits 3" {
    mktrace 520000 one.erg chunk=250000
    unpacked one
    f=trace/0001/ust/uid/0/64-bit/layers_0
    truncate -s $(($(stat -c %s one/$f) / 2 + 7)) one/$f
    "$ERG_BUILD/tests/tools/erg-pack" one cut.erg
    erg-analyze layers --jobs 1 --rounds 50 --format json cut.erg >one.json 2>log
    erg-analyze layers --jobs 2 --rounds 50 --format json cut.erg 2>/dev/null | cmp - one.json
    grep -q "$f: the packet at byte" log
    jq -e '.warnings[] | select(.code == "cut")' one.json
    run erg-analyze info --strict cut.erg
    [ "$status" -eq 3 ]
    [[ "$output" == *"an unknown number in 1 of them"* ]]
    erg-analyze info --format json cut.erg 2>/dev/null | jq -e '.files[0].layer_events > 420000'
    run erg-analyze verify cut.erg
    [ "$status" -eq 1 ]
    [[ "$output" == *"cut.erg: $f: the packet at byte"* ]]
}

@test "a damaged event costs the rest of its stream" {
    mktrace 300000 one.erg
    unpacked one
    f=one/trace/0000/ust/uid/0/64-bit/layers_0
    RANDOM=3
    for _ in {1..64}; do printf "\\x$(printf %x $((RANDOM % 256)))"; done | dd of=$f bs=1 seek=3000000 conv=notrunc status=none
    timeout 600 erg-analyze info --format json one >i.json 2>log
    jq -e '.files[0].layer_events > 200000' i.json
}

@test "hostile metadata neither hangs nor crashes" {
    mktrace 30000 one.erg
    unpacked one
    f=one/trace/0000/ust/uid/0/64-bit/metadata
    cp $f good
    awk 'BEGIN { print "/* CTF 1.8 */"; for (i = 0; i < 200000; i++) printf "struct { "; }' >$f
    run timeout 600 erg-analyze layers one
    [ "$status" -lt 2 ]
    sed 's/size = 64/size = 0/' good >$f
    run timeout 600 erg-analyze layers one
    [ "$status" -lt 2 ]
    sed 's/uint8_t __values_length; int64_t _values\[ __values_length \]/uint64_t __values_length; int64_t _values[ __values_length ]/' good >$f
    run timeout 600 erg-analyze layers one
    [ "$status" -lt 2 ]
    sed 's/_begin;/_other;/' good >$f
    run timeout 600 erg-analyze layers one
    [ "$status" -lt 2 ]
}

@test "a trace without our events says so" {
    mktrace 30000 one.erg
    unpacked one
    sed -i 's/ergtrace:/somebody:/' one/trace/0000/ust/uid/0/64-bit/metadata
    run erg-analyze info one
    [ "$status" -eq 0 ]
    [[ "$output" == *"no layer and no reading of ours"* ]]
    run erg-analyze layers one
    [ "$status" -lt 2 ]
    [[ "$output" == *"no "* ]]
}

@test "a run without power has times, and energies that are unresolved" {
    skip_without page
    # no import: that refuses a log without power
    mkdir -p sys/class/thermal/thermal_zone0
    echo soc >sys/class/thermal/thermal_zone0/type
    echo 40000 >sys/class/thermal/thermal_zone0/temp
    instance="begin:a sleep:500 end:a"
    erg-record --quiet --sysfs sys -s thermal -o run.erg -- "$ERG_BUILD/tests/trace/trace-app" network:net layer:a \
        $instance $instance $instance $instance
    erg-analyze layers --format json run.erg >l.json 2>log
    jq -e '.runs[0].layers[0] | .energy_j.value == null and .energy_j.method == "unresolved" and
        .calls == 4 and .time_s.value > 1.999' l.json
    grep -q "no rail's power" log
    for verb in layers totals; do
        run erg-analyze $verb run.erg
        [ "$status" -eq 0 ]
        [[ "$output" == *"no rail's power was recorded"* ]]
        run ! grep -E '[0-9] [num]?[JW]( |$)' <<<"$output"
    done
    run erg-analyze layers --strict run.erg
    [ "$status" -eq 3 ]
    run erg-analyze report run.erg -o r.html
    [ "$status" -lt 2 ]
}

# Folders of unpacked chunks of process $1.
leftovers() {
    ls -d /dev/shm/erg-analyze-"$1"-* "${TMPDIR:-/tmp}"/erg-analyze-"$1"-* 2>/dev/null
}

clean() { [ -z "$(leftovers "$1")" ]; }
begun() { ! clean "$1" || gone "$1"; }

@test "nothing is left behind by a run that ends, is interrupted, or is killed" {
    mktrace 1300000 big.erg
    for signal in INT TERM KILL; do
        erg-analyze info --no-cache big.erg >/dev/null 2>&1 &
        pid=$!
        await begun $pid
        kill -$signal $pid || : # it may be faster
        wait $pid || :
        await clean $pid
    done
    erg-analyze info --no-cache big.erg >/dev/null 2>&1 &
    pid=$!
    wait $pid
    [ -z "$(leftovers $pid)" ]
}

@test "a full disk and a closed pipe are failures with a reason" {
    make_run
    run sh -c 'erg-analyze layers run.erg >/dev/full'
    [ "$status" -eq 1 ]
    [[ "$output" == *"standard output"* ]]
    run sh -c 'erg-analyze layers run.erg | true'
    [ "$status" -eq 0 ]
    for args in --help --version "layers --help"; do
        run -1 bash -c "erg-analyze $args >/dev/full"
        [ "$output" = "erg-analyze: standard output: No space left on device" ]
        # a pipe that nobody reads
        # shellcheck disable=SC2086
        run -1 python3 -c 'import os, sys
r, w = os.pipe()
os.close(r)
os.dup2(w, 1)
os.execvp(sys.argv[1], sys.argv[1:])' erg-analyze $args
        [ -z "$output" ]
    done
}

@test "without a name it is the newest archive here; a long command line is cut" {
    skip_without page
    run erg-analyze totals
    [ "$status" -eq 2 ]
    [[ "$output" == *"expected an archive; this folder has none"* ]]
    printf 'time_s,P [W]\n0,1\n1,1\n2,1\n3,1\n' >s.csv
    erg-record import --samples s.csv -o z.erg 2>/dev/null
    erg-record import --samples s.csv -o a.erg 2>/dev/null
    touch -d '2020-01-01' z.erg
    run --separate-stderr erg-analyze info
    [ "$status" -eq 0 ]
    [[ "$stderr" == *"erg-analyze info: no archive named, taking the newest here: a.erg"* ]]
    touch -d '2040-01-01' z.erg
    run --separate-stderr erg-analyze totals
    [[ "$output" == "z.erg, "* ]]
    [[ "$stderr" == *"taking the newest here: z.erg"* ]]
    erg-analyze report -o newest.html 2>said
    grep -q '^erg-analyze report: no archive named, taking the newest here: z.erg$' said
    [ -s newest.html ]
    erg-analyze export --to csv -o newest.csv 2>said
    grep -q 'taking the newest here: z.erg$' said
    erg-analyze export --to csv z.erg -o named.csv
    cmp newest.csv named.csv
    erg-analyze export --to sqlite -o newest.db 2>/dev/null
    [ -s newest.db ]
    for verb in info verify layers totals report export; do
        erg-analyze $verb --help | tr '\n' ' ' | grep -q 'Without a FILE: the newest archive in this folder.'
    done
    skip_unless jq
    tar -xf a.erg
    jq --arg long "$(head -c 5000 /dev/zero | tr '\0' x)" '.command = ["sh", "-c", $long]' a/manifest.json >m
    mv m a/manifest.json
    run --separate-stderr erg-analyze info a
    [[ "$output" == *"sh -c xxx"*"x…   (cut; --format json has all 3 words)"* ]]
    [ "${#output}" -lt 4000 ]
}
