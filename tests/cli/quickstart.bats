#!/usr/bin/env bats
# examples/quickstart, the first command of README.md.
load helpers

@test "the quickstart records a network, prints its layers and writes a report" {
    skip_unless jq
    ERG_OUT=$PWD/out "$ERG_SRC/examples/quickstart" squeezenet1.1 3 >text 2>log
    grep -Eq '^conv1 +conv +[0-9]+ ' text
    grep -Eq '^run +1 +[0-9.]+ s ' text
    erg-analyze verify "$(sed -n 's/^archive: //p' text)"
    page=$(sed -n 's/^report: *\(.*\) (open.*/\1/p' text)
    [ "$(head -c 15 "$page")" = '<!DOCTYPE html>' ]
    # power of a model is called so, in the table and on the page
    if grep -q 'simulated board' log; then
        grep -q 'SIMULATED power' text
        grep -qi 'simulated' "$page"
    fi
    run -0 "$ERG_SRC/examples/quickstart" --help
    [[ $output == *"[NETWORK] [SECONDS]"* ]]
}
