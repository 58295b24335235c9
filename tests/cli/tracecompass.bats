#!/usr/bin/env bats
# bats file_tags=offline
# The analysis for Trace Compass: well formed, only what its guide knows, only events that there are.
load helpers

XML=formats/trace-compass.xml

test_setup() {
    cd "$ERG_SRC" || return 1
}

# Values of attribute $2 of all elements $1.
values() {
    xmllint --xpath "//$1/@$2" "$XML" | sed 's/.*="\(.*\)"/\1/' | sort -u
}

@test "the file is well formed and has only elements and attributes of the guide" {
    skip_unless xmllint
    xmllint --noout --relaxng tests/cli/trace-compass.rng "$XML"
    # and the grammar does refuse
    sed 's/<stateChange>/<stateChanged>/; s/<\/stateChange>/<\/stateChanged>/' "$XML" >"$BATS_TEST_TMPDIR/bad.xml"
    ! xmllint --noout --relaxng tests/cli/trace-compass.rng "$BATS_TEST_TMPDIR/bad.xml" || false
}

@test "it handles events that are recorded, by fields that they have" {
    skip_unless xmllint
    n=0
    for event in $(values eventHandler eventName); do
        name=${event#*:}
        fields=$(xmllint --xpath "//eventHandler[@eventName='$event']//*[@type='eventField']/@value" "$XML" |
            sed 's/.*="\(.*\)"/\1/' | grep -v '^context\._v[pt]id$' || true)
        case $event in
        ergtrace:*)
            grep -Eq "ergtrace, $name[,)]" tracepoints/provider.h
            # phase_begin and phase_end are of one class
            for f in $fields; do
                sed -n "/ergtrace, \($name\|${name%_*}_class\),/,/)))\$/p" tracepoints/provider.h |
                    grep -q "_\(integer\|string\)(.*\b$f\b"
            done ;;
        erg:*)
            grep -q "\"$event\"" analyze/plugin/message.c
            for f in $fields; do grep -q "{\"$f\", KIND_" analyze/plugin/message.c; done ;;
        *) false ;;
        esac
        n=$((n + 1))
    done
    [ "$n" -ge 6 ]
}

@test "views are of the analysis, show what it sets, and locations exist" {
    skip_unless xmllint
    [ "$(values analysis id)" = "$(values stateProvider id)" ]
    for location in $(xmllint --xpath "//*[@type='location']/@value" "$XML" | sed 's/.*="\(.*\)"/\1/' | sort -u); do
        values location id | grep -qx "$location"
    done
    for path in $(values entry path); do
        values stateAttribute value | grep -qx "${path%/\*}"
    done
    for shown in $(values "display[@type='constant']" value); do
        values stateAttribute value | grep -qx "$shown"
    done
}
