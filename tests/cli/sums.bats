#!/usr/bin/env bats
# bats file_tags=offline
# Every printed figure passes the same gates, and rows add up: on imported logs whose truth is known
# (sums.awk), and on inputs that once gave impossible figures.
load helpers

layers() { erg-analyze layers --format json "$@" 2>>warnings; }
totals() { erg-analyze totals --format json "$@" 2>>warnings; }

# world OPTION…: n.erg and its truth
world() {
    local o=() sensor='kind=boxcar window_s=0.002'
    for v in "$@"; do
        o+=(-v "$v")
        [ "$v" != meter=counter ] || sensor=kind=counter
    done
    awk "${o[@]}" -f "$BATS_TEST_DIRNAME/sums.awk" | sort >truth
    erg-record import --force --samples S.csv --layers L.csv --sensor "$sensor" -o n.erg
}

# of KEY: the true energy
of() { awk -v k="$1" '{ v = $NF; sub(/ [^ ]*$/, ""); if ($0 == k) print v }' truth; }

# Rows and rest are the run, to what nine digits leave, and each row has a figure.
adds_up() {
    layers --by "$1" n.erg >o.json
    jq -e '.runs[0] | [(.layers + .rest)[].energy_j.value] | length > 0 and all(. != null)' o.json
    jq -e '.runs[0] | .ets_j.value as $ets | [(.layers + .rest)[].energy_j.value] | add / $ets - 1 | fabs < 1e-7' o.json
    jq -e '.runs[0] | .time_s as $t | [(.layers + .rest)[].time_s.value] | add / $t - 1 | fabs < 1e-7' o.json
    jq -e '[.runs[0] | (.layers + .rest)[].share.value] | add - 1 | fabs < 1e-7' o.json
}

# covers KEY ESTIMATE(jq)
covers() {
    jq -e --argjson want "$(of "$1")" "$2 | .lo <= \$want and \$want <= .hi" o.json
}

@test "rows and rest make up the run in every --by: layers in modules that are recorded" {
    world nested=1
    for by in layer type module network phase; do adds_up $by; done
    covers run '.runs[0].ets_j'
    layers --by module n.erg >o.json
    # a module's row is what it spends itself too, and is called as often as the module
    jq -e '.runs[0] | [.layers[].name] == ["m0", "m1"] and ([.rest[].name] | all(. != "(m0 itself)"))' o.json
    jq -e --argjson m "$(awk '$1 == "layer" && $2 ~ /^m0/ || $1 == "itself" && $2 == "m0" { s += $NF } END { print s }' truth)" \
        '.runs[0].layers[0].energy_j | .lo <= $m and $m <= .hi' o.json
    calls=$(grep -c ',m0,module,' L.csv)
    jq -e --argjson n "$calls" '.runs[0].layers[0].calls == $n' o.json
    layers --by network n.erg >o.json
    jq -e --argjson n "$calls" '.runs[0].layers | length == 1 and .[0].calls == $n and .[0].inferences == $n' o.json
}

@test "rows and rest make up the run in every --by: modules that only name their layers, a counter" {
    world meter=counter
    for by in layer type module network phase; do adds_up $by; done
    layers --by module n.erg >o.json
    jq -e --argjson n "$(grep -c ',m1/conv,' L.csv)" '.runs[0].layers[] | select(.name == "m1") | .calls == $n' o.json
}

@test "rows and rest make up the run in every --by: phases and idle; idle has nothing above idle" {
    world nested=1 phases=1 idle=3
    for by in layer type module network phase; do adds_up $by; done
    jq -e '[.runs[0].layers[] | [.name, .count]] == [["idle", 2], ["prefill", 39], ["decode", 39]]' o.json
    for p in idle prefill decode; do covers "phase $p" ".runs[0].layers[] | select(.name == \"$p\").energy_j"; done
    totals n.erg >o.json
    jq -e '[.runs[0].phases[] | [.name, .count]] == [["run", 1], ["idle", 2], ["prefill", 39], ["decode", 39]]' o.json
    for p in idle prefill decode; do covers "phase $p" ".runs[0].phases[] | select(.name == \"$p\").ets_j"; done
    jq -e '.runs[0].phases[] | (.mean_j.value * .count / .ets_j.value - 1 | fabs) < 1e-6 and
        (.mean_time_s * .count / .time_s - 1 | fabs) < 1e-6' o.json
    jq -e '.runs[0].phases[] | select(.name == "idle").above_idle_j | .lo <= 0 and 0 <= .hi and .hi - .lo < 0.5' o.json
}

@test "a layer that is not resolved is not resolved by another name" {
    python3 - <<'P'
import random
random.seed(1)
rows, watts, t = [], [], 0.0
while t < 10:
    for name, kind, d, p in (("A", "conv", .008 + random.random() * .004, 8.0), ("T", "dropout", 2e-6, 8.0),
                             ("B", "pool", .004 + random.random() * .003, 4.0)):
        rows.append((t, t + d, name, kind)); watts.append(p); t += d
with open("L.csv", "w") as f:
    f.write("begin_s,end_s,layer,type,module\n")
    for b, e, n, k in rows: f.write(f"{b:.9f},{e:.9f},{n},{k},m{n}\n")
with open("S.csv", "w") as f:
    f.write("time_s,VDD [W]\n")
    j = 0
    for i in range(1, int(t * 1000)):
        s, e, joules = (i - 1) / 1000, i / 1000, 0.0
        while rows[j][1] <= s: j += 1
        k = j
        while k < len(rows) and rows[k][0] < e:
            joules += watts[k] * (min(e, rows[k][1]) - max(s, rows[k][0])); k += 1
        f.write(f"{e:.9f},{joules * 1000 + random.gauss(0, .2):.4f}\n")
P
    erg-record import --samples S.csv --layers L.csv --sensor kind=boxcar window_s=0.001 -o a.erg
    for by in layer type module; do
        layers --by $by a.erg >o.json
        jq -e '.runs[0].layers | length == 3' o.json
        jq -e '.runs[0].layers[1] | .calls == 642 and .energy_j.value == null and .power_w.value == null and
            .share.value == null and .energy_j.method == "unresolved" and (.energy_j.reason | length) > 0' o.json
        erg-analyze layers --by $by --format csv a.erg 2>>warnings >o.csv
        awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
            NR == 3 { exit !($(c["energy_j"]) == "" && $(c["power_w"]) == "" && $(c["reason"]) != "") }' o.csv
    done
    run -0 --separate-stderr erg-analyze layers --by type a.erg
    grep -Eq '^dropout .*unresolved .*run [0-9]+×: seen too little' <<<"$output"
}

# A counter whose quantum is 20 times what the layer spends gives no figure for it: least squares would
# say nothing at all, with no doubt.
@test "nothing at all is no result" {
    awk 'BEGIN { srand(5); print "begin_s,end_s,layer" >"L.csv"; print "time_s,VDD [W]" >"S.csv"
        for (i = 0; i < 800; i++) { t = i * 0.01
            printf "%.6f,%.6f,a\n%.6f,%.6f,b\n", t, t + 0.006, t + 0.006, t + 0.01 >"L.csv" }
        for (i = 1; i < 8000; i++) { c = (i - 1) % 10; printf "%.6f,%d\n", i / 1000, c < 6 ? 5 : 0 >"S.csv" } }'
    erg-record import --samples S.csv --layers L.csv --sensor kind=boxcar window_s=0.001 lsb=1 -o a.erg
    for by in layer phase; do
        layers --by $by a.erg >o.json
        jq -e '[.runs[0] | .layers[], .rest[] | .energy_j.value] | all(. == null or . > 0)' o.json
    done
    # an unused rail has no energy that is known
    awk 'BEGIN { print "time_s,VDD [W]"; for (i = 0; i < 8000; i++) print i / 1000 ",0" }' >S.csv
    erg-record import --force --samples S.csv --layers L.csv --sensor kind=point window_s=0.0001 -o a.erg
    totals a.erg >o.json
    jq -e '.runs[0].phases[0].ets_j | .value == null and (.reason | length) > 0' o.json
}

@test "less than half observed resolves nothing, with layers and without" {
    awk 'BEGIN { srand(2); print "time_s,VDD [W]"
        for (i = 0; i < 2000; i++) { t = i * 0.01; if (t <= 5 || t >= 15.5) printf "%.3f,%.3f\n", t, 2 + rand() / 10 } }' >hole.csv
    # of every 8 ms three readings, a millisecond apart
    awk 'BEGIN { srand(2); print "time_s,VDD [W]"
        for (k = 0; k < 2000; k++) for (j = 0; j < 3; j++) printf "%.3f,%.3f\n", k * 0.008 + j * 0.001, 2 + rand() / 10 }' >burst.csv
    awk 'BEGIN { print "begin_s,end_s,layer"
        for (i = 0; i < 39; i++) printf "%.1f,%.1f,%s\n", 0.2 + i * 0.4, 0.6 + i * 0.4, i % 2 ? "B" : "A" }' >L.csv
    for f in hole burst; do
        erg-record import --samples $f.csv --layers L.csv -o $f.erg
        erg-record import --samples $f.csv -o plain-$f.erg
        for a in $f.erg plain-$f.erg; do
            for by in layer module; do
                layers --by $by $a >o.json
                jq -e '.runs[0] | [.ets_j, (.layers + .rest)[].energy_j | .value] | all(. == null)' o.json
            done
            jq -e '.runs[0] | .coverage < 0.5 and .ets_j.reason == "unobserved"' o.json
            totals $a >o.json
            jq -e '.runs[0].phases[0] | .ets_j.value == null and .coverage < 0.5' o.json
            run -0 --separate-stderr erg-analyze totals $a
            grep -q 'under half observed' <<<"$output"
        done
    done
}

# The clock falls through seven levels within 1.8 s, some of which a few readings saw. A fit with a
# power for each layer at each level can be anywhere; the readings' own sum cannot.
@test "a power above any reading is none: levels of the clock that few readings saw" {
    awk -v truth=truth 'function gauss() { return sqrt(-2 * log(1 - rand())) * cos(6.283185307179586 * rand()) }
    BEGIN { srand(4); n = split("1900 1700 1500 1300 1100 900 700", mhz, " ")
        split("0.07 0.9 0.12 0.3 0.08 0.25 0.08", last, " ")
        print "begin_s,end_s,layer" >"L.csv"; print "time_s,VDD [W],cpu [MHz]" >"S.csv"
        for (k = 1; k <= n; k++) {
            for (u = t + last[k]; t < u;) { f = mhz[k] / 1900
                for (l = 0; l < 3; l++) { d = 0.0008 * (1 + l) / f; w = (4 + 3 * l) * f * f + 1
                    printf "%.9f,%.9f,l%d\n", t, t + d, l >"L.csv"
                    b[m] = t; p[m] = w; e[m] = J; lv[m++] = mhz[k]; t += d; J += w * d } } }
        b[m] = t; e[m] = J; print J >truth
        for (x = 0.01; x < t; x += 0.0116 * (0.95 + 0.1 * rand())) {
            while (b[j + 1] <= x) j++
            while (b[i + 1] <= x - 0.002) i++
            printf "%.6f,%.3f,%d\n", x, (e[j] + p[j] * (x - b[j]) - e[i] - p[i] * (x - 0.002 - b[i])) / 0.002 + 0.05 * gauss(), lv[j] >"S.csv" } }'
    erg-record import --samples S.csv --layers L.csv --sensor kind=boxcar window_s=0.002 -o a.erg
    for by in layer type network phase; do
        layers --by $by a.erg >o.json
        jq -e '.runs[0] | .peak_w as $peak | .mean_w < $peak and
            ([(.layers + .rest)[] | .power_w.value] | all(. == null or . < 3 * $peak))' o.json
    done
    jq -e --argjson want "$(cat truth)" '.runs[0].ets_j | .lo <= $want and $want <= .hi and (.value / $want - 1 | fabs) < 0.1' o.json
}

@test "--ci-limit is the widest interval that is printed" {
    world nested=1
    for by in layer type module; do
        layers --by $by --sensor 'kind=boxcar window_s=0.002 offset_max=0.2' --ci-limit 3 n.erg >o.json
        jq -e '[.runs[0] | (.layers + .rest)[].energy_j | select(.value != null)] | length > 0 and
            all((.hi - .lo) / 2 <= 0.03 * .value)' o.json
    done
    # 0.2 W of 5 W is more than that, of 9 W it is not
    layers --sensor 'kind=boxcar window_s=0.002 offset_max=0.2' --ci-limit 3 n.erg >o.json
    jq -e '[.runs[0].layers[] | [.name, .energy_j.value != null]] |
        contains([["m0/conv", true]]) and contains([["m0/relu", false]])' o.json
}

@test "--ci-limit is one of phases as well, and not of the run; without it they are shown as they are" {
    world nested=1 phases=1 idle=3
    totals() { erg-analyze totals "$@" --format json n.erg 2>/dev/null | jq '.runs[0].phases'; }
    totals >o.json
    jq -e '.[1:] | length >= 2 and all(.ets_j.value != null)' o.json
    between=$(jq '[.[1:][].ets_j | (.hi - .lo) / 2 / .value * 100] | (min + max) / 2' o.json)
    totals --ci-limit "$between" >limited.json
    jq -e '[.[1:][].ets_j.value != null] | any and (all | not)' limited.json
    totals --ci-limit 1e-6 >none.json
    jq -e '.[0].name == "run" and .[0].ets_j.value != null and (.[1:] | all(.ets_j.reason == "interval"))' none.json
}

@test "what is said to be not resolved is what the table shows, also of what the offset of a sensor refuses" {
    world nested=1 phases=1 idle=3
    offset=(--sensor 'kind=boxcar window_s=0.002 offset_max=0.2' --ci-limit 3)
    n=0
    for words in "--by layer" "--by type" "--by module" "--by block" "--by phase" "--energy above-idle" "--phase decode" "--phase prefill --by type"; do
        # shellcheck disable=SC2086
        erg-analyze layers $words "${offset[@]}" n.erg >table 2>said
        rows=$(sed -n '/ share  by/,/^$/p' table | sed '1d;/^(/d;/^$/d' | tee rows | wc -l)
        seen=$(grep -c ' unresolved ' rows || true)
        n=$((n + (seen > 0)))
        if [ "$seen" -eq 0 ]; then
            ! grep -q 'not resolved' said || { echo "$words"; return 1; }
        else
            grep -qE "^warning: n\.erg: rail VDD: of $rows [a-z]+ $seen (is|are) not resolved\$" said || { echo "$words"; cat said rows; return 1; }
        fi
    done
    [ "$n" -ge 5 ]
    run -3 erg-analyze layers --strict "${offset[@]}" n.erg
    # the same in JSON and on the page
    layers "${offset[@]}" n.erg >o.json
    text=$(jq -r '.warnings[] | select(.code == "unresolved").text' o.json)
    [ "$text" = "n.erg: rail VDD: of 9 layers $(jq '[.runs[0].layers[] | select(.energy_j.value == null)] | length' o.json) are not resolved" ]
    run erg-analyze report "${offset[@]}" n.erg -o n.html
    [[ $output == *"built without the page"* ]] || grep -qF "$text" n.html
}

@test "--simultaneous: wider intervals about the same figures, by one factor for all rows" {
    world nested=1
    for by in layer module phase; do
        layers --by $by n.erg >each.json
        layers --by $by --simultaneous n.erg >all.json
        jq -e '.runs[0].simultaneous' all.json
        jq -e -n --slurpfile a each.json --slurpfile b all.json '[$a[0].runs[0], $b[0].runs[0] |
            [(.layers + .rest)[].energy_j]] | transpose |
            length > 0 and all(.[0].value == .[1].value and .[1].stat >= .[0].stat) and
            ([.[] | .[1].stat / .[0].stat] | max / min < 1.0001 and (length < 2 or min > 1.05))'
    done
    run -0 --separate-stderr erg-analyze layers --simultaneous n.erg
    grep -q 'intervals hold for all rows at once' <<<"$output"
}

# 12 s in which four layers of 15 ms take 2 to 5 W in turn; the first one 1.5 W more in every other stretch of
# 1.2 s, a phase "decode". Of it there are 6 s, 100 calls of each.
@test "layers: --phase accounts the calls within a phase, by every kind of row" {
    awk 'BEGIN { srand(3); print "time_s,VDD_IN [W]"
        for (i = 0; i < 12000; i++) { t = (i + 0.4) / 1000; k = int(t / 0.015) % 4
            printf "%.4f,%.3f\n", t, 2 + k + (int(t / 1.2) % 2 ? 1.5 * (k == 0) : 0) + 0.01 * (rand() - 0.5) } }' >s.csv
    awk 'BEGIN { print "begin_s,end_s,layer,type,network,phase"
        for (i = 0; i < 800; i++) printf "%.3f,%.3f,l%d,%s,net,%s\n", i * 0.015, (i + 1) * 0.015, i % 4,
            i % 2 ? "pool" : "conv", int(i * 0.015 / 1.2 + 1e-9) % 2 ? "decode" : "prefill" }' >l.csv
    erg-record import --samples s.csv --layers l.csv --sensor "kind=boxcar window_s=0.0001 period_s=0.001 lag_s=0" -o p.erg 2>/dev/null
    rows() { erg-analyze layers --phase "$1" --by "$2" --format json p.erg 2>/dev/null |
        jq -r '.runs[0].layers[] | "\(.name) \(.calls) \(.energy_j.value * 100 | round)"' | tr '\n' ';'; }
    [ "$(rows decode layer)" = "l0 100 525;l1 100 450;l2 100 600;l3 100 750;" ]
    [ "$(rows prefill layer)" = "l0 100 300;l1 100 450;l2 100 600;l3 100 750;" ]
    [ "$(rows decode type)" = "conv 200 1125;pool 200 1200;" ]
    [ "$(rows decode network)" = "net 100 2325;" ]
    [[ "$(rows decode phase)" == "decode 5 "*";" ]]
    run -0 erg-analyze layers --phase decode --top 1 --sort energy p.erg
    [[ $output == *"rows are of the calls within the phase decode"* && $output == *"3 more rows left out"* ]]
    run -1 erg-analyze layers --phase dcode p.erg
    [[ ${lines[-1]} == *"p.erg: no phase 'dcode': expected one of prefill, decode" ]]
}

@test "modules, types and blocks stand in the order in which they ran" {
    awk 'BEGIN { print "time_s,VDD [W]"; for (i = 0; i < 6000; i++) printf "%.3f,%.3f\n", i / 1000, 2 + int(i / 10) % 3 + i % 7 / 100 }' >S.csv
    # modules are described before the layers that run before them
    awk 'BEGIN { print "begin_s,end_s,layer,type,network,module"
        for (i = 0; i < 60; i++) { t = i / 10
            printf "%.3f,%.3f,fire2,module,net,\n", t + 0.03, t + 0.06
            printf "%.3f,%.3f,fire2/a,conv,net,fire2\n%.3f,%.3f,fire2/b,pool,net,fire2\n", t + 0.03, t + 0.045, t + 0.045, t + 0.06
            printf "%.3f,%.3f,conv1,conv,net,\n%.3f,%.3f,fc,fc,net,\n", t, t + 0.03, t + 0.06, t + 0.099 } }' >L.csv
    erg-record import --samples S.csv --layers L.csv --sensor 'kind=point lag_s=0' -o a.erg
    layers --by module a.erg >o.json
    jq -e '[.runs[0].layers[] | [.name, .type]] == [["conv1", "conv"], ["fire2", ""], ["fc", "fc"]]' o.json
    layers --by type a.erg >o.json
    jq -e '[.runs[0].layers[].name] | index("conv") < index("pool") and index("pool") < index("fc")' o.json
}

# bursts LONG PERIOD WINDOW: 300 phases "burst" of LONG s at 20 W, between them "pause" of 60 to 100 ms at 2 W; readings each PERIOD s, the
# exact means of WINDOW s, or (0) a counter's energies, with noise of 0.01 W. Makes b.erg; prints the joules of all bursts.
bursts() {
    awk -v long="$1" -v period="$2" -v window="$3" 'BEGIN { srand(5); print "begin_s,end_s,layer,phase,level" >"L.csv"
        print "time_s,P [" (window > 0 ? "W" : "J") "]" >"S.csv"
        for (t = 0.05; n < 300; t += long + 0.06 + 0.04 * rand()) {
            if (n) printf "%.9f,%.9f,wait,pause,layer\n", b[n - 1] + long, t >"L.csv"
            b[n++] = t
            printf "%.9f,%.9f,work,burst,layer\n", t, t + long >"L.csv" }
        b[n] = 1e9
        for (s = period; s < t; s += period * (1 + 0.02 * (rand() - 0.5)))
            if (window > 0)
                printf "%.9f,%.6f\n", s, 2 + 18 * (over(s, 1) - over(s - window, 2)) / window + 0.02 * (rand() - 0.5) >"S.csv"
            else
                printf "%.9f,%.6f\n", s, 2 * s + 18 * over(s, 1) >"S.csv"
        print 300 * long * 20 }
        # seconds in bursts up to S; K: which of two cursors, each of which goes on only
        function over(s, k) { while (b[at[k] + 0] + long <= s) at[k]++; return (at[k] + 0) * long + (s > b[at[k] + 0] ? s - b[at[k] + 0] : 0) }'
    erg-record import --force --samples S.csv --layers L.csv -o b.erg \
        --sensor "$(if [ "$3" = 0 ]; then echo kind=counter; else echo "kind=boxcar window_s=$3"; fi)" 2>/dev/null
}

@test "what readings smear over the ends of phases is in their intervals: totals and --by phase" {
    n=0
    for world in "0.03 0.01 0.01" "0.012 0.01 0.01" "0.004 0.01 0.01" "0.03 0.01 0.0005" "0.03 0.002 0.002" "0.03 0.01 0" "0.1 0.005 0.02"; do
        # shellcheck disable=SC2086
        truth=$(bursts $world)
        erg-analyze totals --format json b.erg 2>/dev/null | jq '.runs[0].phases[] | select(.name == "burst").ets_j' >t.json
        layers --by phase b.erg | jq '.runs[0].layers[] | select(.name == "burst").energy_j' >p.json
        for f in t.json p.json; do
            jq -e --argjson w "$truth" '.value == null or (.lo <= $w * 1.0001 and $w <= .hi * 1.0001)' $f || { echo "$world: $truth J"; cat $f; return 1; }
        done
        # of long ones there is a figure, and it says something
        if jq -e --argjson w "$truth" '.value != null and (.hi - .lo) < 0.6 * $w' t.json; then n=$((n + 1)); fi
    done
    [ "$n" -ge 4 ]
}
