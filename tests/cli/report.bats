#!/usr/bin/env bats
# The report: one page from archives and results, safe against hostile names, driven in Chromium.
load helpers

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
    [ "$(grep -c '^ok' <<<"$output")" -ge 11 ]
}

@test "no name of a trace can end the data block" {
    hostile_run run.erg
    erg-analyze report run.erg -o report.html
    # the page's own script elements, and no more
    [ "$(grep -o '<script' report.html | wc -l)" -eq 4 ]
    ! grep -q '<img src=x' report.html
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
