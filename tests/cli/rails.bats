#!/usr/bin/env bats
# bats file_tags=offline
# Sums of rails: boards and machines whose energy is in several roots. The joules are awk's.
load helpers

layers() { erg-analyze layers --format json "$@" 2>>warnings; }
totals() { erg-analyze totals --format json "$@" 2>>warnings; }

# value JSON-PATH FILE is WANT (within its interval, which is not wider than WIDTH of it)
covers() {
    jq -e --argjson want "$3" --argjson width "${4:-0.05}" \
        "$1 | .lo <= \$want and \$want <= .hi and .hi - .lo <= \$width * \$want" "$2"
}

# Two layers in turn, 50 and 30 ms, and 20 ms in none, 200 times. Of A's power what is more, by as much
# is B's less: in the sum of both, conv has 12 W, fc 9 W, the rest 4 W. Readings each millisecond, each the
# mean since the one before.
# SENSOR: what B's differs in.
world() {
    awk 'BEGIN {
        srand(7)
        print "begin_s,end_s,layer,type,network" >"L.csv"
        for (i = 0; i < 200; i++) {
            t = 0.1 * i
            printf "%.6f,%.6f,conv,conv,n\n%.6f,%.6f,fc,fc,n\n", t, t + .05, t + .05, t + .08 >"L.csv"
        }
        print "time_s,A [W],B [W]" >"S.csv"
        for (m = 0; m <= 20000; m++) {
            at = (m - 1) % 100
            p = m ? (at < 50 ? 12 : at < 80 ? 9 : 4) : 4
            u = (rand() - .5) * 2
            a = p / 3 + u + (rand() - .5) * .2; b = p * 2 / 3 - u + (rand() - .5) * .2
            if (m) { A += a / 1000; B += b / 1000; if (at < 50) conv += p / 1000; else if (at < 80) fc += p / 1000 }
            printf "%.3f,%.6f,%.6f\n", m / 1000, a, b >"S.csv"
        }
        printf "%.6f %.6f %.6f %.6f\n", A, B, conv, fc
    }' >truth
    read -r A B CONV FC <truth
    erg-record import --force --samples S.csv --layers L.csv --sensor "kind=boxcar window_s=0.001 period_s=0.001 gain_max=0.001${1:+ $1}" \
        -o w.erg
}

@test "rails read together are one series: what one has more and the other less is no doubt of the sum" {
    world
    layers --rail A+B w.erg >o.json
    [ "$(jq -r '.runs[0].rail' o.json)" = A+B ]
    [ "$(jq -r '.runs[0].covariance' o.json)" = readings ]
    covers '.runs[0].ets_j' o.json "$(awk '{ print $1 + $2 }' truth)" 0.01
    covers '.runs[0].layers[] | select(.name == "conv").energy_j' o.json "$CONV" 0.02
    covers '.runs[0].layers[] | select(.name == "fc").energy_j' o.json "$FC" 0.02
    jq -e '.runs[0] | .ets_j.value as $e | [(.layers + .rest)[].energy_j.value] | add / $e - 1 | fabs < 1e-7' o.json
    layers --rail A w.erg >a.json
    # the sum is known better than a part of it, whose readings are noisy
    jq -e --slurpfile a a.json '[.runs[0].layers[0].energy_j | .stat] < [$a[0].runs[0].layers[0].energy_j.stat]' o.json
    layers --rail all-roots w.erg >all.json
    diff <(jq -S .runs o.json) <(jq -S .runs all.json)
    totals --rail A+B w.erg >t.json
    covers '.runs[0].phases[0].ets_j' t.json "$(awk '{ print $1 + $2 }' truth)" 0.01
    jq -e '.runs[0].phases[0] | .peak_w > 11 and .peak_w < 13' t.json
}

@test "rails of different sensors are accounted each for itself; ends of intervals are added" {
    world B:lag_s=0.0002
    layers --rail A+B w.erg >o.json
    layers --rail A w.erg >a.json
    layers --rail B w.erg >b.json
    jq -e '.runs[0] | .rail == "A+B" and .covariance == "linear" and .peak_w == null' o.json
    jq -e '.runs[0].sum_of | length == 2' o.json
    covers '.runs[0].layers[] | select(.name == "conv").energy_j' o.json "$CONV" 0.1
    covers '.runs[0].ets_j' o.json "$(awk '{ print $1 + $2 }' truth)" 0.05
    for end in value lo hi stat syst; do
        jq -e --arg part $end --slurpfile a a.json --slurpfile b b.json \
            '.runs[0].layers[0].energy_j[$part] / ([$a[0], $b[0]] | map(.runs[0].layers[0].energy_j[$part]) | add) - 1 |
                fabs < 1e-6' o.json
    done
    jq -e '.runs[0] | .layers[0] | .share.lo <= .share.value and .share.value <= .share.hi' o.json
    # the archive's warnings are there once
    jq -e '(.warnings | length) == (.warnings | unique | length)' o.json
    erg-analyze layers --rail A+B w.erg 2>/dev/null >text
    grep -q 'each of the 2 rails for itself, ends of intervals added: their sensors differ' text
}

@test "a row that one rail cannot tell is unresolved in the sum, with its reason" {
    # a meter as slow as ten cycles sees no layer
    world 'B:window_s=1 B:period_s=1'
    layers --rail A+B w.erg >o.json
    layers --rail B w.erg >b.json
    layers --rail A w.erg >a.json
    jq -e '.runs[0].layers[0].energy_j.value != null' a.json
    jq -e '.runs[0].covariance == "linear"' o.json
    jq -e '.runs[0].layers | length > 0' o.json
    jq -e '[.runs[0].layers[].energy_j | select(.value == null) | .reason] | length > 0 and all(. != null)' o.json
}

# Three rails of AGX Orin, one line each second: tegrastats.
@test "tegrastats of a board without a rail of everything: the sum, and a note without it" {
    awk 'BEGIN { for (i = 0; i < 40; i++) printf "07-20-2026 15:29:%02d RAM 9/12MB CPU [1%%@2160] VDD_GPU_SOC %dmW/1mW VDD_CPU_CV %dmW/1mW VIN_SYS_5V0 %dmW/1mW\n", i, 4000 + 100 * (i % 3), 8000 + 50 * i, 6500 }' >t.log
    # a reading is at its own time: the trapezoid between them
    want=$(awk '{ for (f = 1; f < NF; f++) if ($f ~ /^V/) { w += $(f + 1) / 1000; split("", x) } p[NR] = w; w = 0 }
        END { for (i = 2; i <= NR; i++) e += (p[i] + p[i - 1]) / 2; print e }' t.log)
    erg-record import --from tegrastats --samples t.log -o t.erg
    totals --rail all-roots t.erg >o.json
    jq -e '.runs[0].rail == "VDD_GPU_SOC+VDD_CPU_CV+VIN_SYS_5V0"' o.json
    covers '.runs[0].phases[0].ets_j' o.json "$want" 0.02
    totals t.erg >d.json
    jq -e '.runs[0] | .rail == "VDD_CPU_CV" and ([.other_roots[].rail] == ["VDD_GPU_SOC", "VIN_SYS_5V0"])' d.json
    jq -e '.runs[0] | [.other_roots[].share] | add > 0.5 and add < 0.6' d.json
    erg-analyze totals t.erg 2>/dev/null >text
    grep -q 'one root of 3; not in it: VDD_GPU_SOC (.*); --rail all-roots adds them' text
    # the note is no warning
    erg-analyze totals --strict t.erg
}

# Four GPUs, 3 ms apart in each poll.
@test "four GPUs of one log: the joules of the machine" {
    awk 'BEGIN { print "timestamp, index, power.draw [W]"
        for (i = 0; i < 100; i++) for (g = 0; g < 4; g++) { ms = i * 100 + g * 3
            printf "2024/05/06 10:00:%02d.%03d, %d, %.2f W\n", int(ms / 1000), ms % 1000, g, 100 * (g + 1) } }' >g.csv
    erg-record import --from nvidia-smi --samples g.csv -o g.erg
    seconds=$(totals g.erg | jq .runs[0].phases[0].time_s)
    totals --rail all-roots g.erg >o.json
    jq -e --argjson s "$seconds" '.runs[0].phases[0] | .ets_j.value / (1000 * $s) - 1 | fabs < 1e-5' o.json
    jq -e '[.runs[0].sum_of[].rail] == ["gpu0", "gpu1", "gpu2", "gpu3"]' o.json
    totals --rail gpu1+gpu3 g.erg >two.json
    jq -e --argjson s "$seconds" '.runs[0] | .rail == "gpu1+gpu3" and
        (.phases[0].ets_j.value / (600 * $s) - 1 | fabs < 1e-5)' two.json
}

@test "what may not be added is refused in one line" {
    awk 'BEGIN { print "time_s,VDD_IN [W],VDD_CPU [W]"; for (i = 0; i < 50; i++) print i / 10 ",9,4" }' >p.csv
    erg-record import --samples p.csv --sensor 'kind=point' -o p.erg
    run erg-analyze totals --rail VDD_IN+VDD_IN p.erg
    [ "$status" -eq 1 ]
    [ "$output" = "erg-analyze totals: p.erg: rail 'VDD_IN' is there twice" ]
    run erg-analyze layers --rail VDD_IN+nothing p.erg
    [ "$status" -eq 1 ]
    [ "$output" = "erg-analyze layers: p.erg: no rail 'nothing'; there are: VDD_IN, VDD_CPU" ]
    erg-record import --force --samples p.csv --sensor 'kind=point VDD_CPU:parent=VDD_IN' -o p.erg
    run erg-analyze totals --rail VDD_CPU+VDD_IN p.erg
    [ "$status" -eq 1 ]
    [ "$output" = "erg-analyze totals: p.erg: rail 'VDD_CPU' is part of 'VDD_IN': their sum would count it twice" ]
    # the only root
    totals --rail all-roots p.erg >o.json
    jq -e '.runs[0].rail == "VDD_IN" and (.runs[0] | has("other_roots") | not)' o.json
    jq -e '.runs[0].phases[0].ets_j.value / (9 * 4.9) - 1 | fabs < 1e-6' o.json
    world
    run erg-analyze export --to csv --rail A+A w.erg -o w.csv
    [ "$status" -eq 1 ]
    [ ! -e w.csv ]
}

@test "a GPU by its own track, the CPU by its threads: a layer has the energy of both, and no power" {
    # conv runs 50 ms on the GPU and fc 30; the thread is in conv for 30 ms and in fc never
    awk 'BEGIN { srand(3)
        print "begin_s,end_s,layer,type,network,track" >"L.csv"
        for (i = 0; i < 200; i++) { t = .1 * i
            printf "%.3f,%.3f,conv,conv,n,gpu0\n%.3f,%.3f,fc,fc,n,gpu0\n", t, t + .05, t + .05, t + .08 >"L.csv"
            printf "%.3f,%.3f,conv,conv,n,host\n", t, t + .03 >"L.csv" }
        print "time_s,VDD_GPU [W],VDD_CPU [W]" >"S.csv"
        for (m = 0; m <= 20000; m++) {
            at = (m - 1) % 100
            g = (at < 50 ? 8 : at < 80 ? 5 : 2) + rand() * .1; c = (at < 30 ? 4 : 1) + rand() * .1
            printf "%.3f,%.4f,%.4f\n", m / 1000, g, c >"S.csv"
            if (m) { all += g + c; if (at < 50) conv += g; else if (at < 80) fc += g; if (at < 30) conv += c } }
        printf "%.4f %.4f %.4f\n", all / 1000, conv / 1000, fc / 1000 }' >truth
    read -r all conv fc <truth
    erg-record import --samples S.csv --layers L.csv --sensor 'kind=boxcar window_s=0.001 period_s=0.001 gain_max=0.001' -o d.erg
    for rails in VDD_GPU+VDD_CPU VDD_CPU+VDD_GPU; do
        layers --rail $rails d.erg >o.json
        covers '.runs[0].ets_j' o.json "$all" 0.01
        covers '.runs[0].layers[] | select(.name == "conv").energy_j' o.json "$conv" 0.01
        covers '.runs[0].layers[] | select(.name == "fc").energy_j' o.json "$fc" 0.01
        jq -e '.runs[0].layers[0] | .power_w.value == null and .power_w.reason == "rails have other times"' o.json
        jq -e '.runs[0] | .ets_j.value as $e | [(.layers + .rest)[].energy_j.value] | add / $e - 1 | fabs < 1e-6' o.json
    done
    totals --per iteration --rail VDD_GPU+VDD_CPU d.erg >t.json
    covers '.runs[0].phases[0].ets_j' t.json "$all" 0.01
    covers '.runs[0].phases[0].mean_j' t.json "$all" 0.01
}

@test "a layer on two tracks of a rail: what it spends on both is not twice that on one" {
    # conv runs 50 ms on one track and 30 on the other, whose time alone costs; a lag of 50 ms fits as well
    awk 'BEGIN { srand(3)
        print "begin_s,end_s,layer,type,network,track" >"L.csv"
        for (i = 0; i < 100; i++) { t = .1 * i
            printf "%.3f,%.3f,conv,conv,n,cuda:0\n%.3f,%.3f,fc,fc,n,cuda:0\n", t, t + .05, t + .05, t + .08 >"L.csv"
            printf "%.3f,%.3f,conv,conv,n,host\n", t, t + .03 >"L.csv" }
        print "time_s,VDD_CPU [W]" >"S.csv"
        for (m = 0; m <= 10000; m++) {
            at = (m - 1) % 100
            c = (at < 30 ? 4 : 1) + rand() * .1
            printf "%.3f,%.4f\n", m / 1000, c >"S.csv"
            if (m) { if (at < 50) conv += c; else if (at < 80) fc += c } }
        printf "%.4f %.4f\n", conv / 1000, fc / 1000 }' >truth
    read -r conv fc <truth
    erg-record import --samples S.csv --layers L.csv --sensor 'kind=boxcar window_s=0.001 period_s=0.001' -o t.erg
    layers t.erg >o.json
    covers '.runs[0].layers[] | select(.name == "conv").energy_j' o.json "$conv" 0.01
    covers '.runs[0].layers[] | select(.name == "fc").energy_j' o.json "$fc" 0.01
}

@test "report, sweep and compare take a sum of rails, also of different sensors" {
    skip_without page
    world
    erg-analyze compare --format json --rail A+B w.erg w.erg 2>>warnings >c.json
    jq -e --argjson want "$(awk '{ print $1 + $2 }' truth)" '.total.ets_j.a.value / $want - 1 | fabs < .01' c.json
    erg-analyze sweep --format json --rail A+B w.erg w.erg 2>>warnings >s.json
    jq -e --argjson want "$(awk '{ print $1 + $2 }' truth)" '.groups[0].points[0].ets_j.value / $want - 1 | fabs < .01' s.json
    world B:lag_s=0.0002
    erg-analyze report --rail A+B w.erg -o r.html 2>>warnings
    grep -q 'each of the 2 rails for itself' r.html
    erg-analyze report w.erg -o r.html 2>>warnings
    grep -q 'one root of 2; not in it: A' r.html
}

@test "export --to csv and thermal take a sum of rails; what was exported is imported with the same sum" {
    awk 'BEGIN { print "timestamp, index, power.draw [W]"; for (i = 0; i < 15; i++) for (g = 0; g < 4; g++)
        printf "2024/05/06 10:00:%06.3f, %d, %d.00 W\n", i / 10 + g * 0.003, g, 100 * (g + 1) }' >smi.csv
    erg-record import --from nvidia-smi smi.csv -o g.erg 2>log
    erg-analyze export --to csv --rail all-roots g.erg -o all.csv
    head -2 all.csv | cut -d, -f 1-6 >head
    printf 'time_s,gpu0 [W],gpu1 [W],gpu2 [W],gpu3 [W],gpu0+gpu1+gpu2+gpu3 [W]\n0.000000000,100,200,300,400,1000\n' | cmp - head
    erg-record import --samples all.csv -o again.erg 2>log
    totals --rail all-roots again.erg >o.json
    jq -e '.runs[0].phases[0].ets_j.value / 1400 - 1 | fabs < 1e-6' o.json
    erg-analyze export --to csv --rail gpu0+gpu1 g.erg -o two.csv
    [ "$(sed -n 2p two.csv | cut -d, -f6)" = 300 ]
    run erg-analyze export --to csv --rail gpu0+gpu0 g.erg -o x.csv
    [ "$status" -eq 1 ]
    [[ "$output" == *"there twice"* ]]
    # a sensor of another lag is no obstacle to a mean over a block
    awk 'BEGIN { print "time_s,W [W],A [W],B [W],soc [degC]"
        for (i = 0; i <= 6000; i++) { t = i / 200; p = (t > 5 && t < 25 ? 8 : 3) + (i % 5) / 100
            printf "%.3f,%.4f,%.4f,%.4f,%.2f\n", t, p, p / 4, p * 3 / 4, 40 + (t > 5 ? t - 5 : 0) / 2 } }' >s.csv
    erg-record import --samples s.csv --sensor B:lag_s=0.001 --tag heatsink=on -o t.erg 2>log
    for r in W A+B A; do erg-analyze thermal --rail $r --format json t.erg 2>log | jq -c '.leakage.regression.value' >"$r"; done
    jq -e --slurpfile w W '. / $w[0] - 1 | fabs < 0.01' A+B
    jq -e --slurpfile w W '. / $w[0] - 1 | fabs > 0.5' A
}
