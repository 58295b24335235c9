#!/usr/bin/env bats
# Shell completion in the shells themselves: a line is typed on a terminal and TAB is pressed.
# bats file_tags=apart
load helpers

# becomes SHELL LINE WANT...: TAB behind LINE makes WANT of it.
becomes() {
    local shell=$1 got lines=() want=() i
    shift
    while [ $# -gt 0 ]; do
        lines+=("$1")
        want+=("$2")
        shift 2
    done
    got=$("$ERG_SRC/tests/cli/complete.py" "$shell" "${lines[@]}")
    if ! diff <(printf '%s\n' "${want[@]}") - <<<"$got"; then
        echo "$shell completes otherwise"
        return 1
    fi
}

# Every verb, from all of its name but the last letter.
verbs_become() {
    local program verb args=()
    for program in erg-record erg-analyze; do
        for verb in $("$program" --help | sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
            args+=("$program ${verb%?}" "$program $verb")
        done
    done
    [ ${#args[@]} -ge 30 ]
    becomes "$1" "${args[@]}"
}

options_become() {
    becomes "$1" \
        'erg-analyze sweep --bud' 'erg-analyze sweep --budget-w' \
        'erg-analyze layers a.erg --cond' 'erg-analyze layers a.erg --cond-limit' \
        'erg-record --compr' 'erg-record --compress' \
        'erg-record import --lay' 'erg-record import --layers' \
        'erg-record collect --lay' 'erg-record collect --lay'
}

values_become() {
    becomes "$1" \
        'erg-analyze layers --by ne' 'erg-analyze layers --by network' \
        'erg-analyze info --format js' 'erg-analyze info --format json' \
        'erg-analyze export --to perfetto-' 'erg-analyze export --to perfetto-json' \
        'erg-analyze model pre' 'erg-analyze model predict' \
        'erg-analyze model fit --method ols,ri' 'erg-analyze model fit --method ols,ridge' \
        'erg-record --annotate stre' 'erg-record --annotate streamline' \
        'erg-record run --annotate nvtx,stre' 'erg-record run --annotate nvtx,streamline' \
        'erg-record import --from tegra' 'erg-record import --from tegrastats' \
        'erg-record sweep p.yaml --redo un' 'erg-record sweep p.yaml --redo unresolved' \
        'erg-record top --format cs' 'erg-record top --format cs' \
        'erg-analyze totals --format cs' 'erg-analyze totals --format csv'
}

files_become() {
    touch run.erg
    printf '#!/bin/sh\n' >erg-test-infer
    chmod +x erg-test-infer
    PATH="$PWD:$PATH"
    becomes "$1" \
        'erg-analyze layers ru' 'erg-analyze layers run.erg' \
        'erg-record -o a.erg -- erg-test-inf' 'erg-record -o a.erg -- erg-test-infer' \
        'erg-record -- cat ru' 'erg-record -- cat run.erg'
}

# What is of the machine, and of an archive that the line names or that is the newest here.
machine_becomes() {
    mkdir -p sys/class/hwmon/hwmon0
    echo ina226 >sys/class/hwmon/hwmon0/name
    echo 3250000 >sys/class/hwmon/hwmon0/power1_input
    echo VDD_IN >sys/class/hwmon/hwmon0/power1_label
    printf 'time_s,VDD_CORE [W]\n0,1\n1,1\n2,1\n' >s.csv
    erg-record import --samples s.csv --tag heatsink=off -o a.erg 2>/dev/null
    becomes "$1" \
        'erg-record --sysfs sys -s hw' 'erg-record --sysfs sys -s hwmon' \
        'erg-record sources --sysfs sys -s hwmon:V' 'erg-record sources --sysfs sys -s hwmon:VDD_IN' \
        'erg-analyze layers a.erg --rail VDD' 'erg-analyze layers a.erg --rail VDD_CORE' \
        'erg-analyze totals --rail VDD' 'erg-analyze totals --rail VDD_CORE' \
        'erg-analyze sweep --group hea' 'erg-analyze sweep --group heatsink' \
        'erg-record run --tag hea' 'erg-record run --tag heatsink='
}

@test "bash: sensors of the machine, rails and tags of an archive" { skip_unless python3; machine_becomes bash; }
@test "zsh: sensors of the machine, rails and tags of an archive" { skip_unless python3 zsh; machine_becomes zsh; }
@test "bash: verbs of both programs" { skip_unless python3; verbs_become bash; }
@test "bash: options of a verb, from its help" { skip_unless python3; options_become bash; }
@test "bash: values of options, also in lists" { skip_unless python3; values_become bash; }
@test "bash: files, and the command that is recorded" { skip_unless python3; files_become bash; }
@test "zsh: verbs of both programs" { skip_unless python3 zsh; verbs_become zsh; }
@test "zsh: options of a verb, from its help" { skip_unless python3 zsh; options_become zsh; }
@test "zsh: values of options, also in lists" { skip_unless python3 zsh; values_become zsh; }
@test "zsh: files, and the command that is recorded" { skip_unless python3 zsh; files_become zsh; }
