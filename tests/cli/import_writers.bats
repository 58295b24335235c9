# erg-record import: the same power as tools, scripts and spreadsheets of all kinds write it, whose joules are known by hand (logs.bash)
# bats file_tags=offline
load helpers
load logs

@test "a log is the word that is no option" {
    { echo 'time_s,P [W]'; rows 'printf "%d,%d\n", i, p(i)'; } >s.csv
    joules $MEANS -- s.csv
    joules $MEANS -- - <s.csv
    run erg-record import s.csv s.csv -f -o out.erg
    [ "$status" -eq 2 ]
    [[ $output == *"one power log"* ]]
    { echo 'timestamp, index, power.draw [W]'; rows 'printf "2024/05/06 %s.000, 0, %d.00 W\n", hms(i), p(i)'; } >smi.csv
    joules $TRAPEZOID -- smi.csv --from nvidia-smi
    fails 'looks like --from nvidia-smi' -- smi.csv
    sed 's/, [0-9]*, /, /; s/index, //' smi.csv >one.csv
    fails "'power.draw [W]' is of nvidia-smi" 'looks like --from nvidia-smi' -- one.csv
    joules $TRAPEZOID -- one.csv --from nvidia-smi
}

@test "nvidia-smi: neither header nor units, a number that is no index, quotes, other units, times since 1970" {
    rows 'printf "2024/05/06 %s.000, %d.00\n", hms(i), p(i)' >bare.csv
    joules $TRAPEZOID -- --from nvidia-smi bare.csv
    told 'number 2 of each row'
    # a temperature that stays for a while and a load are no GPUs, also where units tell the power
    rows 'printf "2024/05/06 %s.000, %d, %d.00\n", hms(i), 44 + int(i / 9), p(i)' >temperature.csv
    joules $TRAPEZOID -- --from nvidia-smi temperature.csv
    rows 'printf "2024/05/06 %s.000, %d, %d.00 W\n", hms(i), 60 - i, p(i)' >load.csv
    joules $TRAPEZOID -- --from nvidia-smi load.csv
    rows 'for (g = 0; g < 2; g++) printf "2024/05/06 %s.000, %d, %d.00\n", hms(i), g, p(i) + 50 * g' >two.csv
    joules $((2 * TRAPEZOID + 39 * 50)) -- --from nvidia-smi two.csv
    rows 'printf "2024/05/06 %s.000, %d.00, 300.00\n", hms(i), p(i)' >limit.csv
    fails 'no column timestamp' -- --from nvidia-smi limit.csv
    { echo '"timestamp"," power.draw [W]"'; rows 'printf "\"2024/05/06 %s.000\",\" %d.00 W\"\n", hms(i), p(i)'; } >quoted.csv
    joules $TRAPEZOID -- --from nvidia-smi quoted.csv
    { echo 'timestamp,power.draw [mW]'; rows 'printf "%.3f,%d\n", 1714989600 + i, p(i) * 1000'; } >milli.csv
    joules $TRAPEZOID -- --from nvidia-smi milli.csv
    { echo 'timestamp,power.draw [hp]'; rows 'printf "%.3f,%d\n", 1714989600 + i, p(i)'; } >horses.csv
    fails horses.csv -- --from nvidia-smi horses.csv
    { head -20 bare.csv | sed '1i timestamp, power.draw [W]'
      echo 'timestamp, index, power.draw [W]'; tail -20 bare.csv | sed 's/, /, 0, /'; } >joined.csv
    fails 'joined.csv: line 22' 'two logs' -- --from nvidia-smi joined.csv
}

@test "amd-smi and rocm-smi: second dies, lists, dates before each poll" {
    rows 'print "device,Average Graphics Package Power (W)"; for (g = 0; g < 8; g++) printf "card%d,%s\n", g, g % 2 ? "N/A (Secondary die)" : p(i) ".0"
        print ""' >dies.csv
    joules $((4 * MEANS)) -- --from amd-smi dies.csv --interval 1
    { echo 'timestamp,gpu,power_usage,gfx,hotspot'; rows 'printf "%d,0,%d,\"[1, %cN/A%c]\",40\n", 1714989600 + i, p(i), 39, 39'; } >lists.csv
    joules $MEANS -- --from amd-smi lists.csv
    told "40 such cells"
    rows 'printf "Mon May  6 %s UTC 2024\ndevice,Average Graphics Package Power (W)\ncard0,%d.0\ncard1,%d.0\n\n", hms(i), p(i), p(i)' >dated.csv
    joules $((2 * MEANS)) -- --from amd-smi dated.csv
    tail -n +2 dated.csv >late.csv
    joules $((2 * MEANS - 2 * 101)) -- --from amd-smi late.csv
    told 'before the first date'
    grep -v 2024 dated.csv >undated.csv
    fails 'a line of date' -- --from amd-smi undated.csv
}

@test "ipmitool: dates of all countries' date(1), of its own versions, times of day" {
    reading='printf "    Instantaneous power reading:                   %d Watts\n", p(i)'
    rows "$reading"'; printf "    IPMI timestamp:                           05/06/24 %s UTC\n", hms(i)' >own.txt
    joules $MEANS -- --from ipmi own.txt
    for date in 'Mon May  6 %s AM UTC 2024' 'Mon 06 May 2024 %s AM UTC' 'Mon, 06 May 2024 %s +0000' '06.05.2024 %s' '%s'; do
        rows 'printf "'"$date"'\n", hms(i); '"$reading" >dated.txt
        joules $MEANS -- --from ipmi dated.txt
    done
}

@test "perf: many counts beside the energy, and none that was counted" {
    rows 'printf "     %d.000000000             %d.00 Joules power/energy-pkg/\n", i + 1, p(i)
        for (k = 0; k < 3; k++) printf "     %d.000000000     1,234,567,890      event%d        #    1.23  GHz   (83.3%%)\n", i + 1, k' >many.txt
    joules $((MEANS + 100)) -- --from perf many.txt
    rows 'printf "%d.000000000,<not supported>,Joules,power/energy-pkg/,0,100.00,,\n", i + 1' >none.txt
    fails 'not supported' 'in 40 lines' -- --from perf none.txt
}

@test "samples.csv: comments, sep=, units in a line of their own, separators at the end, decimal commas in quotes" {
    { echo '# of a meter'; echo '#'; echo 'time_s,P [W]'; rows 'printf "%d,%d\n", i, p(i)'; } >comment.csv
    joules $MEANS -- comment.csv
    { echo 'sep=;'; echo 'time_s;P [W]'; rows 'printf "%d;%d\n", i, p(i)'; } >sep.csv
    joules $MEANS -- sep.csv
    { echo 'time,P,U'; echo '(ms),(mW),(V)'; rows 'printf "%d,%d,5\n", i * 1000, p(i) * 1000'; } >units.csv
    joules $MEANS P -- units.csv
    { echo 'time_s;P'; echo 's;kW'; rows 'printf "%d;0,%d\n", i, p(i)'; } >units2.csv
    joules $MEANS -- units2.csv
    { echo 'time_s,P [W],'; rows 'printf "%d,%d,\n", i, p(i)'; } >end.csv
    joules $MEANS -- end.csv
    sed '1s/,$//' end.csv >end2.csv
    joules $MEANS -- end2.csv
    { echo '"time_s","P [W]"'; rows 'printf "\"%d,0\",\"%d,00\"\n", i, p(i)'; } >quoted.csv
    joules $MEANS -- quoted.csv
    { echo '"time_s","P [W]"'; rows 'printf "\"%d\",\"1,%d\"\n", i, p(i)'; } >thousands.csv
    fails "'1,100' is not understood" -- thousands.csv
    { echo 'time_s,P [W]'; rows 'printf "%d,%d W\n", i, p(i)'; } >w.csv
    joules $MEANS -- w.csv
    # as panels write what they show: the unit by the number's size
    sed -E '2,$s/,(1[0-9])([0-9]) W/,0.\1\2 kW/; 3,$s/,0\.(1.1) kW/,\1000 mW/' w.csv >kw.csv
    grep -q ',0.100 kW' kw.csv
    grep -q ',101000 mW' kw.csv
    joules $MEANS -- kw.csv
    joules $MEANS -- kw.csv --time time_s --column 'P [W]=W'
    sed '2,$s/ W/ V/' w.csv >v.csv
    fails "'100 V' is not understood" -- v.csv
    printf 'JLS\001\002\003 time_s,P [W]\n' >j.jls
    fails 'it is no text' -- j.jls
    { echo '{"time": 0, "P": 5}'; } >j.json
    fails 'it is JSON' -- j.json
    gzip -c comment.csv >c.csv.gz
    fails 'compressed by gzip' zcat -- c.csv.gz
    joules $MEANS -- --samples <(zcat c.csv.gz)
}

@test "times as others write them: since 1970, points, minutes, months first, colons, and what has no unit" {
    { echo 'timestamp,P [W]'; rows 'printf "%.3f,%d\n", 1714989600 + i, p(i)'; } >s.csv
    joules $MEANS -- s.csv
    told 'since 1970, from 2024-05-06 10:00:00 UTC'
    { echo 'timestamp,P [W]'; rows 'printf "%.0f,%d\n", 1714989600000 + i * 1000, p(i)'; } >ms.csv
    joules $MEANS -- ms.csv
    for date in '06.05.2024 %s' '6.5.24 %s' '2024.05.06 %s' '%s' '%s:000' '06-May-2024 %s' '6 May 2024 %s.000' \
        'Mon May  6 %s 2024' 'Mon, 06 May 2024 %s GMT'; do
        { echo 'time;P [W]'; rows 'printf "'"$date"';%d\n", hms(i), p(i)'; } >t.csv
        joules $MEANS -- t.csv
    done
    { echo 'time,P [W]'; rows 'printf "2024-05-06 10:%02d,%d\n", i, p(i)'; } >minutes.csv
    joules $((60 * MEANS)) -- minutes.csv
    { echo 'Elapsed Time (sec),P [W]'; rows 'printf "%d,%d\n", i, p(i)'; } >elapsed.csv
    joules $MEANS -- elapsed.csv
    { echo 'time,P [W]'; rows 'printf "%d,%d\n", i, p(i)'; } >none.csv
    fails "line 2: the time '0' of column 'time' has no unit" time_ms -- none.csv
    { echo 'time,P [W]'; rows 'printf "05/06/2024 %s AM,%d\n", hms(i), p(i)'; } >month.csv
    fails "'05/06/2024 10:00:00 AM'" "'time:mdy' or :dmy" -- month.csv
    fails "'05/06/2024 10:00:00 AM'" "'time:mdy'" -- month.csv --time time --column 'P [W]=W'
    for order in mdy:5 dmy:6; do
        joules $MEANS -- month.csv --time "time:${order%:*}" --column 'P [W]=W'
        rm -rf out; tar -xf out.erg
        babeltrace2 --clock-cycles out/trace | grep power_reading | head -1 |
            grep -q "^.0*$(date -u -d "2024-0${order#*:}-0$((11 - ${order#*:})) 10:00:00" +%s)000000000."
    done
}

@test "of what export wrote nobody knows what is part of what, and that is told" {
    rows 'printf "05-06-2024 %s RAM 2274/6834MB (lfb 27x4MB) CPU [99%%%%@1189,off] VDD_IN %dmW/9999mW VDD_SOC 1234mW/1234mW\n", hms(i), p(i) * 1000' >t.log
    joules $TRAPEZOID -- --from tegrastats t.log
    erg-analyze export --to csv out.erg -o out.csv 2>/dev/null
    joules $MEANS VDD_IN -- out.csv
    told 'which of its 2 rails are parts'
    joules $MEANS -- out.csv --sensor VDD_SOC:parent=VDD_IN
}

@test "columns: two of one name, a last line without an end, dates" {
    { echo 't,P,P'; rows 'printf "%d,%d,9\n", i, p(i)'; } >twice.csv
    fails "columns 2 and 3 are both called 'P'" -- twice.csv --time t:s --column P=W
    { echo 't,P'; rows 'printf "%s%d,%d.5", i ? "\n" : "", i, p(i)'; } >end.csv
    joules "$(awk -v m=$MEANS 'BEGIN { print m + 39 * 0.5 }')" -- end.csv --time t:s --column P=W
    sed '$s/.$//' end.csv >cut.csv
    joules "$(awk -v m=$MEANS 'BEGIN { print m + 39 * 0.5 - 104.5 }')" -- cut.csv --time t:s --column P=W
    told 'line 41.*has no end'
    { echo 'Zeit;P (W)'; rows 'printf "06.05.2024 %s;%d,0\n", hms(i), p(i)'; } >zeit.csv
    joules $MEANS -- zeit.csv --time Zeit --column 'P (W)=W'
}

@test "an hour that summer time took is in the interval, and --time-zone takes it out" {
    # every five minutes from 00:30 on in Berlin, where 02:00 to 03:00 was not
    { echo 'time,P [W]'; rows 'm = 30 + 5 * i; m += m >= 120 ? 60 : 0; printf "2024-03-31 %02d:%02d:00,%d\n", m / 60, m % 60, p(i)'; } >spring.csv
    joules $((300 * MEANS)) -- spring.csv --time-zone Europe/Berlin
    erg-record import spring.csv -f -o out.erg 2>log
    told 'summer time began'
    erg-analyze totals --format json out.erg 2>/dev/null |
        jq -e '.runs[0].phases[0].ets_j | .lo < 300 * 3980 and .value > 300 * 3980 * 1.2'
}

@test "layers that end with the one around them, to a microsecond, lie inside it" {
    { echo 'time_s,P [W]'; awk 'BEGIN { for (i = 0; i <= 4000; i++) printf "%.3f,%.3f\n", i / 1000, (int(i / 100) % 2 ? 20 : 10) + i % 7 / 100 }'; } >s.csv
    awk 'BEGIN { print "["; for (i = 0; i < 20; i++) { t = i * 200000
        printf "%s{\"ph\":\"X\",\"name\":\"step\",\"pid\":1,\"tid\":1,\"ts\":%d,\"dur\":199999},\n", i ? "," : "", t
        printf "{\"ph\":\"X\",\"name\":\"a\",\"pid\":1,\"tid\":1,\"ts\":%d,\"dur\":100000},\n", t
        printf "{\"ph\":\"X\",\"name\":\"b\",\"pid\":1,\"tid\":1,\"ts\":%d,\"dur\":100000}\n", t + 100000 }
        print "]" }' >t.json
    erg-record import s.csv --from chrome-trace t.json -f -o out.erg 2>log
    if told 'left out'; then false; fi
    erg-analyze layers --format json out.erg 2>/dev/null |
        jq -e '.runs[0].layers | map(select(.name != "step")) | map(.calls) == [20, 20] and map(.time_s.value * 1e6 | round) == [2000000, 1999980]'
}

@test "clocks that are set in mid-log, and clocks of 12 hours, are refused with what they are" {
    # a board without a battery begins in 1970, until it hears of the time: 54 years are no pause, and no period is sought in them
    rows 'printf "%s RAM 2274/6834MB (lfb 27x4MB) CPU [9%%%%@1189,off] VDD_IN %dmW\n", (i < 20 ? "01-01-1970 00:00:" : "05-06-2024 10:00:") sprintf("%02d", i), p(i) * 1000' >boot.log
    fails 'boot.log: line 21: the time goes on by' 'years' 'clock is set' -- --from tegrastats boot.log
    { echo 'time_s,P [W]'; rows 'printf "%d,%d\n", i < 20 ? i : 2e9 + i, p(i)'; } >uptime.csv
    fails 'uptime.csv: line 22: the time goes on by 2e+09 s' -- uptime.csv
    { echo 'time,P [W]'; rows 'printf "2024-05-06 %s,%d\n", i < 20 ? "12:59:" 40 + i : sprintf("01:00:%02d", i - 20), p(i)'; } >half.csv
    fails 'half.csv: line 22' 'clock of 12 hours' -- half.csv
    sed 's/2024-05-06 //' half.csv >day.csv
    fails 'day.csv: line 22' 'clock of 12 hours' -- day.csv
    for half in PM pm p.m. $'\xe2\x80\xafPM' ' p. m.'; do
        sed "2,\$s/,/ $half,/" half.csv >named.csv
        joules $MEANS -- named.csv
    done
}

@test "readings that are missing between others are in the interval; what marks them is no power; rails that end are told" {
    # the 120 W of second 21 is not there, and the 100 of the next one stands for it: 39 * 100 + 20 * 20 J were right
    { echo 'time_s,P [W]'; rows 'if (i != 21) printf "%d,%d\n", i, 100 + 20 * (i % 2)'; } >hole.csv
    { echo 'time_s,P [W]'; rows 'printf "%d,%s\n", i, i == 21 ? "N/A" : 100 + 20 * (i % 2)'; } >na.csv
    { echo 'time_s,P [W]'; rows 'printf "%d,%s\n", i, i == 21 ? "-1.0" : 100 + 20 * (i % 2)'; } >minus.csv
    { echo 'time_s,P [mW]'; rows 'printf "%d,%s\n", i, i == 21 ? -9999 : 1000 + 200 * (i % 2)'; } >nines.csv
    for f in hole na minus nines; do
        erg-record import $f.csv -f -o out.erg 2>$f.log
        erg-analyze totals --format json out.erg 2>/dev/null |
            jq -e --argjson w "$(if [ $f = nines ]; then echo 43; else echo 4300; fi)" '.runs[0].phases[0].ets_j | .lo <= $w and .hi >= $w and .hi - .lo < 0.1 * $w'
    done
    grep -q "minus.csv: line 23: power of 'P' is -1 W, 1 times" minus.log
    grep -q "nines.csv: line 23: power of 'P' is -9999 mW, 1 times" nines.log
    # a power that is below zero otherwise, too, is one
    { echo 'time_s,P [W]'; rows 'printf "%d,%s\n", i, i == 21 ? -1 : i == 30 ? -2 : p(i)'; } >below.csv
    joules $((MEANS - 204)) -- below.csv # 101 and 100 W were -1 and -2
    told 'negative, 2 times'
    # of a GPU that falls off its bus in second 20 nothing is known from then on, and the log goes on
    { echo 'timestamp, index, power.draw [W]'; rows 'printf "2024/05/06 %s.000, 0, %s\n", hms(i), i < 20 ? p(i) ".00 W" : "[GPU is lost]"'; } >lost.csv
    erg-record import --from nvidia-smi lost.csv -f -o out.erg 2>log
    told "lost.csv: line 21: power of 'gpu0' has no reading behind this line, for 20 s of the log"
    { echo 'time_s,A [W],B [W]'; rows 'printf "%d,%d,%s\n", i, p(i), i < 20 ? "" : p(i)'; } >later.csv
    erg-record import later.csv -f -o out.erg 2>log
    told "later.csv: line 22: power of 'B' has no reading before this line, for 20 s"
}

@test "a rail that is the sum of the others, GPUs that nothing names, names that are not nvidia-smi's: said" {
    { echo 'time_s,Total [W],CPU [W],GPU [mW]'; rows 'printf "%d,%d,%.1f,%d\n", i, p(i), p(i) * 0.4, p(i) * 600'; } >total.csv
    joules $MEANS Total -- total.csv
    told "'Total' is the sum of the other 2 rails in 40 of 40 rows"
    joules $MEANS -- total.csv --sensor CPU:parent=Total GPU:parent=Total
    if told 'is the sum'; then false; fi
    { echo 'time_s,A [W],B [W],C [W]'; rows 'printf "%d,%d,%d,%d\n", i, 2 * p(i), p(i), p(i) + i % 7 * 3'; } >apart.csv
    joules "$(awk -F, 'NR > 2 { s += $2 + $3 + $4 } END { print s }' apart.csv)" -- apart.csv
    if told 'is the sum'; then false; fi
    { echo 'power.draw [W]'; rows 'printf "%d.00 W\n%d.00 W\n", p(i), p(i) + 50'; } >alike.csv
    erg-record import --from nvidia-smi alike.csv --interval 1 -f -o out.erg 2>log
    told 'nothing names the GPUs, and the rows have no times: they were taken to be of one GPU'
    { echo 'timestamp,index,power_draw_w'; rows 'printf "2024/05/06 %s.000,0,%d\n", hms(i), p(i)'; } >own.csv
    fails "own.csv: line 1: 'timestamp,index,power_draw_w'" 'power.draw was expected' -- --from nvidia-smi own.csv
    rows 'for (g = 0; g < 2; g++) printf ":::MLLOG {\"time_ms\": %.0f, \"key\": \"power_reading\", \"value\": %d, \"metadata\": {}}\n", (1714989600 + i) * 1000, p(i)' >ml.txt
    fails 'ml.txt: line 1' 'a node in the metadata' -- --from mllog ml.txt
}

@test "joules of intervals of which some are missing, or are none" {
    { echo 'time_s,E [J]'; rows 'printf "%d,%d\n", i, p(i)'; } >all.csv
    joules $MEANS -- all.csv --sensor kind=delta
    # the 102 J of second 22 are not known, whatever tells that they are not there
    sed 's/^22,.*/22,N\/A/' all.csv >na.csv
    sed '/^22,/d' all.csv >row.csv
    sed 's/^22,.*/22,-40/' all.csv >below.csv
    sed 's/^22,.*/22,6684672/' all.csv >spike.csv
    for f in na row below spike; do
        erg-record import $f.csv --sensor kind=delta -f -o out.erg 2>log
        told "$f.csv: line 2[45]: the energy of the interval before is missing, or below zero, in 'E', 1 times"
        erg-analyze totals --format json out.erg 2>/dev/null |
            jq -e --argjson w $MEANS '.runs[0].phases[0].ets_j | .lo <= $w and .hi >= $w and .hi - .lo < 0.1 * $w and (.value / $w - 1 | fabs) < 0.002'
    done
    # over a pause nothing was counted: 0 J it was not
    awk -F, 'NR > 21 { $1 += 15 } { print $1 "," $2 }' all.csv >pause.csv
    erg-record import pause.csv --sensor kind=delta -f -o out.erg 2>log
    erg-analyze totals --format json out.erg 2>/dev/null | jq -e '.runs[0].phases[0].ets_j | .value > 5200 and .value < 5800 and .hi > 5400'
}

@test "counters that were misread once, that wrap often, perf's intervals that are missing or none, 65535" {
    { echo 'time_s,E [J]'; rows 'e += p(i); printf "%d,%d\n", i, 500 + e'; } >all.csv
    joules $MEANS -- all.csv
    for odd in 0 -1 9999999 9000; do # of 2654 J and the like
        sed "s/^21,.*/21,$odd/" all.csv >misread.csv
        joules $MEANS -- misread.csv
        told "misread.csv: line 23: the energy counter 'E' is .* J for one reading"
    done
    # one that was reset goes on from 0
    awk -F, 'NR > 22 { $2 -= 2500 } { print $1 "," $2 }' all.csv >reset.csv
    erg-record import reset.csv -f -o out.erg 2>log
    told 'it was reset, 1 times'
    if told 'for one reading'; then false; fi
    { echo 'time_s,E [J]'; rows 'e += p(i); printf "%d,%d\n", i, e % 250'; } >wraps.csv
    fails "the energy of 'E' falls" 'wrap= and where' -- wraps.csv
    joules $MEANS -- wraps.csv --sensor wrap=250
    rows 'printf "     %d.000100000             %d.00 Joules power/energy-pkg/\n", i + 1, p(i)' >all.txt
    sed 22d all.txt >missing.txt
    sed '22s/1[0-9]*.00 Joules/262144.00 Joules/' all.txt >spike.txt
    sed '22s/1[0-9]*.00 Joules/18,446,744,073,709.55 Joules/' all.txt >huge.txt
    for f in missing spike huge; do
        erg-record import --from perf $f.txt -f -o out.erg 2>log
        told "$f.txt: line 2[23]: the energy of the interval before is missing, or below zero, in 'energy-pkg', 1 times"
        erg-analyze totals --format json out.erg 2>/dev/null | # all 40 intervals: perf tells when it began
            jq -e --argjson w $((MEANS + 100)) '.runs[0].phases[0].ets_j | .lo <= $w and .hi >= $w and .hi - .lo < 0.1 * $w and (.value / $w - 1 | fabs) < 0.002'
    done
    { echo 'timestamp,gpu,power_usage'; rows 'printf "%d,0,%d\n", 1714989600 + i, i == 21 ? 65535 : p(i)'; } >amd.csv
    erg-record import --from amd-smi amd.csv -f -o out.erg 2>log
    told "amd.csv: line 23: power of 'gpu0' is 65535 W among readings of another size"
    erg-analyze totals --format json out.erg 2>/dev/null |
        jq -e --argjson w $MEANS '.runs[0].phases[0].ets_j | .lo <= $w and .hi >= $w and .hi - .lo < 0.05 * $w'
}

@test "what the command says of a table and the table contradict each other: said" {
    { echo 'time_ms,P_mW,Leistung W'; rows 'printf "%d,%d,%d\n", i * 1000, p(i) * 1000, p(i)'; } >names.csv
    joules $((1000 * MEANS)) -- names.csv --time time_ms --column P_mW=W
    told "column 'P_mW': its name says mW"
    joules 3.980 -- names.csv --time time_ms --column 'Leistung W=mW'
    joules $((1000 * MEANS)) -- names.csv --time time_ms:s --column 'Leistung W=W'
    told "column 'time_ms': its name says another unit"
    joules $MEANS -- names.csv --time time_ms:ms --column 'Leistung W=W'
    if told 'another unit'; then false; fi
    { echo 'ts,P'; rows 'printf "%d,%d\n", 1714989600 + i, p(i)'; } >since.csv
    erg-record import since.csv --time ts:ms --column P=W -f -o out.erg 2>log
    told "as times since 1970 its numbers have another unit"
    { echo 'time_s,P [W],P [J]'; rows 'e += p(i); printf "%d,%d,%d\n", i, p(i), 2 * e'; } >both.csv
    joules $((2 * MEANS)) -- both.csv
    told "rail 'P' has 3980 J by its power and 7960 J by its energy"
    sed 's/P .J/E [J/' both.csv >apart.csv
    erg-record import apart.csv -f -o out.erg 2>log
    if told 'by its energy'; then false; fi
    { echo 'time,P,time'; rows 'printf "%d,%d,%d\n", i, p(i), 2 * i'; } >twice.csv
    fails "columns 1 and 3 are both called 'time'" -- twice.csv --time time:s --column P=W
    { echo 't,g,P,g'; rows 'printf "%d,%d,%d,1\n", i, i % 2, p(i)'; } >where.csv
    fails "columns 2 and 4 are both called 'g'" -- where.csv --time t:s --column P=W --where g=1
}

@test "a microcontroller's clock of 32 bits that begins again is counted on; one that was reset is another log" {
    { echo 'time_us,P [W]'; rows 'printf "%.0f,%d\n", (4280000000 + i * 1000000) % 4294967296, p(i)'; } >us.csv
    joules $MEANS -- us.csv
    told '32 bits and began again from 0, 1 times'
    { echo 'millis,P'; rows 'printf "%.0f,%d\n", (4294950000 + i * 1000) % 4294967296, p(i)'; } >ms.csv
    joules $MEANS -- ms.csv --time millis:ms --column P=W
    told '1 times'
    { echo 'time_us,P [W]'; rows 'printf "%.0f,%d\n", i < 20 ? 3000000000 + i * 1000000 : i * 1000000, p(i)'; } >reset.csv
    fails 'reset.csv: line 22: the time goes back' -- reset.csv
}

@test "two logs one after the other, of the same times, are no late rows" {
    { echo 'time_s,P [W]'; rows 'printf "%.1f,%d\n", i % 20 + (i < 20 ? 0 : 0.3), p(i)'; } >runs.csv
    fails 'runs.csv: line 22: the time goes back by 18.7 s: two logs in one file' -- runs.csv
    # the second half first, as rotated logs are put together, is one log
    { echo 'time_s,P [W]'; rows 'k = (i + 20) % 40; printf "%d,%d\n", k, p(k)'; } >rotated.csv
    joules $MEANS -- rotated.csv
    # a row out of two writers' buffers is late again and again
    { echo 'time_s,P [W]'; rows 'k = i % 2 ? i - 1 : i + 1; printf "%d,%d\n", k, p(k)'; } >late.csv
    joules $MEANS -- late.csv
}

# ---- several devices in one table ----

@test "rows of devices in turn, each at a time of its own, are no one rail" {
    { echo 'time,gpu,power'; rows 'for (g = 0; g < 2; g++) printf "%.1f,%d,%d\n", 1714989600 + i + g / 2, g, p(i) + 50 * g'; } >two.csv
    fails "of 2 devices in turn, by column 'gpu': '0', '1'" "--where 'gpu=0'" -- two.csv --time time --column power=W
    joules $((MEANS + 39 * 50)) -- two.csv --time time --column power=W --where gpu=1
    { echo 'Timestamp, DeviceId, GPU Power (W)'; rows 'for (g = 0; g < 3; g++) printf "%s.%d00,    %d, %d.00\n", hms(i), g, g, p(i)'; } >three.csv
    fails "of 3 devices in turn, by column 'DeviceId': '0', '1', …" -- three.csv --time Timestamp --column 'GPU Power (W)=W'
    { printf 'Core\tCPU\tPkgWatt\n'; rows 'printf "-\t-\t%d.00\n0\t0\t%d.00\n1\t1\n", p(i), p(i)'; } >turbo.txt
    fails "by column 'Core'" "--where 'Core=-'" -- turbo.txt --column PkgWatt=W --interval 1
    joules $MEANS -- turbo.txt --column PkgWatt=W --interval 1 --where Core=-
    # a load in per cent under the name of a device, and devices one after the other, do not take turns
    { echo 'time,gpu,power'; rows 'printf "%d,%d,%d\n", 1714989600 + i, i * i % 17, p(i)'; } >load.csv
    joules $MEANS -- load.csv --time time --column power=W
    { echo 'time,host,power'; rows 'printf "%d,%s,%d\n", 1714989600 + i, i < 20 ? "a" : "b", p(i)'; } >hosts.csv
    joules $MEANS -- hosts.csv --time time --column power=W
}

@test "a column of words whose values come in turn tells devices apart, whatever it is called; one that does not is a state" {
    { echo 'time,what,value'; rows 'printf "%d.0,power_w,%d\n%d.5,temp_c,45\n", i, p(i), i'; } >long.csv
    fails "of 2 devices in turn, by column 'what': 'power_w', 'temp_c'" "--where 'what=power_w'" -- long.csv --time time:s --column value=W
    joules $MEANS -- long.csv --time time:s --column value=W --where what=power_w
    { echo 'time,state,value'; rows 'printf "%d,%s,%d\n", i, i % 4 < 2 ? "busy" : "idle", p(i)'; } >state.csv
    joules $MEANS -- state.csv --time time:s --column value=W
}

@test "nanowatts in a column of watts keep their digits, and a data centre has megawatts" {
    { echo 'time_s,P [W]'; rows 'printf "%d,%.15f\n", i, p(i) * 1.0123e-10'; } >nano.csv
    joules "$(awk -v m=$MEANS 'BEGIN { print m * 1.0123e-10 }')" -- nano.csv
    { echo 'time_s,P [W]'; rows 'printf "%d,%.6e\n", i, p(i) * 1.0123e-10'; } >exponent.csv
    joules "$(awk -v m=$MEANS 'BEGIN { print m * 1.0123e-10 }')" -- exponent.csv
    { echo 'time_s,P [kW]'; rows 'printf "%d,%d\n", i, p(i) * 200'; } >centre.csv
    joules $((MEANS * 200000)) -- centre.csv
}

@test "dcgmi dmon: an entity is two words" {
    rows 'if (i % 15 == 0) print "#Entity   POWER  TEMP\nID        W      C"
        printf "GPU 0     %d.000   45\nGPU 1     %d.000   44\n", p(i), p(i) + 50' >dcgmi.txt
    fails "by column 'Entity': 'GPU 0', 'GPU 1'" -- dcgmi.txt --column POWER=W --interval 1
    joules $((MEANS + 39 * 50)) -- dcgmi.txt --column POWER=W --interval 1 --where 'Entity=GPU 1'
    sed '/GPU 1/d' dcgmi.txt >one.txt
    joules $MEANS -- one.txt --column POWER=W --interval 1
}

@test "columns that change, more cells than names, a header in Latin-1 or behind '#'" {
    { echo 'time_s,P_w'; rows 'if (i == 20) print "time_s,P_mw"; printf "%d,%d\n", i, i < 20 ? p(i) : p(i) * 1000'; } >units.csv
    fails "units.csv: line 22: 'time_s,P_mw': the columns are other ones" -- units.csv
    { echo 't,P'; rows 'if (i == 20) print "t,I,P"; printf i < 20 ? "%d,%d\n" : "%d,1,%d\n", i, p(i)'; } >more.csv
    fails "more.csv: line 22: 't,I,P': the columns are other ones" -- more.csv --time t:s --column P=W
    { echo 't,I,P'; rows 'if (i == 20) print "\"t\", \"I\", \"P\""; printf "%d,1,%d\n", i, p(i)'; } >again.csv
    joules $MEANS -- again.csv --time t:s --column P=W
    told 'stands there 1 times more'
    { echo 't,P'; rows 'printf "%d,%d,5\n", i, p(i)'; } >comma.csv
    fails "comma.csv: line 2: '0,100,5' has more cells than the 2 that line 1 names" -- comma.csv --time t:s --column P=W
    { echo 'R_x t,P' | tr ' ' ,; rows 'printf "%d,%d,%d,,\n", i, i, p(i)'; } >ends.csv # separators behind the last column
    joules $MEANS -- ends.csv --time t:s --column P=W
    { printf 'time_s,T [\260C],P [\265W]\n'; rows 'printf "%d,45,%d000000\n", i, p(i)'; } >latin1.csv
    joules $MEANS P -- latin1.csv
    { printf 'Zeit,S\374d [W]\n'; rows 'printf "2024-05-06 %s.5,%d\n", hms(i), p(i)'; } >sued.csv
    joules $MEANS Süd -- sued.csv --time Zeit --column 'Süd [W]=W'
    { echo '# time power'; rows 'printf "%.18e %.18e\n", 1714989600 + i, p(i)'; } >savetxt.txt
    joules $MEANS -- savetxt.txt --time time --column power=W
}

# ---- times ----

@test "dates beside times of a day, times without marks, parts of a second behind a colon" {
    # a row every 25 hours, which times of a day alone put an hour apart
    { echo 'Date,Time,P'; rows 'h = 25 * i; printf "%d.5.2024,%02d:00:00,%d\n", 1 + h / 24, h % 24, p(i)' | head -28; } >dates.csv
    want=$(awk -F, 'NR > 2 { s += $3 * 90000 } END { printf "%d", s }' dates.csv)
    joules "$want" -- dates.csv --time Time --column P=W
    sed -E 's/^([0-9]+)\.5\./5\/\1\//' dates.csv >mdy.csv
    fails "which is their month? --time 'Time:mdy'" -- mdy.csv --time Time --column P=W
    joules "$want" -- mdy.csv --time Time:mdy --column P=W
    for f in '20240506T100%03dZ' '20240506100%03d' '20240506-100%03d.5' '06-May-24 10:00:%02d'; do
        { echo 'time,P [W]'; rows 'printf "'"$f"',%d\n", i, p(i)'; } >t.csv
        joules $MEANS -- t.csv
        rm -rf out
        tar -xf out.erg
        babeltrace2 --clock-cycles out/trace | grep power_reading | tail -1 |
            grep -q "^.0*$(date -u -d '2024-05-06 10:00:39' +%s)[05]00000000]"
    done
    for f in '10:00:%02d:250000' '10:00:%02d:250000000'; do
        { echo 'pwr main, time'; rows 'printf "%d, '"$f"'\n", p(i) * 1000, i'; } >c.csv
        joules $MEANS -- c.csv --time time --column 'pwr main=mW'
    done
    # of an hour that a zone has twice, both of which are there
    rows 'printf "10-27-2024 02:%s RAM 2274/6834MB (lfb 27x4MB) CPU [9%%%%@1189,off] VDD_IN %dmW\n", i < 20 ? "59:" 40 + i : sprintf("00:%02d", i - 20), p(i) * 1000' >twice.log
    fails 'as when summer time ends' -- --from tegrastats twice.log
    joules $TRAPEZOID -- --from tegrastats twice.log --time-zone Europe/Berlin
    rows 'printf "10-27-2024 02:59:%02d RAM 2274/6834MB (lfb 27x4MB) CPU [9%%%%@1189,off] VDD_IN %dmW\n", i, p(i) * 1000' >once.log
    fails 'the hour that the zone has twice' -- --from tegrastats once.log --time-zone Europe/Berlin
}

@test "whole seconds of rows that are not a second apart" {
    # 0.97 s: two rows in one second now and then; the first and the last second are not full
    { echo 'timestamp,P [W]'; awk "$P"'BEGIN { for (i = 0; i < 120; i++) { s = 0.4 + i * 0.97; printf "2024-05-06 10:%02d:%02d,%d\n", s / 60, s % 60, p(i) } }'; } >fast.csv
    want=$(awk -F, 'NR > 2 { s += $2 * 0.97 } END { print s }' fast.csv)
    erg-record import fast.csv -f -o out.erg 2>log
    told 'show that they are 0\.9[67]'
    erg-analyze totals --format json out.erg 2>/dev/null |
        jq -e --argjson w "$want" '.runs[0].phases[0].ets_j | .lo <= $w and .hi >= $w and (.value / $w - 1 | fabs) < 1e-3'
    # 1.006 s: the log says 120 s, and it were 119.7: in the interval, which numbers without a clock do not widen
    { echo 'timestamp,P [W]'; awk "$P"'BEGIN { for (i = 0; i < 120; i++) { s = 0.6 + i * 1.006; printf "2024-05-06 10:%02d:%02d,%d\n", s / 60, s % 60, p(i) } }'; } >slow.csv
    want=$(awk -F, 'NR > 2 { s += $2 * 1.006 } END { print s }' slow.csv)
    erg-record import slow.csv -f -o out.erg
    erg-analyze totals --format json out.erg 2>/dev/null |
        jq -e --argjson w "$want" '.runs[0].phases[0].ets_j | .lo <= $w and .hi >= $w'
    awk -F'[:,]' 'NR == 1 { print "time_s,P [W]" } NR > 1 { print $2 * 60 + $3 "," $4 ".00" }' slow.csv >numbers.csv
    joules "$(awk -F, 'NR > 2 { s += $2 * ($1 - t) } { t = $1 } END { print s }' numbers.csv)" -- numbers.csv
    erg-analyze totals --format json out.erg 2>/dev/null | jq -e '.runs[0].phases[0].ets_j | .hi - .lo < 0.01 * .value'
    # a second apart everywhere, that is what the writer waits for
    { echo 'timestamp,P [W]'; rows 'printf "2024-05-06 %s,%d.00\n", hms(i), p(i)'; } >even.csv
    joules $MEANS -- even.csv
    erg-analyze totals --format json out.erg 2>/dev/null | jq -e '.runs[0].phases[0].ets_j | .hi - .lo < 0.01 * .value'
    # two devices have two rows in every second, which are no device at half the distance
    { echo 'timestamp,P [W]'; rows 'printf "2024-05-06 %s,%d\n2024-05-06 %s,%d\n", hms(i), p(i), hms(i), p(i) + 50'; } >two.csv
    fails 'two.csv: line 3' 'several devices' -- two.csv
    # minutes, as a spreadsheet keeps times
    { echo 'time;P'; rows 'printf "06.05.2024 10:%02d;%d\n", i / 6, p(i)'; } >minutes.csv
    fails 'several devices' '--interval' -- minutes.csv --time time --column P=W
    joules $((10 * MEANS)) -- minutes.csv --time time --column P=W --interval 10
}

@test "tegrastats: power without an average, as tools that write like it have it" {
    rows 'printf "05-06-2024 %s RAM 2505/7775MB (lfb 1429x4MB) CPU [2%%%%@2035,0%%%%@2035] POM_5V_IN %dmW VDD_CPU 99mW\n", hms(i), p(i) * 1000' >one.log
    joules $TRAPEZOID POM_5V_IN -- --from tegrastats one.log
}

@test "--time-offset brings layers alone to the clock of the recording that they are added to" {
    awk 'BEGIN { print "time,P [W]"; for (i = 0; i <= 2000; i++) printf "%.3f,%.3f\n", 1714989600 + i / 1000, (int((i + 99) / 100) % 2 ? 4 : 10) + i * 7919 % 101 / 5000 }' >power.csv
    awk 'BEGIN { print "["; for (i = 0; i < 20; i++) printf "%s{\"ph\":\"X\",\"name\":\"%s\",\"pid\":1,\"tid\":1,\"ts\":%d,\"dur\":100000}", i ? ",\n" : "", i % 2 ? "hi" : "lo", i * 100000 + 5000000
        print "]" }' >boot.json
    erg-record import power.csv -o run.erg
    fails 'do not meet those of run.erg' '--time-offset' -- --onto run.erg --from chrome-trace boot.json
    erg-record import --onto run.erg --from chrome-trace boot.json --time-offset 1714989595 -f -o out.erg
    # by hand: 10 times 0.1 s at 4 and at 10 W, and the 0.01 W that the noise is in the mean
    erg-analyze layers --format json out.erg 2>/dev/null |
        jq -e '.runs[0].layers | map([.name, (.energy_j.value * 10 | round / 10)]) | sort == [["hi", 10], ["lo", 4]]'
    fails 'more than 126 years' -- --onto run.erg --from chrome-trace boot.json --time-offset 4e9
}
