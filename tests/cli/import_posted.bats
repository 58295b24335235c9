# erg-record import: logs in the forms in which people post them, of tools whose form is peculiar, whose joules are known by hand (logs.bash)
# bats file_tags=offline
load helpers
load logs

@test "HWiNFO: dates beside times whose minutes and seconds have no zeros in front, names again at the end" {
    { echo 'Date,Time,"Core VIDs (avg) [V]","CPU Package Power [W]","IA Cores Power [W]",'
        rows 'printf "13.9.2026,10:0:%d.250,1.102,%d.000,%d.000,\n", i, p(i), p(i) / 2'
        echo 'Date,Time,"Core VIDs (avg) [V]","CPU Package Power [W]","IA Cores Power [W]",'
        echo ',,"CPU [#0]","CPU [#0]: Enhanced","CPU [#0]: Enhanced",'; } >hw.csv
    joules $MEANS -- hw.csv --time Time --column 'CPU Package Power [W]=W'
    told 'stands there 1 times more'
    joules $MEANS -- hw.csv --time Time:dmy --time-zone UTC --column 'CPU Package Power [W]=W'
    # The cores are in the package, which HWiNFO's names say: --rail all-roots counts them once.
    joules $MEANS -- hw.csv --time Time --column 'CPU Package Power [W]=W' --column 'IA Cores Power [W]=W'
    told "1 rails were taken to be within others, like 'CPU Package Power'"
    sed 's/13\.9\.2026,\([0-9:.]*\)/9\/13\/2026,\1 AM/' hw.csv >us.csv
    joules $MEANS -- us.csv --time Time:mdy --column 'CPU Package Power [W]=W'
    { echo 'time,P [W]'; rows 'printf "2024-05-06 10:%d,%d\n", i, p(i)'; } >two.csv
    fails 'two.csv: line 2' -- two.csv # "10:0" is no time of a day: 10 h, or 10:00?
}

@test "uProf: counters that are named before the table, milliseconds behind a colon, midnight" {
    { printf '%s\n' 'AMD uProf' 'PROFILED COUNTERS' 'Counter ID,Counter Name,Category,Unit' \
        '48,socket0-package-power,Power,W' '50,core0-power,Power,W' '' 'PROFILE RECORDS' \
        'RecordId,Timestamp,socket0-package-power,core0-power,'
        rows 'printf "%d,%s:5,%d.00,%d.00,\n", i + 1, i < 20 ? "23:59:" i + 40 : sprintf("0:0:%d", i - 20), p(i), p(i) / 4'; } >u.csv
    joules $MEANS -- u.csv --time Timestamp --column socket0-package-power=W
    joules $MEANS -- u.csv --time Timestamp --column socket0-package-power=W --column core0-power=W
    told "like 'socket0-package-power'"
    # ":5" is 5 ms, as ":005" is: 39 intervals of 1 s, but for the last one of 1.5 s
    sed 's/:19:5,/:19:505,/' u.csv >half.csv
    joules $((MEANS + 52)) -- half.csv --time Timestamp --column socket0-package-power=W
    fails "u.csv: line 4: no column 'Timestamp2'; there are: 48, socket0-package-power" \
        -- u.csv --time Timestamp2 --column socket0-package-power=W --column core1-power=W
}

@test "words for no reading are counted, and cost no other reading of their row" {
    { echo '  Time   Run  Watts  pkg-0'; rows 'printf "%s  1  %s  %d.00\n", hms(i), i ? p(i) ".00" : "-N/A-", p(i)'; } >ps.txt
    joules $MEANS pkg-0 -- ps.txt --time Time --column Watts=W --column pkg-0=W
    told "ps.txt: line 2: '-N/A-' was taken to say that there is no reading; 1 such cells were left out"
    { echo entity_id,state,last_changed
        rows 'printf "sensor.pc,%s,2024-07-15T%s.000Z\n", i % 10 == 7 ? "unavailable" : p(i), hms(i)'; } >ha.csv
    erg-record import ha.csv --time last_changed --column state=W -f -o out.erg 2>log
    told "ha.csv: line 9: 'unavailable' was taken to say that there is no reading; 4 such cells"
    { echo 'time_s,A [W],B [W]'; rows 'printf "%d,%d,%s\n", i, p(i), i == 3 ? "[Not Supported]" : p(i)'; } >n.csv
    joules $MEANS A -- n.csv
    told "n.csv: line 5: '\[Not Supported\]'"
}

@test "ipmitool: a BMC that does not measure, units of any letters and with states, stamps that end in no line" {
    dcmi() { # dcmi AWK: the state of reading i
        rows 'printf "%d\n    Instantaneous power reading:      %d Watts\n    Average power reading over sample period:  9 Watts\n", 1715000000 + i, p(i)
            printf "    Sampling period:      00000001 Seconds.\n    Power reading state is:     %s\n\n", '"$1"
    }
    dcmi '"activated"' >on.txt
    joules $MEANS -- --from ipmi on.txt
    dcmi 'i == 7 || i == 9 ? "deactivated" : "activated"' >some.txt
    erg-record import --from ipmi some.txt -f -o out.erg 2>log
    told "some.txt: line 44: the BMC did not measure when it was asked ('Power reading state is:     deactivated'): 2 readings were left out"
    dcmi '"deactivated"' >off.txt
    fails 'off.txt: line 2: the BMC measures no power, in any of 40 readings' -- --from ipmi off.txt
    rows 'printf "%d\nPower Meter      | 2Ah | ok  |  7.6 | %d Watts, Device Enabled\nPower Meter 2    | 2Bh | ok  |  7.7 | %d watts\n", 1715000000 + i, p(i), p(i) / 2' >elist.txt
    joules $MEANS 'Power Meter' -- --from ipmi elist.txt
    joules 1982 'Power Meter 2' -- --from ipmi elist.txt # 50, 50, 51, 51, 52 in eight rounds, of which the first 50 counts for nothing
    rows 'printf "Instantaneous power reading: %d Watts\nIPMI timestamp:    10/08/2026 06:%02d:%02d PM EDT    Sampling period:    1 Seconds.\n", p(i), 2, i' >edt.txt
    joules $MEANS -- --from ipmi edt.txt
    # BMCs: what a supply gives is of what it takes, whatever says the whole, and what is no reading
    bmc() { # bmc NAME VALUE…: sensors in the form of sdr
        rows 'n = split("'"$*"'", a, " "); print 1715000000 + i; for (k = 1; k < n; k += 2) printf "%s | %d Watts | ok\n", a[k], a[k + 1] < 0 ? p(i) + a[k + 1] : a[k + 1] ? a[k + 1] : p(i)' >bmc.txt
        erg-record import --from ipmi bmc.txt -f -o out.erg 2>log
    }
    bmc PSU1_PIN 0 PSU1_POUT -9 PSU2_PIN 50 PSU2_POUT 45
    joules $((MEANS + 39 * 50)) -- --from ipmi bmc.txt
    told "2 powers were taken to be within others, like 'PSU2_PIN', by their names"
    bmc SYS_POWER 0 CPU1_Power 40 PSU1_Max_Power 800 Power_Cap 500
    joules $MEANS -- --from ipmi bmc.txt
    told "line 4: 'PSU1_Max_Power' is a limit or an extreme by its name, and no reading: 80 such lines were left out"
    told "the other 1 powers were taken to be within 'SYS_POWER'"
    bmc Total_Power 0 CPU_Total_Power 60
    told "2 powers are of all there is by their names, like 'Total_Power' and 'CPU_Total_Power'"
    # What a supply that is not there shows is more than the whole, which is said.
    rows 'printf "%d\nPS 2 Input | 2550.000 | Watts | ok | na | na\nPower Meter | %d.000 | Watts | ok | na | na\n", 1715000000 + i, p(i)' >hp.txt
    joules $MEANS -- --from ipmi hp.txt
    told "'PS 2 Input' is more than 'Power Meter', which it is taken to be within, in 40 of 40 rows"
}

@test "powermetrics: plists with a line for each tag, or with one for all, are those with keys and values on a line" {
    plist() { # plist BETWEEN: what stands between key and value
        rows 'printf "<?xml version=\"1.0\"?>\n<plist version=\"1.0\">\n<dict>\n<key>is_delta</key>'"$1"'<true/>\n"
            printf "<key>elapsed_ns</key>'"$1"'<integer>1000000000</integer>\n<key>timestamp</key>'"$1"'<date>2026-01-22T%sZ</date>\n", hms(i)
            printf "<key>processor</key>\n<dict>\n<key>cpu_power</key>'"$1"'<real>%d</real>\n<key>combined_power</key>'"$1"'<real>%d.0</real>\n", p(i) * 500, p(i) * 1000
            printf "</dict>\n</dict>\n</plist>\n%c", 0'
    }
    plist '' >a.plist # every sample is of what elapsed, also the first, of 100 J
    joules $((MEANS + 100)) Combined -- --from powermetrics a.plist
    [ "$(grep -c warning log)" -eq 0 ]
    plist '\n\t' >b.plist
    joules $((MEANS + 100)) Combined -- --from powermetrics b.plist
    plist '' | tr -d '\n' >c.plist
    joules $((MEANS + 100)) Combined -- --from powermetrics c.plist
    sed '/timestamp/d' a.plist >d.plist
    fails 'd.plist: no line' 'no plist with timestamp and elapsed_ns' -- --from powermetrics d.plist
}

@test "tegrastats behind what a script takes of date(1): seconds, milliseconds, nanoseconds, commas" {
    teg='RAM 2274/3964MB (lfb 27x4MB) CPU [99%%@1189,off] GR3D_FREQ 22%% CPU@40C POM_5V_IN'
    rows 'printf "%d.%03d '"$teg"' %d/9999\n", 1715000000 + i, 5, p(i) * 1000' >s.txt
    joules $TRAPEZOID -- --from tegrastats s.txt
    sed -E 's/^([0-9]+)\.([0-9]+) /\1\2 /' s.txt >ms.txt
    joules $TRAPEZOID -- --from tegrastats ms.txt
    [ "$(grep -c warning log)" -eq 0 ]
    sed -E 's/^([0-9]+)\.([0-9]+) /\1\2000000,/' s.txt >ns.txt
    joules $TRAPEZOID -- --from tegrastats ns.txt
    printf 'begin_s,end_s,layer\n1715000000.005,1715000020.005,a\n' >l.csv # since 1970, as the lines are
    erg-record import --from tegrastats ns.txt --layers l.csv --strict -f -o out.erg
}

@test "amd-smi: partitions of a GPU have no power of their own; perf: cores that are counted one by one, joules of a whole run" {
    { echo timestamp,gpu,xcp,power_usage,gfx
        rows 'for (x = 0; x < 3; x++) printf "%d,0,%d,%s,%d\n", 1715000000 + i, x, x ? "N/A" : p(i), 50 + x'; } >xcp.csv
    joules $MEANS -- --from amd-smi xcp.csv
    told 'xcp.csv: 80 rows are of further partitions of a GPU'
    rows 'printf " %d.001 S0-D0-C0 1 %d.00 Joules power/energy-pkg/\n", i + 1, p(i)
        for (c = 0; c < 3; c++) printf " %d.001 S0-D0-C%d 1 9.00 Joules power_core/energy-core/\n", i + 1, c' >core.txt
    joules $((MEANS + 100)) -- --from perf core.txt
    sed 's/S0-D0-C\([0-9]\) 1/CPU\1/; p; /pkg/s/CPU0/CPU32/' core.txt | awk '!seen[$0]++' >cpu.txt
    erg-record import --from perf cpu.txt -f -o out.erg 2>log
    told "which package 'energy-core-CPU0' is in is not told, as of 3 rails"
    printf '475.42,Joules,power/energy-pkg/,20005659301,100.00,,\n' >x.csv
    fails "x.csv: line 1: '475.42,Joules" 'joules of a whole run, without times' 'perf stat -I MS' -- --from perf x.csv
    printf "\n Performance counter stats for 'system wide':\n\n   1.373,00 Joules power/energy-pkg/\n\n  16,55 seconds time elapsed\n" >t.txt
    fails 't.txt: line 4' 'joules of a whole run, without times' -- --from perf t.txt
    { echo 'Running the benchmark'; rows 'printf " %d.001 %d.00 Joules power/energy-pkg/\n", i + 1, p(i)'; } >before.txt
    joules $((MEANS + 100)) -- --from perf before.txt
    told "before.txt: line 1: 'Running the benchmark' is not understood"
}

@test "a power and an energy that one meter gives in columns of their own would be counted twice: said" {
    { echo '#time,current,power,energy'; rows 'e += i ? p(i) : 0; printf "%d,1,%d,%d\n", i, p(i), e'; } >js.csv
    erg-record import js.csv --time time:s --column power=W --column energy=J -f -o out.erg 2>log
    told "'power' has 3980 J by its power, and 'energy' 3980 J by its energy: if one meter gives both, --sensor 'energy:parent=power'"
    joules $MEANS -- js.csv --time time:s --column power=W --column energy=J --sensor energy:parent=power
    if told 'if one meter gives both'; then false; fi
    joules $MEANS -- js.csv --time time:s --column power=W:x --column energy=J:x
    { echo 'time_s,gpu_power [W],GPU Energy [Wh]'; rows 'e += i ? p(i) : 0; printf "%d,%d,%.5f\n", i, p(i), e / 3600'; } >gpu.csv
    erg-record import gpu.csv -f -o out.erg 2>log
    told "if one meter gives both, --sensor 'GPU Energy:parent=gpu_power'"
    { echo 'time_s,CPU [W],pkg [J]'; rows 'e += i ? p(i) : 0; printf "%d,%d,%d\n", i, p(i), e'; } >two.csv
    erg-record import two.csv -f -o out.erg 2>log # whatever they are called: 3980 J, reading by reading
    told "if one meter gives both, --sensor 'pkg:parent=CPU'"
    sed 's/,[0-9]*$/&0/' two.csv >other.csv
    erg-record import other.csv --strict -f -o out.erg # ten times as much is another meter
    sed -E 's/,10([0-9]),/,9\1,/' two.csv >near.csv # and so is one tenth more: 90 to 94 W
    erg-record import near.csv --strict -f -o out.erg
    { echo 'timestamp_system_epoch_ms,nvml_power_watts,nvml_integrated_energy_joules'
        rows 'e += i ? (p(i) + p(i - 1)) / 2 : 0; printf "%d000,%d,%.1f\n", 1715000000 + i, p(i), e'; } >nvml.csv # the trapezoid
    joules $MEANS nvml_power -- nvml.csv
    told "'nvml_integrated_energy' 3978 J by its energy: if one meter gives both"
    { echo 'Time,Voltage(V),Current(A),Power(W),mWh'
        rows 'e += i ? p(i) / 3.6 : 0; printf "2024-05-06 %s,5.00,%.2f,%d,%d\n", hms(i), p(i) / 5, p(i), e'; } >um.csv
    erg-record import um.csv --time Time --column 'Power(W)=W' --column mWh=mWh -f -o out.erg 2>log
    told "if one meter gives both, --sensor 'mWh:parent=Power'"
    erg-record import um.csv --time Time --column 'Power(W)=W' --column 'Voltage(V)=V:x' --column 'Current(A)=A:x' -f -o out.erg 2>log
    told "'Power' is the current of 'x' times its voltage: if these are one power, --column NAME=UNIT:x"
    joules $MEANS -- um.csv --time Time --column 'Power(W)=W:x' --column 'Voltage(V)=V:x' --column 'Current(A)=A:x'
    if told 'if these are one power'; then false; fi
    { echo 'time_s,Total Energy [Wh],Resettable Energy [Wh]'; rows 'e += i ? p(i) / 3600. : 0; printf "%d,%.4f,%.4f\n", i, 500 + e, e'; } >reset.csv
    erg-record import reset.csv -f -o out.erg 2>log
    told "'Total Energy' rises by 3980.16 J, and 'Resettable Energy' by 3980.16 J: if these are one energy, --sensor 'Resettable Energy:parent="
    { echo 'time_s,Proc Energy [J]'; rows 'printf "%d,%d\n", i, 104 - p(i) % 5'; } >pcm.csv # its advice can be followed
    fails "say --sensor 'Proc Energy:kind=delta'" -- pcm.csv
    joules 3976 -- pcm.csv --sensor 'Proc Energy:kind=delta' # all 4080, without the first 104
    { echo 'Time PkgWatt CorWatt RAMWatt'; rows 'print 1715000000 + i, p(i), 10, 5'; } >ts.txt
    joules $((MEANS + 39 * 5)) -- ts.txt --time Time --column PkgWatt=W --column CorWatt=W --column RAMWatt=W
    told "1 rails were taken to be within others, like 'PkgWatt'"
    joules $((MEANS + 39 * 15)) -- ts.txt --time Time --column PkgWatt=W:a --column CorWatt=W --column RAMWatt=W
}

@test "totals, extremes and what is within a package, whatever wrote them" {
    # CodeCarbon: 42.5 + 100 + 3 W, and their sum, as kWh
    { echo timestamp,cpu_energy,gpu_energy,ram_energy,energy_consumed
        rows 'printf "2024-07-15T%s,%.9f,%.9f,%.9f,%.9f\n", hms(i), i * 42.5 / 3.6e6, i * 100 / 3.6e6, i * 3 / 3.6e6, i * 145.5 / 3.6e6'; } >cc.csv
    set -- --time timestamp
    for c in cpu_energy gpu_energy ram_energy energy_consumed; do set -- "$@" --column $c=kWh; done
    erg-record import cc.csv "$@" -f -o out.erg 2>log
    told "'energy_consumed' is the sum of the other 3 rails in 39 of 39 rows: .*--sensor 'NAME:parent=energy_consumed'"
    for c in cpu_energy gpu_energy ram_energy; do set -- "$@" --sensor $c:parent=energy_consumed; done
    joules 5674.5 -- cc.csv "$@" # 39 s of 145.5 W
    if told 'is the sum of'; then false; fi
    { echo 'time_s,gpu_w,total_power_w'; rows 'printf "%d,%d,%d\n", i, p(i), p(i) + 40 + i % 3'; } >total.csv
    erg-record import total.csv -f -o out.erg 2>log
    told "'total_power' is all there is by its name, and there are 1 rails beside it"
    sed '1s/.*/time_s,VDD_CPU [W],VDD_IN [W]/' total.csv >jetson.csv
    erg-record import jetson.csv -f -o out.erg 2>log
    told "'VDD_IN' is all there is by its name"
    { echo 'time_s,gpu_power_w,gpu_max_power_w,gpu_min_power_w'; rows 'printf "%d,%d,%d,60\n", i, p(i), p(i) + 30'; } >max.csv
    joules $MEANS -- max.csv
    told "column 'gpu_max_power' is by its name an extreme of what 'gpu_power' is"
    { echo 'time_s,peak_power_w'; rows 'printf "%d,%d\n", i, p(i)'; } >peak.csv
    joules $MEANS -- peak.csv # of nothing else that is there
    { echo 'time_s,Pin [W],Pout [W]'; rows 'printf "%d,%d,%d\n", i, p(i), p(i) - 10'; } >supply.csv
    joules $MEANS -- supply.csv
    told "1 rails were taken to be within others, like 'Pin'"
    # s-tui, pyJoules, EnergiBridge of Intel and of AMD: cores and graphics are in the package, memory is not
    { echo 'Time,Temp:Core 0,Power:package-0,Power:core,Power:dram'; rows 'printf "2024-07-15_%s,55,%d.0,60.0,5.0\n", hms(i), p(i)'; } >stui.csv
    joules $((MEANS + 39 * 5)) -- stui.csv --time Time --column Power:package-0=W --column Power:core=W --column Power:dram=W
    told "1 rails were taken to be within others, like 'Power:package-0'"
    { echo 'time_s,PACKAGE_ENERGY (J),PP0_ENERGY (J),PP1_ENERGY (J),DRAM_ENERGY (J)'
        rows 'e += i ? p(i) : 0; printf "%d,%d,%d,%d,%d\n", i, e, 40 * i, 3 * i, 5 * i'; } >intel.csv
    joules $((MEANS + 39 * 5)) -- intel.csv
    { echo 'Date , Board Power Draw [W] , GPU Chip Power Draw [W] , 8-Pin #1 Power [W] ,'
        rows 'printf "2024-05-06 %s , %d.0 , %d.0 , 40.0 ,\n", hms(i), p(i), p(i) - 30'; } >gpuz.csv
    joules $MEANS -- gpuz.csv
    { echo 'time_s,CORE0_ENERGY (J),CORE1_ENERGY (J),CPU_ENERGY (J)'; rows 'e += i ? p(i) : 0; printf "%d,%d,%d,%d\n", i, 9 * i, 11 * i, e'; } >amd.csv
    joules $MEANS -- amd.csv
    { echo 'time_s,package_0_w,package_1_w,core_0_w,core_1_w,uncore_w'; rows 'printf "%d,%d,50,20,10,%d\n", i, p(i), 1 + i % 2'; } >two.csv
    joules $((MEANS + 39 * 50 + 59)) -- two.csv # uncore is 2 W twenty times, 1 W nineteen times: nobody knows where
    told "which of several rails 'uncore' is within is not told"
}

@test "rows of other cells than are named" {
    { echo 'time_s,P [W],Q [W]'; rows 'printf i % 7 == 3 ? "%d,%d\n" : "%d,%d,50\n", i, p(i)'; } >few.csv
    fails "few.csv: line 5: '3,103' has 2 cells, and 3 are named; 6 of 40 lines are no rows" -- few.csv
    { echo 'time_s,P [W]'; rows 'printf "%d,%d,5\n", i, p(i)'; } >comma.csv # 100,5 without quotes
    fails "comma.csv: line 2: '0,100,5' has 3 cells, and 2 are named; 40 of 40 lines are no rows" 'decimal commas' -- comma.csv
}

@test "numbers in quotes, with blanks in them, as Power Gadget writes them" {
    { echo '"System Time","Elapsed Time (sec)","Processor Power_0(Watt)"'
        rows 'printf "\"%s:007\",\"  %2d.000\",\" %d.000\"\n", hms(i), i, p(i)'; printf '\n"Total Elapsed Time (sec) = 39.0"\n'; } >pg.csv
    joules $MEANS -- pg.csv --time 'Elapsed Time (sec)' --column 'Processor Power_0(Watt)=W'
    joules $MEANS -- pg.csv --time 'System Time' --column 'Processor Power_0(Watt)=W'
}

@test "what marks a reading that could not be had, in any share; single zeros; counters before they are read, or set" {
    marks() { # marks AWK: the state of reading i
        { echo 'time_s,P [W],Q [W]'; rows 'printf "%d,%s,%d\n", i, '"$1"', p(i)'; } >m.csv
        erg-record import m.csv --sensor Q:parent=P -f -o out.erg 2>log
    }
    marks '65535'
    told "line 2: power of 'P' is 65535 W, 40 times, and never else of that size"
    marks 'i < 30 ? "655.35" : 5'
    told "line 2: power of 'P' is 655.35 W, 30 times, and never else of that size"
    marks '-1'
    told "line 2: power of 'P' is -1 W, 40 times"
    marks 'i < 30 ? -1 : p(i)'
    told "line 2: power of 'P' is -1 W, 30 times"
    marks 'i < 30 ? 65535 : 40000' # a load may be at any number
    if told 'could not be read'; then false; fi
    fails 'no reading of power' -- <(echo 'time_s,P [mW]'; rows 'printf "%d,4294967295\n", i')
    marks 'i == 10 || i == 20 ? 0 : p(i)'
    told "line 12: power of 'P' is 0 W for one reading among others that are never near it, 2 times in all; kept"
    marks 'p(i) * 1000' # mW, whatever the name says
    told "'P' is 102000 W on the average: is W its unit?"
    marks 'i % 4 ? p(i) : 0' # a load that is off is none
    if told 'is 0 W'; then false; fi
    counts() { # counts AWK: the counter, of which e is the true one
        { echo 'time_s,E [J]'; rows 'e += i ? p(i) : 0; printf "%d,%d\n", i, '"$1"; } >c.csv
    }
    counts 'i ? 50000 + e : 0' # 3980 - 101 J from the second reading on, at one power for all of 39 s: 3879 / 38 * 39
    joules 3981.08 -- c.csv
    told "line 3: the energy counter 'E' is at 50101 J all at once and 0 before, .* 1 such readings were left out"
    counts 'e + (i > 19) * 10000000' # the 100 J of interval 20 are not known: (3980 - 100) / 38 * 39
    joules 3982.11 -- c.csv
    told "line 22: the energy counter 'E' rises by 1.00001e+07 J at once, .* 0 were kept, and 1, of more than 1000 times"
    counts 'e + (i > 19) * 10000'
    joules 13980 -- c.csv
    told "line 22: the energy counter 'E' rises by 10100 J at once, .* 1 were kept"
    { echo 'time_s,E [J],DRAM [J]'; rows 'e += i ? p(i) : 0; printf "%d,%d,0\n", i, e'; } >dram.csv
    joules $MEANS -- dram.csv
    told "the energy counter 'DRAM' is 0 J in all 40 readings"
    # joules of intervals that rise for five of them are no counter that was reset: it would be near 0
    { echo 'time_s,E [J]'; rows 'printf "%d,%d\n", i, p(i)'; } >d.csv
    fails 'd.csv: line 7' 'falls, as 7 times in 40 readings' 'E:kind=delta' -- d.csv
    joules $MEANS -- d.csv --sensor kind=delta
    { echo 'time_s,E [J]'; rows 'e = i % 10 == 9 ? 0 : e + p(i); printf "%d,%d\n", i, e'; } >reset.csv
    erg-record import reset.csv -f -o out.erg 2>log
    told 'it was reset, 4 times in all'
}

@test "clocks: hours beyond a day, us with a Greek letter, numbers since 1970 in another unit, the newest row first" {
    { echo 'Elapsed,P [W]'; rows 's = 85200 + 120 * i; printf "%02d:%02d:%02d,%d\n", s / 3600, s % 3600 / 60, s % 60, p(i)'; } >el.csv
    joules $((MEANS * 120)) -- el.csv --time Elapsed --column 'P [W]=W' # from 23:40:00 to 24:58:00
    if told 'not understood'; then false; fi
    { echo 'time,P [W]'; rows 's = 359940 + 2 * i; printf "%d:%02d:%02d.5,%d\n", s / 3600, s % 3600 / 60, s % 60, p(i)'; } >long.csv
    joules $((MEANS * 2)) -- long.csv # 99:59:00.5 to 100:00:18.5
    { echo 'Time (µs),P [W]'; rows 'printf "%d000000,%d\n", i, p(i)'; } >us.csv
    joules $MEANS -- us.csv
    { echo 'time_ms,P [W]'; rows 'printf "%d.5,%d\n", 1715000000 + i, p(i)'; } >s.csv
    joules 3.98 -- s.csv
    told "column 'time_ms': as times since 1970 its numbers have another unit than its name says; that one is believed"
    erg-record import s.csv --time time_ms --column 'P [W]=W' -f -o out.erg 2>log
    told "column 'time_ms': as times since 1970 its numbers have another unit than its name says"
    joules $MEANS -- s.csv --time time_ms:s --column 'P [W]=W'
    { echo 'time_s,P [W]'; rows 'printf "%d000,%d\n", 1715000000 + i, p(i)'; } >ms.csv
    fails "ms.csv: line 2: the time '1715000000000' of column 'time_s': it is one of this century in ms: --time 'time_s:ms'" -- ms.csv
    { echo 'time,P [W]'; rows 'printf "Mon May  6 %s CEST 2024,%d\n", hms(i), p(i)'; } >date.csv # as date(1) writes it
    printf 'begin_s,end_s,layer\n1714982410,1714982430,a\n' >l.csv # 2024-05-06 08:00:10 UTC
    joules $MEANS -- date.csv --layers l.csv
    joules $MEANS -- date.csv --time time --column 'P [W]=W'
    { echo 'time_s,P [W]'; awk 'BEGIN { for (i = 399; i >= 0; i--) printf "%d,%d\n", i, 100 + i % 5 }'; } >newest.csv
    joules 40700 -- newest.csv # 80 rounds of 510 J, without the first 100
    told 'newest.csv: the newest row is the first, and so on to the last'
    { cat newest.csv; tail -n +2 newest.csv; } >two.csv
    fails 'two.csv: line' 'two logs in one file' -- two.csv
}

@test "powers that could not be read are counted, rows that are there twice, limits, one power told twice" {
    { echo 'timestamp, index, power.draw [W], module.power.draw.instant [W]'
        rows 'printf "2024/05/06 %s.123, 0, %s, [N/A]\n", hms(i), i == 4 || i == 6 ? "[Unknown Error]" : p(i) ".00 W"'; } >smi.csv
    erg-record import --from nvidia-smi smi.csv -f -o out.erg 2>log
    told "smi.csv: line 6: '\[Unknown Error\]' is no power; it could not be read in 2 rows"
    [ "$(grep -c 'is no power' log)" -eq 1 ]
    sed 's/\[Unknown Error\]/100.00 W/; 20p' smi.csv >twice.csv
    erg-record import --from nvidia-smi twice.csv -f -o out.erg 2>log
    told 'twice.csv: line 21: the same time as the row before; 1 such rows were left out'
    { echo timestamp,gpu,socket_power; rows 'printf "%d,0,%s\n", 1715000000 + i, i == 5 ? "N/A" : p(i)'; } >amd.csv
    erg-record import --from amd-smi amd.csv -f -o out.erg 2>log
    told "amd.csv: line 7: 'N/A' is no power; it could not be read in 1 rows"
    rows 'printf "Time,05-06-2024 %s.000,Watts,%s,Volts,-1,Amps,-1,PF,-1,Mark,run\n", hms(i), i == 5 ? "-1.000000" : p(i) ".0"' >ptd.txt
    erg-record import --from ptdaemon ptd.txt -f -o out.erg 2>log
    told 'ptd.txt: line 6: Watts,-1.000000 is what was not measured; 1 such values'
    { echo 'time_s,gpu_power_w,power_limit_w,note_w'; rows 'printf "%d,%d,300,%d\n", i, p(i), 1'; } >limit.csv
    joules $((MEANS + 39)) -- limit.csv
    told "column 'power_limit' is a limit by its name"
    sed 's/,note_w/,TDP [W]/' limit.csv >last.csv
    joules $MEANS -- last.csv
    printf '%s' "$(cat last.csv)" >cut.csv # of a column that is not read nothing can be cut
    joules $MEANS -- cut.csv
    fails 'a column of readings beside time_s' -- <(printf 'time_s,power_limit_w\n0,300\n1,300\n')
    { echo 'Time,Power cur,Power avg'; rows 'printf "2024-05-06 %s,%d,%d\n", hms(i), p(i) * 1000, 101000'; } >jtop.csv
    erg-record import jtop.csv --time Time --column 'Power cur=mW' --column 'Power avg=mW' -f -o out.erg 2>log
    told "if these are one power, --sensor 'Power avg:parent=Power cur' says so"
    joules $MEANS -- jtop.csv --time Time --column 'Power cur=mW' --column 'Power avg=mW' --sensor 'Power avg:parent=Power cur'
    { echo 'Sample,Time,Watts,Volts,WattHrs'; rows 'printf "%d,%d,%d,228,1\n", i, i, p(i)'; } >wu.csv
    run erg-record import wu.csv -f -o out.erg
    [[ $output != *ptdaemon* ]]
}

@test "what is posted of tools and is no log of power in time is refused by name" {
    printf '\n==============NVSMI LOG==============\n\nTimestamp    : Tue Mar  5 10:20:30 2024\n    Power Draw  : 54.15 W\n' >q.txt
    fails 'q.txt: ' 'what nvidia-smi -q prints' '--query-gpu=timestamp,index,power.draw' -- --from nvidia-smi q.txt
    fails 'what nvidia-smi -q prints' -- q.txt
    printf '<?xml version="1.0" ?>\n<nvidia_smi_log>\n<power_draw>54.15 W</power_draw>\n' >q.xml
    fails 'what nvidia-smi -q -x prints' -- --from nvidia-smi q.xml
    printf '| NVIDIA-SMI 470.57.02    Driver Version: 470.57.02 |\n| N/A   34C    P8     9W /  70W |\n' >table.txt
    fails 'the table of nvidia-smi' -- --from nvidia-smi table.txt
    printf '===== ROCm System Management Interface =====\nGPU[0] : Current Socket Graphics Package Power (W): 133.0\n' >rocm.txt
    fails 'rocm-smi -P --csv, in a loop, was expected' -- --from amd-smi rocm.txt
    printf '{"card0": {"Average Graphics Package Power (W)": "9.0"}}\n' >rocm.json
    fails 'the JSON of rocm-smi' -- --from amd-smi rocm.json
    printf '# HELP kepler_node_package_joules_total x\n# TYPE kepler_node_package_joules_total counter\nkepler_node_package_joules_total{a="b"} 12\n' >prom.txt
    fails 'one scrape of Prometheus' -- prom.txt
    printf '[{"host":{"consumption":18.0},"consumers":[]}]\n' >scaph.json
    fails 'the JSON of Scaphandre' -- scaph.json
    printf '\211HDF\r\n' >a.h5
    fails 'it is HDF5' -- a.h5
    { echo 'time_s,P [W]'; rows 'printf "%d,%d\n", i, p(i)'; } >s.csv
    printf '[\n  { "name" : "conv1", "timeMs" : 12.3, "averageMs" : 0.1, "percentage" : 50.1 }\n]\n' >trt.json
    fails "trtexec's --exportProfile, sums of each layer without times" -- s.csv --from chrome-trace trt.json
    printf 'node type, first, avg_ms, %%\nCONV_2D, 1.0, 1.1, 50\n' >tfl.csv
    fails "TFLite's profile" -- s.csv --layers tfl.csv
    { echo 'timestamp, index, name, power.draw [W]'
        rows 'printf "2024/05/06 %s.000, 0, NVIDIA X, 16GB, %d.00 W\n", hms(i), p(i)'; } >comma.csv
    fails 'comma.csv: line 2' 'the 4 cells that line 1 names were expected, as in 40 lines' -- --from nvidia-smi comma.csv
}
