# SPDX-License-Identifier: GPL-3.0-or-later
# How tests/run counts: tap NAME LIMIT COMMAND… runs one file of tests, which says what it found in
# TAP, and adds to passed, failed and skipped. What a person wants to see of it is passed on.
#
# Green means that everything planned was run and went well. A file counts a failure of its own,
# beside the tests that failed, when its time limit killed it, when it ends with fewer or more
# results than its plan (1..N), when it has no plan or no test, and when it ends with an error though no test
# of it failed.
passed=0
failed=0
skipped=0

tap() {
    local name=$1 limit=$2 rc=0 out line plan='' results=0 bad=0 why=''
    shift 2
    out=$(mktemp) || return
    timeout -k 10 "$limit" "$@" </dev/null >"$out" 2>&1 || rc=$?
    while IFS= read -r line || [ -n "$line" ]; do
        # cmocka's way to say that a test was skipped
        [[ ! $line =~ ^"not ok "[0-9]+" # SKIP " ]] || line="ok ${line#not ok }"
        case $line in
        "not ok "*) bad=$((bad + 1)); results=$((results + 1)); echo "not ok $name: ${line#not ok }" ;;
        "ok "*"# skip"* | "ok "*"# SKIP"*) skipped=$((skipped + 1)); results=$((results + 1)); echo "ok $name: ${line#ok }" ;;
        "ok "*) passed=$((passed + 1)); results=$((results + 1)) ;;
        "1.."*) plan=${line#1..}; plan=${plan%% *} ;;
        "# ok"* | "TAP version "*) ;;
        *) echo "$line" ;;
        esac
    done <"$out"
    rm -f "$out"
    failed=$((failed + bad))
    if [ "$rc" -eq 124 ] || [ "$rc" -eq 137 ]; then why="killed by its time limit of $limit s"
    elif [ "$rc" -ne 0 ] && [ "$bad" -eq 0 ]; then why="exit status $rc"; fi
    if [ "$plan" = 0 ]; then why="${why:+$why, }no test in it"
    elif [ -z "$plan" ]; then why="${why:+$why, }no plan"
    elif [ "$results" != "$plan" ]; then why="${why:+$why, }$results results of $plan planned"; fi
    [ -n "$why" ] || return 0
    failed=$((failed + 1))
    echo "not ok $name: $why"
}

# check NAME COMMAND…: one test that is a command; what it prints is shown when it fails.
check() {
    local name=$1 out
    shift
    if out=$("$@" 2>&1); then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf '%s\nnot ok %s\n' "$out" "$name"
    fi
}
