# Power logs of 40 readings a second apart, of 100 + i % 5 W, from 10:00:00 on, and what import makes of them. `load logs`
# after `load helpers`.

# The means since the last reading are 39 * 100 + (1 + 2 + 3 + 4) * 8 - 0 = 3980 J: eight rounds of five, of which
# the first begins with 0. The trapezoid takes half of the first (100) and of the last (104) away: 3978 J.
MEANS=3980 TRAPEZOID=3978
P='function p(i) { return 100 + i % 5 }
   function hms(i) { return sprintf("10:00:%02d", i) }'
rows() { awk "$P"' BEGIN { for (i = 0; i < 40; i++) { '"$1"' } }'; } # rows AWK: for each i

# joules WANT [RAIL] -- ARGS…: to 10^-4
joules() {
    local want=$1 rail=all-roots
    [ "$2" = -- ] || rail=$2
    while [ "$1" != -- ]; do shift; done
    shift
    erg-record import "$@" -f -o out.erg 2>log || { cat log; return 1; }
    erg-analyze totals --rail "$rail" --format json out.erg 2>/dev/null >t.json
    jq -e --argjson want "$want" '.runs[0].phases[0].ets_j | (.value / $want - 1 | fabs) < 1e-4 and
        .lo <= $want * 1.0001 and .hi >= $want * 0.9999' t.json || { jq -c '.runs[0].phases[0].ets_j' t.json; cat log; return 1; }
}
told() { grep -q "$1" log || { cat log; return 1; }; }
# fails WORDS… -- ARGS…: exit status 1, and the last line says all of the words
fails() {
    local words=() w
    while [ "$1" != -- ]; do words+=("$1"); shift; done
    shift
    run erg-record import "$@" -f -o fails.erg
    echo "$output"
    [ "$status" -eq 1 ]
    for w in "${words[@]}"; do [[ ${lines[-1]} == *"$w"* ]]; done
    [ ! -e fails.erg ]
}
