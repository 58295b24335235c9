#!/usr/bin/env bats
# The report: one page from archives and results, safe against hostile names, driven in Chromium.
# bats file_tags=apart
load helpers

test_setup() { skip_without page; }

# An imported run of 20 s: two layers alternate, their names try to become markup.
hostile_run() {
    awk 'BEGIN { print "time_s,VDD_IN [W],soc [degC],cpu [MHz]"
        for (i = 0; i <= 20000; i++) {
            t = i / 1000
            printf "%.3f,%.3f,%.2f,%d\n", t, (int(t / 0.05) % 2 ? 8 : 3) + (i % 7) / 100, 40 + t / 4, 1000
        } }' >samples.csv
    awk 'BEGIN { print "begin_s,end_s,layer,type,network,module,iteration"
        a = "\"<script>window.injected=1</script>\""
        b = "\"</script><img src=x onerror=\"\"window.injected=1\"\">\""
        for (i = 0; i < 400; i++)
            printf "%.3f,%.3f,%s,%s,net,%s,%d\n", i * 0.05, (i + 1) * 0.05, i % 2 ? a : b,
                i % 2 ? "conv" : "pool", i % 2 ? "m1" : "<b>m2</b>", i / 2 }' >layers.csv
    erg-record import --samples samples.csv --layers layers.csv --tag "note=<script>window.injected=1</script>" \
        --sensor "kind=point window_s=0 lag_s=0 lag_u_s=0" -o "$1"
}

@test "a report is one page, drawn, zoomable, sortable, silent, and safe" {
    skip_unless chromium chromedriver
    hostile_run run.erg
    erg-analyze report run.erg -o report.html
    run "$ERG_SRC/tests/page/drive.py" report.html
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(grep -c '^ok' <<<"$output")" -ge 18 ]
}

@test "of more layers than a page holds, there are some all over the run" {
    skip_unless jq
    awk 'BEGIN { print "begin_s,end_s,layer"
        for (i = 0; i < 200000; i++) printf "%.4f,%.4f,l%d\n", i / 1e4, (i + 1) / 1e4, i % 7 }' >layers.csv
    awk 'BEGIN { print "time_s,VDD_IN [W]"; for (i = 0; i <= 2000; i++) print i / 100 ",3" }' >samples.csv
    erg-record import --samples samples.csv --layers layers.csv -o run.erg
    erg-analyze report run.erg -o report.html
    sed -n 's/.*id="data">\(.*\)<\/script>.*/\1/p' report.html | jq '.runs[0].bands' >bands.json
    jq -e '.total == 200000 and .stretch == 2343' bands.json
    jq -r .begin bands.json | base64 -d | od -An -v -tu4 -w4 >begins
    [ "$(wc -l <begins)" -eq $((64 * 2343)) ]
    jq -e --argjson last "$(tail -1 begins)" '$last * .t_step_s > 19' bands.json
    # archives and --curves share what a page may hold
    head -3 layers.csv >few.csv
    erg-record import --samples samples.csv --layers few.csv -o few.erg
    erg-analyze layers few.erg --format json >few.json 2>/dev/null
    erg-analyze report run.erg few.json --curves few.erg -o both.html
    sed -n 's/.*id="data">\(.*\)<\/script>.*/\1/p' both.html | jq -e '.runs[0].bands.stretch == 1171'
}

@test "report --strict: exit 3 when any run in the page has a warning, of an archive or of a result" {
    skip_unless jq
    cp "$ERG_SRC/tests/golden/recording/convnet.erg" .
    run -3 erg-analyze report --strict convnet.erg -o report.html
    [[ "$output" == *"wrote report.html, with 3 warnings about the data" ]]
    [ "$(sed -n 's/.*id="data">\(.*\)<\/script>.*/\1/p' report.html | jq '[.. | .warnings? // empty | length] | add')" -eq 3 ]
    erg-analyze layers --format json convnet.erg >layers.json 2>/dev/null
    run -3 erg-analyze report --strict layers.json -o result.html
    run -0 erg-analyze report layers.json -o result.html
    hostile_run good.erg
    run -0 erg-analyze report --strict good.erg -o good.html
    [[ "$output" == *"wrote good.html" ]]
}

@test "no name of a trace can end the data block" {
    hostile_run run.erg
    erg-analyze report run.erg -o report.html
    # the page's own script elements, and no more
    [ "$(grep -o '<script' report.html | wc -l)" -eq 4 ]
    ! grep -q '<img src=x' report.html || false
}

@test "results of other verbs become parts of the page" {
    skip_unless chromium chromedriver
    printf 'net,freq_mhz,time_s,power_w\na,500,2,3\na,700,1.6,4\na,900,1.3,6\na,1100,1.1,9\n' >t.csv
    erg-analyze sweep --table t.csv --group net --format json >sweep.json
    erg-analyze report sweep.json -o report.html
    run "$ERG_SRC/tests/page/drive.py" report.html
    echo "$output"
    [ "$status" -eq 0 ]
}

@test "a page of readings only has their charts, and is checked by what it holds" {
    skip_unless chromium chromedriver
    awk 'BEGIN { print "time_s,VDD_IN [W]"; for (i = 0; i <= 2000; i++) printf "%.3f,%.3f\n", i / 1000, 3 + i % 7 / 100 }' >s.csv
    erg-record import --samples s.csv -o run.erg
    erg-analyze report run.erg -o report.html
    run "$ERG_SRC/tests/page/drive.py" report.html
    echo "$output"
    [ "$status" -eq 0 ]
    grep -q '^ok charts are drawn: 1, ' <<<"$output"
}

@test "work that the application counts has a box for each phase, per unit" {
    skip_unless chromium erg-record erg-board
    local step args=(network:n layer:a counter:tokens=0)
    for step in 1 2 3; do
        args+=(phase:prefill begin:a counter:tokens=40 sleep:60 end:a /phase:prefill
            phase:decode begin:a counter:tokens=1 sleep:30 end:a /phase:decode)
    done
    mkdir board
    erg-board board --follow command -- erg-record run --force -o run.erg --sysfs board -- \
        "$ERG_BUILD/tests/trace/trace-app" "${args[@]}" >out 2>err || { cat err; false; }
    erg-analyze totals --per token --format json run.erg >t.json 2>/dev/null
    jq -e '.runs[0].phases | map({(.name): .per.count}) | add == {run: 123, prefill: 120, decode: 3}' t.json
    erg-analyze report run.erg -o report.html
    run page_text report.html
    [[ $output == *"Energy per token"* ]]
    [[ $output == *"120.0 tokens"* || $output == *"120 tokens"* ]]
}

# est VALUE HALF: an estimate as JSON.
est() {
    jq -nc "{value: $1, lo: ($1 - $2), hi: ($1 + $2), method: \"repetitions\"}"
}

# What a reader of the page would see, as text.
page_text() {
    chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$PWD/profile" \
        --dump-dom "file://$PWD/$1" 2>/dev/null | sed 's/<script.*//; s/<[^>]*>//g; s/&nbsp;/ /g' | tr -s ' \n' ' '
}

@test "co-runs, heat sink and model: every setting, units, sensible digits, simulated power said" {
    skip_unless chromium chromedriver jq
    said='[{"code": "simulated", "text": "a.erg: power is simulated"}]'
    for hz in 460800000 998400000; do
        jq -n "{workload: \"net\", partner: \"memory\", settings: {workload: \"net\", \"gpu.frequency_hz\": $hz},
            slowdown: $(est 1.0329 0.0372), extra_energy_j: $(est 0.3071 0.0704)}"
    done | jq -s "{schema: \"ergtrace/1\", tool: {name: \"erg-analyze\", version: \"0\", verb: \"corun\"}, warnings: $said, matrix: .}" >corun.json
    jq -n "{schema: \"ergtrace/1\", tool: {name: \"erg-analyze\", version: \"0\", verb: \"thermal\"}, warnings: $said,
        leakage_w_per_k: $(est 0.02584 0.0014), beta_per_k: $(est 0.0264 0.0028), throttled_share: 0.026,
        points: [{temperature_degc: 40, power_w: 4.5, heatsink: true}, {temperature_degc: 60, power_w: 5, heatsink: false}],
        fit: [], pairs: [{workload: \"net\", difference_k: 20, difference_w: 0.5, leakage_w_per_k: $(est 0.025 0.0002),
        leakage_j: 7.5, throttling_j: 0}]}" >thermal.json
    jq -n "{schema: \"ergtrace/1\", tool: {name: \"erg-analyze\", version: \"0\", verb: \"model\"}, warnings: [], simulated: true,
        response: {name: \"energy_j\", unit: \"J\"}, coefficients: {macs: ($(est 1.2e-9 8.2e-10) + {unit: \"J per MAC\"})},
        cv: {mean_rel_error: 0.05, sd_rel_error: 0.01, folds: [{group: \"a\", measured: 0.69, predicted: 0.66, rel_error: 0.043},
        {group: \"b\", measured: 1.03, predicted: 1.1, rel_error: 0.068}]}}" >model.json
    erg-analyze report corun.json thermal.json model.json -o report.html
    run "$ERG_SRC/tests/page/drive.py" report.html
    echo "$output"
    [ "$status" -eq 0 ]
    page_text report.html >text
    [ "$(grep -o 'Power is simulated' text | wc -l)" -ge 3 ]
    for want in 'gpu.frequency 460.8 MHz' 'gpu.frequency 998.4 MHz' '1.033 ±0.037' '307 ±70 mJ' '0.02640 1/K' \
        '25.84 mW/K' '1.20 ±0.82 nJ/MAC' '690 mJ'; do
        grep -qF -- "$want" text || { echo "missing: $want"; false; }
    done
}

# A run of two layers, run$1.erg, of $2 W.
clock_run() {
    awk -v w="$2" 'BEGIN { print "time_s,VDD_IN [W]"; for (i = 0; i <= 4000; i++) print i / 1000 "," w + i % 7 / 100 }' >s.csv
    awk 'BEGIN { print "begin_s,end_s,layer,track"
        for (i = 0; i < 80; i++) print i / 20 "," (i + 1) / 20 ",l" i % 2 ",stream " i % 3 }' >l.csv
    erg-record import --samples s.csv --layers l.csv --tag "accuracy=0.$1" --tag "clock_mhz=$1" \
        --sensor 'kind=point window_s=0 lag_s=0 lag_u_s=0' -o "run$1.erg"
}

@test "runs side by side: energy, time and accuracy; many of them are folded, and open" {
    skip_unless chromium chromedriver
    for n in 1 2; do clock_run $n $((n + 2)); done
    erg-analyze report run1.erg run2.erg -o report.html
    run "$ERG_SRC/tests/page/drive.py" report.html
    echo "$output"
    [ "$status" -eq 0 ]
    grep -q "'energy of each run': 2, 'time of each run': 2" <<<"$output"
    grep -q '^ok each of 3 tracks has a row of bands' <<<"$output"
    page_text report.html >text
    grep -q '1 MHz' text
    for n in $(seq 3 13); do clock_run $n 3; done
    erg-analyze report run?.erg run1?.erg -o many.html
    run "$ERG_SRC/tests/page/drive.py" many.html
    echo "$output"
    [ "$status" -eq 0 ]
    grep -q "'energy of each run': 13" <<<"$output"
}

@test "of runs side by side those of simulated power are named" {
    skip_unless chromium chromedriver
    for n in 1 2; do clock_run $n $((n + 2)); done
    erg-analyze export --to samples run2.erg -o samples.txt
    sed '/^#erg column/s/$/\tsimulated=1/' samples.txt >simulated.txt
    erg-record import --samples simulated.txt -o made.erg
    erg-analyze report run1.erg made.erg -o report.html
    page_text report.html >text
    grep -q 'Power of 1 of 2 runs is simulated' text
    grep -q 'made.erg) (simulated)' text
    [ "$(grep -c 'run1.erg) (simulated)' text)" -eq 0 ]
    erg-analyze report made.erg made.erg -o report.html
    page_text report.html >text
    [ "$(grep -o 'Power is simulated' text | wc -l)" -ge 2 ] # once in the page's script
    [ "$(grep -c 'Power of . of' text)" -eq 0 ]
}

@test "a report that cannot be written leaves nothing, and what was there stays" {
    printf 'net,f,time_s,power_w\na,1,2,3\na,2,1,4\n' >t.csv
    erg-analyze sweep --table t.csv --format json >sweep.json
    run erg-analyze report sweep.json -o no/such/dir/report.html
    [ "$status" -eq 1 ]
    [[ "$output" == *"no/such/dir/report.html"* ]]
    echo before >report.html
    echo '{"schema": "x"}' >bad.json
    run erg-analyze report bad.json -o report.html
    [ "$status" -eq 1 ]
    [[ "$output" == *"bad.json"* ]]
    [ "$(cat report.html)" = before ]
    [ "$(ls | grep -c 'report.html\.')" -eq 0 ]
}

@test "report without an output or without files is wrong usage" {
    run erg-analyze report x.erg
    [ "$status" -eq 2 ]
    run erg-analyze report -o report.html
    [ "$status" -eq 2 ]
    [ ! -e report.html ]
}

@test "the page has the same words for a reason as the tables" {
    sed -n 's/^\t\t{"\([a-z-]*\)", "\(.*\)"},$/\1: \2/p' "$ERG_SRC/analyze/render/text.c" | sort >tables
    sed -n '/^const REASONS = {/,/};$/p' "$ERG_SRC/analyze/render/page/base.js" |
        grep -oE "[a-z-]+'?: '[^']+'" | tr -d "'" | sort >page
    [ "$(wc -l <tables)" -ge 12 ]
    diff tables page
}
