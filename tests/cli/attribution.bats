#!/usr/bin/env bats
# bats file_tags=offline
# What erg-analyze layers may say: the options of the attribution and its gates, on imported logs
# whose truth is known.
load helpers
load together

# A network of five layers (truth.awk), read every 10 ms through 2 ms.
test_setup() {
    awk -v seed=5 -v T=30 -v H=0.01 -v W=0.002 -v L=L.csv -v S=S.csv -f "$BATS_TEST_DIRNAME/truth.awk" >want
    erg-record import --samples S.csv --layers L.csv --sensor kind=boxcar window_s=0.002 -o a.erg
}

layers() { erg-analyze layers --format json "$@" 2>warnings; }

@test "the same seed gives the same bytes, for any number of jobs; another seed other intervals" {
    layers a.erg >1
    layers --jobs 2 a.erg >2
    layers --seed 7 --jobs 1 a.erg >3
    layers --seed 7 --jobs 2 a.erg >4
    cmp 1 2
    cmp 3 4
    jq -e -n --slurpfile a 1 --slurpfile b 3 '$a[0].runs[0].layers[0].energy_j as $x |
        $b[0].runs[0].layers[0].energy_j as $y | $x.value == $y.value and $x.lo != $y.lo'
}

@test "every interval covers its truth, and that of a sum is narrower than the sum of intervals" {
    layers a.erg >r.json
    jq -r '.runs[0].layers[] | "\(.name) \(.energy_j.lo) \(.energy_j.hi)"' r.json >got
    awk 'NR == FNR { want[$1] = $2; next } { w = want[$1]; in_ += $2 <= w && w <= $3; n++ }
        END { exit !(n == 5 && in_ >= 4) }' want got
    layers --by network a.erg >n.json
    jq -e -n --slurpfile l r.json --slurpfile n n.json '([$l[0].runs[0].layers[].energy_j.stat] | add) >
        $n[0].runs[0].layers[0].energy_j.stat'
}

@test "shares add up to all, and the sensor's gain is not in them" {
    layers --sensor "kind=boxcar window_s=0.002 gain_max=0.05" a.erg >r.json
    jq -e '.runs[0] | ([.layers[], .rest[] | .share.value] | add - 1 | fabs) < 1e-6' r.json
    jq -e '.runs[0].layers[] | .energy_j.syst > 0.049 * .energy_j.value and
        .share.hi - .share.lo < 0.05 * .share.value and .share.lo < .share.value and .share.value < .share.hi' r.json
    # Of everything the share is known for sure.
    layers --by network a.erg | jq -e '.runs[0] | (.layers + .rest) | map(select(.share.value > 0.5))[0] |
        .share | .hi - .lo < 0.01'
}

@test "--lag: the lag is found; a wrong one is used when given, and its uncertainty widens the intervals" {
    layers a.erg >found.json
    jq -e '.runs[0].sensor | .lag_source == "estimated" and (.lag_s | fabs) < 5e-5 and .period_source == "model"' found.json
    layers --lag 0.0003 --ci-limit 90 a.erg >wrong.json
    jq -e '.runs[0].sensor | .lag_source == "override" and .lag_s == 0.0003' wrong.json
    jq -e -n --slurpfile a found.json --slurpfile b wrong.json \
        '[$a[0], $b[0] | .runs[0].layers[1].energy_j.value] | (.[0] - .[1] | fabs) > 0.01 * .[0]'
    layers --lag 0.0003+-0.0003 --ci-limit 90 a.erg >unsure.json
    jq -r '.runs[0].layers[] | select(.energy_j.value) | "\(.name) \(.energy_j.lo) \(.energy_j.hi)"' unsure.json >got
    awk 'NR == FNR { want[$1] = $2; next } { n++; if ($2 > want[$1] || want[$1] > $3) { print; bad = 1 } }
        END { exit bad || !n }' want got
}

@test "--ci-limit: wider intervals are not resolved, and --strict says so" {
    layers a.erg >r.json
    jq -e '[.runs[0].layers[] | select(.energy_j.value == null)] == []' r.json
    layers --ci-limit 0.0001 a.erg >r.json
    jq -e '[.runs[0].layers[] | select(.energy_j.value and .energy_j.stat > 1e-6 * .energy_j.value)] == []' r.json
    run erg-analyze layers --ci-limit 0.0001 --strict a.erg
    [ "$status" -eq 3 ]
}

@test "a sampler in step with the layers is reported, not turned into numbers" {
    awk 'BEGIN {
        print "begin_s,end_s,layer" >"L2.csv"
        print "time_s,VDD_IN [W]" >"S2.csv"
        split("2 3 5 4 6", d); split("9 4 7 3 8", p)
        for (i = 0; i < 1500; i++) {
            t = i * 0.02
            for (k = 1; k <= 5; k++) {
                printf "%.6f,%.6f,layer%d\n", t, t + d[k] / 1000, k >"L2.csv"
                t += d[k] / 1000
            }
        }
        for (i = 1; i < 2999; i++) printf "%.6f,%.3f\n", i * 0.01 + 0.001, i % 2 ? 3 : 9 >"S2.csv"
    }'
    erg-record import --samples S2.csv --layers L2.csv --sensor kind=point window_s=0.0005 -o lock.erg
    layers lock.erg >r.json
    grep -q 'in step' warnings
    jq -e '.runs[0].attribution.phase_locked and .runs[0].ets_j.value == null' r.json
    jq -e '[.runs[0].layers[] | select(.energy_j.value != null and .energy_j.method != "direct")] == []' r.json
}

@test "time without readings is uncovered, not bridged" {
    awk -F, 'NR == 1 || $1 < 10 || $1 >= 16' S.csv >hole.csv
    erg-record import --samples hole.csv --layers L.csv --sensor kind=boxcar window_s=0.002 -o hole.erg
    layers hole.erg >r.json
    jq -e '.runs[0].coverage | . > 0.78 and . < 0.82' r.json
    grep -q 'gaps of the readings, counted at the mean power of what ran' warnings
    # The layers' times reach across the gap: nobody's share is of less than the whole, and the mean
    # power is that of the time that was observed. Totals are the same.
    jq -e '.runs[0] | ([.layers[], .rest[] | .share.value] | add - 1 | fabs) < 0.02 and
        (.mean_w / (.ets_j.value / .time_s) - 1 | fabs) < 0.02' r.json
    run -3 --separate-stderr erg-analyze totals --strict --format json hole.erg
    [[ $stderr == *"gaps of the readings"* ]]
    jq -e --slurpfile l r.json '.runs[0].phases[0] | .ets_j == $l[0].runs[0].ets_j and
        .mean_w == $l[0].runs[0].mean_w and .coverage < 0.82' <<<"$output"
    layers a.erg >r.json
    jq -e '.runs[0].coverage > 0.99' r.json
}

# net a: 40 inferences of 20 ms and 30 ms at 4 W and 8 W; net b: 10 of 100 ms at 2 W.
@test "an inference of each network costs what that network took over the times that it ran" {
    awk 'BEGIN { print "begin_s,end_s,layer,network"
        for (i = 0; i < 40; i++) { t = 1 + i / 20
            printf "%.3f,%.3f,a1,a\n%.3f,%.3f,a2,a\n", t, t + 0.02, t + 0.02, t + 0.05 }
        for (i = 0; i < 10; i++) printf "%.3f,%.3f,b1,b\n", 3 + i / 10, 3.1 + i / 10 }' >L.csv
    awk 'BEGIN { print "time_s,P [J]"
        for (i = 0; i <= 5000; i++) { t = i / 1000; p = 1
            if (i >= 1000 && i < 3000) p = (i - 1000) % 50 < 20 ? 4 : 8
            else if (i >= 3000 && i < 4000) p = 2
            printf "%.4f,%.6f\n", t, e; e += p / 1000 } }' >S.csv
    erg-record import --samples S.csv --layers L.csv -o two.erg
    layers two.erg --by network >r.json
    jq -e '[.runs[0].layers[] | [.name, .inferences]] == [["a", 40], ["b", 10]]' r.json
    jq -e '.runs[0].layers[] | (.per_inference_j.value * .inferences / .energy_j.value - 1 | fabs) < 1e-6' r.json
    jq -e '[.runs[0].layers[] | .per_inference_j.value] | (.[0] / 0.32 - 1 | fabs) < 0.02 and (.[1] / 0.2 - 1 | fabs) < 0.02' r.json
    layers two.erg >r.json
    jq -e '[.runs[0].layers[] | .inferences == {a: 40, b: 10}[.network]] | length > 0 and all' r.json
    # what no layer took is of no one network
    jq -e '.runs[0].rest[] | select(.name == "(no layer)") | .inferences == null and .per_inference_j == null' r.json
}

# told_together LATE FILE: only the sum of a and b is told, and it is right.
told_together() {
    together "$1"
    together_record "$2"
    read -r both c <truth
    layers "$2" | jq -e --argjson both "$both" --argjson c "$c" '.runs[0].layers | map({(.name): .}) | add |
        (keys == ["a", "c"]) and .a.merged_with == ["b"] and (.a.energy_j.value / $both - 1 | fabs < 0.005) and
        .c.gate == "resolved" and (.c.energy_j.value / $c - 1 | fabs < 0.005)'
}

@test "layers that run at the same times in all they do are one: only what both spent is known" {
    told_together 0 same.erg
}

@test "layers that run at the same times but for a microsecond are one, too" {
    told_together 0.000001 nearly.erg
}

# truth.awk reads every 10 ms; here a logger that polls each 2 ms writes each reading five times, and says so of 2 ms.
@test "a sensor that is polled more often than it updates, declared as if it did: repeated readings count once" {
    awk -F, 'NR == 1 { print; next } { for (i = 0; i < 5; i++) printf "%.9f,%s\n", $1 + i * 0.002, $2 }' S.csv >polled.csv
    erg-record import --samples polled.csv --layers L.csv --sensor kind=boxcar window_s=0.002 period_s=0.002 -o polled.erg 2>log
    layers polled.erg >r.json
    grep -q 'period_s=0.002 that was given for .VDD_IN. is not what the readings do' log
    jq -e 'any(.warnings[]; .text | test("updates every (9.99|10|10.0)[0-9]* ms, repeated readings were dropped"))' r.json
    jq -r '.runs[0].layers[] | "\(.name) \(.energy_j.value)"' r.json >got
    awk 'NR == FNR { want[$1] = $2; next } { off = $2 / want[$1] - 1; n++; bad += off > 0.02 || off < -0.02 }
        END { exit !(n == 5 && !bad) }' want got
}

# Of a 10 ms update 6 ms of a at 10 W, 7 ms of b at 2 W and 4 ms of c at 6 W, over and over for 17 s, each held up by up to
# 0.3 ms. What a counter or a meter that updates every 10.007 ms has to say is read every 2 ms or so.
polled() {
    awk -v counter="$1" 'BEGIN { srand(3); split("a b c", name, " "); split("6 7 4", ms, " "); split("10 2 6", w, " ")
        print "begin_s,end_s,layer" >"l.csv"; print counter ? "time_s,P [J]" : "time_s,P [W]" >"s.csv"
        at[0] = 0.2; e[0] = 0
        for (k = 0; k < 3000; k++) { i = k % 3 + 1; d = (ms[i] + 0.3 * rand()) / 1000; at[k + 1] = at[k] + d
            e[k + 1] = e[k] + w[i] * d; joules[i] += w[i] * d; printf "%.9f,%.9f,%s\n", at[k], at[k + 1], name[i] >"l.csv" }
        for (s = 0.2; s < at[3000]; s += 0.002 * (0.95 + 0.1 * rand())) { u = 0.0037 + 0.010007 * int((s - 0.0037) / 0.010007)
            if (u > 0.204) printf counter ? "%.9f,%.7f\n" : "%.9f,%.4f\n", s, counter ? to(u) : (to(u) - to(u - 0.001)) / 0.001 >"s.csv" }
        for (i = 1; i <= 3; i++) print name[i], joules[i] }
        function to(x) { while (j && at[j] > x) j--; while (at[j + 1] < x) j++; return e[j] + w[j % 3 + 1] * (x - at[j]) }' >want
}

# Each within $1 of its truth.
polled_within() {
    jq -r '.runs[0].layers[] | "\(.name) \(.energy_j.value)"' r.json >got
    awk -v most="$1" 'NR == FNR { want[$1] = $2; next } { off = $2 / want[$1] - 1; n++; bad += off > most || off < -most }
        END { exit !(n == 3 && !bad) }' want got
}

@test "a counter that is polled five times an update: when it was updated is told from between which readings it changed" {
    polled 1
    erg-record import --samples s.csv --layers l.csv --sensor kind=counter period_s=0.01 -o c.erg
    layers c.erg >r.json
    polled_within 0.002
    jq -e '.runs[0].sensor | (.period_s - 0.010007 | fabs) < 1e-7 and .period_source == "readings"' r.json
    jq -e '.runs[0].attribution.residual_w < 0.01' r.json
}

@test "a meter that is polled five times an update and was not declared: likewise, also of long layers" {
    polled 0
    erg-record import --samples s.csv --layers l.csv -o m.erg
    layers m.erg >r.json
    polled_within 0.002
    jq -e --argjson j "$(awk '{ s += $2 } END { print s }' want)" '.runs[0].ets_j.value / $j - 1 | fabs < 0.002' r.json
}

# 200 instances of 6 ms at 10 W and as many at 4 W; readings each 7.3 ms, off by +1 and -1 W in turn: an instance has one
# reading or none, and the mean of n of these is off by 1 / sqrt(n) W.
@test "layers of which each instance has one reading are as uncertain as those readings" {
    awk 'BEGIN { print "begin_s,end_s,layer"; for (i = 0; i < 400; i++)
        printf "%.3f,%.3f,%s\n", 1 + i * 0.006, 1.006 + i * 0.006, i % 2 ? "b" : "a" }' >l.csv
    awk 'BEGIN { print "time_s,P [W]"; for (i = 0; (s = 0.0073 * i + 0.0001 * (i * i % 7)) < 4.4; i++) { t = s - 1
            w = t < 0 || t > 2.4 ? 1 : int(t / 0.006) % 2 ? 4 : 10
            printf "%.6f,%.1f\n", s, w + (int(i / 2) % 2 ? 1 : -1) } }' >s.csv
    erg-record import --samples s.csv --layers l.csv --sensor kind=point window_s=0.0001 lag_s=0 -o one.erg
    layers --ci-limit 50 one.erg >r.json
    jq -c '.runs[0].layers[] | [.name, .gate, .power_w]' r.json
    jq -e '[.runs[0].layers[] | .energy_j.method == "direct" and .power_w.stat > 0.08 and .power_w.stat < 0.4] |
        length == 2 and all' r.json
}

@test "what a run of one power does not tell of the sensor is undetermined, not 0 within a day" {
    awk 'BEGIN { print "begin_s,end_s,layer"; for (i = 0; i < 400; i++)
        printf "%.3f,%.3f,%s\n", 1 + i * 0.006, 1.006 + i * 0.006, i % 2 ? "b" : "a" }' >l.csv
    awk 'BEGIN { print "time_s,P [W]"; for (i = 0; (s = 0.0073 * i + 0.0001 * (i * i % 7)) < 4.4; i++)
        printf "%.6f,%.1f\n", s, 5 + (i % 97 == 5 ? 0.1 : 0) }' >s.csv
    erg-record import --samples s.csv --layers l.csv --sensor kind=point window_s=0.0001 -o flat.erg
    layers flat.erg >r.json
    jq -e '.runs[0].model.fitted | .lag_s, .skew_ppm | .value == null and .lo == null and .reason == "undetermined"' r.json
    jq -e '.runs[0].sensor.lag_source == "undetermined"' r.json
    erg-analyze layers flat.erg >text
    grep -q '^sensor model .*, lag undetermined (declared 0 s), .*, clock undetermined$' text
    grep -q '^observed .*, lag undetermined$' text
    # where powers differ, the same sensor has a lag
    layers a.erg >r.json
    jq -e '.runs[0].model.fitted.lag_s | .value != null and .hi - .lo < 0.001' r.json
}

# loop SENSOR AWK-ARGS…: the work of loop.awk, whose truth is in want; r.json
loop() {
    local sensor=$1
    shift
    awk "$@" -f "$BATS_TEST_DIRNAME/loop.awk" >want
    erg-record import -f --samples s.csv --layers l.csv --sensor "$sensor" -o loop.erg
    layers loop.erg >r.json
}

# No row is outside of 1.5 times its interval's half width and off by more than 1 %; at least $1 have a figure.
none_sure_and_wrong() {
    jq -r '.runs[0].layers[] | select(.energy_j.value != null and .merged_with == []) | [.name, .energy_j[("value", "lo", "hi")]] | @tsv' r.json >got
    cat want got
    awk -v least="$1" 'NR == FNR { want[$1] = $2; next } { n++; off = $2 - want[$1]; off = off < 0 ? -off : off
        bad += off > 0.75 * ($4 - $3) && off > 0.01 * want[$1] } END { exit !(n + 0 >= least && !bad) }' want got
}

@test "a counter whose updates are small beside what instances differ by: none is sure and wrong" {
    for seed in 2 3 6; do
        loop "kind=counter period_s=0.001" -v seed=$seed -v spread=0.25 -v counter=1 -v period=0.001 -v step=0.0103
        none_sure_and_wrong 0
    done
    # where instances are alike, which update each reading saw is told
    loop "kind=counter period_s=0.001" -v seed=2 -v counter=1 -v period=0.001 -v step=0.0103
    none_sure_and_wrong 2
}

@test "readings of a counter that were held up before their stamps are put back to the pace" {
    loop "kind=counter period_s=0.001" -v seed=3 -v spread=0.05 -v held=0.04 -v counter=1 -v period=0.001 -v step=0.0103
    none_sure_and_wrong 2
    grep -q 'readings were stamped more than .* off the pace of their neighbours' warnings
    loop "kind=counter period_s=0.001" -v seed=8 -v spread=0.05 -v held=0.04 -v counter=1 -v period=0.001 -v step=0.0103
    none_sure_and_wrong 0
}

# Of all powers twice as much from the middle on, in layers whose power is not the same all through them.
@test "a change of level that is there is told also where the fit with it is refused" {
    loop "kind=boxcar window_s=0.0022" -v seed=1 -v half=0.4 -v cut=0.75 -v change=2 -v window=0.0022 -v step=0.00513
    jq -e 'any(.warnings[]; .code == "hidden-change")' r.json
    jq -e '.runs[0].layers | length == 3 and all(.energy_j.value == null and (.energy_j.reason | startswith("misfit")))' r.json
}

# Of what sensor they are, readings of one power do not tell: only where they begin and end. A layer that is shorter than what its
# window may be has no figure.
@test "layers of one power by a quick sensor that nobody declared have figures: the readings rise and fall at once with the work" {
    awk 'BEGIN {
        srand(3)
        print "time_s,V [W]" >"s.csv"
        print "begin_s,end_s,layer,type,network,module,iteration,track,phase,level" >"l.csv"
        for (t = 0; t < 40; t += 0.01 * (1 + 0.1 * rand()))
            printf "%.6f,%.4f\n", t, (t > 1 && t < 39 ? 5 : 2) + 0.04 * (rand() + rand() + rand() - 1.5) >"s.csv"
        for (t = 1; t < 39; i++)
            for (k = 0; k < 4; k++) {
                d = (0.002 + 0.002 * k) * (1 + 0.05 * (rand() - 0.5))
                printf "%.7f,%.7f,l%d,conv,net,,%d,main,,layer\n", t, t + d, k, i >"l.csv"
                t += d
            }
    }'
    erg-record import --samples s.csv --layers l.csv -o alike.erg
    layers alike.erg >r.json
    jq -e '[.runs[0].layers[] | select(.name != "l0").power_w.value] | length == 3 and all(. > 4.9 and . < 5.1)' r.json
}
