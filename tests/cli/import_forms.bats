# erg-record import: the forms of power logs and of layers that other tools write, each with joules
# bats file_tags=offline
# that awk computes from the same numbers.
load helpers

import() { erg-record import "$@"; }
# joules ARCHIVE [RAIL]: of its whole time.
joules() { erg-analyze totals --format json ${2:+--rail "$2"} "$1" 2>/dev/null | jq '.runs[0].phases[] | select(.name == "run").ets_j.value'; }
# near A B [FRACTION]: A is B to that fraction (0.004).
near() { awk -v a="$1" -v b="$2" -v f="${3:-0.004}" 'BEGIN { d = a - b; if (d < 0) d = -d; if (d > f * (b < 0 ? -b : b)) { print a " is not " b; exit 1 } }'; }
# sum SEPARATOR TIME-FIELD SCALE POWER-FIELD FILE: the means since the last reading, in J.
sum() { awk -F"$1" -v t="$2" -v s="$3" -v p="$4" '$t + 0 == $t || $t ~ /^-?[0-9.e-]+$/ { if (n++) e += ($t - before) * s * $p; before = $t } END { printf "%.9g\n", e }' "$5"; }
# fails WORDS… -- ARGS…: exit status 1, one line that says all of the words, nothing written.
fails() {
    local words=() w
    while [ "$1" != -- ]; do words+=("$1"); shift; done
    shift
    rm -f out.erg
    run import "$@" -o out.erg
    echo "$output"
    [ "$status" -eq 1 ]
    for w in "${words[@]}"; do [[ ${lines[-1]} == *"$w"* ]]; done
    [ ! -e out.erg ]
}
# warns WORDS… -- ARGS…: an archive is made, stderr says all of the words.
warns() {
    local words=() w
    while [ "$1" != -- ]; do words+=("$1"); shift; done
    shift
    run import "$@" -f -o out.erg
    echo "$output"
    [ "$status" -eq 0 ]
    for w in "${words[@]}"; do [[ $output == *"$w"* ]]; done
}
# A load that changes every 20 rows, W.
LOAD='function watts(i) { return 3 + int(i / 20) % 3 * 2.5 + i % 7 * 0.01 }'

# ---- columns that the person names ----

@test "columns: Joulescope" {
    awk "$LOAD"'BEGIN { print "#time,current,voltage,power,charge,energy"
        for (i = 0; i < 400; i++) { w = watts(i); e += w / 2
            printf "%.1f,%.6g,%.5g,%.6g,0,%.6g\n", i / 2, w / 5, 5, w, e } }' >js.csv
    import --samples js.csv --time time:s --column power=W -o p.erg
    near "$(joules p.erg)" "$(sum , 1 1 4 js.csv)"
    import --samples js.csv --time '#time:s' --column energy=J -o e.erg
    near "$(joules e.erg)" "$(awk -F, 'NR == 2 { a = $6 } END { print $6 - a }' js.csv)" 1e-6
}

@test "columns: Otii, power, or current and voltage of one rail" {
    awk "$LOAD"'BEGIN { print "\"Timestamp\",\"Main current (A)\",\"Main voltage (V)\""
        for (i = 0; i < 400; i++) printf "%.6f,%.6f,%.6f\n", i / 100, watts(i) / 1000 / 3.7, 3.7 }' >otii.csv
    import --samples otii.csv --time Timestamp:s --column 'Main current (A)=A:main' \
        --column 'Main voltage (V)=V:main' -o o.erg
    near "$(joules o.erg)" "$(awk -F, 'NR > 1 { if (n++) e += ($1 - t) * $2 * $3; t = $1 } END { print e }' otii.csv)"
}

@test "columns: PPK2, a current at a supply voltage" {
    awk "$LOAD"'BEGIN { print "Timestamp(ms),Current(uA),D0,D1,D2,D3,D4,D5,D6,D7"
        for (i = 0; i < 1000; i++) printf "%.2f,%.3f,0,0,0,0,0,0,0,0\n", i / 100, watts(i) * 1000 }' >ppk2.csv
    import --samples ppk2.csv --time 'Timestamp(ms)' --column 'Current(uA)=uA*3.3V' -o p.erg
    near "$(joules p.erg)" "$(awk -v e="$(sum , 1 0.001 2 ppk2.csv)" 'BEGIN { print e * 3.3e-6 }')"
    run import --samples ppk2.csv --time 'Timestamp(ms)' --column 'Current(uA)=uA*V' -f -o p.erg
    [ "$status" -eq 2 ]
}

@test "columns: PowerJoular, dates" {
    awk "$LOAD"'BEGIN { print "Date,CPU Utilization,Total Power,CPU Power,GPU Power"
        for (i = 0; i < 300; i++) printf "2025-02-14 14:%02d:%02d,0.12,%.2f,%.2f,0.0\n", 30 + i / 60, i % 60, watts(i), watts(i) }' >pj.csv
    import --samples pj.csv --time Date --column 'Total Power=W' -o p.erg
    near "$(joules p.erg)" "$(awk -F, 'NR > 2 { e += $3 } END { print e }' pj.csv)"
    import --samples pj.csv --time Date:iso --column 'Total Power=W' --column 'CPU Utilization=%:cpu' -f -o p.erg
    near "$(joules p.erg 'Total Power')" "$(awk -F, 'NR > 2 { e += $3 } END { print e }' pj.csv)"
}

@test "columns: Power Gadget, whose file ends with words" {
    { echo 'System Time,RDTSC,Elapsed Time (sec),CPU Utilization(%),Processor Power_0(Watt),Cumulative Processor Energy_0(Joules),Cumulative Processor Energy_0(mWh)'
        awk "$LOAD"'BEGIN { for (i = 1; i <= 300; i++) { w = watts(i); e += w / 10
            printf "10:33:%02d:%03d,%d,%.3f,12.000,%.3f,%.3f,%.3f\n", i / 10, i % 10 * 100, i * 240000000, i / 10, w, e, e / 3.6 } }'
        printf '\nTotal Elapsed Time (sec) = 30.000000\nMeasured RDTSC Frequency (GHz) = 2.400\n'
        echo 'Cumulative Processor Energy_0 (Joules) = 123.4'; } >pg.csv
    warns "pg.csv: line 303: 'Total Elapsed Time" '3 such lines' -- --samples pg.csv \
        --time 'Elapsed Time (sec)' --column 'Cumulative Processor Energy_0(Joules)=J'
    near "$(joules out.erg)" "$(awk -F, 'NR == 2 { a = $6 } NF == 7 { b = $6 } END { print b - a }' pg.csv)" 1e-6
    import --samples pg.csv --time 'Elapsed Time (sec)' --column 'Processor Power_0(Watt)=W' -f -o p.erg
    near "$(joules p.erg)" "$(awk -F, 'NR > 2 && NF == 7 { e += $5 / 10 } END { print e }' pg.csv)"
}

@test "columns: EnergiBridge, ms since 1970" {
    awk "$LOAD"'BEGIN { print "Delta,Time,CPU_FREQUENCY_0,CPU_USAGE_0,DRAM_ENERGY (J),PACKAGE_ENERGY (J)"
        for (i = 0; i < 300; i++) { e += watts(i) * 0.1; printf "100,%.0f,2400,3.5,%.6f,%.6f\n", 1700000000123 + i * 100, e / 10, 5000 + e } }' >eb.csv
    import --samples eb.csv --time Time --column 'PACKAGE_ENERGY (J)=J' -o e.erg
    near "$(joules e.erg)" "$(awk -F, 'NR == 2 { a = $6 } END { print $6 - a }' eb.csv)" 1e-6
    [ "$(erg-analyze totals --format json e.erg | jq '.runs[0].phases[-1].time_s * 1000 | round')" -eq 29900 ]
}

@test "columns: turbostat, blanks, a repeated header, a summary row and rows of CPUs" {
    awk "$LOAD"'BEGIN { for (i = 0; i < 300; i++) { if (i % 50 == 0) print "Time_Of_Day_Seconds\tCore\tCPU\tBusy%\tPkgWatt\tRAMWatt"
        printf "%.6f\t-\t-\t3.10\t%.2f\t1.20\n", 1700000000 + i, watts(i)
        for (c = 0; c < 2; c++) printf "%.6f\t%d\t%d\t3.10%s\n", 1700000000 + i, c, c, c ? "" : sprintf("\t%.2f\t1.20", watts(i)) } }' >ts.txt
    warns '5 times more' -- --samples ts.txt --time Time_Of_Day_Seconds --column PkgWatt=W --where Core=-
    near "$(joules out.erg)" "$(awk '$2 == "-" { if (n++) e += $5 } END { print e }' ts.txt)"
    tr '\t' ' ' <ts.txt >blanks.txt
    import --samples blanks.txt --time Time_Of_Day_Seconds:epoch --column PkgWatt=W --where Core=- -f -o b.erg
    near "$(joules b.erg)" "$(joules out.erg)" 1e-9
}

@test "columns: Yokogawa, lines before the header, semicolons, decimal commas, no times" {
    { printf 'Model;WT310E\nSerial;C2PH13047V\nUpdate Rate;250ms\n\nStore No.;U-1;I-1;P-1\n'
        awk "$LOAD"'BEGIN { for (i = 0; i < 400; i++) { s = sprintf("%d;230.12;0.0214;%.3fE+00", i, watts(i)); gsub(/\./, ",", s); print s } }'; } >wt.csv
    import --samples wt.csv --column P-1=W --interval 0.25 -o w.erg
    near "$(joules w.erg)" "$(awk -F';' 'NF == 4 && $1 ~ /^[0-9]/ { gsub(",", "."); if (n++) e += $4 / 4 } END { print e }' wt.csv)"
}

@test "columns: what is not understood is refused with file, line and expectation" {
    printf 'time,P\n0,1\n1,2\n2,3\n' >t.csv
    fails 't.csv' "no column 'Q'" 'there are: time, P' -- --samples t.csv --time time:s --column Q=W
    fails 't.csv' "a cell 'x'" -- --samples t.csv --time x:s --column y=W
    fails 't.csv: line 2' "'time:s', :ms" -- --samples t.csv --time time --column P=W
    fails '--time' -- --samples t.csv --column P=W
    fails '--column' -- --samples t.csv --time time:s
    fails 'two columns give' 'NAME=UNIT:RAIL' -- --samples t.csv --time time:s --column P=W:a --column time=W:a
    fails 'no row' -- --samples t.csv --time time:s --column P=W --where P=7
    printf 'time,P\n0,one\n1,two\n2,three\n' >w.csv
    fails 'w.csv: line 2' "'0,one' is not understood" -- --samples w.csv --time time:s --column P=W
    printf 'time,P,Q\n0,1,\n1,2,\n2,3,N/A\n' >e.csv
    fails "column 'Q' has no reading" -- --samples e.csv --time time:s --column P=W --column Q=W
    : >empty.csv
    fails 'empty.csv' -- --samples empty.csv --time time:s --column P=W
    for bad in 'P=furlong' 'P' '=W' 'P=W:' 'P=W*3V'; do
        run import --samples t.csv --time time:s --column "$bad" -o out.erg
        [ "$status" -eq 2 ]
        [[ $output == *"--column: '$bad'"* ]]
    done
    run import --samples t.csv --from tegrastats --time time:s --column P=W -o out.erg
    [ "$status" -eq 2 ]
}

@test "columns: another program's lines, and a file that was cut" {
    awk "$LOAD"'BEGIN { print "t_ms,P"; for (i = 0; i < 100; i++) { printf "%d,%.3f W\n", i * 100, watts(i)
        if (i % 10 == 3) print "Epoch " i "/10" } }' >f.csv
    warns "f.csv: line 6: 'Epoch 3/10' is not understood; 10 such lines" -- --samples f.csv --time t_ms --column P=W
    near "$(joules out.erg)" "$(awk -F'[, ]' '$3 == "W" { if (n++) e += $2 / 10 } END { print e }' f.csv)"
    head -c -5 f.csv >cut.csv
    warns 'cut.csv: line 111' 'no end' -- --samples cut.csv --time t_ms --column P=W
    iconv -t UTF-16 f.csv >wide.csv
    import --samples wide.csv --time t_ms --column P=W -f -o w.erg
    import --samples f.csv --time t_ms --column P=W -f -o f.erg
    [ "$(joules w.erg)" = "$(joules f.erg)" ]
}

@test "columns: two devices in one file are no one device" {
    printf 'time,gpu,P\n' >two.csv
    awk 'BEGIN { for (i = 0; i < 100; i++) for (g = 0; g < 2; g++) printf "%d,%d,%d\n", i, g, 10 + g * 90 }' >>two.csv
    import --samples two.csv --time time:s --column P=W --where gpu=1 -f -o one.erg
    near "$(joules one.erg)" 9900 1e-6
}

# ---- perf stat -I ----

# perf_log FORM: 300 intervals of nearly a second of two sockets and another event, and their joules.
perf_log() {
    awk -v form="$1" "$LOAD"'BEGIN { print "# started on Mon Feb 17 10:00:00 2025\n"
        for (i = 1; i <= 300; i++) { t = sprintf("%.9f", i * 1.0001 + i % 3 * 0.00001); w = watts(i)
            for (s = 0; s < 2; s++) { j = sprintf("%.2f", w * (s + 1))
                if (form == "csv") printf "     %s,S%d,1,%s,Joules,power/energy-pkg/,1000107573,100.00,,\n", t, s, j
                if (form == "semicolon") printf "     %s;S%d;1;%s;Joules;power/energy-pkg/;1000107573;100.00;;\n", t, s, j
                if (form == "text") printf "%15s S%d        1 %18s Joules power/energy-pkg/\n", t, s, j
                if (form == "json") printf "{\"interval\" : %s, \"socket\" : \"S%d\", \"aggregate-number\" : 1, \"counter-value\" : \"%s0000\", \"unit\" : \"Joules\", \"event\" : \"power/energy-pkg/\", \"event-runtime\" : 1000107573, \"pcnt-running\" : 100.00, \"metric-value\" : \"0.000000\", \"metric-unit\" : \"(null)\"}\n", t, s, j }
            if (form == "csv") printf "     %s,S0,1,538913,,instructions,1000107573,100.00,,\n", t } }'
}

@test "perf stat -I: with -x, with another separator, with -j, as text" {
    perf_log csv >p.csv
    right=$(awk -F, '$2 == "S1" { e += $4 } END { print e }' p.csv)
    for form in csv semicolon json text; do
        perf_log $form >p.log
        import --from perf --samples p.log -f -o p.erg
        near "$(joules p.erg energy-pkg-S1)" "$right" 1e-9
        near "$(joules p.erg energy-pkg-S0)" "$(awk -v e="$right" 'BEGIN { print e / 2 }')" 1e-9
        [ "$(erg-analyze totals --format json p.erg | jq '.runs[0].phases[-1].time_s * 1e5 | round')" -eq 30003000 ]
    done
}

@test "perf stat -I: of the whole machine, cores within the package" {
    awk 'BEGIN { for (i = 1; i <= 50; i++) { printf "%.9f,5.00,Joules,power/energy-cores/,1,100.00,,\n%.9f,11.50,Joules,power/energy-pkg/,1,100.00,,\n", i, i } }' >p.csv
    import --from perf --samples p.csv -o p.erg
    near "$(joules p.erg energy-pkg)" 575 1e-9
    near "$(joules p.erg energy-cores)" 250 1e-9
    [ "$("$ERG_BUILD/tests/tools/erg-pack" --manifest p.erg | jq -r '.sources[].channels[] | select(.rail == "energy-cores").parent')" = energy-pkg ]
}

@test "perf stat -I: what was not counted is not known, and is not 0 J" {
    perf_log csv | grep -v S1 | sed '103s/,1,[0-9.]*,/,1,<not counted>,/' >p.csv
    grep -q 'not counted' p.csv
    warns '<not counted>' '1 values were not counted' -- --from perf --samples p.csv
    run erg-analyze totals out.erg
    [[ $output == *gap* || $output == *99.* ]]
    # the lost interval counts as the rest
    near "$(joules out.erg)" "$(perf_log csv | awk -F, '$2 == "S0" && /Joules/ { e += $4 } END { print e }')" 0.003
}

@test "perf stat -I: foreign lines, a cut end, duplicates, no joules, another form" {
    perf_log csv | sed '20i Epoch 3/10' >p.csv
    warns "p.csv: line 20: 'Epoch 3/10'" -- --from perf --samples p.csv
    near "$(joules out.erg energy-pkg-S1)" "$(awk -F, '$2 == "S1" { e += $4 } END { print e }' p.csv)" 1e-9
    perf_log csv | head -c -70 >cut.csv
    tail -c 20 cut.csv
    warns 'cut.csv' '1 such lines of' -- --from perf --samples cut.csv
    perf_log csv | sed 's/,S[01],1,/,/' >two.csv
    fails 'two.csv: line 4' 'second value' 'energy-pkg' 'per-socket' -- --from perf --samples two.csv
    printf '1.0,500,,instructions,1,100.00,,\n2.0,500,,instructions,1,100.00,,\n' >none.csv
    fails 'none.csv: line 1' 'no event counts Joules' -- --from perf --samples none.csv
    fails 'no line of perf stat' -- --from perf --samples /etc/passwd
    : >empty; fails 'empty' -- --from perf --samples empty
    perf_log csv >p.csv
    fails 'looks like --from perf' -- --samples p.csv
    printf '2023/11/14 12:13:14.123, 0, 25.3 W\n' | sed '1i timestamp, index, power.draw [W]' >smi.csv
    fails 'looks like --from nvidia-smi' -- --from perf --samples smi.csv
    run import --from furlong --samples p.csv -o out.erg
    [ "$status" -eq 2 ]
    [[ $output == *"csv, tegrastats, nvidia-smi, ptdaemon"*perf* ]]
    # the beginning was cut: its first interval begins where nobody knows
    perf_log csv | tail -n +300 >late.csv
    warns 'begins' 'after perf' -- --from perf --samples late.csv
    near "$(joules out.erg energy-pkg-S1)" "$(awk -F, '$2 == "S1" && n++ { e += $4 } END { print e }' late.csv)" 1e-9
}

# ---- Chrome's trace format as layers ----

# power ORIGIN_S: 1 s at 1 kHz, 10 W while conv runs (20 of every 50 ms), else 4 W.
power_log() {
    awk -v o="$1" 'BEGIN { print "time_s,board [W]"
        for (i = 0; i <= 1000; i++) printf "%s%06.3f,%.3f\n", o, 10 + i / 1000, ((i + 49) % 50 < 20 ? 10 : 4) + (i * 7919 % 101 - 50) / 500 }'
}
# energy ARCHIVE LAYER
energy() { erg-analyze layers --format json "$1" 2>/dev/null | jq --arg l "$2" '.runs[0].layers[] | select(.name == $l).energy_j.value'; }
# What a PyTorch profiler writes: 20 steps, each with conv (20 ms) within nn.Module, on a thread, and its kernel on a stream.
kineto() {
    awk 'BEGIN { printf "{\n  \"schemaVersion\": 1,\n  \"deviceProperties\": [\n    { \"id\": 0, \"name\": \"NVIDIA, \\\"A\\\"\" }\n  ],\n  \"displayTimeUnit\": \"ms\",\n  \"baseTimeNanoseconds\": 1700000000000000000,\n  \"traceEvents\": [\n"
        printf "  { \"ph\": \"X\", \"cat\": \"Trace\", \"ts\": 10000000.000, \"dur\": 1000000.000, \"pid\": \"Spans\", \"tid\": \"PyTorch Profiler\", \"name\": \"PyTorch Profiler (0)\", \"args\": { \"Op count\": 0 } }"
        for (i = 0; i < 20; i++) { t = 10000000 + i * 50000
            printf ",\n  { \"ph\": \"X\", \"cat\": \"user_annotation\", \"name\": \"ProfilerStep#%d\", \"pid\": 77, \"tid\": 77, \"ts\": %.3f, \"dur\": 49000.000, \"args\": { \"ev\": %d } }", i + 3, t + 0.125, i
            printf ",\n  { \"ph\": \"X\", \"cat\": \"cpu_op\", \"name\": \"aten::conv2d\", \"pid\": 77, \"tid\": 77, \"ts\": %.3f, \"dur\": 20000.000, \"args\": { \"Input Dims\": [[1, 3], [\"}\"]] } }", t + 0.125
            printf ",\n  { \"ph\": \"X\", \"cat\": \"kernel\", \"name\": \"void implicit_gemm<float, 2>(...)\", \"pid\": 0, \"tid\": 7, \"ts\": %.3f, \"dur\": 15000.250, \"args\": { \"device\": 0, \"stream\": 7, \"ts\": 5 } }", t + 2000.375
            printf ",\n  { \"ph\": \"s\", \"id\": %d, \"pid\": 77, \"tid\": 77, \"ts\": %.3f, \"cat\": \"ac2g\", \"name\": \"ac2g\" }", i, t }
        printf ",\n  { \"name\": \"process_name\", \"ph\": \"M\", \"ts\": 10, \"pid\": 77, \"tid\": 0, \"args\": { \"name\": \"python3\" } }"
        printf ",\n  { \"name\": \"process_labels\", \"ph\": \"M\", \"ts\": 10, \"pid\": 77, \"tid\": 0, \"args\": { \"labels\": \"CPU\" } }"
        printf ",\n  { \"name\": \"process_labels\", \"ph\": \"M\", \"ts\": 10, \"pid\": 0, \"tid\": 0, \"args\": { \"labels\": \"GPU 0\" } }"
        printf ",\n  { \"name\": \"thread_name\", \"ph\": \"M\", \"ts\": 10, \"pid\": 77, \"tid\": 77, \"args\": { \"name\": \"thread 77 (python3)\" } }"
        printf ",\n  { \"name\": \"thread_name\", \"ph\": \"M\", \"ts\": 10, \"pid\": 0, \"tid\": 7, \"args\": { \"name\": \"stream 7 \" } }"
        printf "\n  ],\n  \"traceName\": \"trace.json\"\n}\n" }'
}

@test "chrome-trace: PyTorch's profiler, threads and streams, nested, with its base time" {
    power_log 17000000 >p.csv
    kineto >k.json
    import --samples p.csv --layers k.json --from chrome-trace -o k.erg
    rm -rf k; tar -xf k.erg
    babeltrace2 --clock-cycles k/trace >events
    grep -q 'track_define.*name = "python3 thread 77 (python3)", device = 0' events
    grep -q 'track_define.*name = "GPU 0 stream 7", device = 1' events
    [ "$(grep -c layer_span events)" -eq 60 ]
    grep -q 'layer_span: .*begin = 1700000010002000375, end = 1700000010017000625' events
    [ "$(grep -c 'iteration = 22, begin = 1700000010950000125' events)" -eq 1 ]
    [ "$(erg-analyze layers --format json k.erg | jq -r '.runs[0].layers[] | select(.name == "aten::conv2d").type')" = cpu_op ]
    # 20 times 20 ms at 10 W
    near "$(energy k.erg aten::conv2d)" 4 0.02
    gzip -k k.json
    import --samples p.csv --from chrome-trace k.json.gz -o z.erg
    [ "$(erg-analyze layers --format csv z.erg | tail -n +2 | cut -d, -f2-)" = "$(erg-analyze layers --format csv k.erg | tail -n +2 | cut -d, -f2-)" ]
}

@test "chrome-trace: ONNX Runtime, an array, us since the session began" {
    power_log '' | sed 's/^1\([01]\)\./\1./' >p.csv
    awk 'BEGIN { print "[{\"cat\" : \"Session\",\"pid\" :9,\"tid\" :9,\"dur\" :15000,\"ts\" :25000,\"ph\" : \"X\",\"name\" :\"model_loading_uri\",\"args\" : {}}"
        for (i = 0; i < 20; i++) { t = i * 50000
            printf ",{\"cat\" : \"Node\",\"pid\" :9,\"tid\" :9,\"dur\" :0,\"ts\" :%d,\"ph\" : \"X\",\"name\" :\"/conv1/Conv_fence_before\",\"args\" : {\"op_name\" : \"Conv\"}}\n", t + 100
            printf ",{\"cat\" : \"Node\",\"pid\" :9,\"tid\" :9,\"dur\" :20000,\"ts\" :%d,\"ph\" : \"X\",\"name\" :\"/conv1/Conv_kernel_time\",\"args\" : {\"op_name\" : \"Conv\",\"provider\" : \"CPUExecutionProvider\",\"node_index\" : \"0\"}}\n", t }
        print "]" }' >ort.json
    import --samples p.csv --from chrome-trace ort.json -o o.erg
    near "$(energy o.erg /conv1/Conv)" 4 0.02
    [ "$(erg-analyze layers --format json o.erg | jq -r '.runs[0].layers[] | select(.name == "/conv1/Conv").type')" = Conv ]
    [ "$(erg-analyze layers --format json o.erg | jq -r '.runs[0].layers[] | select(.name == "/conv1/Conv").calls')" -eq 20 ]
}

# begin_end: conv within net on one thread, as events that begin and end; 20 rounds.
begin_end() {
    awk 'BEGIN { print "{\"traceEvents\": ["
        for (i = 0; i < 20; i++) { t = i * 50000
            printf "{\"ph\":\"B\",\"pid\":1,\"tid\":\"main\",\"ts\":%d,\"name\":\"net\",\"cat\":\"n\"},\n", t
            printf "{\"ph\":\"B\",\"pid\":1,\"tid\":\"main\",\"ts\":%d,\"name\":\"conv\",\"cat\":\"n\"},\n", t
            printf "{\"ph\":\"E\",\"pid\":1,\"tid\":\"main\",\"ts\":%d},\n", t + 20000
            printf "{\"ph\":\"E\",\"pid\":1,\"tid\":\"main\",\"ts\":%d}%s\n", t + 49000, i == 19 ? "" : "," }
        print "]}" }'
}

@test "chrome-trace: events that begin and end, nested" {
    power_log '' | sed 's/^1\([01]\)\./\1./' >p.csv
    begin_end >b.json
    import --samples p.csv --from chrome-trace b.json -o b.erg
    near "$(energy b.erg conv)" 4 0.02
    near "$(energy b.erg net)" 2.32 0.03
}

# turns: lo 60 ms at 4 W and hi 40 ms at 10 W in turn, 10 rounds: an event a line, as "B name t".
turns() { awk 'BEGIN { for (i = 0; i < 10; i++) { t = i * 100; printf "B lo %d\nE lo %d\nB hi %d\nE hi %d\n", t, t + 60, t + 60, t + 100 } }'; }
as_json() { awk 'BEGIN { print "[" } { printf "%s{\"ph\":\"%s\",\"pid\":1,\"tid\":1,\"ts\":%d%s}", n++ ? ",\n" : "", $1, $3 * 1000, $2 == "-" ? "" : ",\"name\":\"" $2 "\"" } END { print "]" }'; }

@test "chrome-trace: events that begin and end, in any order, without names, and where one was lost" {
    awk 'BEGIN { print "time_s,board [W]"
        for (i = 0; i <= 1000; i++) printf "%.3f,%.3f\n", i / 1000, ((i + 99) % 100 < 60 ? 4 : 10) + (i * 7919 % 101 - 50) / 500 }' >p.csv
    turns >t
    sort t >name # all that begin, by name, then all that end
    awk 'NR % 2 { held = $0; next } { print; print held }' t >swapped # each end before its begin
    tail -n +11 t >late; head -n 10 t >>late # a buffer that was flushed late
    sed 's/^E [a-z]*/E -/' t | sort -s -k1,1 >unnamed
    for order in name swapped late unnamed; do
        as_json <$order >b.json
        warns 'not in the order of their times on 1 threads' -- --samples p.csv --from chrome-trace b.json
        if [[ $output == *"left out"* ]]; then false; fi
        near "$(energy out.erg lo)" 2.4 0.01
        near "$(energy out.erg hi)" 4 0.01
    done
    # of one time the next one's begin before the end: they are neighbours, and neither lasts no time
    awk '{ l[NR] = $0 } END { print l[1]; for (i = 2; i < NR; i += 2) { print l[i + 1]; print l[i] } print l[NR] }' t | as_json >ties.json
    import --samples p.csv --from chrome-trace ties.json -f -o out.erg
    near "$(energy out.erg lo)" 2.4 0.01
    near "$(energy out.erg hi)" 4 0.01
    # the end of one lo in a step is lost: that one is, and no other
    { awk 'NR % 4 == 1 { print "B step " $3 } { if (NR != 6) print } NR % 4 == 0 { print "E step " $3 }' t; } | as_json >lost.json
    warns 'line 9: an event that only begins or only ends; 1 such' -- --samples p.csv --from chrome-trace lost.json
    [ "$(erg-analyze layers --format json out.erg | jq -c '[.runs[0].layers[] | select(.name != "(no layer)") | [.name, .calls]] | sort')" = '[["hi",10],["lo",9],["step",10]]' ]
    near "$(energy out.erg hi)" 4 0.01
    # what lasts no time keeps its end and its begin, whichever the marks beside it make first; begins that have an
    # end later are that one's, where the begin before was lost
    { cat late; printf 'B %s 300\nE %s 300\n' tick tick tick tick lo lo; } | as_json >none.json
    warns 'not in the order of their times on 1 threads' -- --samples p.csv --from chrome-trace none.json
    if [[ $output == *"left out"* ]]; then false; fi
    [ "$(erg-analyze layers --format json out.erg | jq -c '[.runs[0].layers[] | select(.name != "(no layer)") | [.name, .calls]] | sort')" = '[["hi",10],["lo",11],["tick",2]]' ]
    near "$(energy out.erg lo)" 2.4 0.01
    awk 'BEGIN { for (i = 1; i < 10; i++) printf "B lo %d\nE lo %d\n", i * 100, i * 100 + 100 }' | sed 1d | sort | as_json >cascade.json
    warns 'only begins or only ends; 1 such' -- --samples p.csv --from chrome-trace cascade.json
    near "$(energy out.erg lo)" 5.12 0.01
    # what a thread says of a device is on a track of it
    sed 's/"name":"lo"/"name":"lo","cat":"kernel"/' ties.json >device.json
    import --samples p.csv --from chrome-trace device.json -f -o out.erg
    rm -rf out; tar -xf out.erg
    babeltrace2 out/trace | grep -q 'track_define.*name = "gpu thread 1", device = 1'
}

@test "chrome-trace: cut, foreign and wrong events are told; another form is refused" {
    power_log '' | sed 's/^1\([01]\)\./\1./' >p.csv
    begin_end | head -n 53 | head -c -10 >cut.json
    warns 'cut.json: the trace ends in the middle' 'only begins or only ends' -- --samples p.csv --from chrome-trace cut.json
    begin_end | sed '4i {"ph":"X","ts":"soon","pid":1,"tid":1,"name":"bad"},\n{"no":"event"},\n{"ph":"X" "ts":},' >bad.json
    warns 'bad.json: line 4' '3 such' -- --samples p.csv --from chrome-trace bad.json
    near "$(energy out.erg conv)" 4 0.02
    begin_end | sed '4i {"ph":"b","id":1,"ts":1,"pid":1,"tid":1,"name":"async"},' >async.json
    warns '1 asynchronous' -- --samples p.csv --from chrome-trace async.json
    begin_end | sed 's/"ph":"[BE]"/"ph":"C"/' >none.json
    fails 'none.json' 'no event with a duration' -- --samples p.csv --from chrome-trace none.json
    echo '{"events": []}' >no.json
    fails 'no.json' 'traceEvents' -- --samples p.csv --from chrome-trace no.json
    : >empty.json
    fails 'empty.json' -- --samples p.csv --from chrome-trace empty.json
    fails 'p.csv' 'JSON' 'was expected' -- --samples p.csv --from chrome-trace p.csv
    begin_end >b.json
    fails 'b.json' 'looks like --from chrome-trace' -- --samples p.csv --layers b.json
    fails 'b.json' 'looks like --from chrome-trace' -- --samples b.json
    fails 'No such file' -- --samples p.csv --from chrome-trace nosuch.json
    head -c 100000 /dev/urandom >noise
    fails 'noise' -- --samples p.csv --from chrome-trace noise
}

# ---- onto a recording ----

# A program whose inferences are known by times.txt, recorded where no power could be, and what a meter
# beside it saw by the time since 1970: 9 W during inferences, else 1 W.
recorded() {
    erg-record -q -s procstat -o run.erg -- sh -c 'sleep 0.3
        erg-convnet --hash -n 6 -w 0 --times times.txt squeezenet1.1; sleep 0.3' 2>/dev/null
    tar -xf run.erg
    shift_s=$(jq '(.clock.realtime_ns - .clock.monotonic_ns) * 1e-9' run/manifest.json)
    awk -v d="$shift_s" -v b="$(jq '.begin_ns * 1e-9' run/summary.json)" -v e="$(jq '.end_ns * 1e-9' run/summary.json)" '
        { B[NR] = $1 * 1e-9; E[NR] = $2 * 1e-9 }
        END { print "time_s,board [W]"
            for (t = b - 0.1; t < e + 0.1; t += 0.001) { p = 1
                for (i in B) { lo = B[i] > t - 0.001 ? B[i] : t - 0.001; hi = E[i] < t ? E[i] : t; if (hi > lo) p += 8000 * (hi - lo) }
                printf "%.6f,%.6f\n", d + t, p } }' times.txt >p.csv
    right=$(awk '{ s += $2 - $1 } END { print 9e-9 * s }' times.txt)
    all=$(awk -v s="$(jq '(.end_ns - .begin_ns) * 1e-9' run/summary.json)" -v r="$right" 'BEGIN { print s + r / 9 * 8 }')
}

@test "onto: the log of a meter joins a recording without power, by the time since 1970" {
    recorded
    warns 'joined with run.erg by its realtime clock' 'assumed' -- --onto run.erg --samples p.csv
    erg-analyze verify out.erg
    near "$(joules out.erg)" "$all" 0.002
    # what both knew is kept: the recording's command, the log's digest, the clocks
    rm -rf out; tar -xf out.erg
    [ "$(jq -c .command out/manifest.json)" = "$(jq -c .command run/manifest.json)" ]
    [ "$(jq -r '.onto[0].samples.sha256' out/manifest.json)" = "$(sha256sum p.csv | cut -d' ' -f1)" ]
    [ "$(jq -r '.onto[0].sha256' out/manifest.json)" = "$(sha256sum run.erg | cut -d' ' -f1)" ]
    [ "$(jq -r '.onto[0].samples.clock' out/manifest.json)" = realtime ]
    [ "$(jq -r '.onto[0].samples.clock_u_ns' out/manifest.json)" -eq 1000000 ]
    [ "$(jq -c '[.sources[].id]' out/manifest.json)" = '[0,1]' ]
    for f in run/trace/*; do diff -r "$f" "out/trace/${f##*/}"; done
    # layers timed elsewhere, beside that
    awk -v d="$shift_s" 'BEGIN { print "[" } { printf "%s{\"ph\":\"X\",\"cat\":\"step\",\"name\":\"inference\",\"pid\":1,\"tid\":\"profile\",\"ts\":%.3f,\"dur\":%.3f}\n", (NR > 1 ? "," : ""), (d + $1 * 1e-9) * 1e6, ($2 - $1) / 1e3 } END { print "]" }' times.txt >t.json
    import --onto out.erg --from chrome-trace t.json --clock-u 0.0001 -o both.erg
    erg-analyze verify both.erg
    # each holds layers that the readings, a millisecond apart, may not tell from it
    erg-analyze layers --format json both.erg |
        jq -e '.runs[0].layers | map(select([.name] + .merged_with | index("inference")).calls) == [6]'
    near "$(joules both.erg)" "$all" 0.002
    rm -rf both; tar -xf both.erg
    [ "$(jq '.onto | length' both/manifest.json)" -eq 2 ]
    [ "$(jq '.onto[1].layers.clock_u_ns' both/manifest.json)" -eq 100000 ]
}

@test "onto: layers timed elsewhere join recorded power, and the clocks' doubt is in the result" {
    recorded
    sed 1d p.csv | sed '1i time_s,board [W]' >log.csv
    import --samples log.csv -o power.erg
    awk -v d="$shift_s" 'BEGIN { print "begin_s,end_s,layer" } { printf "%.6f,%.6f,inference\n", d + $1 * 1e-9, d + $2 * 1e-9 }' times.txt >l.csv
    import --onto power.erg --layers l.csv -o sure.erg
    near "$(energy sure.erg inference)" "$right" 0.01
    import --onto power.erg --layers l.csv --clock-u 0.02 -o unsure.erg
    near "$(energy unsure.erg inference)" "$right" 0.5
    lag_u() { erg-analyze info --format json "$1" | jq -e --argjson u "$2" '[.. | .lag_u_s? // empty] | max == $u'; }
    lag_u sure.erg 0
    lag_u unsure.erg 0.02
    erg-analyze verify unsure.erg
}

@test "onto: what does not meet is refused, and so is what is not whole" {
    recorded
    awk -F, 'NR == 1 { print; next } { printf "%.6f,%s\n", $1 + 7200, $2 }' p.csv >later.csv
    fails 'later.csv' 'do not meet those of run.erg' '--time-offset' -- --onto run.erg --samples later.csv
    import --onto run.erg --samples later.csv --time-offset -7200 -f -o moved.erg
    near "$(joules moved.erg)" "$all" 0.002
    printf 'begin_s,end_s,layer\n1,2,a\n' >l.csv
    fails 'l.csv' 'do not meet' -- --onto run.erg --layers l.csv
    head -c 3000 run.erg >cut.erg
    fails 'cut.erg' 'whole archive' -- --onto cut.erg --samples p.csv
    fails 'nosuch.erg' -- --onto nosuch.erg --samples p.csv
    fails 'p.csv' -- --onto p.csv --samples p.csv
    run import --onto run.erg -o out.erg
    [ "$status" -eq 2 ]
    printf 'Date,P\n2023-11-14 12:00:00,1\n2023-11-14 12:00:01,1\n2023-11-14 12:00:02,1\n' >wall.csv
    fails 'wall.csv' '--time-zone' -- --onto run.erg --samples wall.csv --time Date --column P=W
}

@test "export: what it writes is imported again, with the same joules, and simulated stays simulated" {
    recorded
    import --samples p.csv -o power.erg
    erg-analyze export --to csv power.erg -o export.csv 2>/dev/null
    import --samples export.csv -o again.erg
    near "$(joules again.erg)" "$(joules power.erg)" 1e-6
    import --onto run.erg --samples p.csv -o out.erg
    erg-analyze export --to csv out.erg -o layers.csv 2>/dev/null
    grep -q squeezenet1.1 layers.csv
    import --samples layers.csv -f -o again.erg
    near "$(joules again.erg)" "$(joules power.erg)" 1e-3
    sed '1s/\[W\]/[W] simulated/' export.csv >simulated.csv
    import --samples simulated.csv -f -o again.erg
    erg-analyze totals again.erg 2>&1 | grep -qi simulated
    # an energy counter is exported as power
    awk 'BEGIN { print "time_s,pkg [J]"; for (i = 0; i < 200; i++) { e += (1 + i % 5) / 10; printf "%.1f,%.1f\n", i / 10, e } }' >e.csv
    import --samples e.csv -o e.erg
    erg-analyze export --to csv e.erg -o ee.csv 2>/dev/null
    import --samples ee.csv -o ee.erg
    near "$(joules ee.erg)" "$(joules e.erg)" 0.003
}

# ---- Nsight Systems ----

# nsys_export FILE: conv as a range in every 50 ms, its kernel on a stream, a start-end range, names by id and by text.
nsys_export() {
    awk 'BEGIN { print "CREATE TABLE StringIds (id INTEGER NOT NULL PRIMARY KEY, value TEXT NOT NULL); CREATE TABLE NVTX_EVENTS (start INTEGER NOT NULL, end INTEGER, eventType INTEGER NOT NULL, rangeId INTEGER, category INTEGER, color INTEGER, text TEXT, globalTid INTEGER, endGlobalTid INTEGER, textId INTEGER, domainId INTEGER); CREATE TABLE CUPTI_ACTIVITY_KIND_KERNEL (start INTEGER NOT NULL, end INTEGER NOT NULL, deviceId INTEGER NOT NULL, contextId INTEGER NOT NULL, streamId INTEGER NOT NULL, correlationId INTEGER, globalPid INTEGER, demangledName INTEGER NOT NULL, shortName INTEGER NOT NULL); CREATE TABLE ThreadNames (nameId INTEGER NOT NULL, priority INTEGER, globalTid INTEGER); CREATE TABLE TARGET_INFO_SESSION_START_TIME (utcEpochNs INTEGER, utcTime TEXT, localTime TEXT);"
        print "INSERT INTO StringIds VALUES (1, \"conv\"), (2, \"void gemm<float>()\"), (3, \"gemm\"), (4, \"python\");"
        pid = 77 * 16777216; print "INSERT INTO ThreadNames VALUES (4, 1, " pid + 78 ");"
        print "INSERT INTO TARGET_INFO_SESSION_START_TIME VALUES (1700000010000000000, \"\", \"\");"
        for (i = 0; i < 20; i++) { t = i * 50000000
            printf "INSERT INTO NVTX_EVENTS VALUES (%d, %d, 59, NULL, NULL, NULL, %s, %.0f, NULL, %s, 0);\n", t, t + 20000000, i % 2 ? "\"conv\"" : "NULL", pid + 78, i % 2 ? "NULL" : "1"
            printf "INSERT INTO CUPTI_ACTIVITY_KIND_KERNEL VALUES (%d, %d, 0, 1, 7, %d, %.0f, 2, 3);\n", t + 1000000, t + 15000000, i, pid }
        printf "INSERT INTO NVTX_EVENTS VALUES (10000000, 70000000, 60, 1, NULL, NULL, \"epoch\", %.0f, %.0f, NULL, 0);\n", pid + 78, pid + 78
        printf "INSERT INTO NVTX_EVENTS VALUES (10000000, NULL, 59, NULL, NULL, NULL, \"open\", %.0f, NULL, NULL, 0);\n", pid + 78
        printf "INSERT INTO NVTX_EVENTS VALUES (5, 5, 34, NULL, NULL, NULL, \"mark\", %.0f, NULL, NULL, 0);\n", pid + 78 }' >make.sql
    rm -f "$1"
    sqlite3 "$1" <make.sql
}

@test "nsys: ranges by text and by id, kernels on streams, since 1970" {
    skip_unless sqlite3
    power_log 17000000 >p.csv
    nsys_export n.sqlite
    warns '1 ranges have no end' -- --samples p.csv --from nsys n.sqlite
    near "$(energy out.erg conv)" 4 0.02
    rm -rf out; tar -xf out.erg
    babeltrace2 --clock-cycles out/trace >events
    grep -q 'track_define.*name = "python thread 78", device = 0' events
    grep -q 'track_define.*name = "python thread 78 ranges", device = 0' events
    grep -q 'track_define.*name = "gpu 0 stream 7", device = 1' events
    [ "$(grep -c layer_span events)" -eq 41 ]
    grep -q 'begin = 1700000010951000000, end = 1700000010965000000' events
    [ "$(erg-analyze layers --format json out.erg | jq '.runs[0].layers[] | select(.name == "conv").calls')" -eq 20 ]
}

@test "beside a GPU's rail kernels and graphs have rows, ranges and operators of threads are counted and said" {
    skip_unless sqlite3
    power_log 17000000 | sed 's/board/gpu0/' >p.csv
    nsys_export n.sqlite
    sqlite3 n.sqlite 'CREATE TABLE CUPTI_ACTIVITY_KIND_GRAPH_TRACE (start INT, end INT, deviceId INT, graphId INT, graphExecId INT, contextId INT, streamId INT, correlationId INT, globalPid INT);
        INSERT INTO CUPTI_ACTIVITY_KIND_GRAPH_TRACE SELECT start + 20000000, start + 30000000, 0, 5, 6, 1, 7, 0, 0 FROM CUPTI_ACTIVITY_KIND_KERNEL;'
    import --samples p.csv --from nsys n.sqlite -o out.erg
    erg-analyze layers --format json out.erg >l.json 2>l.log
    jq -e '.runs[0].layers | map(.name) == ["void gemm<float>()", "graph 5"] and map(.calls) == [20, 20]' l.json
    jq -e '.warnings[] | select(.code == "threads").text | contains("2 layers of threads alone (conv, epoch), with 21 calls, have no row")' l.json
    grep -q 'rail gpu0 goes by what ran on the GPU itself' l.log
    jq -e '.runs[0].layers | map(.time_s.value * 1000 | round) == [280, 200]' l.json
    kineto >k.json
    power_log 17000000 | sed 's/board/gpu0/' >p.csv
    import --samples p.csv --from chrome-trace k.json -f -o out.erg
    erg-analyze layers --format json out.erg 2>/dev/null |
        jq -e '.warnings[] | select(.code == "threads").text | contains("aten::conv2d")'
    # of a board, where threads count, nothing is left out
    sed -i 's/gpu0/board/' p.csv
    import --samples p.csv --from nsys n.sqlite -f -o out.erg
    erg-analyze layers --format json out.erg 2>/dev/null | jq -e '.warnings | map(select(.code == "threads")) == []'
}

@test "nsys: an old export without ids, one that is damaged or of something else" {
    skip_unless sqlite3
    power_log '' | sed 's/^1\([01]\)\./\1./' >p.csv
    sqlite3 old.sqlite 'CREATE TABLE NVTX_EVENTS (start INT, end INT, eventType INT, text TEXT, globalTid INT);
        INSERT INTO NVTX_EVENTS VALUES (0, 20000000, 59, "conv", 5), (50000000, 70000000, 59, "conv", 5);'
    warns 'does not say when the capture began' -- --samples p.csv --from nsys old.sqlite
    sqlite3 other.sqlite 'CREATE TABLE t (a INT); INSERT INTO t VALUES (1);'
    fails 'other.sqlite' 'neither NVTX_EVENTS nor' -- --samples p.csv --from nsys other.sqlite
    sqlite3 none.sqlite 'CREATE TABLE NVTX_EVENTS (start INT, end INT, eventType INT, text TEXT, globalTid INT);'
    fails 'none.sqlite' 'no layer' -- --samples p.csv --from nsys none.sqlite
    fails 'p.csv' 'no SQLite database' -- --samples p.csv --from nsys p.csv
    fails 'No such file' -- --samples p.csv --from nsys nosuch.sqlite
    nsys_export n.sqlite
    head -c 9000 n.sqlite >cut.sqlite
    fails 'cut.sqlite' -- --samples p.csv --from nsys cut.sqlite
    fails 'looks like --from nsys' -- --samples p.csv --layers old.sqlite
}

# ---- MLPerf Training's logger ----

mllog() {
    awk "$LOAD"'BEGIN { print ":::MLLOG {\"namespace\": \"\", \"time_ms\": 1700000000000, \"event_type\": \"INTERVAL_START\", \"key\": \"run_start\", \"value\": null, \"metadata\": {\"file\": \"a.py\", \"lineno\": 1}}"
        for (i = 0; i < 300; i++) { printf "0: :::MLLOG {\"namespace\": \"\", \"time_ms\": %.0f, \"event_type\": \"POINT_IN_TIME\", \"key\": \"power_reading\", \"value\": %.3f, \"metadata\": {\"node\": \"n1\"}}\n", 1700000000000 + i * 1000, watts(i) * 100
            if (i % 10 == 0) print "epoch " i " loss 0.3" }
        print ":::MLLOG {\"namespace\": \"\", \"time_ms\": 1700000299000, \"event_type\": \"INTERVAL_END\", \"key\": \"run_stop\", \"value\": null, \"metadata\": {\"status\": \"success\"}}" }'
}

@test "mllog: power readings among a training's lines; none, damaged, duplicate, another form" {
    mllog >t.log
    import --from mllog t.log -o m.erg
    near "$(joules m.erg n1)" "$(sed -n 's/.*power_reading", "value": \([0-9.]*\),.*/\1/p' t.log | awk 'n++ { e += $1 } END { print e }')"
    mllog | sed 's/"node": "n1"/"node": "n1", x/' >bad.log
    fails 'bad.log' -- --from mllog bad.log
    mllog | sed '7s/}}/}/' >one.log
    warns 'one.log: line 7' '1 such lines' -- --from mllog one.log
    mllog | sed 's/power_reading/eval_accuracy/' >none.log
    fails 'none.log' 'power_reading' -- --from mllog none.log
    mllog | sed '5p' >twice.log
    fails 'twice.log: line 5' 'a second power' -- --from mllog twice.log
    fails ':::MLLOG' -- --from mllog /etc/passwd
    fails 'looks like --from mllog' -- --from perf t.log
}

# ---- AMD ----

@test "amd-smi: monitor of two GPUs, rocm-smi in a loop; duplicates, cut, foreign, no power, no times" {
    awk "$LOAD"'BEGIN { print "timestamp,gpu,power_usage,hotspot_temperature,memory_temperature,gfx"
        for (i = 0; i < 300; i++) for (g = 0; g < 2; g++) printf "%d,%d,%.0f,55,N/A,%d\n", 1700000000 + i, g, watts(i) * 40 * (g + 1), i % 100 }' >a.csv
    import --from amd-smi a.csv -o a.erg
    near "$(joules a.erg gpu1)" "$(awk -F, '$2 == 1 && n++ { e += $3 } END { print e }' a.csv)"
    near "$(joules a.erg gpu0)" "$(awk -F, '$2 == 0 && n++ { e += $3 } END { print e }' a.csv)"
    awk "$LOAD"'BEGIN { for (i = 0; i < 300; i++) { print "device,Average Graphics Package Power (W),Temperature (Sensor edge) (C),GPU use (%)"
        for (g = 0; g < 2; g++) printf "card%d,%.1f,40.0,3\n", g, watts(i) * 10 * (g + 1); print "" } }' >r.csv
    import --from amd-smi r.csv --interval 0.5 -o r.erg
    near "$(joules r.erg gpu1.average)" "$(awk -F, '$1 == "card1" && n++ { e += $2 / 2 } END { print e }' r.csv)"
    fails 'r.csv' '--interval' -- --from amd-smi r.csv
    sed '30i WARNING: driver' a.csv >f.csv
    warns "f.csv: line 30: 'WARNING: driver'" -- --from amd-smi f.csv
    head -c -4 a.csv >cut.csv
    warns 'cut.csv: line 601' -- --from amd-smi cut.csv
    sed 's/,1,/,0,/' a.csv >same.csv
    fails 'same.csv' -- --from amd-smi same.csv
    cut -d, -f1,2,6 a.csv >none.csv
    fails 'none.csv' -- --from amd-smi none.csv
    fails 'gpu or device' -- --from amd-smi /etc/passwd
    fails 'looks like --from amd-smi' -- --samples a.csv
}

# ---- macOS ----

@test "powermetrics: text and plist, means over what elapsed; a pause, foreign, cut, no power" {
    awk "$LOAD"'BEGIN { print "Machine model: Mac14,9\n"
        for (i = 1; i <= 300; i++) { t = i * 0.5025
            printf "*** Sampled system activity (Wed Jun 14 10:%02d:%02d 2023 +0200) (502.50ms elapsed) ***\n\n**** Processor usage ****\n\nCPU 0 frequency: 1200 MHz\nCPU Power: %d mW\nGPU Power: 45 mW\nANE Power: 0 mW\nCombined Power (CPU + GPU + ANE): %d mW\n\n", 20 + t / 60, t % 60, watts(i) * 1000, watts(i) * 1000 + 45 } }' >p.txt
    import --from powermetrics p.txt -o p.erg
    near "$(joules p.erg Combined)" "$(awk '/^Combined/ { e += $(NF - 1) * 0.0005025 } END { print e }' p.txt)"
    [ "$(erg-analyze totals --format json p.erg | jq '.runs[0].phases[0].time_s * 10000 | round')" -eq 1507500 ]
    [ "$("$ERG_BUILD/tests/tools/erg-pack" --manifest p.erg | jq -r '.sources[].channels[] | select(.rail == "CPU").parent')" = Combined ]
    awk "$LOAD"'BEGIN { for (i = 1; i <= 300; i++) { t = i * 0.5025
        printf "<?xml version=\"1.0\"?>\n<plist version=\"1.0\">\n<dict>\n<key>elapsed_ns</key><integer>502500000</integer>\n<key>timestamp</key><date>2023-06-14T08:%02d:%02dZ</date>\n<key>processor</key><dict>\n<key>cpu_power</key><real>%d</real>\n<key>combined_power</key><real>%d</real>\n</dict>\n</dict>\n</plist>\n\0", 20 + t / 60, t % 60, watts(i) * 1000, watts(i) * 1000 + 45 } }' >p.plist
    import --from powermetrics p.plist -o l.erg
    near "$(joules l.erg Combined)" "$(joules p.erg Combined)" 1e-6
    grep -v Power p.txt >none.txt
    fails 'none.txt' -- --from powermetrics none.txt
    sed 's/10:22:/11:22:/' p.txt >pause.txt
    warns '1 times' 'seconds apart' -- --from powermetrics pause.txt
    sed '20i CPU Power: lots' p.txt >f.txt
    warns "f.txt: line 20: 'CPU Power: lots'" -- --from powermetrics f.txt
    head -c -6 p.txt >cut.txt
    warns 'cut.txt' '1 such lines' -- --from powermetrics cut.txt
    fails 'Sampled system activity' -- --from powermetrics /etc/passwd
    fails 'looks like --from powermetrics' -- --samples p.txt
}

# ---- IPMI ----

dcmi() {
    awk "$LOAD"'BEGIN { for (i = 0; i < 300; i++) { if ("'$1'" == "date") print 1700000000 + i
        printf "\n    Instantaneous power reading:                   %d Watts\n    Minimum during sampling period:                 18 Watts\n    Maximum during sampling period:                405 Watts\n    Average power reading over sample period:      219 Watts\n    IPMI timestamp:                           Tue Nov 14 12:%02d:%02d 2023\n    Sampling period:                          00000001 Seconds.\n    Power reading state is:                   activated\n\n", watts(i) * 50, 10 + i / 60, i % 60 } }'
}

@test "ipmi: dcmi by date or its own stamps, sdr, sensor; no times, foreign, cut, no power" {
    right=$(dcmi date | awk '/Instantaneous/ && n++ { e += $4 } END { print e }')
    dcmi date >d.txt
    import --from ipmi d.txt -o d.erg
    near "$(joules d.erg)" "$right"
    dcmi no >n.txt
    import --from ipmi n.txt -o n.erg
    near "$(joules n.erg)" "$right"
    grep -v timestamp n.txt >untimed.txt
    fails 'untimed.txt' '--interval' -- --from ipmi untimed.txt
    import --from ipmi untimed.txt --interval 1 -o u.erg
    near "$(joules u.erg)" "$right"
    awk "$LOAD"'BEGIN { for (i = 0; i < 300; i++) { printf "2023-11-14T12:%02d:%02dZ\nFan1             | 3600 RPM          | ok\nPwr Consumption  | %d Watts         | ok\nPS2 Power        | no reading        | ns\nInlet Temp       | 23 degrees C      | ok\n", 10 + i / 60, i % 60, watts(i) * 50 } }' >s.txt
    import --from ipmi s.txt -o s.erg
    near "$(joules s.erg)" "$right"
    awk "$LOAD"'BEGIN { for (i = 0; i < 300; i++) printf "Temp | 23.000     | degrees C  | ok    | na | na\nPwr Consumption  | %.3f    | Watts      | ok    | na        | na        | na        | 896.000   | 980.000   | na \n", int(watts(i) * 50) }' >e.txt
    import --from ipmi e.txt --interval 1 -o e.erg
    near "$(joules e.erg)" "$right"
    sed '40i Unable to send command' d.txt >f.txt
    warns "f.txt: line 40: 'Unable to send" -- --from ipmi f.txt
    head -c -3 d.txt >cut.txt
    import --from ipmi cut.txt -f -o c.erg
    grep -v Instant d.txt >none.txt
    fails 'none.txt' 'Instantaneous power reading' -- --from ipmi none.txt
    fails 'ipmitool' -- --from ipmi /etc/passwd
    fails 'looks like --from ipmi' -- --samples d.txt
    dcmi date | sed 's/^1700000100$/1700000099/' >twice.txt
    warns 'twice.txt: line' 'same time' -- --from ipmi twice.txt
}

@test "what a log has no use for is told or refused; a tag onto a recording is kept beside its own" {
    printf 'time_s,A [W]\n0,1\n1,2\n2,1\n3,2\n' >s.csv
    printf 'begin_s,end_s,layer\n0,1,a\n1,2,b\n' >l.csv
    run -0 erg-record import --samples s.csv --interval 5 --tag cooler=fan --tag room=a -o a.erg
    [[ $output == *"s.csv: --interval is of no use"* ]]
    run -0 erg-record import --samples s.csv --time-zone Europe/Berlin -o b.erg
    [[ $output == *"s.csv: --time-zone is of no use"* ]]
    run -3 erg-record import --strict --force --samples s.csv --time-zone Europe/Berlin -o b.erg
    # what is of use is not told of: whole seconds that repeat, lines without times, wall clocks without a zone
    printf 'time_s,A [W]\n0,1\n0,2\n1,1\n1,2\n' >two.csv
    run -0 erg-record import --samples two.csv --interval 0.5 -o c.erg
    [[ $output != *"no use"* ]]
    printf 'A\n1\n2\n1\n' >none.csv
    run -0 erg-record import --samples none.csv --column A=W --interval 0.5 -o d.erg
    [[ $output != *"no use"* ]]
    printf 'time,A [W]\n2024-05-06 10:00:00.0,1\n2024-05-06 10:00:01.0,2\n2024-05-06 10:00:02.0,1\n' >wall.csv
    run -0 erg-record import --samples wall.csv --time-zone Europe/Berlin -o e.erg
    [[ $output != *"no use"* ]]
    run -2 erg-record import --samples s.csv --layers l.csv --clock-u 1 -o x.erg
    [[ $output == *"--clock-u is of two clocks: expected --onto"* ]]
    run -2 erg-record import --onto a.erg --layers l.csv --time-zone UTC -o x.erg
    [[ $output == *"--time-zone is of readings: expected --samples"* ]]
    run -2 erg-record import --samples s.csv --time-offset 1e10 -o x.erg
    [[ $output == *"at most 4e9 either way"* ]]
    [ ! -e x.erg ]
    erg-record import --onto a.erg --layers l.csv --tag room=b --tag who=me -o f.erg 2>/dev/null
    tar -xf f.erg -O f/manifest.json | jq -e '.tags == {"cooler": "fan", "room": "b", "who": "me"}'
    erg-analyze info f.erg 2>/dev/null | grep '^tags' | grep -q 'cooler=fan.*room=b.*who=me'
}
