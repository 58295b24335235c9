#!/usr/bin/env bats
# The manual: a page for every verb, every option of --help in its page, and worked examples whose
# output is what the commands really print.
load helpers

verbs_of() {
    "$1" --help | sed -n '/^Verbs:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

# Long options of a --help text, without the three that every verb has: the pages of the programs tell
# those.
options_of() {
    grep -oE '(^|[ ,(])--[a-z][a-z0-9-]+' <<<"$1" | grep -oE '[a-z][a-z0-9-]+' | sort -u |
        grep -vxE 'help|version|no-pager'
}

@test "every verb has a manual page with every option of --help, and its lists have no others" {
    bad=0
    for program in erg-record erg-analyze; do
        [ -n "$(verbs_of $program)" ]
        for verb in $(verbs_of $program); do
            page=$ERG_SRC/man/$program-$verb.1
            if [ ! -f "$page" ]; then echo "no page for $program $verb"; bad=1; continue; fi
            help=$($program "$verb" --help)
            for option in $(options_of "$help"); do
                grep -qE -- "(Fl -|--|\\\\-\\\\-)${option//-/\\\\?-}" "$page" ||
                    { echo "${page##*/} lacks --$option"; bad=1; }
            done
            for option in $(grep '^\.It Fl' "$page" | grep -oE 'Fl -[a-z][a-z0-9-]+' | cut -c5- | sort -u); do
                grep -qE -- "^ +(-., )?--$option( |$)" <<<"$help" || { echo "${page##*/}: no --$option"; bad=1; }
            done
        done
    done
    [ "$bad" -eq 0 ]
}

@test "the worked examples print what the pages say" {
    skip_without page
    "$ERG_SRC/man/examples/refresh" --check "$ERG_SRC"/man/*.[1-8]
}

@test "every verb has --help, and an unknown option is wrong usage" {
    for program in erg-record erg-analyze; do
        for verb in $(verbs_of $program); do
            run $program "$verb" --help
            [ "$status" -eq 0 ]
            run $program "$verb" --no-such-option
            [ "$status" -eq 2 ]
        done
    done
}

@test "the pages of the programs tell what every verb takes" {
    for page in erg-record.1 erg-analyze.1; do
        for option in help version no-pager; do
            grep -q "Fl -$option" "$ERG_SRC/man/$page"
        done
    done
}

@test "whatis finds every page by its name, and apropos energy finds each" {
    skip_unless man mandb whatis
    mkdir -p man/man1 man/man3 man/man5 man/man7
    for page in "$ERG_SRC"/man/*.[1-8]; do cp "$page" "man/man${page##*.}/"; done
    mandb --create --user-db --no-straycats --quiet "$PWD/man"
    for program in erg-record erg-analyze; do
        for verb in $(verbs_of $program); do
            MANPATH=$PWD/man whatis "$program-$verb" >>found
            MANPATH=$PWD/man apropos -e energy | grep "^$program-$verb "
        done
    done
    [ "$(wc -l <found)" -gt 0 ]
}
