#!/usr/bin/env bats
# Shell completion, asked as bash asks it.
load helpers

complete_line() {
    bash -c '
        source "$ERG_SRC/completions/ergtrace.bash"
        COMP_WORDS=("$@")
        COMP_CWORD=$(($# - 1))
        _ergtrace "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
        printf "%s\n" "${COMPREPLY[@]}"' _ "$@"
}

@test "verbs are completed" {
    run complete_line erg-analyze la
    [ "$output" = layers ]
    run complete_line erg-record so
    [ "$output" = sources ]
}

@test "options of a verb are completed from its help" {
    run complete_line erg-analyze sweep --bud
    [ "$output" = --budget-w ]
    run complete_line erg-record --compr
    [ "$output" = --compress ]
}

@test "values of options are completed" {
    run complete_line erg-analyze layers --by ne
    [ "$output" = network ]
}

@test "files are completed" {
    touch run.erg
    run complete_line erg-analyze layers ru
    [ "$output" = run.erg ]
}
