# erg-record import: power logs of other tools become archives.
# bats file_tags=offline
load helpers

pack() { "$ERG_BUILD/tests/tools/erg-pack" "$@"; }
manifest() { pack --manifest "$1" | jq -e "$2"; }
# The events of an archive as babeltrace2 prints them, with their times in ns.
events() {
    rm -rf "${1%.erg}"
    tar -xf "$1"
    babeltrace2 --clock-cycles "${1%.erg}/trace"
}
import() { erg-record import "$@"; }

# fails WORDS… -- ARGS…: exit status 1, the last line says all of the words, nothing is written.
fails() {
    local words=()
    while [ "$1" != -- ]; do words+=("$1"); shift; done
    shift
    rm -f out.erg
    run import "$@" -o out.erg
    echo "$output"
    [ "$status" -eq 1 ]
    for w in "${words[@]}"; do [[ ${lines[-1]} == *"$w"* ]]; done
    [ ! -e out.erg ]
    [ -z "$(ls -A | grep -E '\.part$|erg-import' || true)" ]
}

# warns WORDS… -- ARGS…: an archive is made, some line of stderr says all of the words.
warns() {
    local words=() found=1 line all
    while [ "$1" != -- ]; do words+=("$1"); shift; done
    shift
    run import "$@" -f -o out.erg
    echo "$output"
    [ "$status" -eq 0 ]
    for line in "${lines[@]}"; do
        all=1
        for w in "${words[@]}"; do [[ $line == *"$w"* ]] || all=0; done
        [ $all -eq 0 ] || found=0
    done
    return $found
}

test_setup() {
    awk 'BEGIN { print "time_s,VDD_IN [W],VDD_CPU [mW],pkg [J],cpu [degC]"
        for (i = 0; i < 300; i++) { e += 0.005 + i % 7 * 0.001
            printf "%.3f,%.3f,%d,%.6f,%.1f\n", i / 1000, 5 + i % 7, 700 + i * 37 % 101, e, 40 + i / 100 } }' >s.csv
    awk 'BEGIN { print "begin_s,end_s,layer,type,network,module,phase,macs,iteration,counter:instructions"
        for (i = 0; i < 10; i++) { t = i * 0.03
            printf "%.3f,%.3f,conv1,conv,net,stem,%s,1000,%d,%d\n", t, t + 0.01, i < 3 ? "warm-up" : "run", i, 50 + i
            printf "%.3f,%.3f,fc,fc,net,,%s,500,%d,\n", t + 0.01, t + 0.03, i < 3 ? "warm-up" : "run", i } }' >l.csv
}

@test "a log and its layers: readings, layers, phases, counters, tags" {
    import --samples s.csv --layers l.csv --tag heatsink=off --tag ambient_c=23.5 -o run.erg
    events run.erg >e
    [ "$(grep -c ergtrace:power_reading e)" -ge 300 ]
    grep 'ergtrace:power_reading' e | grep -q 'values = \[ \[0\] = 11000, \[1\] = '
    [ "$(grep -c ergtrace:layer_counted e)" -eq 20 ]
    grep -q 'layer_counted: { vpid = 2, vtid = 2 }, { id = 3, iteration = 9, begin = 270000000, .*deltas = \[ \[0\] = 59 \]' e
    grep -q 'layer_counted.*deltas = \[ \[0\] = -9223372036854775808 \]' e
    grep -q 'name = "conv1", type = "conv", network = "net", macs = 1000' e
    [ "$(grep -c 'ergtrace:phase_' e)" -eq 4 ]
    grep 'phase_end' e | head -1 | grep -q 'warm-up'
    manifest run.erg '.origin == "imported" and .simulated == false and .tags.heatsink == "off"
        and .tags.ambient_c == "23.5" and .import.samples.rows == 300'
    [ "$(manifest run.erg .import.samples.sha256)" = "\"$(sha256sum s.csv | cut -d' ' -f1)\"" ]
    (cd run && sha256sum -c SHA256SUMS)
}

@test "layers without counters are spans on tracks" {
    printf 'begin_s,end_s,layer,track\n0.01,0.02,a,gpu stream 0\n0.015,0.03,b,host\n' >l2.csv
    import --samples s.csv --layers l2.csv -o run.erg
    events run.erg >e
    grep -q 'track_define.*track = 1, name = "gpu stream 0", device = 1' e
    grep -q 'track_define.*track = 2, name = "host", device = 0' e
    grep -q 'layer_span.*id = 2, iteration = 0, begin = 15000000, end = 30000000, track = 2' e
}

@test "what comes next is said, as one can type it" {
    printf 'time_s,P [W]\n0,1\n1,1\n2,1\n' >s.csv
    printf 'begin_s,end_s,layer\n0,1,a\n1,2,b\n' >l.csv
    run -0 --separate-stderr import --samples s.csv -o "it's log.erg"
    [[ $stderr == "erg-record: it's log.erg: 3 readings of 1 channels over 2 s, 0 layers; next: erg-analyze totals 'it'\\''s log.erg'" ]]
    eval "${stderr##*next: }" >out 2>/dev/null
    run -0 --separate-stderr import --samples s.csv --layers l.csv -o both.erg
    [[ $stderr == *", 2 layers; next: erg-analyze layers both.erg" ]]
    run -0 --separate-stderr import --samples s.csv --onto both.erg -o onto.erg
    [[ $stderr == *"; next: erg-analyze layers onto.erg" ]]
}

@test "the same inputs give the same bytes" {
    import --samples s.csv --layers l.csv -o run.erg
    mv run.erg first.erg
    LC_ALL=C.UTF-8 import --samples s.csv --layers l.csv -o run.erg
    cmp first.erg run.erg
}

@test "an existing archive is kept unless forced" {
    echo mine >run.erg
    run import --samples s.csv -o run.erg
    [ "$status" -eq 1 ]
    [ "$(cat run.erg)" = mine ]
    import --samples s.csv -o run.erg --force
    pack --list run.erg
}

@test "sensor models: for all, by name, several words, assumed when nothing is said" {
    import --samples s.csv -o a.erg
    manifest a.erg '[.sources[].sensor | select(.kind == "boxcar")] | all(.provenance == "assumed" and .window_ns == 1000000)'
    manifest a.erg '.sources[] | select(.channels[0].rail == "pkg") | .sensor.kind == "counter"'
    import --samples s.csv --sensor kind=point window_s=0.00028 VDD_CPU:lag_s=0.005 VDD_IN:lsb=0.04 -o b.erg
    manifest b.erg '.sources[] | select(.channels[0].rail == "VDD_IN") |
        .sensor.kind == "point" and .sensor.window_ns == 280000 and .sensor.lag_ns == 0
        and .sensor.provenance == "datasheet" and .channels[0].lsb == 40'
    manifest b.erg '.sources[] | select(.channels[0].rail == "VDD_CPU") | .sensor.lag_ns == 5000000'
    manifest b.erg '.sources[] | select(.class == "thermal") | .sensor.provenance == "assumed"'
    import --samples s.csv --sensor VDD_IN:alpha=0.25,period_s=0.001 VDD_CPU:parent=VDD_IN -o c.erg
    manifest c.erg '.sources[] | select(.channels[0].rail == "VDD_IN") | .sensor.kind == "ema" and .sensor.alpha == 0.25'
    manifest c.erg '[.sources[].channels[] | select(.rail == "VDD_CPU")][0].parent == "VDD_IN"'
}

@test "wrong sensor settings are refused" {
    for bad in colour=red kind=round alpha=2 window_s=-1 window_s=x kind; do
        run import --samples s.csv --sensor "$bad" -o out.erg
        [ "$status" -eq 2 ]
        [[ $output == *"--sensor: '$bad'"* ]]
    done
    fails 'pkg:kind=boxcar' 'contradicts the unit [J]' -- --samples s.csv --sensor pkg:kind=boxcar
    fails 'VDD_IN:kind=counter' 'contradicts' -- --samples s.csv --sensor VDD_IN:kind=counter
    fails 'NOSUCH' 'no channel' -- --samples s.csv --sensor NOSUCH:lag_s=1
    fails 'needs alpha' -- --samples s.csv --sensor kind=ema
}

@test "stale readings are found and their period measured" {
    awk 'BEGIN { srand(7); print "time_s,A [W],B [W]"
        for (i = 0; i < 3000; i++) { t = i * 0.01 + rand() * 0.001; k = int((t + 0.03) / 0.1037)
            if (k != last) { v = 5 + rand(); last = k }
            printf "%.6f,%.4f,%.4f\n", t, v, 3 + rand() } }' >stale.csv
    warns 'A' 'changes every 0.103' -- --samples stale.csv
    manifest out.erg '.import.stale | length == 1 and .[0].rail == "A" and .[0].period_ns > 103600000 and .[0].period_ns < 103800000'
    manifest out.erg '.sources[] | select(.channels[0].rail == "A") | .sensor.provenance == "measured"'
    manifest out.erg '.sources[] | select(.channels[0].rail == "B") | .sensor.provenance == "assumed"'
}

@test "a power that is constant during each layer is not taken for a stale meter" {
    awk 'BEGIN { print "time_s,A [W]"
        for (i = 0; i < 2000; i++) printf "%.3f,%d\n", i / 1000, int(i / 50) % 2 ? 9 : 5 }' >c.csv
    awk 'BEGIN { print "begin_s,end_s,layer"
        for (i = 0; i < 40; i++) printf "%.3f,%.3f,%s\n", i / 20, (i + 1) / 20, i % 2 ? "b" : "a" }' >cl.csv
    import --samples c.csv --layers cl.csv -o run.erg
    manifest run.erg '.import.stale == []'
}

@test "times that go back: a little is put in order, a lot is an error with the line" {
    { head -11 s.csv; sed -n 13p s.csv; sed -n 12p s.csv; tail -n +14 s.csv; } >swapped.csv
    warns 'swapped.csv: line 13' 'put in order' -- --samples swapped.csv
    events out.erg >e
    [ "$(grep -c ergtrace:thermal_reading e)" -eq 300 ]
    { cat s.csv; tail -n +2 s.csv; } >twice.csv
    fails 'twice.csv: line' 'goes back' -- --samples twice.csv
    { cat s.csv; tail -1 s.csv; } >same.csv
    warns 'same.csv: line 302' 'same time' -- --samples same.csv
}

@test "gaps are found and told" {
    { head -101 s.csv; tail -n +202 s.csv; } >gap.csv
    warns 'gap.csv: line 102' 'no reading for 0.101 s' -- --samples gap.csv
    manifest out.erg '.import.gaps == [{"begin_ns": 99000000, "end_ns": 200000000}]'
}

@test "energy counters that wrap or are reset" {
    awk 'BEGIN { print "time_s,e [uJ]"; for (i = 0; i < 100; i++) printf "%d,%.0f\n", i, (4294000000 + i * 50000) % 4294967296 }' >wrap.csv
    warns 'wrap.csv: line' 'wrapped, 1 times' -- --samples wrap.csv
    events out.erg | grep -q 'values = \[ \[0\] = 4298950000 \]'
    awk 'BEGIN { print "time_s,e [J]"; for (i = 0; i < 100; i++) printf "%d,%d\n", i, (i * 5) % 300 }' >reset.csv
    warns 'reset.csv: line 62' 'reset, 1 times' -- --samples reset.csv
    events out.erg | grep -A1 'values = \[ \[0\] = 295 \]' | grep -q 'values = \[ \[0\] = 294 \]'
    # 5 W; a second that nobody knows, which counts as the rest
    erg-analyze totals --format json out.erg 2>log |
        jq -e '.runs[0].phases[0] | (.ets_j.value - 495 | fabs) < 1e-6 and (.coverage * .time_s - 98 | fabs) < 1e-6'
    grep -q 'gaps' log
    # 5 J a second; from 2250 J to 250 J in one would be a wrap at 2.3 kW
    awk 'BEGIN { print "time_s,e [uJ]"; for (i = 0; i < 100; i++) printf "%d,%.0f\n", i, (i < 50 ? 2e9 : 0) + i * 5e6 }' >half.csv
    warns 'half.csv: line 52' 'reset, 1 times' -- --samples half.csv --sensor e:wrap=4294.967296
    warns 'wrapped, 1 times' -- --samples reset.csv --sensor e:wrap=300
    events out.erg | grep -q 'values = \[ \[0\] = 495 \]'
}

@test "negative and absurd values" {
    sed '10s/,[0-9.]*,/,-0.5,/' s.csv >negative.csv
    warns 'negative.csv: line 10' 'VDD_IN' 'negative' -- --samples negative.csv
    run import --samples negative.csv --strict -f -o out.erg; [ "$status" -eq 3 ]; [ -e out.erg ]
    # of one load both: its power and its energy
    run import --samples s.csv --sensor pkg:parent=VDD_IN --sensor VDD_CPU:parent=VDD_IN --strict -f -o out.erg; [ "$status" -eq 0 ]
    sed '10s/,[0-9.]*,/,99999999999,/' s.csv >absurd.csv
    warns 'absurd.csv: line 10' 'VDD_IN' 'left out' -- --samples absurd.csv
    events out.erg | grep -q -- '-9223372036854775808'
}

@test "bad tables are refused with file, line and expectation" {
    fails 'nosuch.csv' 'No such file' -- --samples nosuch.csv
    : >e.csv
    fails 'e.csv' 'empty' -- --samples e.csv
    echo 'time_s,A [W]' >e.csv
    fails 'e.csv' 'no reading' -- --samples e.csv
    printf 't,A [W]\n0,1\n' >e.csv
    fails 'e.csv' "'t'" 'time_s or time_ns' -- --samples e.csv
    printf 'time_s,A\n0,1\n' >e.csv
    fails "column 'A'" 'unit' -- --samples e.csv
    printf 'time_s,A [furlong]\n0,1\n' >e.csv
    fails "furlong" 'mW' -- --samples e.csv
    printf 'time_s,A [W],A [mW]\n0,1,2\n' >e.csv
    fails 'two columns' "'A'" -- --samples e.csv
    printf 'time_s,A [W]\n0,1\n1,two\n' >e.csv
    fails 'e.csv: line 3' "'two'" -- --samples e.csv
    printf 'time_s,A [W]\n0,1\n1\n' >e.csv
    fails 'e.csv: line 3' -- --samples e.csv
    printf 'time_s,A energy [W]\n0,1\n1,2\n' >e.csv
    warns 'A energy' 'the unit says power' -- --samples e.csv
}

@test "the readings of an import from before them mean the same" {
    cp "$ERG_SRC/tests/golden/archive/read/v1-samples.erg" .
    [ "$(events v1-samples.erg | grep -c _sample:)" -eq 900 ]
    sed -i '100s/,[^,]*$/,/; 200s/,[^,]*,/,,/' s.csv
    # that its steps are rounded was not asked then
    import --samples s.csv --layers l.csv --tag golden=v1 --sensor VDD_IN:lsb=1 --sensor VDD_CPU:lsb=1 -o new.erg
    [ "$(events new.erg | grep -c _reading:)" -eq 900 ]
    for file in v1-samples new; do
        for rail in VDD_IN VDD_CPU pkg; do
            erg-analyze layers --format json --rail $rail $file.erg
            erg-analyze export --to csv --rail $rail $file.erg -o $file.csv
            cat $file.csv
        done >$file.raw 2>/dev/null
        # but for what missing readings leave in doubt, which is in the new one's intervals
        sed "s/$file/FILE/; /^ *\"\(lo\|hi\|syst\)\": /d" $file.raw >$file.all
    done
    grep -c power_w new.all
    diff v1-samples.all new.all
}

@test "one sample only, missing cells, negative times" {
    printf 'time_s,A [W]\n0,1\n' >one.csv
    warns 'one.csv: line 2' 'one row only' -- --samples one.csv
    printf 'time_s,A [W],B [V]\n-2,1,\n-1,,5\n0,nan,6\n1,2,N/A\n' >m.csv
    warns '' -- --samples m.csv
    manifest out.erg '.import.origin_ns == -2000000000'
    events out.erg | grep -c power_reading | grep -qx 4
}

@test "layers that cannot be are left out with their line; the rest is kept" {
    printf 'begin_s,end_s,layer\n0.00,0.10,a\n0.20,0.15,b\n0.05,0.12,c\n0.12,0.20,d\n0.13,0.14,e\n' >bad.csv
    warns 'bad.csv: line 3' 'ends before it begins' -- --samples s.csv --layers bad.csv
    warns 'bad.csv: line 4' "'c' overlaps 'a' of line 2" -- --samples s.csv --layers bad.csv
    events out.erg >e
    [ "$(grep -c layer_span e)" -eq 3 ]
    printf 'begin_s,end_s,layer\n0.2,0.1,a\n' >bad.csv
    fails 'bad.csv' 'no layer' -- --samples s.csv --layers bad.csv
    printf 'begin_s,layer\n0.2,a\n' >bad.csv
    fails "no column 'end_s'" -- --samples s.csv --layers bad.csv
    printf 'begin_s,end_s,layer,iteration\n0.1,0.2,a,-1\n' >bad.csv
    fails 'line 2' 'iteration' -- --samples s.csv --layers bad.csv
    printf 'begin_s,end_s,layer\n0.1,0.2,\n' >bad.csv
    fails 'bad.csv: line 2' 'no name' -- --samples s.csv --layers bad.csv
    cp bad.csv l
    fails 'l: line 2: the layer has no name' -- --samples s.csv --layers l
    printf 'begin_s,end_s,layer\n5,6,a\n' >bad.csv
    fails 'bad.csv: line 2' 'outside the time of the readings' 'time-offset' -- --samples s.csv --layers bad.csv
    printf 'begin_s,end_s,layer\n0.1,0.2,a\n0.2,0.3,b\n5,5.05,a\n' >bad.csv
    warns 'bad.csv: line 4' 'outside the time of the readings' '1 of 3' -- --samples s.csv --layers bad.csv
}

@test "wrong usage is exit status 2" {
    run import --samples s.csv; [ "$status" -eq 2 ]
    run import -o x.erg; [ "$status" -eq 2 ]
    run import --samples s.csv --from nosuch -o x.erg; [ "$status" -eq 2 ]
    run import --samples s.csv --tag novalue -o x.erg; [ "$status" -eq 2 ]
    run import --samples s.csv word -o x.erg; [ "$status" -eq 2 ]
    run import --nosuch; [ "$status" -eq 2 ]
    run import --help; [ "$status" -eq 0 ]; [[ $output == *--samples* ]]
}

@test "tegrastats: TX1 of 2015 without power, TX1, Xavier and Orin with power" {
    cat >tx1-old.log <<'X'
RAM 2084/3994MB (lfb 20x4MB) SWAP 0/0MB (cached 0MB) cpu [0%,10%,off,5%]@518 EMC 3%@408 APE 25 GR3D 7%@76
RAM 2085/3994MB (lfb 20x4MB) SWAP 0/0MB (cached 0MB) cpu [1%,10%,off,5%]@518 EMC 3%@408 APE 25 GR3D 8%@76
X
    fails 'no reading of power or energy' -- --from tegrastats --samples tx1-old.log
    sed -i 's/$/ POM_5V_IN 2000\/2000/' tx1-old.log
    import --from tegrastats --samples tx1-old.log --interval 0.5 -o a.erg
    manifest a.erg '[.sources[].channels[] | select(.quantity == "utilization") | .rail] == ["cpu0", "cpu1", "cpu3", "EMC", "GR3D"]'
    events a.erg | grep 'utilization_reading' | tail -1 | grep -q '^\[0*500000000\] .*\[0\] = 1, .*\[4\] = 8 \]'
    cat >tx1.log <<'X'
RAM 1903/3995MB (lfb 1x1MB) CPU [2%@1036,0%@1036,off,1%@1036] BCPU@45C GPU@43C Tdiode@42.75C VDD_IN 3203/3100 VDD_CPU 534/500 VDD_GPU 152/150 VDD_WIFI 0/0
RAM 1903/3995MB (lfb 1x1MB) CPU [2%@1036,0%@1036,off,1%@1036] BCPU@45C GPU@43C Tdiode@42.75C VDD_IN 3303/3100 VDD_CPU 544/500 VDD_GPU 152/150 VDD_WIFI 0/0
X
    import --from tegrastats --samples tx1.log -o b.erg
    events b.erg | grep power_reading | head -1 | grep -q '\[0\] = 3203, \[1\] = 534, \[2\] = 152, \[3\] = 0 \]'
    manifest b.erg '[.sources[].channels[] | select(.quantity == "power") | .parent] == ["", "VDD_IN", "VDD_IN", "VDD_IN"]'
    manifest b.erg '[.sources[].channels[] | select(.quantity == "temperature") | .rail] == ["BCPU", "GPU", "Tdiode"]'
    cat >xavier.log <<'X'
RAM 5059/30623MB (lfb 5843x4MB) SWAP 0/15311MB (cached 0MB) CPU [24%@1224,15%@1224,off,off] EMC_FREQ 0%@1600 GR3D_FREQ 0%@318 APE 150 MTS fg 0% bg 0% AO@33.5C GPU@34C GPU 310/310 CPU 931/931 SOC 1551/1551 CV 0/0 VDDRQ 155/155 SYS5V 1900/1900
RAM 5059/30623MB (lfb 5843x4MB) SWAP 0/15311MB (cached 0MB) CPU [24%@1224,15%@1224,off,off] EMC_FREQ 0%@1600 GR3D_FREQ 0%@318 APE 150 MTS fg 0% bg 0% AO@33.5C GPU@34C GPU 320/310 CPU 931/931 SOC 1551/1551 CV 0/0 VDDRQ 155/155 SYS5V 1900/1900
X
    import --from tegrastats --samples xavier.log -o c.erg
    manifest c.erg '[.sources[].channels[] | select(.quantity == "power") | .rail + .parent] == ["GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V"]'
    cat >orin.log <<'X'
12-23-2024 22:54:11 RAM 3162/7620MB (lfb 4x2MB) SWAP 0/3810MB (cached 0MB) CPU [1%@729,0%@729,off] EMC_FREQ 0%@2133 GR3D_FREQ 1%@[305,0] VIC_FREQ 115 APE 174 cpu@62.843C CV0@-256C tj@62.843C VDD_IN 3913mW/3922mW VDD_CPU_GPU_CV 598mW/598mW VDD_SOC 1238mW/1237mW
12-23-2024 22:54:11 RAM 3162/7620MB (lfb 4x2MB) SWAP 0/3810MB (cached 0MB) CPU [1%@729,0%@729,off] EMC_FREQ 0%@2133 GR3D_FREQ 1%@[306,0] VIC_FREQ 115 APE 174 cpu@62.9C CV0@-256C tj@62.9C VDD_IN 4913mW/3922mW VDD_CPU_GPU_CV 598mW/598mW VDD_SOC 1238mW/1237mW
12-23-2024 22:54:12 RAM 3162/7620MB (lfb 4x2MB) SWAP 0/3810MB (cached 0MB) CPU [1%@729,0%@729,off] EMC_FREQ 0%@2133 GR3D_FREQ 1%@[306,0] VIC_FREQ 115 APE 174 cpu@62.9C CV0@-256C tj@62.9C VDD_IN 5913mW/3922mW VDD_CPU_GPU_CV 598mW/598mW VDD_SOC 1238mW/1237mW
X
    import --from tegrastats --samples orin.log -o d.erg
    events d.erg >e
    grep power_reading e | sed -n 2p | grep -q "^\[0*$(date -u -d '2024-12-23 22:54:11.5' +%s%N)\] .*\[0\] = 4913"
    manifest d.erg '[.sources[].channels[] | select(.quantity == "temperature") | .rail] == ["cpu", "tj"]'
    fails 'no line of tegrastats' -- --from tegrastats --samples s.csv
}

@test "nvidia-smi: with units and without, several GPUs, what it cannot read" {
    cat >smi.csv <<'X'
timestamp, index, power.draw [W], utilization.gpu [%], temperature.gpu, clocks.current.sm [MHz]
2023/11/14 12:13:14.123, 0, 25.33 W, 5 %, 40, 1410 MHz
2023/11/14 12:13:14.123, 1, [N/A], 6 %, 41, 1420 MHz
2023/11/14 12:13:15.124, 0, 125.10 W, 95 %, 45, 1410 MHz
2023/11/14 12:13:15.124, 1, 30.00 W, 7 %, 41, 1420 MHz
X
    import --from nvidia-smi --samples smi.csv -o a.erg
    events a.erg >e
    grep power_reading e | head -1 | grep -q "^\[0*$(date -u -d '2023-11-14 12:13:14.123' +%s%N)\] .*\[0\] = 25330, \[1\] = -9223372036854775808 \]"
    grep power_reading e | tail -1 | grep -q '\[0\] = 125100, \[1\] = 30000 \]'
    manifest a.erg '[.sources[].channels[] | select(.quantity == "power") | .rail] == ["gpu0", "gpu1"]'
    sed 's/ W,/,/; s/ %,/,/; s/ MHz$//' smi.csv >nounits.csv
    import --from nvidia-smi --samples nounits.csv -o b.erg
    diff <(grep -o 'values.*' e) <(events b.erg | grep -o 'values.*')
    printf 'timestamp, power.draw [W]\nyesterday, 5 W\n' >bad.csv
    fails 'bad.csv: line 2' 'yesterday' -- --from nvidia-smi --samples bad.csv
    printf 'timestamp, power.draw [W]\n2023/11/14 12:13:14.123, 5 kW\n' >bad.csv
    fails 'bad.csv: line 2' 'unit W' -- --from nvidia-smi --samples bad.csv
    fails 'no column timestamp' -- --from nvidia-smi --samples s.csv
}

@test "ptdaemon: readings, marks as phases, what was not measured" {
    cat >spl.txt <<'X'
Time,11-14-2023 12:13:14.123,Watts,56.700000,Volts,229.900000,Amps,0.261000,PF,0.945000,Mark,notset
Time,11-14-2023 12:13:15.123,Watts,57.700000,Volts,229.800000,Amps,0.262000,PF,0.945000,Mark,run_ranging
Time,11-14-2023 12:13:16.123,Watts,58.700000,Volts,-1.000000,Amps,0.262000,PF,0.945000,Mark,run_ranging
Time,11-14-2023 12:13:17.123,Watts,59.700000,Volts,229.700000,Amps,0.262000,PF,0.945000,Mark,run_testing
Time,11-14-2023 12:13:18.123,Watts,60.700000,Volts,229.700000,Amps,0.262000,PF,0.945000,Mark,run_testing
X
    import --from ptdaemon --samples spl.txt -o a.erg
    events a.erg >e
    [ "$(grep -c power_reading e)" -eq 5 ]
    grep power_reading e | sed -n 3p | grep -q '\[0\] = 58700000, \[1\] = -9223372036854775808, \[2\] = 262000 \]'
    grep phase_begin e | head -1 | grep -q 'run_ranging'
    [ "$(grep -c phase_ e)" -eq 4 ]
    fails 'no line' 'PTDaemon' -- --from ptdaemon --samples s.csv
}

# truth ARGS…: imports S.csv and L.csv with ARGS and compares every layer's energy and the total
# with the truth that truth.awk computed: 1.5 % and 0.5 %.
truth() {
    import --samples S.csv --layers L.csv "$@" -f -o truth.erg
    erg-analyze verify truth.erg
    erg-analyze layers truth.erg --format json >r.json
    jq -r '.runs[0] | (.layers[] | "\(.name) \(.energy_j.value)"), "total \(.ets_j.value)"' r.json >got
    awk 'NR == FNR { want[$1] = $2; next }
        $1 in want { seen++; d = $2 / want[$1] - 1; if (d < 0) d = -d
            if (d > ($1 == "total" ? 0.005 : 0.015)) { print $1, $2, want[$1]; bad = 1 } }
        END { exit bad || seen != 6 }' want got
}

@test "the truth of a generated log is found again: layers of 0.7 to 4 ms, read every 10 ms" {
    gen() { awk -v seed=3 -v T=60 -v H=0.01 -v W=0.01 -v L=L.csv -v S=S.csv "$@" -f "$BATS_TEST_DIRNAME/truth.awk" >want; }
    gen
    truth --sensor kind=boxcar window_s=0.01
    truth
    gen -v counter=1
    truth
}

importing() { ls -A | grep -q erg-import; }

@test "an interrupted import leaves nothing" {
    awk 'BEGIN { print "time_s,A [W]"; for (i = 0; i < 2000000; i++) printf "%.4f,%d\n", i / 1000, i % 97 }' >long.csv
    erg-record import --samples long.csv -o long.erg 2>err &
    pid=$!
    await importing
    kill -TERM $pid
    if wait $pid; then status=0; else status=$?; fi
    [ "$status" -eq 1 ]
    [ ! -e long.erg ]
    [ -z "$(ls -A | grep -E '\.part$|erg-import' || true)" ]
    grep -q interrupted err
}

@test "layers of one stretch lie inside each other in the order of their lines, beside those of another track" {
    awk 'BEGIN { print "time_s,P [W]"; srand(2); for (i = 0; i <= 1000; i++) printf "%.2f,%.3f\n", i / 100, (i % 100 < 50 ? 10 : 4) + rand() * .1 }' >p.csv
    awk 'BEGIN { print "begin_s,end_s,layer,track"; for (i = 0; i < 10; i++)
        printf "%d,%.1f,outer,a\n%d,%.1f,middle,a\n%d,%.1f,inner,a\n", i, i + .5, i, i + .5, i, i + .5 }' >l.csv
    import --samples p.csv --layers l.csv -o run.erg
    erg-analyze layers --format json run.erg 2>/dev/null >o.json
    jq -e '.runs[0].layers | map({(.name): .time_s.value}) | add | .inner > 4.9 and .outer == 0 and .middle == 0' o.json
    jq -e '.runs[0].layers[] | select(.name == "inner").energy_j.value | . > 49 and . < 52' o.json
    awk -F, -v OFS=, '{ print } NR > 1 && $3 == "outer" { $4 = "b"; $3 = "beside"; print }' l.csv >b.csv
    import --samples p.csv --layers b.csv -f -o run.erg
    # at the same times always: nothing tells one from the other, and each has half of the time
    erg-analyze layers --format json run.erg 2>/dev/null | jq -e '.runs[0].layers | map({(.name): .}) | add |
        .outer.time_s.value == 0 and ([.inner, .beside] | map(select(.)) | length == 1 and (.[0] |
            ([.name] + .merged_with | sort) == ["beside", "inner"] and (.time_s.value - 5 | fabs < 0.01) and
            .energy_j.value > 49 and .energy_j.value < 52))'
}
