#!/usr/bin/env bats
# The pages of examples/tutorial, and the README: what they tell people to type is run.
load helpers

pages=$ERG_SRC/examples/tutorial

test_setup() {
    skip_unless jq python3
    # what meson devenv gives
    export PKG_CONFIG_PATH=$ERG_BUILD/meson-uninstalled LD_LIBRARY_PATH=$ERG_BUILD/tracepoints
    if "$ERG_SRC/examples/has-power"; then power=sensors; else power=board; fi
}

# follow PAGE [WORD…]: its blocks, in this folder; what they print is in ./out
follow() {
    "$ERG_SRC/tests/cli/tutorial.py" "$pages/$1" "$power" "${@:2}" >script
    bash script >out 2>err || { cat script out err; return 1; }
}

# Power of a model is called so wherever it stands.
labelled() { [ "$power" = sensors ] || grep -q SIMULATED out; }

@test "tutorial: an own C program" {
    skip_unless cc pkg-config
    follow c.md
    labelled
    # what the sensor cannot tell apart is one row
    grep -Eq '^conv1( \+ pool1)? +conv +100 ' out
    grep -Eq '^(pool1 +pool|conv1 \+ pool1 +conv) +100 ' out
    grep -Eq '^ETS (more|less|cannot tell)' out
    # joules; of a machine too busy to read its sensors half of the time, that there are none
    grep -Eq 'erg-record: [0-9.]+ s, ([0-9.e+]+ J, EDP [0-9.e+]+ Js \(rail .*observed ([5-9][0-9]|100)|energy unresolved \(rail .*observed ([0-9]|[1-4][0-9]|50))\.[0-9] %\)' err
    grep -q '2 layers, 200 calls' err
    [ -s infer.html ]
}

@test "tutorial: an own PyTorch model" {
    python=${PYTHON:-/usr/bin/python3}
    "$python" -c 'import torch' 2>/dev/null || skip "python3-torch is not installed"
    mkdir bin
    ln -s "$(command -v "$python")" bin/python3
    PATH=$PWD/bin:$PATH follow pytorch.md
    labelled
    grep -Eq '^0( \+ .*)? +conv +100 ' out
    grep -q 'classes' out
}

@test "tutorial: an own log" {
    follow log.md
    # by hand: 10 times 4 s at 6.42 W, the mean of 6400, 6410, … 6440 mW
    grep -Eq '^infer +10 +40.00 s +256.[0-9] ' out
    [ -s parts.html ]
    [ -s parts.csv ]
}

@test "tutorial: the build is that of the README, whose commands have verbs and options that exist" {
    "$ERG_SRC/tests/cli/tutorial.py" "$pages/README.md" once | grep -v '^set\|^echo\|^git\|^END\|^$' |
        sed 's/ *#.*//; s/ && /\n/g' | while read -r line; do
        grep -qF "$line" "$ERG_SRC/README.md" || { echo "README.md does not say: $line"; return 1; }
    done
    sed -n 's/^    \(erg-[ar][a-z]* .*\)/\1/p' "$ERG_SRC/README.md" | sed 's/  *#.*//' >lines
    [ "$(wc -l <lines)" -ge 15 ]
    while read -r program verb rest; do
        [[ $verb != -* ]] || verb=run
        "$program" "$verb" --help >help
        for option in $(sed 's/ -- .*//' <<<"$rest" | grep -oE -- '--[a-z][a-z-]+'); do
            grep -qE -- "(^|[ ,])$option( |,|$)" help || { echo "$program $verb has no $option"; return 1; }
        done
    done <lines
}
