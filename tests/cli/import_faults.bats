# erg-record import: every form of log with each of the faults that logs have, by one generator a form.
# bats file_tags=offline
# Power is p(i) W at second i; the joules are awk's: the sum of p(1) and on where a reading is of the time before
# it, of p(0) too where the log tells how long that is, the trapezoid where it is what was at that moment.
load helpers

P='function p(i) { return 100 + i * i % 17 }'
forms="csv columns smi dmon tegrastats ptdaemon perf-x perf-text perf-j mllog amd-smi mac plist dcmi sdr"

gen() { # gen FORM: 40 readings, a second apart
    case $1 in
    csv) awk "$P"'BEGIN { print "time_s,P [W]"; for (i = 0; i < 40; i++) printf "%d,%.3f\n", i, p(i) }' ;;
    columns) awk "$P"'BEGIN { print "t,P,q"; for (i = 0; i < 40; i++) printf "%.0f,%.3f,9\n", 1700000000000 + i * 1000, p(i) }' ;;
    smi) awk "$P"'BEGIN { print "timestamp, index, power.draw [W]"; for (i = 0; i < 40; i++) printf "2024/05/06 10:00:%02d.250, 0, %.2f W\n", i, p(i) }' ;;
    dmon) awk "$P"'BEGIN { print "#Date       Time        gpu    pwr  gtemp\n#YYYYMMDD   HH:MM:SS    Idx      W      C"; for (i = 0; i < 40; i++) printf " 20240506   10:00:%02d      0    %d     45\n", i, p(i) }' ;;
    tegrastats) awk "$P"'BEGIN { for (i = 0; i < 40; i++) printf "05-06-2024 10:00:%02d RAM 2274/6834MB (lfb 27x4MB) CPU [99%%@1189,off] VDD_IN %dmW/9999mW VDD_SOC 1234mW/1234mW\n", i, p(i) * 1000 }' ;;
    ptdaemon) awk "$P"'BEGIN { for (i = 0; i < 40; i++) printf "Time,05-06-2024 10:00:%02d.123,Watts,%.3f,Volts,230.1,Amps,0.45,PF,0.98,Mark,run\n", i, p(i) }' ;;
    perf-x) awk "$P"'BEGIN { for (i = 1; i < 41; i++) printf "     %d.000000000,%.2f,Joules,power/energy-pkg/,1001234567,100.00,,\n", i, p(i) }' ;;
    perf-text) awk "$P"'BEGIN { print "#           time             counts unit events"; for (i = 1; i < 41; i++) printf "     %d.000000000             %.2f Joules power/energy-pkg/\n", i, p(i) }' ;;
    perf-j) awk "$P"'BEGIN { for (i = 1; i < 41; i++) printf "{\"interval\" : %d.000000000, \"counter-value\" : \"%.6f\", \"unit\" : \"Joules\", \"event\" : \"power/energy-pkg/\"}\n", i, p(i) }' ;;
    mllog) awk "$P"'BEGIN { for (i = 0; i < 40; i++) printf ":::MLLOG {\"namespace\": \"\", \"time_ms\": %.0f, \"event_type\": \"POINT_IN_TIME\", \"key\": \"power_reading\", \"value\": %.3f, \"metadata\": {\"node\": \"n1\"}}\n", 1700000000000 + i * 1000, p(i) }' ;;
    amd-smi) awk "$P"'BEGIN { print "timestamp,gpu,power_usage,hotspot_temperature"; for (i = 0; i < 40; i++) printf "%d,0,%d,55\n", 1700000000 + i, p(i) }' ;;
    mac) awk "$P"'BEGIN { for (i = 0; i < 40; i++) printf "*** Sampled system activity (Wed Jun 14 10:00:%02d 2023 +0200) (1000.00ms elapsed) ***\n\nCPU Power: %d mW\nCombined Power (CPU + GPU + ANE): %d mW\n", i, p(i) * 500, p(i) * 1000 }' ;;
    plist) awk "$P"'BEGIN { for (i = 0; i < 40; i++) printf "<?xml version=\"1.0\"?>\n<plist version=\"1.0\">\n<dict>\n<key>elapsed_ns</key><integer>1000000000</integer>\n<key>timestamp</key><date>2023-06-14T08:00:%02dZ</date>\n<key>combined_power</key><real>%d</real>\n</dict>\n</plist>\n", i, p(i) * 1000 }' ;;
    dcmi) awk "$P"'BEGIN { for (i = 0; i < 40; i++) printf "%d\n\n    Instantaneous power reading:                   %d Watts\n    Minimum during sampling period:                 18 Watts\n", 1700000000 + i, p(i) }' ;;
    sdr) awk "$P"'BEGIN { for (i = 0; i < 40; i++) printf "2023-11-14T12:10:%02dZ\nFan1             | 3600 RPM          | ok\nPwr Consumption  | %d Watts         | ok\n", i, p(i) }' ;;
    esac
}

want() { # want FORM LAST: J up to reading LAST, from 0
    case $1 in
    smi | dmon | tegrastats) awk -v n="$2" "$P"'BEGIN { for (i = 1; i <= n; i++) e += (p(i) + p(i - 1)) / 2; print e }' ;;
    perf-*) awk -v n="$2" "$P"'BEGIN { for (i = 1; i <= n + 1; i++) e += p(i); print e }' ;;
    mac | plist) awk -v n="$2" "$P"'BEGIN { for (i = 0; i <= n; i++) e += p(i); print e }' ;;
    *) awk -v n="$2" "$P"'BEGIN { for (i = 1; i <= n; i++) e += p(i); print e }' ;;
    esac
}

import() { # import FORM FILE
    local from=$1
    case $1 in
    columns) set -- --time t --column P=W --samples "$2" ;;
    smi | dmon) from=nvidia-smi ;;
    perf-*) from=perf ;;
    mac | plist) from=powermetrics ;;
    dcmi | sdr) from=ipmi ;;
    esac
    [ "$from" = columns ] || set -- --from "$from" --samples "$2"
    erg-record import "$@" -f -o out.erg 2>log || { cat log; return 1; }
}

# right FORM LAST: out.erg has the joules up to reading LAST, to 0.1 %, and within the interval
right() {
    erg-analyze totals --format json out.erg 2>/dev/null >t.json
    jq -e --argjson want "$(want "$1" "$2")" '.runs[0].phases[0].ets_j |
        (.value / $want - 1 | fabs) < 0.001 and .lo <= $want * 1.0002 and .hi >= $want * 0.9998' t.json ||
        { echo "$1: $(want "$1" "$2"): $(jq -c '.runs[0].phases[0].ets_j' t.json)"; cat log; return 1; }
}

@test "every form: another program's lines, a header again, blank lines, CRLF, UTF-16 with its mark" {
    for form in $forms; do
        gen $form >plain
        # the header, of what has one
        head=$(head -1 plain | grep -E '^(time|t,|#)' || true)
        awk -v head="$head" -v n="$(wc -l <plain)" 'BEGIN { n -= n % 2 } { print } NR % 10 == 0 && NR > n / 2 && !done { done = 1
            print "[   12.500000] a driver wrote 5 W here"; print "Epoch 3/10 loss 0.31"; if (head) print head }
            NR % 7 == 0 { print "" }' plain | sed 's/$/\r/' | iconv -f UTF-8 -t UTF-16 >strange
        import $form strange
        right $form 39
        # an unknown line is told, where the form does not have lines of any kind by itself
        case $form in perf-text | mllog | mac | plist) ;; *) grep -q 'a driver wrote' log ;; esac
    done
}

@test "every form through a pipe, whose digest is kept" {
    for form in $forms; do
        gen $form >plain
        import $form /dev/stdin <plain
        right $form 39
        "$ERG_BUILD/tests/tools/erg-pack" --manifest out.erg | grep -q "$(sha256sum <plain | cut -d' ' -f1)"
    done
}

@test "every form cut in its last number: that reading is left out and told" {
    for form in $forms; do
        # the last line that has the power, up to its first digit
        gen $form | awk '{ line[NR] = $0 } /[0-9]/ && (/[Ww]atts|power|Power|Joules|VDD_IN|,/ || /^ 2024/) && !/Minimum|CPU Power/ { last = NR }
            END { for (i = 1; i < last; i++) print line[i]; s = line[last]
                if (!match(s, /("value": |Watts,|reading: +|\| |real>|ANE\): |VDD_IN |Joules|counter-value" : "|0    |000000000 +|, 0, |00000000,|,)[0-9]/)) exit 1
                printf "%s", substr(s, 1, RSTART + RLENGTH - 1) }' >cut
        import $form cut
        # of these the item alone is left out, and the run is as long as its times say
        case $form in tegrastats | mac | plist) ;; *) right $form 38 ;; esac
        case $form in tegrastats) ;; *) grep -q 'not understood\|left out' log ;; esac
        # nor is the digit that is left a reading
        erg-analyze export --to csv out.erg -o out.csv 2>/dev/null
        awk -F, '{ if (NR > 1 && $2 != "" && $2 < 45) { print; exit 1 } }' out.csv
    done
}

@test "perf: a line whose time goes back is left out, a second log is refused; ipmi: readings before the first time" {
    gen perf-x | awk '{ print } NR == 1 { first = $0 } NR == 20 { print first }' >again
    import perf-x again
    right perf-x 39
    grep -q 'line 21:.*1 such lines of' log
    { gen perf-x; gen perf-x; } >two
    run erg-record import --from perf --samples two -f -o x.erg
    echo "$output"
    [ "$status" -eq 1 ]
    [[ "$output" == *"two: line 41:"*"two logs in one file"* ]]
    for time in 1e300 -5; do # that of perf's clock never is
        { gen perf-j | sed -n "1s/1.000000000/$time/p"; gen perf-j; } >first
        import perf-j first
        right perf-j 39
        grep -q 'line 1:.*1 such lines of' log
    done
    gen dcmi | tail -n +2 >untimed
    import dcmi untimed
    erg-analyze totals --format json out.erg 2>/dev/null | jq -e --argjson want "$(want dcmi 39)" '.runs[0].phases[0].ets_j.value - $want + 101 | fabs < 0.5'
    grep -q 'before the first time' log
}

@test "one reading far above the others is kept and told; a hundred times as much in a burst is not" {
    awk 'BEGIN { print "time_s,P [W]"; for (i = 0; i < 60; i++) print i * 5 "," (i == 30 ? 12977 : 135 + i % 4) }' >one.csv
    import csv one.csv
    grep -q 'line 32: .*12977 W for one reading' log
    awk 'BEGIN { print "time_s,P [W]"; for (i = 0; i < 60; i++) print i "," (i % 20 < 5 ? 100 : 1) }' >burst.csv
    import csv burst.csv
    if grep -q 'one reading' log; then false; fi
}
