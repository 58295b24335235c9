# erg-record import: the joules of logs whose right value is known by hand or by awk, one of each kind
# bats file_tags=offline
# that was once wrong without a word.
load helpers

import() { erg-record import "$@" -f -o out.erg; }

# joules RAIL WANT [TOLERANCE] -- ARGS…: what totals says of an import lies within the tolerance (0.1 %),
# and the interval holds the right value to 0.02 %.
joules() {
    local rail=$1 want=$2 tolerance=${3/--/0.001}
    while [ "$1" != -- ]; do shift; done
    shift
    import "$@" 2>log || { cat log; return 1; }
    erg-analyze totals --rail "$rail" --format json out.erg 2>totals.log >t.json
    jq -e --argjson want "$want" --argjson tolerance "$tolerance" '.runs[0].phases[0].ets_j |
        (.value / $want - 1 | fabs) < $tolerance and
        .lo <= $want * 1.0002 and .hi >= $want * 0.9998' t.json || { jq -c '.runs[0].phases[0]' t.json; return 1; }
}

# fails WORDS… -- ARGS…: exit status 1 and one line, which says all of the words; nothing is written.
fails() {
    local words=()
    while [ "$1" != -- ]; do words+=("$1"); shift; done
    shift
    rm -f out.erg
    run erg-record import "$@" -o out.erg
    echo "$output"
    [ "$status" -eq 1 ]
    for w in "${words[@]}"; do [[ ${lines[-1]} == *"$w"* ]]; done
    [ ! -e out.erg ]
}
told() { grep -q "$1" log; }

smi_rows() { # 20 rows of one GPU: 100 to 104 W, 0.2 s apart; 387.6 J by the trapezoid
    awk 'BEGIN { for (i = 0; i < 20; i++) printf "2024/05/06 10:00:%06.3f, 0, %.2f W\n", i * 0.2, 100 + i % 5 }'
}
smi_head='timestamp, index, power.draw [W]'
teg() { # teg TIME WATTS: a line of an Orin NX
    echo "${1:+$1 }RAM 2274/6834MB (lfb 27x4MB) SWAP 0/3417MB (cached 2MB) CPU [99%@1189,off] EMC_FREQ 0% GR3D_FREQ 22% CPU@40C VDD_IN ${2}mW/9999mW VDD_CPU_GPU_CV 1594mW/1594mW VDD_SOC 1234mW/1234mW"
}

@test "nvidia-smi: messages, headers that come again, no header, UTF-16, a number that was cut" {
    { echo "$smi_head"; smi_rows; } >plain.csv
    joules gpu0 387.6 -- --from nvidia-smi --samples plain.csv
    { echo "$smi_head"; smi_rows | head -10
      echo 'Unable to determine the device handle for GPU 0000:01:00.0: Unknown Error'
      smi_rows | tail -10; } >message.csv
    joules gpu0 387.6 -- --from nvidia-smi --samples message.csv
    told "line 12: 'Unable to determine"
    { echo "$smi_head"; smi_rows | head -10; echo "$smi_head"; smi_rows | tail -10; } >again.csv
    joules gpu0 387.6 -- --from nvidia-smi --samples again.csv
    smi_rows >noheader.csv
    joules gpu0 387.6 -- --from nvidia-smi --samples noheader.csv
    iconv -f UTF-8 -t UTF-16 plain.csv >utf16.csv
    joules gpu0 387.6 -- --from nvidia-smi --samples utf16.csv
    { cat plain.csv; printf '2024/05/06 10:00:04.000, 0, 10'; } >cut.csv
    joules gpu0 387.6 -- --from nvidia-smi --samples cut.csv
    told 'line 22'
    # without units a number without its digits is told by those of the line before
    { echo 'timestamp, index, power.draw [W]'; smi_rows | sed 's/ W$//'; printf '2024/05/06 10:00:04.000, 0, 1'; } >nounits.csv
    joules gpu0 387.6 -- --from nvidia-smi --samples nounits.csv
    { cat plain.csv; seq 3 | sed 's/.*/hello &/'; } >much.csv
    fails 'much.csv: line 22' 'hello 1' '3 of 23' -- --from nvidia-smi --samples much.csv
}

@test "nvidia-smi: no times need --interval, and then count by it" {
    { echo 'power.draw [W]'; smi_rows | cut -d, -f3; } >notime.csv
    fails 'notime.csv' 'interval' -- --from nvidia-smi --samples notime.csv
    joules gpu0 387.6 -- --from nvidia-smi --samples notime.csv --interval 0.2
}

@test "nvidia-smi: several GPUs, by a column that differs, or by their order in the poll" {
    awk 'BEGIN { print "timestamp,gpu,index,power.draw"; for (i = 0; i < 6; i++) for (g = 0; g < 4; g++)
        printf "2025-09-08T17:26:%02d+08:00,%d, 0, %d.00\n", 10 + 2 * i, g, 70 + g }' >gpu.csv
    for g in 0 1 2 3; do joules gpu$g $((10 * (70 + g))) -- --from nvidia-smi --samples gpu.csv; done
    awk 'BEGIN { print "timestamp, index, power.draw [W]"; for (i = 0; i < 15; i++) for (g = 0; g < 4; g++)
        printf "2024/05/06 10:00:%06.3f, %d, %d.00 W\n", i / 10 + g * 0.003, g, 100 * (g + 1) }' >four.csv
    for g in 0 1 2 3; do joules gpu$g $((140 * (g + 1))) -- --from nvidia-smi --samples four.csv; done
    if grep -q gap log totals.log; then false; fi
    awk 'BEGIN { print "timestamp, name, power.draw [W]"; for (i = 0; i < 40; i++) for (g = 0; g < 2; g++)
        printf "2024/05/06 10:00:%06.3f, NVIDIA X, %d.00 W\n", i * 0.05 + g * 0.024, g ? 300 : 100 }' >alike.csv
    joules gpu0 195 -- --from nvidia-smi --samples alike.csv
    told 'nothing names the GPUs'
    joules gpu1 585 -- --from nvidia-smi --samples alike.csv
    awk 'BEGIN { print "timestamp, name, power.draw [W]"; for (i = 0; i < 30; i++) for (g = 0; g < 2; g++)
        printf "2024/05/06 10:00:%06.3f, NVIDIA X, %d.00 W\n", i / 10, g ? 200 : 100 }' >same.csv
    joules gpu1 580 -- --from nvidia-smi --samples same.csv
    # one GPU every 25.5 ms, which rounding makes 25 and 26 in turn, is not two
    awk 'BEGIN { print "timestamp, name, power.draw [W]"; for (i = 0; i < 80; i++)
        printf "2024/05/06 10:00:%06.3f, NVIDIA X, 100.00 W\n", int(i * 25.5) / 1000 }' >one.csv
    joules gpu0 201.4 -- --from nvidia-smi --samples one.csv
    # the same index twice at one time
    sed 's/, NVIDIA X,/, 0,/; s/name/index/' same.csv >twice.csv
    fails 'twice.csv: line 3' 'second reading' 'uuid' -- --from nvidia-smi --samples twice.csv
}

@test "nvidia-smi dmon with -o DT; pmon has no power" {
    awk 'BEGIN { for (i = 0; i < 30; i++) { if (i % 10 == 0) print "#Date       Time        gpu    pwr  gtemp  mtemp     sm    mem\n#YYYYMMDD   HH:MM:SS    Idx      W      C      C      %      %"
        for (g = 0; g < 2; g++) printf " 20240506   10:00:%02d      %d    %d     45      -      7      0\n", i, g, 50 + 20 * g } }' >dmon.txt
    joules gpu0 1450 -- --from nvidia-smi --samples dmon.txt
    joules gpu1 2030 -- --from nvidia-smi --samples dmon.txt
    printf '#Date       Time        gpu        pid  type    sm   mem   command\n 20240506   10:00:00      0     1234     C     7     1   python\n' >pmon.txt
    fails 'pmon' 'no power' -- --from nvidia-smi --samples pmon.txt
}

@test "PTDaemon: two analyzers, three channels, lines without values" {
    awk 'BEGIN { for (i = 0; i < 6; i++) printf "Time,01-15-2025 10:00:%02d.700,Watts,500.0,Volts,-1.0,Amps,-1.0,PF,-1.0,Mark,run_testing,Analyzer1,Time,01-15-2025 10:00:%02d.700,Watts,100.0,Volts,230.0,Amps,0.4,PF,0.9,Mark,run_testing,Analyzer2,Time,01-15-2025 10:00:%02d.480,Watts,400.0,Volts,230.1,Amps,1.7,PF,0.9,Mark,run_testing\n", i, i, i }' >two.txt
    joules meter 2500 -- --from ptdaemon --samples two.txt
    joules meter.analyzer1 500 -- --from ptdaemon --samples two.txt
    joules meter.analyzer2 2000 -- --from ptdaemon --samples two.txt
    awk 'BEGIN { for (i = 0; i < 6; i++) printf "Time,02-10-2024 09:00:%02d.240,Watts,300.0,Volts,-1.0,Mark,run_testing,Ch1,Watts,110.0,Volts,120.9,Ch2,Watts,100.0,Volts,120.8,Ch3,Watts,90.0,Volts,120.7\n", i }' >three.txt
    joules meter 1500 -- --from ptdaemon --samples three.txt
    joules meter.3 450 -- --from ptdaemon --samples three.txt
    echo 'Time,11-14-2023 12:12:15' >none.txt
    fails 'none.txt' 'Watts' -- --from ptdaemon --samples none.txt
    printf 'gTime,11-14-2023 12:13:14.123,Watts,56.7,Mark,notset\nTime,11-14-2023 12:13:10,Mark,run\n' >one.txt
    fails 'one.txt' 'Watts' -- --from ptdaemon --samples one.txt
}

@test "tegrastats: whole seconds, times of day, a program's own output, JetPack 7.2" {
    { for i in 1 2 3; do teg '05-06-2024 10:00:00' 10000; done
      for i in 1 2 3 4 5 6 7 8 9 10; do teg '05-06-2024 10:00:01' 10000; done
      for i in 1 2 3 4 5 6 7; do teg '05-06-2024 10:00:02' 10000; done; } >fast.log
    joules VDD_IN 19 -- --from tegrastats --samples fast.log
    told 'uncertain by 11'
    jq -e '.runs[0].phases[0].ets_j | .hi - .lo > 4' t.json   # a full second of 10 lines may be 9 to 11 of them
    joules VDD_IN 19 -- --from tegrastats --samples fast.log --sensor VDD_IN:gain_max=0.05 # and the meter's own 5 %
    jq -e '.runs[0].phases[0].ets_j | .hi - .lo | . > 5.9 and . < 7' t.json
    joules VDD_IN 19 -- --from tegrastats --samples fast.log --interval 0.1
    jq -e '.runs[0].phases[0].ets_j | .hi - .lo < 0.1' t.json
    teg '05-06-2024 10:00:00' 10000 >one.log
    teg '05-06-2024 10:00:00' 10000 >>one.log
    fails 'one.log' 'interval' -- --from tegrastats --samples one.log
    for i in 0 1 2 3 4 5 6 7 8 9; do teg "10:00:0$i" 10000; done >day.log
    joules VDD_IN 90 -- --from tegrastats --samples day.log
    for t in 23:59:58 23:59:59 00:00:00 00:00:01; do teg $t 10000; done >midnight.log
    joules VDD_IN 30 -- --from tegrastats --samples midnight.log
    for i in $(seq 30); do
        teg '' 2000
        if [ $((i % 3)) -eq 0 ]; then echo "Epoch $i/10 loss 0.31"; fi
    done >mixed.log
    joules VDD_IN 58 -- --from tegrastats --samples mixed.log
    told "Epoch 3/10 loss 0.31.*10 such lines of 40"
    if erg-analyze info --format json out.erg | grep -q Epoch; then false; fi
    for i in 0 1 2 3 4 5 6 7 8 9; do
        echo "07-20-2026 15:29:0$i RAM 9000/125000MB (lfb 19x4MB) CPU [39%@2160,off] GR3D_FREQ @[314,314] cpu@34.8C/34.8C gpu@45C/34.8C VDD_GPU $((4000 + 100 * i))mW/4925mW/5530mW VIN_SYS_5V0 6500mW/6500mW/6500mW"
    done >r39.log
    joules VDD_GPU 40.05 -- --from tegrastats --samples r39.log
    joules VIN_SYS_5V0 58.5 -- --from tegrastats --samples r39.log
    sed 's/mW\//mW~/g' r39.log >new.log
    fails 'new.log' 'no reading of power' -- --from tegrastats --samples new.log
}

@test "tegrastats: AGX Orin's inputs that are not connected, Thor's rail that reads below zero" {
    for i in 0 1 2 3 4 5 6 7 8 9; do
        echo "02-28-2023 23:59:0$i RAM 4122/30592MB (lfb 4998x4MB) CPU [0%@729,off] EMC_FREQ 0%@665 GR3D_FREQ 0%@[0,0] VIC_FREQ 729 CV0@-256C CPU@46.468C VDD_GPU_SOC 1989mW/1989mW VDD_CPU_CV $((400 + 100 * i))mW/397mW VIN_SYS_5V0 2519mW/2519mW NC 0mW/0mW VDDQ_VDD2_1V8AO 705mW/705mW NC 0mW/0mW"
    done >orin.log
    joules VDD_CPU_CV 7.65 -- --from tegrastats --samples orin.log
    if grep -q 'left out\|not understood' log; then false; fi
    joules all-roots 48.222 -- --from tegrastats --samples orin.log   # 7.65 J + 9 s (1.989 + 2.519) W
    joules VDDQ_VDD2_1V8AO 6.345 -- --from tegrastats --samples orin.log   # which VIN_SYS_5V0 has in it
    for i in 0 1 2 3 4 5 6 7 8 9; do
        echo "09-19-2025 10:30:0$i RAM 6982/125772MB (lfb 5x4MB) CPU [0%@972] GR3D_FREQ @[0,0,0] VIC off tj@41.4C VDD_GPU $((1200 * i - 400))mW/0mW VDD_CPU_SOC_MSS 3924mW/3924mW VIN $((23000 + 1200 * i))mW/23000mW"
    done >thor.log
    joules VDD_GPU 45 -- --from tegrastats --samples thor.log
    told "'VDD_GPU' is negative"
    joules VIN 255.6 -- --from tegrastats --samples thor.log
}

@test "a current and a voltage are power where they are of one rail, and an error else" {
    awk 'BEGIN { print "Time (s);Main current (A);Main voltage (V)"
        for (i = 0; i <= 400; i++) { s = sprintf("%.4f;%.3f;%.1f", i * 0.0025, 0.02 + 0.01 * (i % 2), 3.5); gsub(/\./, ",", s); print s } }' >otii.csv
    fails otii.csv "rail 'Main current'" "rail 'Main voltage'" '--column NAME=UNIT:RAIL' -- --samples otii.csv \
        --time 'Time (s)' --column 'Main current (A)=A' --column 'Main voltage (V)=V'
    fails otii.csv "rail 'Main current' has a current and no voltage" 'uA*3.7V' -- --samples otii.csv \
        --time 'Time (s)' --column 'Main current (A)=A'
    # 400 intervals of 2.5 ms, each with the power of its end: half of them 3.5 V × 30 mA, half × 20 mA
    joules Main 0.0875 -- --samples otii.csv --time 'Time (s)' \
        --column 'Main current (A)=A:Main' --column 'Main voltage (V)=V:Main'
    joules 'Main current' 0.0875 -- --samples otii.csv --time 'Time (s)' --column 'Main current (A)=A*3.5V'
}

@test "a load of few round powers looks like a sensor of coarse steps: told, and lsb says otherwise" {
    awk 'BEGIN { print "time_s,P [W]"; for (i = 0; i < 3200; i++) { t = i / 100
        printf "%.2f,%d\n", t, (t < 1 || t >= 31 ? 50 : int((t - 1) * 2) % 2 ? 100 : 300) } }' >round.csv
    awk 'BEGIN { print "begin_s,end_s,layer"
        for (i = 0; i < 60; i++) printf "%.1f,%.1f,%s\n", 1 + i / 2, 1.5 + i / 2, i % 2 ? "a" : "b" }' >l.csv
    import --samples round.csv --layers l.csv
    erg-analyze layers out.erg 2>log >/dev/null
    told 'readings are taken to be in steps of 50 W, too coarse for 2 layers .*lsb='
    import --samples round.csv --layers l.csv --sensor lsb=1
    erg-analyze layers --format json out.erg 2>log >o.json
    # 30 times half a second: 300 W and 100 W
    jq -e '.runs[0].layers | map({(.name): .energy_j}) | add | .b.lo < 4500 and .b.hi > 4500 and .a.lo < 1500 and
        .a.hi > 1500 and (.b.value - 4500 | fabs) < 5' o.json
    if grep 'in steps of' log; then false; fi
}

@test "clocks: wall time needs its zone beside layers, summer time is told apart or refused" {
    awk 'BEGIN { print "timestamp, index, power.draw [W]"; for (i = 0; i < 720; i++) { s = 79200 + i * 30
        p = s > 88200 && s <= 94200 ? ((int((s - 88201) / 300) % 2) ? 200 : 300) : 100
        printf "2024/06/%02d %02d:%02d:%02d.000, 0, %.2f W\n", s < 86400 ? 3 : 4, s % 86400 / 3600, s % 3600 / 60, s % 60, p + i % 7 - 3 } }' >local.csv
    awk 'BEGIN { print "begin_s,end_s,layer"; for (i = 0; i < 20; i++)
        printf "%d,%d,%s\n", 1717453800 + i * 300, 1717454100 + i * 300, i % 2 ? "fc" : "conv" }' >layers.csv
    fails 'local.csv' 'time-zone' -- --from nvidia-smi --samples local.csv --layers layers.csv
    fails 'layers.csv: line 2' 'outside' -- --from nvidia-smi --samples local.csv --layers layers.csv --time-zone America/New_York
    for zone in --time-zone=Europe/Berlin --time-zone=+02:00 --time-offset=-7200; do
        import --from nvidia-smi --samples local.csv --layers layers.csv $zone
        erg-analyze layers --format json out.erg 2>/dev/null | jq -e '.runs[0].layers | map({(.name): .energy_j.value}) | add |
            (.conv / 900000 - 1 | fabs) < 0.003 and (.fc / 600000 - 1 | fabs) < 0.003'
    done
    run erg-record import --from nvidia-smi --samples local.csv --time-zone Mars/Olympus -o x.erg; [ "$status" -eq 2 ]
    # the night of 27 October 2024, every minute: 02:00 to 03:00 comes twice
    awk 'BEGIN { print "timestamp, index, power.draw [W]"; for (i = 0; i < 240; i++) { m = i < 120 ? 60 + i : i
        printf "2024/10/27 %02d:%02d:00.000, 0, 100.00 W\n", m / 60, m % 60 } }' >autumn.csv
    fails 'autumn.csv: line 122' 'goes back by 3540 s' 'time-zone' -- --from nvidia-smi --samples autumn.csv
    joules gpu0 1434000 -- --from nvidia-smi --samples autumn.csv --time-zone Europe/Berlin
    told 'hour that the zone has twice'
    printf 'timestamp, index, power.draw [W]\n2024/03/31 01:59:00.000, 0, 100.00 W\n2024/03/31 02:30:00.000, 0, 100.00 W\n' >spring.csv
    fails 'no such time in Europe/Berlin' -- --from nvidia-smi --samples spring.csv --time-zone Europe/Berlin
}

@test "a run that lies in no layer's time is an error" {
    for i in 0 1 2 3 4 5 6 7 8 9; do teg "05-03-2024 10:20:3$i" 5000; done >t.log
    printf 'begin_s,end_s,layer\n0,1,conv1\n1,2,fc1\n' >l.csv
    fails 'wall clock' 'time-zone' -- --from tegrastats --samples t.log --layers l.csv
    fails 'l.csv: line 2' 'outside the time of the readings' -- --from tegrastats --samples t.log --layers l.csv --time-zone UTC
}

@test "joules of each interval: kind=delta; a constant column is not 0 J" {
    awk 'BEGIN { print "time_s,pkg [J]"; srand(4); for (i = 1; i <= 60; i++) printf "%.1f,%.2f\n", i / 10, 0.8 + rand() * 0.4 }' >d.csv
    want=$(awk -F, 'NR > 2 { s += $2 } END { print s }' d.csv)
    fails 'd.csv: line' 'falls' 'kind=delta' -- --samples d.csv
    joules pkg "$want" -- --samples d.csv --sensor kind=delta
    awk 'BEGIN { print "time_s,pkg [J]"; for (i = 1; i <= 60; i++) printf "%.1f,1.00\n", i / 10 }' >idle.csv
    fails 'idle.csv' '1 J in all 60' 'kind=delta' -- --samples idle.csv
    joules pkg 59 -- --samples idle.csv --sensor pkg:kind=delta
    import --samples idle.csv --sensor kind=counter
    printf 'time_s,P [W]\n0,1\n1,2\n' >w.csv
    fails 'kind=delta' 'contradicts the unit [W]' -- --samples w.csv --sensor P:kind=delta
}

@test "a wrapped counter that was logged as power is left out and told" {
    awk 'BEGIN { print "time_s,pkg [W]"; for (i = 0; i < 60; i++) printf "%d,%.1f\n", i * 5, i == 30 ? -12977 : 135 + i % 4 }' >spike.csv
    joules pkg 40268 -- --samples spike.csv
    told 'line 32.*-12977 W'
    # a burst of forty times the idle power is real
    awk 'BEGIN { print "time_s,P [W]"; for (i = 0; i < 60; i++) printf "%d,%.1f\n", i, i == 30 ? 40 : 1 }' >burst.csv
    joules P 98 -- --samples burst.csv
}

@test "the mean since the last reading: exactly the sum of power times interval" {
    awk 'BEGIN { print "time_s,gpu [W]"; for (i = 0; i < 12; i++) printf "%d,%.1f\n", i, i < 2 ? 60 : 399 + i % 3 }' >ramp.csv
    want=$(awk -F, 'NR > 2 { s += $2 * ($1 - t) } { t = $1 } END { print s }' ramp.csv)
    joules gpu "$want" 1e-6 -- --samples ramp.csv
    jq -e --argjson want "$want" '.runs[0].phases[0].ets_j | .hi - .lo < 0.1 * $want' t.json
    want=$(awk -F, 'NR > 2 { s += ($2 + p) / 2 * ($1 - t) } { t = $1; p = $2 } END { print s }' ramp.csv)
    joules gpu "$want" 1e-4 -- --samples ramp.csv --sensor kind=point
    # a step in the first interval, and intervals of all lengths; of the first reading nothing is known
    printf 'time_s,P [W]\n0,10\n1,20\n2,30\n3,10\n' >step.csv
    joules P 60 1e-9 -- --samples step.csv
    printf 'time_s,P [W]\n0,10\n1,20\n3,30\n3.5,10\n5,40\n6,20\n' >uneven.csv
    joules P 165 1e-9 -- --samples uneven.csv
    printf 'time_s,P [W]\n0,7\n10,5\n' >two.csv
    joules P 50 1e-9 -- --samples two.csv
    # nothing is bridged: 4 J in the 4 s before the gap, 9 J in 3 s from the window before the reading behind it on
    printf 'time_s,P [W]\n0,1\n1,1\n2,1\n3,1\n4,1\n10,3\n11,3\n12,3\n' >gap.csv
    joules P "$(awk 'BEGIN { printf "%.9g", 13. / 7 * 12 }')" 1e-6 -- --samples gap.csv
}

@test "a load that repeats itself is no stale meter: 24 of duty, period and rate" {
    for duty in 0.25 0.4 0.5 0.7; do for period in 0.73 1 2.5; do for step in 0.05 0.1; do
        awk -v d=$duty -v p=$period -v h=$step 'BEGIN { print "time_s,P [mW]"; for (i = 0; i < 600; i++) { t = i * h
            printf "%.4f,%d\n", t, t / p - int(t / p) < d ? 5206 : 2394 } }' >p.csv
        want=$(awk -F, 'NR > 2 { s += $2 * ($1 - t) } { t = $1 } END { print s / 1000 }' p.csv)
        joules P "$want" 1e-4 -- --samples p.csv
        if told changes; then echo "$duty $period $step"; cat log; false; fi
    done; done; done
}

@test "samples.csv: times in ms, us and as dates, units of all kinds, other separators, odd lines" {
    awk 'BEGIN { print "time_ms,Power (W)"; for (i = 0; i <= 100; i++) printf "%d,5.0\n", i * 10 }' >ms.csv
    joules Power 5 -- --samples ms.csv
    awk 'BEGIN { print "time_us,P [kW]"; for (i = 0; i <= 100; i++) printf "%d,0.005\n", i * 10000 }' >us.csv
    joules P 5 -- --samples us.csv
    awk 'BEGIN { print "timestamp;P [W]"; for (i = 0; i <= 50; i++) printf "2024-05-06T10:00:%02dZ;5,25\n", i }' >iso.csv
    joules P 262.5 -- --samples iso.csv
    awk 'BEGIN { print "time_s\tE [mWh]"; for (i = 0; i <= 100; i++) printf "%d\t%.3f\n", i, i * 1.5 }' >mwh.csv
    joules E 540 -- --samples mwh.csv
    { head -50 ms.csv; echo 'time_ms,Power (W)'; echo 'a message, of the meter, and more'; tail -n +51 ms.csv; } >odd.csv
    joules Power 5 -- --samples odd.csv
    told "line 52: 'a message"
    { cat ms.csv; printf '1010,5'; } >cut.csv
    joules Power 5 -- --samples cut.csv
    told 'line 103'
    printf 'time_s,P [furlong]\n0,1\n' >unit.csv
    fails furlong Wh uW kJ MHz -- --samples unit.csv
    awk 'BEGIN { print "time_s,P [W]"; for (i = 0; i < 50; i++) printf "%d,5\n%d,9\n", i, i }' >twice.csv
    fails 'twice.csv: line 3' '50 of 100' 'several devices' -- --samples twice.csv
    printf 'time_s,T [degC]\n0,40\n1,41\n' >cold.csv
    fails 'cold.csv' 'no reading of power or energy' -- --samples cold.csv
}

@test "a pipe: the digest is that of what was read, and the archive is the same again" {
    awk 'BEGIN { print "time_s,P [W]"; for (i = 0; i <= 100; i++) printf "%d,5.0\n", i }' >s.csv
    printf 'begin_s,end_s,layer\n0,50,a\n' >l.csv
    import --samples <(cat s.csv) --layers <(cat l.csv)
    "$ERG_BUILD/tests/tools/erg-pack" --manifest out.erg >m.json
    jq -e --arg s "$(sha256sum <s.csv | cut -d' ' -f1)" --arg l "$(sha256sum <l.csv | cut -d' ' -f1)" \
        '.import | .samples.sha256 == $s and .samples.path == "(pipe)" and .layers.sha256 == $l' m.json
    mv out.erg first.erg
    import --samples <(cat s.csv) --layers <(cat l.csv)
    cmp first.erg out.erg
}

@test "one power told in several ways, or of a part and its whole, is counted once" {
    awk 'BEGIN { print "timestamp, index, power.draw [W], power.draw.average [W], power.draw.instant [W]"; for (i = 0; i < 10; i++)
        printf "2024/05/06 10:00:%02d.000, 0, 100.00 W, 101.00 W, 99.00 W\n", i }' >several.csv
    joules all-roots 900 -- --from nvidia-smi --samples several.csv
    sed '1s/power.draw.average/module.power.draw.average/; 1s/power.draw.instant/module.power.draw.instant/; s/101.00/150.00/' several.csv >module.csv
    joules all-roots 1350 -- --from nvidia-smi --samples module.csv
    joules gpu0 900 -- --from nvidia-smi --samples module.csv
    sed '1s/power.draw \[W\]/temperature.gpu/; s/ 100.00 W/ 40/' several.csv >two.csv
    joules all-roots 909 -- --from nvidia-smi --samples two.csv
    awk 'BEGIN { for (i = 0; i < 10; i++) printf "%d\nPS1 Input Power  | 100 Watts         | ok\nPS2 Input Power  | 110 Watts         | ok\nSystem Power     | 200 Watts         | ok\n", 1715000000 + i * 5 }' >psu.txt
    joules all-roots 9000 -- --from ipmi --samples psu.txt
    told "within 'System Power'"
    grep -v System psu.txt >parts.txt
    joules all-roots 9450 -- --from ipmi --samples parts.txt
    awk 'BEGIN { for (i = 0; i < 10; i++) printf "*** Sampled system activity (Mon May  6 10:00:%02d 2024 +0200) (1000.00ms elapsed) ***\nDRAM Power: 300 mW\nCPU Power: 1000 mW\nPackage Power: 1500 mW\n", i }' >mac.txt
    joules all-roots 15 -- --from powermetrics --samples mac.txt
    sed 's/^DRAM/ECPU Power: 100 mW\nPCPU Power: 900 mW\nDRAM/' mac.txt >clusters.txt
    joules all-roots 15 -- --from powermetrics --samples clusters.txt
    awk 'BEGIN { for (i = 1; i <= 10; i++) printf "%d.000000000,60.00,Joules,power/energy-psys/,1,100.00,,\n%d.000000000,50.00,Joules,power/energy-pkg/,1,100.00,,\n", i, i }' >psys.txt
    joules all-roots 600 -- --from perf --samples psys.txt
}

@test "numbers of other countries: decimal commas, thousands, what is ambiguous is told" {
    { echo 'timestamp;index;power.draw [W]'; smi_rows | sed 's/, /;/g; s/\.\([0-9]*\) W/,\1 W/'; } >smi.csv
    grep -q ';100,00 W' smi.csv
    joules gpu0 387.6 -- --from nvidia-smi --samples smi.csv
    awk 'BEGIN { print "time_s;P [W]"; for (i = 0; i < 10; i++) print i ";" (i < 5 ? "10" : "10,5") }' >late.csv
    joules P 92.5 -- --samples late.csv
    if told comma; then false; fi
    awk 'BEGIN { print "time_s;P [mW]"; for (i = 0; i < 10; i++) print i ";" (i % 3 ? "5,123" : "987") }' >thousands.csv
    for columns in '' "--time time_s --column P\\ [mW]=mW"; do # whole numbers beside such: these are thousands, or a writer dropped zeros
        eval "set -- $columns"
        fails "thousands.csv: line 3: '5,123' in [mW]" "--decimal . for thousands" -- --samples thousands.csv "$@"
        joules P 33.699 -- --samples thousands.csv --decimal . "$@"   # 6 times 5.123 W, 3 of 0.987
    done
    # all have three digits: of small units there are thousands, of watts it is told
    sed 's/;987/;6,500/' thousands.csv >small.csv
    fails "small.csv: line 2: '6,500' in [mW]" '--decimal' -- --samples small.csv
    tr , . <small.csv >point.csv
    fails "point.csv: line 2: '6.500' in [mW]" '--decimal . for a fraction, or --decimal , for thousands' -- --samples point.csv
    joules P 50.238 -- --samples point.csv --decimal ,
    sed 's/mW/W/' point.csv >watts.csv
    joules P 50.238 -- --samples watts.csv
    told "watts.csv: line 2: the point of '6.500' was taken for the decimal point"
    joules P 50238 -- --samples watts.csv --decimal ,
    { cat small.csv; echo '10;0,500'; } >sure.csv # a number below one tells for all
    joules P 0.050738 -- --samples sure.csv
    # what stands between thousands
    for mark in ' ' "'" , $'\xc2\xa0' $'\xe2\x80\xaf' $'\xe2\x80\x99'; do
        sed "s/[.]/$mark/" point.csv >grouped.csv
        joules P 50.238 -- --samples grouped.csv --decimal .
    done
    sed "s/[.]/'/" point.csv >grouped.csv
    fails "grouped.csv: line 2: '6'500' is not understood" '--decimal' -- --samples grouped.csv
    sed 's/6[.]500/1.234.500,25/; s/5[.]123/5.12/' point.csv >odd.csv
    fails "odd.csv: line 3: '5.12' is not understood" -- --samples odd.csv --decimal ,
    run import --samples small.csv --decimal 1 -f -o out.erg
    [ "$status" -eq 2 ]
    run import --from perf --samples small.csv --decimal . -f -o out.erg
    [ "$status" -eq 2 ]
    awk 'BEGIN { print "time_s;P [W]"; for (i = 0; i < 10; i++) print i ";1.234,5" }' >both.csv
    fails 'both.csv: line 2' '1.234,5' -- --samples both.csv
    joules P 11110.5 -- --samples both.csv --decimal ,
    # a comma behind numbers with a point is none of theirs
    awk 'BEGIN { print "time_s;P [W]"; for (i = 0; i < 40; i++) print i ";" (i == 20 ? "1,234" : "5.5") }' >odd.csv
    joules P 214.5 -- --samples odd.csv
    told "line 22: '1,234'"
    # perf's text in locales with thousands, and its -x, in ones with decimal commas
    awk 'BEGIN { for (i = 1; i <= 10; i++) printf "     %d.000000000           %s Joules power/energy-pkg/\n", i, i % 2 ? "1,234.50" : "934.50" }' >us.txt
    joules energy-pkg 10845 -- --from perf --samples us.txt
    tr .,= ,.= <us.txt | sed 's/,000000000/.000000000/' >de.txt
    grep -q '1\.234,50' de.txt
    joules energy-pkg 10845 -- --from perf --samples de.txt
    awk 'BEGIN { for (i = 1; i <= 10; i++) for (s = 0; s < 2; s++) printf "%d.000000000,S%d,1,%d,50,Joules,power/energy-pkg/,1,100,00,,\n", i, s, 50 + 50 * s }' >x.txt
    joules all-roots 1510 -- --from perf --samples x.txt
    sed 's/,S0,1//; /,S1,/d' x.txt >x1.txt
    joules energy-pkg 505 -- --from perf --samples x1.txt
    fails 'PTDaemon' -- --from ptdaemon --samples <(seq 0 9 | sed 's/.*/Time,05-06-2024 10:00:0&.123,Watts,100,500,Volts,230,1,Mark,run/')
}

@test "times: AM and PM, times of day, numbers that are not since 1970, what stands behind a time" {
    awk 'BEGIN { print "Date,P"; for (i = 0; i < 20; i++) printf "2024-05-06 %02d:59:%02d PM,50\n", 12, 40 + i }' >pm.csv
    awk 'BEGIN { print "begin_s,end_s,layer"; t = 1715000380 + 5; for (i = 0; i < 10; i++) printf "%d,%d,a\n", t + i, t + i + 1 }' >pml.csv
    date -u -d '2024-05-06 12:59:40' +%s | grep -q 1715000380
    import --samples pm.csv --time Date --column P=W --time-zone UTC --layers pml.csv
    sed 's/12:59/01:59/' pm.csv >one.csv
    fails 'pml.csv: line 2' 'outside' -- --samples one.csv --time Date --column P=W --time-zone UTC --layers pml.csv
    sed 's/12:59/13:59/' pm.csv >thirteen.csv
    fails 'thirteen.csv: line 2' '13:59:40 PM' -- --samples thirteen.csv --time Date --column P=W
    awk 'BEGIN { print "Date,Time,P"; for (i = 0; i < 10; i++) printf "%d.5.2024,%s:%02d.5,50\n", i < 5 ? 6 : 7, i < 5 ? "23:59" : "00:00", i < 5 ? 50 + i * 2 : i * 2 - 10 }' >day.csv
    joules P 900 -- --samples day.csv --time Time --column P=W
    for t in '5e9 1e8' '1.2e12 1e8' '3e14 1e9'; do
        awk -v t="$t" 'BEGIN { split(t, a, " "); print "time,P"; for (i = 0; i < 20; i++) printf "%.0f,50\n", a[1] + i * a[2] }' >boot.csv
        fails 'boot.csv' "say --time 'time:s'" -- --samples boot.csv --time time --column P=W
    done
    joules P 950 -- --samples boot.csv --time time:ns --column P=W
    awk 'BEGIN { print "Time(ms),I(uA)"; for (i = 0; i < 10; i++) print i * 100 ",1000" }' >ua.csv
    joules I 0.00297 -- --samples ua.csv --time 'Time(ms)' --column 'I(uA)=uA*3.3V'
    if told 'name says'; then false; fi
    import --samples ua.csv --time 'Time(ms)' --column 'I(uA)=mA*3.3V' 2>log
    told "its name says uA"
}

@test "whole seconds of any form: refused, or spread by --interval" {
    awk 'BEGIN { print "time_s,P [W]"; for (i = 0; i < 50; i++) printf "%d,%d\n", 1715000000 + i / 10, 50 + i % 7 }' >s.csv
    want=$(awk -F, 'NR > 2 { s += $2 / 10 } END { print s }' s.csv)
    fails 's.csv: line 3' 'several devices' '--interval' -- --samples s.csv
    joules P "$want" -- --samples s.csv --interval 0.1
    told 'whole seconds'
    joules P "$want" -- --samples s.csv --interval 0.1 --time time_s:s --column 'P [W]=W'
    # two rails with lines of their own are no two readings of one
    awk 'BEGIN { print "time_s,A [W],B [W]"; for (i = 0; i < 10; i++) printf "%d,5,\n%d,,6\n", i, i }' >two.csv
    joules A 45 -- --samples two.csv --interval 0.5
    joules B 54 -- --samples two.csv
}

@test "a clock that is set back a little is a doubt of the energy; rows that were late are none" {
    awk 'BEGIN { print "time_s,P [W]"; for (i = 0; i < 100; i++) printf "%.3f,10.00\n", i / 100
        for (i = 0; i < 105; i++) printf "%.3f,20.00\n", i / 100 + 0.955 }' >step.csv
    import --samples step.csv 2>log
    told '4 lie between others'
    # ten of 99 intervals and twenty of 105: as long as it really was
    erg-analyze totals --format json out.erg 2>/dev/null | jq -e '.runs[0].phases[0].ets_j | .lo <= 30.9 and .hi >= 30.9 and .hi < 32'
    awk 'BEGIN { print "time_s,P [W]"; for (i = 0; i < 110000; i++) printf "%.3f,10\n", int(i / 100) * 0.955 + i % 100 / 100 }' >often.csv
    import --samples often.csv 2>log
    told '4396 lie between others' # four of each of 1099
    awk 'BEGIN { print "time_s,P [W]"; for (i = 0; i < 100; i++) printf "%.3f,10\n", (i % 10 == 3 ? i + 1 : i % 10 == 4 ? i - 1 : i) / 100 }' >late.csv
    joules P 9.9 -- --samples late.csv
    told '10 such rows'
    if told 'lie between'; then false; fi
}

@test "tegrastats behind ts(1) and two lines in one; rocm-smi's warnings; ipmitool with the time on its line" {
    for i in 0 1 2 3 4 5 6 7 8 9; do teg "Mar 05 10:00:0$((i / 2)).$((i % 2 * 5))" 10000; done >ts.log
    joules VDD_IN 45 -- --from tegrastats --samples ts.log
    sed 's/^/[node7] /' ts.log >node.log
    import --from tegrastats --samples node.log 2>log
    told "before RAM in '\[node7"
    { for i in 0 1 2 3; do teg "05-06-2024 10:00:0$i" 10000; done; teg '05-06-2024 10:00:04' 10000 | head -c 120
      for i in 5 6 7 8 9; do teg "05-06-2024 10:00:0$i" 10000; done; } >merged.log
    joules VDD_IN 90 -- --from tegrastats --samples merged.log
    told 'line 5:.*1 such lines of 9'
    awk 'BEGIN { for (i = 0; i < 10; i++) { print "WARNING: AMD GPU device(s) is/are in a low-power state."; print "device,Average Graphics Package Power (W),Temperature (Sensor edge) (C)"
        for (g = 0; g < 2; g++) printf "card%d,%d.0,40 °C\n", g, 100 * (g + 1) } }' >rocm.csv
    joules all-roots 2700 -- --from amd-smi --samples rocm.csv --interval 1
    told 'low-power state'
    for i in 0 1 2 3 4; do echo "$((1715000000 + i * 5))     Instantaneous power reading:                   210 Watts"; done >line.txt
    joules system 4200 -- --from ipmi --samples line.txt
    for i in 0 1 2 3 4; do echo "2024-05-06 10:00:0$i, Pwr Consumption  | 210 Watts | ok"; done >sdr.txt
    joules 'Pwr Consumption' 840 -- --from ipmi --samples sdr.txt
}

@test "what imported layers count is work to divide by, also where only the inner ones count" {
    awk 'BEGIN { print "time_s,CPU [W]"; for (t = 0; t <= 20; t += 0.005) printf "%.3f,%.3f\n", t, t < 10 ? 8 : 5 }' >s.csv
    # 10 s of prefill in 10 prompts of 50 tokens at 8 W, 10 s of 100 tokens one by one at 5 W; around each
    # step a network that counts nothing itself; images are counted by network and layer alike.
    awk 'BEGIN { print "begin_s,end_s,layer,type,network,phase,counter:tokens,counter:images"
        for (i = 0; i < 110; i++) {
            t = i < 10 ? i : 10 + (i - 10) / 10; d = i < 10 ? 1 : 0.1; p = i < 10 ? "prefill" : "decode"
            printf "%.3f,%.3f,net,network,net,%s,,2\n", t, t + d, p
            printf "%.3f,%.3f,step,fc,net,%s,%d,2\n", t + d / 10, t + d * 0.9, p, i < 10 ? 50 : 1
        } }' >l.csv
    erg-record import --samples s.csv --layers l.csv --sensor 'kind=boxcar window_s=0.005' -o n.erg
    erg-analyze totals --per token --format json n.erg >t.json
    jq -e '.runs[0].phases | map({(.name): .per.count}) | add | .run == 600 and .prefill == 500 and .decode == 100' t.json
    jq -e '.runs[0].phases | map({(.name): .per.energy_j.value}) | add |
        (.prefill / (80 / 500) - 1 | fabs < 0.01) and (.decode / (50 / 100) - 1 | fabs < 0.01)' t.json
    erg-analyze totals --per counter:images --format json n.erg >t.json
    jq -e '.runs[0].phases[0].per | .count == 220 and (.energy_j.value * 220 / 130 - 1 | fabs < 0.01)' t.json
    # Phases and layers that count nothing, or less than that, have no energy a unit of it, and that reason.
    awk 'BEGIN { print "begin_s,end_s,layer,phase,counter:none,counter:less,counter:some"
        for (i = 0; i < 20; i++) printf "%d,%.1f,step,%s,0,-3,%s\n", i, i + 0.9, i < 10 ? "prefill" : "decode", i < 10 ? "" : 4 }' >z.csv
    erg-record import --samples s.csv --layers z.csv --sensor 'kind=boxcar window_s=0.005' -o z.erg
    for unit in none:0 less:-60; do
        erg-analyze totals --per counter:${unit%:*} --format json z.erg | jq -e --argjson n ${unit#*:} '.runs[0].phases |
            length == 3 and .[0].per.count == $n and all(.per | (.count == $n or .count == $n / 2) and
                .energy_j.value == null and .energy_j.reason == "no-work")'
        erg-analyze layers --per counter:${unit%:*} --format json z.erg | jq -e --argjson n ${unit#*:} '.runs[0].layers[0].per |
            .count == $n and .energy_j.value == null and (.energy_j.reason | length > 0)'
    done
    erg-analyze totals --per counter:none --format csv z.erg |
        awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "per_count") c = i } NR > 1 && $c != "0" { exit 1 }'
    # What counted nothing at all has no count.
    erg-analyze totals --per counter:some --format json z.erg | jq -e '.runs[0].phases[] | select(.name == "prefill").per.count == null'
    erg-analyze totals --per counter:some --format json z.erg | jq -e '.runs[0].phases | map({(.name): .per}) | add |
        .run.count == 40 and .decode.count == 40 and .prefill.energy_j.reason == "no-work" and
        (.decode.energy_j.value * 40 / 49.5 - 1 | fabs < 0.01)'
    # Time to the first token: prompts of 0.5 s, the second of two steps and of two requests, each before a second of
    # answers; and prompts one after the other, whose phase is one and tells of none.
    printf '%s\n' begin_s,end_s,layer,phase,counter:tokens,counter:requests 1,1.5,p,prefill,9,1 1.5,2.5,d,decode,9,0 \
        3,3.3,p,prefill,9,2 3.3,3.7,p,prefill,9,0 3.7,4.7,d,decode,9,0 >f.csv
    erg-record import --samples s.csv --layers f.csv -o f.erg
    erg-analyze totals --per token --format json f.erg | jq -e '.runs[0].first_token | .n == 3 and .untimed == 0 and
        (.median_s - 0.7 | fabs < 1e-6) and (.mean_s - 1.9 / 3 | fabs < 1e-6) and (.max_s - 0.7 | fabs < 1e-6)'
    { cat f.csv; for i in 0 1 2 3; do echo "$((i + 10)),$((i + 11)),p,prefill,9,1"; done; } >g.csv
    erg-record import --samples s.csv --layers g.csv -o g.erg
    erg-analyze totals --per token --format json g.erg | jq -e '.runs[0].first_token | .n == 3 and .untimed == 4 and (.max_s - 0.7 | fabs < 1e-6)'
    erg-analyze totals --per token g.erg | grep -q '(3 requests); not known of 4 requests in phases that hold the steps of several$'
    sed '2,6d' g.csv >h.csv
    erg-record import --samples s.csv --layers h.csv -o h.erg
    erg-analyze totals --per token h.erg | grep -qx 'time to the first token: not known of 4 requests in phases that hold the steps of several'
    # Where steps say whose first token they gave, requests may overlap: one of 0.5 s, two of 2 s together, one that had none.
    # Energy by request: 8 W for 4 s of prompts and 8 W for 2 s of both by 4 requests, whatever step began or ended them.
    printf '%s\n' begin_s,end_s,layer,phase,counter:tokens,counter:requests,counter:first_tokens,counter:first_token_ns \
        1,1.5,p,prefill,9,2,1,500000000 1.5,2.5,p,mixed,9,1,0,0 2.5,3.5,p,mixed,9,0,2,4000000000 3.5,7,p,prefill,9,1,0,0 >l.csv
    erg-record import --samples s.csv --layers l.csv --sensor 'kind=boxcar window_s=0.005' -o l.erg
    erg-analyze totals --per request --format json l.erg >t.json
    jq -e '.runs[0].first_token | .n == 3 and .untimed == 0 and .unanswered == 1 and (.mean_s - 1.5 | fabs < 1e-6) and
        (.median_s - 2 | fabs < 1e-6) and (.max_s - 2 | fabs < 1e-6)' t.json
    jq -e '.runs[0].phases | map({(.name): .per}) | add | .run.count == 4 and .prefill.count == 4 and .mixed.count == 4 and
        (.prefill.energy_j.value / 8 - 1 | fabs < 0.01) and (.mixed.energy_j.value / 4 - 1 | fabs < 0.01) and
        .mixed.energy_j.lo <= 4 and 4 <= .mixed.energy_j.hi' t.json
    erg-analyze totals --per request l.erg | grep -q '(3 requests); there was none, or it is not known, of 1 requests$'
    run ! erg-analyze totals --per counter:nosuch n.erg
    [[ "$output" == *"the application has tokens, images"* ]]
}

@test "a comma before the part of a second, as Python's logging and ISO 8601 write it" {
    awk 'BEGIN { print "time;P [W]"; for (i = 0; i < 20; i++) printf "2024-05-06 10:00:%02d,%d00;5\n", i / 10, i % 10 }' >c.csv
    joules P 9.5 -- --samples c.csv
    joules P 9.5 -- --samples c.csv --time time --column 'P [W]=W'
    sed 's/;5/ cut;5/' c.csv >odd.csv
    fails 'odd.csv: line 2' -- --samples odd.csv --time time --column 'P [W]=W'
}

@test "an exponent of more digits than a number has is no other exponent" {
    for bad in 2e4294967297 1e9223372036854775807 7e-9223372036854775808 7e18446744073709551617 2E+4294967298; do
        awk -v bad="$bad" 'BEGIN { print "time_s,VDD [W]"; for (i = 0; i < 100; i++) print i / 10 "," (i == 50 ? bad : "3.25") }' >s.csv
        run erg-record import --force --samples s.csv -o a.erg
        if [ "$status" -eq 0 ]; then
            [[ "$output" == *"warning"* ]]
            erg-analyze export --to csv a.erg -o a.csv 2>/dev/null
            [ "$(cut -d, -f2 a.csv | sed '1d;/^$/d' | sort -u)" = 3.25 ]
        else
            [[ "$output" == *"line 52: "* ]]
        fi
    done
}

@test "units as scripts write them, behind the name: power_w, gpu_power_mW, energy_uj; rail_a is no current" {
    awk 'BEGIN { print "time_s,power_w,gpu_power_mW,dram_energy_uj,temp_c,clock_mhz"
        for (i = 0; i < 11; i++) print i ",2.5,1500," 3000000 * i ",40," 900 + i }' >u.csv
    joules power 25 -- --samples u.csv
    joules gpu_power 15 -- --samples u.csv
    joules dram_energy 30 -- --samples u.csv
    sed 's/temp_c/rail_c/' u.csv >c.csv
    fails "column 'rail_c'" -- --samples c.csv
    sed 's/power_mW/power_MW/' u.csv >mega.csv
    fails "column 'gpu_power_MW'" -- --samples mega.csv
}
