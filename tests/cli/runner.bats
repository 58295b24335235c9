#!/usr/bin/env bats
# What says "passed" can say "failed": the counting of tests/run, and the checks that it makes.
# bats file_tags=apart
load helpers

# counts FILE LIMIT: "passed failed skipped" for one file of tests
counts() (
    . "$ERG_SRC/tests/tap.bash"
    tap "$1" "${2:-60}" bats --tap "$1" >said
    echo "$passed $failed $skipped"
)

# says TEXT…: a script that prints these lines, run as a file of tests
says() (
    . "$ERG_SRC/tests/tap.bash"
    printf '%s\n' '#!/bin/sh' "printf '%s\n' $(printf "'%s' " "${@:2}")" "exit $1" >script
    tap script 60 sh script >said
    echo "$passed $failed $skipped"
)

@test "run: results are counted" {
    printf '@test "%s" {\n%s\n}\n' a true b false c 'skip "so"' >f.bats
    [ "$(counts f.bats)" = "1 1 1" ]
    grep -q 'not ok f.bats: 2 b' said
    # as cmocka says it: what this processor can not run is no failure
    [ "$(says 0 1..2 'ok 1 - a' 'not ok 2 # SKIP b')" = "1 0 1" ]
    [ "$(says 1 1..2 'not ok 1 - a # SKIP b' 'ok 2 - b')" = "1 1 0" ]
    printf '@test "%s" {\n%s\n}\n' a true b true >f.bats
    [ "$(counts f.bats)" = "2 0 0" ]
    [ ! -s said ]
}

@test "run: a file that its time limit killed has failed" {
    printf '@test "%s" {\n%s\n}\n' a true b 'sleep 60' >f.bats
    [[ "$(counts f.bats 3)" =~ ^[01]\ 1\ 0$ ]] # a loaded machine may not come to the first
    grep -q 'not ok f.bats: killed by its time limit of 3 s' said
}

@test "run: a file with fewer or more results than its plan, without one, or that fails, has failed" {
    [ "$(says 0 1..2 'ok 1 a' 'ok 2 b')" = "2 0 0" ]
    [ "$(says 0 1..3 'ok 1 a' 'ok 2 b')" = "2 1 0" ]
    grep -q '2 results of 3 planned' said
    [ "$(says 0 1..1 'ok 1 a' 'ok 2 b')" = "2 1 0" ]
    [ "$(says 0 'ok 1 a')" = "1 1 0" ]
    grep -q 'no plan' said
    [ "$(says 0)" = "0 1 0" ]
    [ "$(says 3 1..1 'ok 1 a')" = "1 1 0" ]
    grep -q 'exit status 3' said
    [ "$(says 1 1..2 'ok 1 a' 'not ok 2 b')" = "1 1 0" ]
    printf 'syntax (\n' >f.bats
    [ "$(counts f.bats)" = "0 1 0" ] # bats 1.11 says why, older ones nothing
    [ "$(says 0 1..0)" = "0 1 0" ]
    grep -q 'no test in it' said
}

# body LINE…: a test with these lines
body() { printf '@test "t" {\n'; printf '    %s\n' "$@"; printf '    true\n}\n'; }

refuses() {
    body "$@" >f.bats
    run -1 "$ERG_SRC/tests/lint-bats" f.bats
    [[ "$output" == "f.bats:2: "* ]]
    [ "${#lines[@]}" -eq 1 ]
}

@test "lint-bats: refuses what can not fail" {
    refuses '[ a = b ] && [ c = c ]'
    refuses '[[ a == b ]] && [[ c == c ]]'
    refuses 'grep -q x f && grep -q y f'
    refuses 'grep -q x f &&' '    grep -q y f'
    refuses '! grep -q x f'
    refuses '[ -e f ] && ! grep -q x f'
    refuses 'cmp a b || echo differ'
    refuses 'local n=$(wc -l <f)'
    refuses 'run -0 true && [ "$output" = x ]'
    refuses 'run false'
    refuses 'for x in a b; do [ $x = a ] && [ $x = b ]; done'
    refuses 'if true; then ! false; fi'
    refuses '{ true && false; }'
    refuses 'true || { true && false; }'
    refuses 'case x in x) true && false ;; esac'
}

@test "lint-bats: each of them is one that bats lets pass" {
    printf '%s\n' f.bats >f
    for line in '[ a = b ] && [ c = c ]' '[[ a == b ]] && [[ c == c ]]' '! grep -q bats f' \
        'cmp a b || echo differ' 'local n=$(false)' 'run false' 'for x in a b; do [ $x = b ] && [ -e f ]; done' \
        '{ false && true; }' 'true || { false && true; }'; do
        body "$line" >g.bats
        run -0 bats --tap g.bats
    done
}

@test "lint-bats: lets pass what can fail, and a function's last list" {
    body '[ a = b ]' '! grep -q x f || false' '[ -e f ] || skip "no f"' 'if [ a = b ] && [ c = d ]; then false; fi' \
        '[ a = b ] && [ c = c ] || false' 'x=$(echo "a && b" | wc -l)' 'run false' '[ "$status" -eq 1 ]' \
        'run -1 false' 'run ! false' 'while [ a = b ] && [ c = d ]; do false; done' '[[ a == b && c == d ]]' \
        '(cd / && [ -d tmp ])' 'cat <<E' '[ a ] && [ b ]' 'E' 'echo "' '[ a ] && [ b ]"' '# [ a ] && [ b ]' >f.bats
    sed -i 's/^    E$/E/' f.bats
    printf 'f() {\n    true\n    [ a = b ] && [ c = d ]\n}\ng() { ! true; }\n' >>f.bats
    run -0 "$ERG_SRC/tests/lint-bats" f.bats
    [ "$output" = "" ]
}

@test "lint-bats: a file that it can not follow is an error" {
    printf '@test "t" {\n    echo "open\n}\n' >f.bats
    run -2 "$ERG_SRC/tests/lint-bats" f.bats
    run -2 "$ERG_SRC/tests/lint-bats" nowhere.bats
    [[ "$output" == *"nowhere.bats"* ]]
}

@test "as-user: a second user gets to a checkout in a closed directory, and to nothing else there" {
    [ "$(id -u)" -eq 0 ] || skip "only root can become somebody else"
    user=$(ordinary_user)
    mkdir -p "closed/the tree/build"
    cp -r "$ERG_SRC/tests" "closed/the tree/"
    touch closed/secret
    chmod 700 closed
    [ "$(runuser -u "$user" -- cat "$PWD/closed/the tree/tests/as-user" 2>/dev/null | wc -l)" -eq 0 ]
    unset ERG_BUILD
    "closed/the tree/tests/as-user" "$user" sh -c 'id -un; ls "$1"; cat "$1/the tree/tests/as-user" | wc -l' sh \
        "$PWD/closed" >out
    [ "$(sed -n 1p out)" = "$user" ]
    [ "$(sed -n 2p out)" = "the tree" ]
    [ "$(sed -n 3p out)" -gt 20 ]
    run -3 "closed/the tree/tests/as-user" "$user" sh -c 'exit 3'
    # What others may not read is said.
    chmod -R go-rwx "closed/the tree/tests"
    run -125 "closed/the tree/tests/as-user" "$user" true
    [[ "$output" == *"cannot read"* ]]
}

# A machine where no package is installed, whose apt-get says what it was asked for and fails.
bare_machine() {
    mkdir -p bare
    printf '#!/bin/sh\nexit 1\n' >bare/dpkg-query
    printf '#!/bin/sh\necho "$@" >>"%s"\n[ "$1" = update ]\n' "$PWD/asked" >bare/apt-get
    printf '#!/bin/sh\n[ "$1" = policy ] || exit 1\ncase $2 in libfyaml-dev) [ ! -e old ];; esac &&\n    echo "  Candidate: 1.0" || echo "  Candidate: (none)"\n' >bare/apt-cache
    printf '#!/bin/sh\ncase $1 in -u) echo 0;; *) echo root;; esac\n' >bare/id
    chmod +x bare/*
    PATH=$PWD/bare:$PATH
}

@test "run: packages come by parts, and the parts are the whole list" {
    bare_machine
    local packages=$ERG_SRC/tests/install-packages part
    run -1 "$packages"
    sed 's/[[:space:]]*#.*//; /^$/d' "$ERG_SRC/tests/packages.txt" | sort >whole
    tail -n 1 asked | tr ' ' '\n' | sed '/^-/d; /^install$/d' | sort >all
    diff whole all
    for part in build tests frameworks; do "$packages" --list "$part"; done | sort >parts
    diff whole parts
    # What this release does not offer is said, and the rest is asked for.
    : >old
    run -1 "$packages" build
    [[ $output == *"not offered here: libfyaml-dev"* ]]
    [ "$(tail -n 1 asked | grep -c libfyaml-dev)" -eq 0 ]
    [ "$(tail -n 1 asked | grep -c libgsl-dev)" -eq 1 ]
    rm old
    [ "$("$packages" --list build libdnnl-dev | tail -n 1)" = libdnnl-dev ]
    run -2 "$packages" chromiun
    [[ $output == *'no part or package "chromiun"'* ]]
}

@test "run: sudo may ask for the password on a terminal, and elsewhere packages are named" {
    bare_machine
    printf '#!/bin/sh\ncase $1 in -u) echo 1000;; *) echo user;; esac\n' >bare/id
    printf '#!/bin/sh\ncase $1 in -n) exit 1;; -v) echo "$@" >>"%s";; *) exec "$@";; esac\n' "$PWD/sudo" >bare/sudo
    chmod +x bare/sudo
    run -1 "$ERG_SRC/tests/install-packages" libdnnl-dev </dev/null
    [[ $output == "missing packages; as root: apt-get install "*libdnnl-dev ]]
    [ ! -e sudo ]
    script -qec "$ERG_SRC/tests/install-packages libdnnl-dev" tty.log >/dev/null </dev/null || true
    [ "$(cat sudo)" = -v ]
    grep -q 'install .*libdnnl-dev' asked
}

@test "run: the quickstart asks for no browser and no framework" {
    bare_machine
    run -1 "$ERG_SRC/examples/quickstart"
    grep -q 'install .*liblttng-ust-dev' asked
    [ -z "$(grep -E 'chromium|torch|darknet|opencv|dnnl|clang|selenium|bats' asked)" ]
}

@test "apart: files, processes and memory of its own, which end with it; the checkout and the build stay; an ordinary user is refused" {
    "$ERG_SRC/tests/apart" true || skip "no namespaces here"
    touch "/tmp/theirs-$$" "/dev/shm/theirs-$$" "/run/theirs-$$"
    run -0 --separate-stderr "$ERG_SRC/tests/apart" sh -c '
        ls /tmp /dev/shm /run
        touch /tmp/ours /dev/shm/ours /run/ours; sleep 4321 & ps -e -o comm=
        test -x "$0"/tests/run && test -x "$1"/analyze/erg-analyze' "$ERG_SRC" "$ERG_BUILD"
    rm "/tmp/theirs-$$" "/dev/shm/theirs-$$" "/run/theirs-$$"
    [[ "$output" != *theirs* ]]
    [[ "$output" == *sleep* ]]
    [[ "$output" != *bats* ]]
    await sh -c '! pgrep -f "^sleep 4321"'
    [ ! -e /tmp/ours ]
    [ ! -e /dev/shm/ours ]
    [ ! -e /run/ours ]
    run -3 "$ERG_SRC/tests/apart" sh -c 'exit 3'
    need_other_user
    run -125 as_user "$ERG_SRC/tests/apart" true
}
