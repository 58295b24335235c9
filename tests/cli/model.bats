#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# erg-analyze model: fits with a known truth, predictions, every option, wrong input.

load helpers

# Seven networks of 12 layers: energy_mj = 4e-7 simd + 9e-7 bus, u = 1 %, deterministic scatter.
truth_table() {
    awk 'BEGIN {
        print "network,layer,type,macs,simd,bus,energy_mj,u"
        for (n = 0; n < 7; n++) for (l = 0; l < 12; l++) {
            simd = int(1e6 * exp(((n * 12 + l) * 37 % 84) / 21))
            bus = simd * (0.05 + ((n * 5 + l * 7) % 11) / 40)
            e = (4e-7 * simd + 9e-7 * bus) * (1 + 0.005 * ((n * 3 + l * 5) % 7 - 3) / 3)
            printf "net%d,conv%d,%s,%.0f,%.0f,%.0f,%.9g,%.9g\n", n, l, l % 3 ? "conv" : "fc",
                4 * simd, simd, bus, e, e / 100
        }
    }' >t.csv
}

# Two runs as erg-analyze layers --format json shows them, 10 inferences each.
runs_document() {
    jq -n '{schema: "ergtrace/1", warnings: [], runs: [range(4) as $r | {
        archive: "r\($r).erg", rail: "VDD_IN", simulated: true, workload: "net\($r)", machine: "board",
        channels: [{rail: "cpu", quantity: "frequency", mean: 1.2e9}],
        layers: [range(8) as $l | (1e6 * ($r + 2) * ($l * $l + 3)) as $m | {
            name: "conv\($l)", type: (if $l == 7 then "pool" else "conv" end), network: "net\($r)",
            module: "", calls: 10, macs: $m,
            time_s: {value: ($m * 1e-9), lo: ($m * 1e-9), hi: ($m * 1e-9), method: "exact"},
            energy_j: (if $l == 6 then {value: null, lo: null, hi: null, method: "unresolved"}
                else {value: ($m * 3e-8), lo: ($m * 2.9e-8), hi: ($m * 3.1e-8), method: "nnls"} end),
            counters: {simd: ($m * 2.5), bus: ($m * 0.3 + 10 * $l * 1e5)}}]}]}' >runs.json
}

@test "model: every option is in the help" {
    run -0 erg-analyze model --help
    for o in table predictors chain response group method lambda weights uncertainty intercept degree \
        save points model network networks type whole drop-missing format strict rail; do
        [[ $output == *"--$o"* ]]
    done
    run -2 erg-analyze model
    run -2 erg-analyze model guess
}

@test "model: recovers the truth, folds are networks" {
    truth_table
    erg-analyze model fit --table t.csv --predictors simd,bus --response energy_mj --group network \
        --format json >f.json
    jq -e '.coefficients.simd | .value > 3.96e-7 and .value < 4.04e-7 and .lo < 4e-7 and .hi > 4e-7
        and .unit == "mJ per simd"' f.json
    jq -e '.coefficients.bus | (.value - 9e-7 | fabs) < 3e-8' f.json
    jq -e '.cv | (.folds | length) == 7 and .mean_rel_error < 0.01 and .worst_rel_error < 0.02' f.json
    jq -e '.cv as $c | ([$c.folds[].rel_error] | add / length) - $c.mean_rel_error | fabs < 1e-9' f.json
    jq -e '.cv.folds | all(.rel_error == .rel_error and ((.predicted - .measured | fabs) / .measured
        - .rel_error | fabs) < 1e-6)' f.json
    jq -e '.schema == "ergtrace/1" and (.points | length) == 84 and .rows == 84' f.json
}

@test "model: the same coefficients as sums by awk" {
    truth_table
    # Normal equations of two predictors, weighted by 1/u^2.
    awk -F, 'NR > 1 { w = 1 / $8 / $8; a += w*$5*$5; b += w*$5*$6; c += w*$6*$6; p += w*$5*$7; q += w*$6*$7 }
        END { d = a*c - b*b; printf "%.9g %.9g\n", (c*p - b*q) / d, (a*q - b*p) / d }' t.csv >want
    erg-analyze model fit --table t.csv --predictors simd,bus --response energy_mj --weights uncertainty \
        --uncertainty u --format json | jq -r '"\(.coefficients.simd.value) \(.coefficients.bus.value)"' >got
    awk '{ getline w <"want"; split(w, v); for (i = 1; i <= 2; i++)
        if (($i / v[i] - 1) ^ 2 > 1e-14) bad = 1 } END { exit bad || NR != 1 }' got
}

@test "model: several models in one table, the best is kept" {
    truth_table
    erg-analyze model fit --table t.csv --predictors macs --predictors simd,bus --response energy_mj \
        --chain macs:simd:bus:energy_mj --group network --method ols,nnls,ridge --degree 1,2 \
        --intercept --format json --save m.json >f.json 2>err
    [ "$(jq '.models | length' f.json)" = 18 ]
    jq -e '.models | map(.mean_rel_error) as $e | (map(select(.best))[0].mean_rel_error) == ($e | min)' f.json
    [ "$(jq -r .title f.json)" = "$(jq -r .title m.json)" ]
    run -0 erg-analyze model fit --table t.csv --predictors macs --predictors simd,bus \
        --response energy_mj --group network
    [[ $output == *"leaving one out: mean error"*"energy_mj ~ macs (ols)"*" *"* ]]
}

@test "model: a chain from MACs" {
    truth_table
    erg-analyze model fit --table t.csv --chain macs:simd:bus:energy_mj --group network --save m.json \
        --format json >f.json
    jq -e '.stages | length == 3 and (.[0].coefficients.macs.value - 0.25 | fabs) < 1e-6' f.json
    jq -e '.coefficients | has("simd") and has("bus")' f.json
    run -1 erg-analyze model predict --model m.json squeezenet1.1
    erg-analyze model predict --model m.json --network squeezenet1.1 --type conv --format json >p.json 2>err
    jq -e '.predictions | length == 26 and all(.predicted.value > 0 and .predicted.lo < .predicted.value
        and .measured == null)' p.json
    jq -e '(.totals[0].predicted.value / ([.predictions[].predicted.value] | add) - 1 | fabs) < 1e-6' p.json
    # conv10 of 1e8 MACs is beyond 4 * 5.5e7.
    jq -e '.extrapolates == ([.predictions[].extrapolates] | any)' p.json
}

@test "model: prediction says where it extrapolates, and why" {
    truth_table
    erg-analyze model fit --table t.csv --predictors simd,bus --response energy_mj --group network \
        --save m.json >/dev/null
    printf 'simd,bus\n2e6,5e5\n9e9,5e5\n' >new.csv
    erg-analyze model predict --model m.json --table new.csv --format json >p.json 2>err
    jq -e '.extrapolates and (.predictions[0].extrapolates | not) and .predictions[1].extrapolates' p.json
    jq -e '.predictions[1].why | startswith("simd is 9e+09; fitted to")' p.json
    grep -q "1 of 2 rows lie outside what the model was fitted to" err
    run -3 --separate-stderr erg-analyze model predict --model m.json --table new.csv --strict
    erg-analyze model predict --model m.json --table t.csv --group network --format csv >p.csv
    [ "$(head -1 p.csv)" = "group,label,measured,predicted,predicted_lo,predicted_hi,predicted_method,rel_error,extrapolates,simulated" ]
    [ "$(wc -l <p.csv)" = 92 ] # 84 layers, 7 totals, titles
    # The interval of 95 % contains nearly all of the rows it was fitted to.
    awk -F, 'NR > 1 && $2 != "total" { n++; in_ += $3 >= $5 && $3 <= $6 } END { exit !(in_ > 0.85 * n) }' p.csv
}

@test "model: table of measured against predicted" {
    truth_table
    erg-analyze model fit --table t.csv --predictors simd,bus --response energy_mj --group network \
        --format csv >f.csv
    [ "$(head -1 f.csv)" = "group,label,measured,fitted,predicted,residual,simulated" ]
    awk -F, 'NR > 1 && ($3 / $5 - 1) ^ 2 > 0.03 ^ 2 { exit 1 } END { exit NR != 85 }' f.csv
}

@test "model: runs: layers of a type, whole networks, unresolved layers left out" {
    runs_document
    erg-analyze model fit runs.json --predictors macs --type conv --format json --save m.json >f.json 2>err
    jq -e '.rows == 24 and .dropped == 4 and .simulated and (.cv.folds | length) == 4' f.json
    jq -e '.coefficients.macs | (.value / 3e-9 - 1 | fabs) < 1e-6 and .unit == "J per MAC"' f.json
    grep -q "the power is simulated" err
    grep -q "4 rows left out" err
    erg-analyze model fit runs.json --predictors simd,bus --weights uncertainty --type conv --method nnls \
        --format json 2>/dev/null | jq -e '.coefficients.simd.value / 1.2e-8 - 1 | fabs < 1e-3'
    jq '.runs[].layers |= map(select(.energy_j.value))' runs.json >resolved.json
    erg-analyze model fit resolved.json --whole --predictors macs --format json 2>/dev/null |
        jq -e '.rows == 4 and (.coefficients.macs.value / 3e-9 - 1 | fabs) < 1e-6'
    # Of a whole network a clock is no sum, power is a mean over time, and a layer that is used in three
    # places makes no more inferences of it. One inference a run or ten: the same network.
    jq '.runs[] |= ((.channels[0].mean = 1e8 * (.layers[0].macs / 1e6) | .layers[] |=
        (.power_w = {value: 30, lo: 29, hi: 31, method: "nnls"})) | .layers[0].calls *= 3)' resolved.json >ten.json
    jq '.runs[].layers |= map(.calls /= 10 | .time_s.value /= 10 | (.energy_j | .value, .lo, .hi) /= 10 |
        .counters |= map_values(./10))' ten.json >one.json
    for f in ten one; do
        erg-analyze model fit $f.json --whole --predictors frequency_hz --response power_w --format csv \
            2>/dev/null >$f.csv
        awk -F, 'NR > 1 && ($3 / 30 - 1) ^ 2 > 1e-12 { exit 1 } END { exit NR != 5 }' $f.csv
    done
    diff <(cut -d, -f1-5 ten.csv) <(cut -d, -f1-5 one.csv)
    for f in ten one; do
        erg-analyze model fit $f.json --whole --predictors macs --format csv 2>/dev/null >$f.csv
    done
    diff <(cut -d, -f1-5 ten.csv) <(cut -d, -f1-5 one.csv)
    jq '.runs |= map(.machine = "other" | .channels[0].mean = 6e8 | .rail = "VDD_CPU")' runs.json >other.json
    run -0 --separate-stderr erg-analyze model predict --model m.json other.json --type conv
    [[ $stderr == *'fitted on another machine: "board"; this is "other"'* ]]
    [[ $stderr == *'fitted on another rail: "VDD_IN"; this is "VDD_CPU"'* ]]
    [[ $stderr == *"another frequency: 1200 to 1200 MHz; this is 600 to 600 MHz"* ]]
    [[ $output == *"net0"*"total"* ]]
}

@test "model: from archives: whole networks on the board, and another's layers" {
    for n in squeezenet1.1 mobilenet1; do
        run -0 erg-board b --leak-beta 0 -- sh -c \
            'exec erg-record --quiet --sysfs "$ERG_BOARD_DIR" -o $0.erg -- \
                erg-board-play --net $0 --jitter 10 --duration 8' $n
        rm -rf b
    done
    erg-analyze model fit --whole squeezenet1.1.erg mobilenet1.erg --predictors macs --format json \
        --save m.json >f.json 2>err || { cat err; false; }
    jq -e '.rows == 2 and .simulated and .rails == ["VDD_IN"] and (.cv.folds | map(.group) | sort)
        == ["mobilenet1", "squeezenet1.1"]' f.json
    # 0.1 to 10 nJ a multiply-accumulate.
    jq -e '.coefficients.macs.value | . > 1e-10 and . < 1e-8' f.json
    # Documents of a batch have the networks as wholes, too.
    erg-analyze batch squeezenet1.1.erg mobilenet1.erg -o docs 2>/dev/null
    erg-analyze model fit --whole docs --predictors macs --format json 2>/dev/null |
        jq -S '.coefficients' | diff - <(jq -S .coefficients f.json)
    grep -q "the power is simulated" err
    erg-analyze layers --by network --format json squeezenet1.1.erg >l.json 2>/dev/null
    erg-analyze model predict --model m.json --whole l.json --format json >p.json 2>/dev/null
    jq -e '.totals | length == 1 and .[0].rel_error < 0.5 and .[0].measured > 0.05' p.json
    # The same energy, the same counters as those of its layers.
    erg-analyze layers --by layer --format json squeezenet1.1.erg >k.json 2>/dev/null
    jq -e -s '(.[0].runs[0].layers[0].counters.simd) == ([.[1].runs[0].layers[].counters.simd] | add)' \
        l.json k.json
}

@test "model: archives are left out by any factor or tag, alone or together" {
    runs_document
    jq '.runs |= [to_entries[] | .value.tags = {library: (if .key % 2 == 0 then "eigen" else "openblas" end)} |
        .value]' runs.json >tagged.json
    erg-analyze model fit tagged.json --predictors simd,bus --group library --format json >f.json
    [ "$(jq -c '[.cv.folds[].group]' f.json)" = '["eigen","openblas"]' ]
    erg-analyze model fit tagged.json --predictors simd,bus --group library,network --format json >f.json
    [ "$(jq -c '[.cv.folds[].group]' f.json)" = '["eigen/net0","openblas/net1","eigen/net2","openblas/net3"]' ]
    jq '.runs[].layers |= map(select(.energy_j.value))' tagged.json >whole.json
    erg-analyze model fit whole.json --predictors macs --whole --group library --format json >f.json
    [ "$(jq -c '[.cv.folds[].group]' f.json)" = '["eigen","openblas"]' ]
    run -1 erg-analyze model fit runs.json --predictors simd,bus --group library
    [[ $output == "erg-analyze model: r0.erg: no factor or tag 'library'"* ]]
}

@test "model: wrong data is named" {
    truth_table
    fit() { run -1 erg-analyze model fit --table t.csv --response energy_mj "$@"; }
    fit --predictors simd,bsu
    [[ $output == *bsu* && $output == *bus* ]]
    fit --predictors simd,bus --group type --intercept
    [[ $output == *"2 groups for 3 coefficients; expected at least as many groups (fc, conv)"* ]]
    fit --predictors macs,simd
    [[ $output == *"predictors macs and simd are identical but for a factor"* ]]
    sed -i '4s/,[0-9]*,\([^,]*\),\([^,]*\)$/,oops,\1,\2/' t.csv
    fit --predictors simd,bus
    [[ $output == *"t.csv"*"line 4"*bus*oops* ]]
    printf 'x,c,y\n1,5,2\n2,5,4.1\n3,5,6\n4,5,8\n' >t.csv
    run -1 erg-analyze model fit --table t.csv --predictors x,c --response y --intercept
    [[ $output == *"predictor c is constant: it cannot be told from the intercept"* ]]
    run -0 --separate-stderr erg-analyze model fit --table t.csv --predictors x,c --response y
    [[ $stderr == *"predictor c is 5 in every row: its coefficient is an intercept"* ]]
    printf 'x,y\n1,2\n' >t.csv
    run -1 erg-analyze model fit --table t.csv --predictors x --response y
    [[ $output == *"1 rows for 1 coefficients; expected at least 2"* ]]
    printf 'x,y\n1,2\n,3\n3,6\n4,8\n' >t.csv
    run -1 erg-analyze model fit --table t.csv --predictors x --response y
    [[ $output == *"line 3"* ]]
    run -0 --separate-stderr erg-analyze model fit --table t.csv --predictors x --response y --drop-missing
    [[ $stderr == *"1 row left out"* ]]
    printf 'n,x,c,y\na,1,0,2\na,2,0,4\na,3,0,6\nb,3,1,7\nb,4,2,9\nb,4,1,9\n' >t.csv
    run -0 --separate-stderr erg-analyze model fit --table t.csv --predictors x,c --response y --group n
    [[ $stderr == *"without b the rest is too little for a fit: no cross-validation"* ]]
    runs_document
    run -1 erg-analyze model fit runs.json --type conv --response time_s --weights uncertainty
    [[ $output == *"row conv0 has no uncertainty above 0 to weigh it by"* ]]
    jq 'del(.runs[2].layers[].counters.bus)' runs.json >less.json
    run -1 erg-analyze model fit less.json --predictors bus --type conv
    [[ $output == *'r2.erg: layer conv0 has no "bus"; counters here: simd'* ]]
    run -1 erg-analyze model fit none.erg
    run -1 erg-analyze model predict --model t.csv --table t.csv
    run -1 erg-analyze model predict --model runs.json --table t.csv
    [[ $output == *"runs.json: no model; expected what erg-analyze model fit --save writes"* ]]
}

@test "model: wrong usage" {
    truth_table
    usage() { run -2 erg-analyze model "$@"; }
    usage fit --table t.csv
    usage fit --table t.csv --response y --method guess
    usage fit --table t.csv --response y --degree 3
    usage fit --table t.csv --response y --weights heavy
    usage fit --table t.csv --response y --weights uncertainty
    usage fit --table t.csv --response y --lambda -1
    usage fit --table t.csv --response y --predictors y
    usage fit --table t.csv --response y --predictors a,a
    usage fit --table t.csv --chain a
    usage fit --table t.csv --response y --chain a:b:z
    usage fit --table t.csv a.erg --response y
    usage predict --table t.csv
    usage predict --model m.json
    usage predict --model m.json --table t.csv --network vgg16
}
