#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# --on slurm against a stand-in for Slurm's commands, which keeps what was submitted and runs the tasks one by one
# in an environment that has nothing. tests/slurm/run is the same with Slurm itself.
# bats file_tags=apart
load helpers
load imported

# The stand-in: sbatch writes its words to sbatch.N and runs the script's tasks, but those of the file "kill"
# (a line a job number and task), which end without a word; squeue has forgotten every job, but says of those that
# have ended what is in the file "states".
test_setup() {
    skip_without plans
    mkdir bin
    cat >bin/sbatch <<'EOF'
#!/bin/bash
cd "$STANDIN" || exit 1
[ ! -e refuse ] || { echo "sbatch: error: $(cat refuse)" >&2; exit 1; }
n=$(($(cat jobs 2>/dev/null || echo 0) + 1))
echo $n >jobs
printf '%s\n' "$@" >sbatch.$n
cat >script.$n
while [ $# -gt 0 ]; do [ "$1" != --array ] || list=$2; shift; done
for part in ${list//,/ }; do
    for i in $(seq "${part%-*}" "${part#*-}"); do
        grep -qx "$n $i" kill 2>/dev/null ||
            (cd / && exec env -i SLURM_ARRAY_JOB_ID=$n SLURM_ARRAY_TASK_ID=$i SLURMD_NODENAME=node$i \
                ERG_STATE_DIR="$STANDIN/state" /bin/sh "$STANDIN/script.$n")
    done
done
echo "$n;cluster"
EOF
    cat >bin/squeue <<'EOF'
#!/bin/sh
case " $* " in *" --states=all "*) [ ! -e "$STANDIN/states" ] || exec cat "$STANDIN/states" ;; esac
echo "slurm_load_jobs error: Invalid job id specified" >&2
exit 1
EOF
    chmod +x bin/*
    export STANDIN=$PWD PATH=$PWD/bin:$PATH
}

@test "batch --on slurm: each task is a shard; one that dies is submitted again" {
    mkdir "it's runs"
    for i in 1 2 3; do archive "it's runs/a $i.erg" $i; done
    echo "1 2" >kill
    run -0 erg-analyze batch "it's runs" -o 'res "$ults' --on slurm --tasks 3 -- layers --by type
    [ "${lines[-1]}" = '3 archives: 3 analysed, 0 there already, 0 failed: res "$ults' ]
    [[ $output == *"failed: task 2 of job 1 did not end: it or its node was killed; it is submitted again"* ]]
    [ "$(grep -A1 -x -e --array sbatch.1 | tail -1)" = 1-3 ]
    [ "$(grep -A1 -x -e --array sbatch.2 | tail -1)" = 2 ]
    grep -qx -e --cpus-per-task=1 sbatch.1
    run grep -c -e --exclusive sbatch.1
    [ "$output" = 0 ]
    erg-analyze batch "$PWD/it's runs" -o local -- layers --by type 2>/dev/null
    diff -r --exclude=slurm local 'res "$ults'
    # All there: nothing is submitted.
    run -0 erg-analyze batch "it's runs" -o 'res "$ults' --on slurm --tasks 3 -- layers --by type
    [ "${lines[-1]}" = '3 archives: 0 analysed, 3 there already, 0 failed: res "$ults' ]
    [ "$(cat jobs)" = 2 ]
}

@test "a pipe in the place of a task's status: not waited for, the task is submitted again" {
    mkdir -p runs results/slurm
    archive runs/a.erg 1
    echo "1 1" >kill
    mkfifo results/slurm/1_1.status
    run -0 timeout 120 erg-analyze batch runs -o results --on slurm --tasks 1
    [[ $output == *"failed: task 1 of job 1 did not end: it or its node was killed; it is submitted again"* ]]
    [ "${lines[-1]}" = "1 archives: 1 analysed, 0 there already, 0 failed: results" ]
}

@test "a task that somebody has cancelled is not submitted again; how Slurm says that others ended is told" {
    mkdir runs
    for i in 1 2 3; do archive runs/a$i.erg $i; done
    printf '%s\n' "1 1" "1 2" >kill
    printf '%s\n' "1 CANCELLED" "2 TIMEOUT" "3 CANCELLED" "7 CANCELLED" "N/A FAILED" >states
    run -1 erg-analyze batch runs -o results --on slurm --tasks 3
    [[ $output == *"failed: task 1 of job 1 did not end: Slurm says CANCELLED; it is not submitted again"* ]]
    [[ $output == *"failed: task 2 of job 1 did not end: Slurm says TIMEOUT; it is submitted again"* ]]
    [ "$(grep -A1 -x -e --array sbatch.2 | tail -1)" = 2 ]
    [ "$(cat jobs)" = 2 ]
    [[ $output == *"failed: runs/a1.erg: no document was made"* ]]
    [ "${lines[-1]}" = "3 archives: 2 analysed, 0 there already, 1 failed: results" ]
}

@test "what an earlier job of the same number left is not taken for how this one ended" {
    mkdir -p runs results/slurm
    for i in 1 2; do archive runs/a$i.erg $i; done
    printf '%s\n' "1 1" "1 2" >kill
    # as before the mark, and as with another one
    echo 0 >results/slurm/1_1.status
    echo "0 68b0-1-2" >results/slurm/1_2.status
    run -0 erg-analyze batch runs -o results --on slurm --tasks 2
    for i in 1 2; do
        [[ $output == *"failed: task $i of job 1 did not end: it or its node was killed; it is submitted again"* ]]
    done
    [ "${lines[-1]}" = "2 archives: 2 analysed, 0 there already, 0 failed: results" ]
}

# Not with Slurm itself: several clusters need its database.
@test "a greeting before the job's number, and a job on another cluster, which is asked for there" {
    mkdir runs
    archive runs/a.erg 1
    cat >bin/squeue <<'EOF'
#!/bin/sh
echo "$*" >>"$STANDIN/asked"
case " $* " in
*" --clusters=cluster "*) echo "CLUSTER: cluster" ;;
*) echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1 ;;
esac
case " $* " in *" --states=all "*) echo "1 NODE_FAIL" ;; esac
EOF
    sed -i '3i echo "Welcome to the cluster; 3 nodes are down"; echo' bin/sbatch
    echo "1 1" >kill
    run -0 erg-analyze batch runs -o results --on slurm --tasks 1
    [[ $output == *"failed: task 1 of job 1 did not end: Slurm says NODE_FAIL; it is submitted again"* ]]
    [ "${lines[-1]}" = "1 archives: 1 analysed, 0 there already, 0 failed: results" ]
    grep -q -e '--jobs=1 .*--clusters=cluster' asked
    run grep -vc -e '--clusters=cluster' asked
    [ "$output" = 0 ]
    printf '#!/bin/sh\necho Submitted.\n' >bin/sbatch
    run -1 erg-analyze batch runs -o other --on slurm --tasks 1
    [[ $output == *"sbatch: expected a job's number, found 'Submitted."*"'; the job may run" ]]
}

@test "the folder of what tasks say goes while they wait: it is there for the next; without its parent that is told" {
    mkdir runs
    archive runs/a.erg 1
    sed -i '3i [ -e jobs ] || rm -rf results/slurm' bin/sbatch
    run -0 erg-analyze batch runs -o results --on slurm --tasks 1
    [[ $output == *"failed: task 1 of job 1 did not end"* ]]
    [ "${lines[-1]}" = "1 archives: 1 analysed, 0 there already, 0 failed: results" ]
    rm -r results jobs
    sed -i '3s/.*/[ -e jobs ] || rm -rf results/' bin/sbatch
    run -1 erg-analyze batch runs -o results --on slurm --tasks 1
    [ "${lines[-1]}" = "erg-analyze batch: $PWD/results/slurm: No such file or directory" ]
    [ "$(cat jobs)" = 1 ]
}

@test "batch --on slurm: what fails each time, and what Slurm refuses, is told" {
    mkdir runs
    archive runs/a.erg 1
    echo rubbish >runs/b.erg
    run -1 erg-analyze batch runs -o results --on slurm --tasks 8 --tries 2
    [ "$(grep -A1 -x -e --array sbatch.1 | tail -1)" = 1-2 ]
    [ "$(grep -A1 -x -e --array sbatch.2 | tail -1)" = 2 ]
    [ "$(cat jobs)" = 2 ]
    [[ $output == *"failed: runs/b.erg: no document was made"* ]]
    [ "${lines[-1]}" = "2 archives: 1 analysed, 0 there already, 1 failed: results" ]
    grep -q 'failed: .*runs/b.erg' results/slurm/1_2.log
    echo "Batch job submission failed: Invalid partition name specified" >refuse
    run -1 erg-analyze batch runs -o other --on slurm --tasks 2
    [ "$output" = "erg-analyze batch: sbatch: Batch job submission failed: Invalid partition name specified" ]
    rm bin/sbatch
    PATH=$PWD/bin:$ERG_BUILD/analyze run -1 erg-analyze batch runs -o other --on slurm --tasks 2
    [ "$output" = "erg-analyze batch: sbatch: there is no such program in PATH: expected Slurm's" ]
    run -2 erg-analyze batch runs -o other --on slurm
    run -2 erg-analyze batch runs -o other --tasks 2
    run -2 erg-analyze batch runs -o other --on slurm --tasks 2 --shard 1/2
    run -2 erg-analyze batch runs -o other --on moon --tasks 2
}

# plan REPETITIONS: two workloads that fail to be recorded once where there is a file "fail".
plan() {
    printf '%s\n' 'name: p' 'workloads:' '  a: {command: [./work]}' '  b: {command: [./work]}' \
        "repetitions: $1" 'settle_s: 0' 'record: {source: procstat}' >p.yaml
    printf '#!/bin/sh\n[ ! -e %s/fail ]\n' "$PWD" >work
    chmod +x work
}

@test "sweep --shard: whole sets of settings a node; --merge joins them, and says what is missing" {
    plan 2
    run -1 erg-record sweep p.yaml -o s --shard 1/5
    [[ $output == *"expected at most 4 shards"* ]]
    [ ! -e s ]
    for i in 1 2 3; do erg-record sweep p.yaml -o x --shard $i/3 --dry-run; done | sed -n 's/^ *[0-9]*  //p' | sort >ids
    printf '%s\n' a,r1 a,r2 b,r1 b,r2 | diff - ids
    # what erg-record sweep leaves, but for the recording
    shard() {
        mkdir -p "$1/logs"
        echo "$3" >"$1/$3.erg"
        echo log >"$1/logs/$3.log"
        jq -n --arg s "$2" --arg id "$3" --arg n "$4" '{format: "erg-sweep", version: 1, plan: "p", seed: 1,
            shard: $s, planned: [$id], runs: [{id: $id, archive: ($id + ".erg"), log: ("logs/" + $id + ".log"),
            status: "done", begin_utc: "2026-01-01T00:00:00Z", node: $n}]}' >"$1/index.json"
    }
    # names with two dots are names; a folder above is none
    shard dots 1/1 a..b,r1 n1
    run -0 erg-record sweep p.yaml -o dotted --merge dots
    [ "$(cat dotted/a..b,r1.erg)" = a..b,r1 ]
    jq '.runs[0].archive = "../dots/a..b,r1.erg"' dots/index.json >i
    mv i dots/index.json
    run -1 erg-record sweep p.yaml -o above --merge dots
    [[ $output == *"dots/index.json: a..b,r1: no archive"* ]]
    shard one 1/2 a,r1 n1
    shard two 2/2 b,r1 n2
    run -1 erg-record sweep p.yaml -o all --merge one
    [ "${lines[0]}" = "missing: shard 2/2" ]
    [ "${lines[-1]}" = "1 of 2 shards: 1 runs joined, 0 there already, 0 missing: all/index.json" ]
    run -0 erg-record sweep p.yaml -o all --merge one two
    [ "${lines[-1]}" = "2 of 2 shards: 1 runs joined, 1 there already, 0 missing: all/index.json" ]
    [ "$(jq -r '[.runs[] | .id, .node] | join(" ")' all/index.json)" = "a,r1 n1 b,r1 n2" ]
    [ "$(cat all/a,r1.erg all/b,r1.erg all/logs/b,r1.log | tr '\n' ' ')" = "a,r1 b,r1 log " ]
    # a later recording by the same node replaces; one by another node does not
    echo again >new.erg
    mv new.erg two/b,r1.erg
    jq '.runs[0].begin_utc = "2026-01-02T00:00:00Z"' two/index.json >i
    mv i two/index.json
    run -0 erg-record sweep p.yaml -o all --merge one two
    [ "$(cat all/b,r1.erg)" = again ]
    [ "$(jq '.runs | length' all/index.json)" -eq 2 ]
    jq '.runs[0].node = "n9"' two/index.json >i
    mv i two/index.json
    run -1 erg-record sweep p.yaml -o all --merge one two
    [[ $output == *"two: the run b,r1 is in all already, and another one"* ]]
    jq '.runs = []' two/index.json >i
    mv i two/index.json
    run -1 erg-record sweep p.yaml -o new --merge one two
    [ "${lines[0]}" = "missing: two: b,r1 was not made" ]
    jq '.plan = "q"' one/index.json >i
    mv i one/index.json
    run -1 erg-record sweep p.yaml -o new2 --merge one
    [[ $output == *'one/index.json: is of the plan "q", not "p"'* ]]
    run -1 erg-record sweep p.yaml -o new3 --merge one/logs
    [[ $output == *"one/logs/index.json: No such file"* ]]
    # what somebody else put there is neither waited for nor taken
    mkfifo pipe
    shard odd 1/1 a,r1 n1
    for put in "mkfifo odd/a,r1.erg" "ln -s ../one/a,r1.erg odd/a,r1.erg"; do
        rm -rf odd/a,r1.erg odd-all
        $put
        run -1 timeout 60 erg-record sweep p.yaml -o odd-all --merge odd
        [[ $output == *"odd/a,r1.erg: a regular file was expected" ]]
        [ ! -e odd-all/a,r1.erg ]
    done
    mv pipe odd/index.json
    run -1 timeout 60 erg-record sweep p.yaml -o odd-all --merge odd
    [[ $output == *"odd/index.json: a regular file was expected" ]]
    run -2 erg-record sweep p.yaml -o new4 --merge
    run -2 erg-record sweep p.yaml -o new4 --merge one --shard 1/2
}

@test "sweep --merge: of a plan that was changed meanwhile nothing is lost, nor is anything there twice" {
    planned() { jq -r '.planned | join(" ")' "$1/index.json"; }
    for i in 1 2; do mkdir -p $i/logs; done
    plan 1
    for i in 1 2; do erg-record sweep p.yaml -o $i --shard $i/2; done
    [ "$(planned 1) $(planned 2)" = "a,r1 b,r1" ]
    run -0 erg-record sweep p.yaml -o all --merge 1 2
    # one more repetition: the shards that go on know of it
    plan 2
    run -0 erg-record sweep p.yaml -o 1 --shard 1/2 --resume
    [[ $output == *"warning: p.yaml has changed since runs in 1 were made: those stay as they are"* ]]
    [ "$(planned 1)" = "a,r1 a,r2" ]
    run -1 erg-record sweep p.yaml -o all --merge 1 2
    [[ $output == *"other plan: 2: what is asked for is not what p.yaml asks for now: which of its runs are missing is not known"* ]]
    [[ $output != *"other plan: 1:"* ]]
    [ "${lines[-1]}" = "2 of 2 shards: 1 runs joined, 2 there already, 0 missing: all/index.json" ]
    erg-record sweep p.yaml -o 2 --shard 2/2 --resume
    # comments, and what is to be analysed, are nothing that was recorded
    printf '%s\n' '# a note' "$(cat p.yaml)" 'analysis: {sweep: {}}' >noted.yaml
    mv noted.yaml p.yaml
    run -0 --separate-stderr erg-record sweep p.yaml -o all --merge 1 2
    [ "$stderr" = "2 of 2 shards: 1 runs joined, 3 there already, 0 missing: all/index.json" ]
    [ "$(jq -r '[.runs[].id] | sort | join(" ")' all/index.json)" = "a,r1 a,r2 b,r1 b,r2" ]
    # an archive that was lost comes again, and is in the list once
    rm all/a,r2.erg
    run -0 erg-record sweep p.yaml -o all --merge 1 2
    [ "$(jq -r '[.runs[].id] | sort | join(" ")' all/index.json)" = "a,r1 a,r2 b,r1 b,r2" ]
    cmp all/a,r2.erg 1/a,r2.erg
    # fewer: what was made is told
    plan 1
    for i in 1 2; do erg-record sweep p.yaml -o $i --shard $i/2 --resume; done
    run -0 erg-record sweep p.yaml -o fewer --merge 1 2
    [[ $output == *"left out: 1: a,r2 is not asked for any more"*"left out: 2: b,r2 is not asked for any more"* ]]
    # another command under the same names
    sed -i 's/b: .*/b: {command: [.\/work, again]}/' p.yaml
    run -1 erg-record sweep p.yaml -o all3 --merge 1 2
    [ "$(grep -c '^other plan: ' <<<"$output")" -eq 2 ]
}

# As when who submitted an array is killed, and the sweep goes on by a second array while the first still runs.
@test "sweep: two in one folder, be it of two nodes, are refused, and neither takes the other's runs" {
    plan 1
    printf '#!/bin/sh\ntouch %s/begun\nfor _ in $(seq 2400); do [ ! -e %s/go ] || exit 0; sleep 0.05; done\n' "$PWD" "$PWD" >work
    for folder in "one --shard 1/2" all; do
        rm -f begun go
        erg-record sweep p.yaml -o $folder 2>said & first=$!
        await [ -e begun ]
        for node in n1 n2; do
            SLURMD_NODENAME=$node run -1 erg-record sweep p.yaml -o $folder --resume
            [ "$output" = "erg-record sweep: ${folder%% *}: another sweep works in this folder" ]
        done
        run -0 erg-record sweep p.yaml -o $folder --dry-run
        [[ $output != *"(done)"* ]]
        touch go
        ends $first 0 || { cat said; false; }
        run -0 erg-record sweep p.yaml -o $folder --resume
        [[ ${lines[-1]} == "0 runs made, 0 failed: "* ]]
    done
    # one that is killed holds nothing
    rm begun go
    erg-record sweep p.yaml -o killed 2>said & first=$!
    await [ -e begun ]
    kill -KILL $first
    ends $first 137
    touch go
    gone_on() { erg-record sweep p.yaml -o killed --resume 2>said; }
    await gone_on
    [ "$(jq '[.runs[] | select(.status == "done")] | length' killed/index.json)" -eq 2 ]
}

@test "sweep --on slurm: a node for itself, submitted again where runs failed, joined" {
    plan 1
    touch fail
    run -1 erg-record sweep p.yaml -o out --on slurm --tasks 2 --tries 2
    [ "$(cat jobs)" = 2 ]
    grep -qx -e --exclusive sbatch.1
    [[ $output == *"failed: task 1 of job 1, status 1: see $PWD/out-shards/slurm/1_1.log; it is submitted again"* ]]
    [[ ${lines[-1]} == "2 of 2 shards: 0 runs joined, 0 there already, 2 missing: out/index.json" ]]
    run -1 erg-record sweep p.yaml -o out --on slurm --tasks 2
    [[ $output == *"out-shards: a sweep was begun here: --resume continues it" ]]
    rm fail
    run -0 erg-record sweep p.yaml -o out --on slurm --tasks 2 --resume
    [ "${lines[-1]}" = "2 of 2 shards: 2 runs joined, 0 there already, 0 missing: out/index.json" ]
    [ "$(jq -r '[.runs[].node] | join(" ")' out/index.json)" = "node1 node2" ]
    erg-analyze layers out/a,r1.erg --format json 2>/dev/null | jq -e '.runs[0].tags.node == "node1"'
    run -1 erg-record sweep p.yaml -o o --on slurm --tasks 3
    [[ $output == *"expected at most 2 shards"* ]]
    # where the shards could not be joined, none is made
    before=$(cat jobs)
    mkdir taken
    touch taken/other.erg
    run -1 erg-record sweep p.yaml -o taken --on slurm --tasks 2
    [[ $output == *"taken: holds archives of something else (other.erg)"* ]]
    [ "$(cat jobs)" = "$before" ]
    [ ! -e taken-shards ]
}

# document NAME NODE CLOCK ENERGY: a result of layers.
document() {
    jq -n --arg n "$2" --argjson c "$3" --argjson e "$4" '{schema: "ergtrace/1", warnings: [], runs: [{archive: "x.erg",
        workload: "net", factors: {clock: $c}, tags: {node: $n}, time_s: 2, mean_w: ($e / 2), layers: [],
        ets_j: {value: $e, lo: $e, hi: $e, stat: 0, syst: 0, method: "direct"}}]}' >"$1.layers.json"
}

@test "sweep: a node is a block, and never pooled in silence" {
    # Settings 10 and 20 J; the second node takes 21 % more: of the mean node (geometric) 11 and 22.
    for c in 1 2; do
        document a$c n1 $c ${c}0
        document b$c n2 $c "$(jq -n "12.1 * $c")"
    done
    run -0 --separate-stderr erg-analyze sweep . --format json
    [[ $stderr == *"several nodes: each node is a block"* ]]
    jq -e '[.groups[0].points[].ets_j.value | . * 1e6 | round] == [11000000, 22000000]' <<<"$output"
    jq -e '[.nodes[] | .energy_ratio * 1e6 | round] == [909091, 1100000] and ([.nodes[].time_ratio] == [1, 1])' <<<"$output"
    # One run of four that is 4 % off: one degree of freedom is left of two. B = (2 ln 1.21 + 0.04) / 4; the runs of
    # the first setting are 10 exp(B) and 12.1 exp(-B), their deviation |a - b| / sqrt 2 * sqrt 2, and t is 12.7062.
    document b2 n2 2 "$(jq -n '24.2 * (0.04 | exp)')"
    erg-analyze sweep . --format json 2>/dev/null | jq -e '((2 * (1.21 | log) + 0.04) / 4) as $b |
        (10 * ($b | exp) - 12.1 * (-$b | exp)) as $d | .groups[0].points[0].ets_j |
        ((.hi - .lo) / 2 - 12.7062 * ($d | fabs) / (2 | sqrt)) | fabs < 1e-4'
    # By name they are kept apart, and nothing is divided.
    run -0 --separate-stderr erg-analyze sweep . --group workload,node --format json
    [[ $stderr != *"is a block"* ]]
    jq -e '[.groups[].points[].ets_j.value][:3] == [10, 20, 12.1]' <<<"$output"
    # Each setting on a node of its own: nobody can tell.
    rm a2.layers.json b1.layers.json
    run -0 --separate-stderr erg-analyze sweep . --format json
    [[ $stderr == *"no settings that two nodes have made"* ]]
    jq -e '[.groups[0].points[].ets_j.value][0] == 10' <<<"$output"
}

@test "totals --join: energies of nodes add up, and time is as sure as their clocks" {
    for n in 1 2; do
        archive n$n.erg "$n"
        erg-analyze totals n$n.erg --format json 2>/dev/null | jq '.runs[0].phases[0].ets_j' >e$n.json
    done
    # imported logs have no clock of the day
    run -0 --separate-stderr erg-analyze totals n1.erg n2.erg --join workload --format json
    [[ $stderr == *"net: the clock of a node was not synchronised"* ]]
    jq -e --slurpfile a e1.json --slurpfile b e2.json '.joined[0] | (.nodes | length) == 2 and
        (.ets_j.value - $a[0].value - $b[0].value | fabs) < 1e-7 and
        (.ets_j.stat - ($a[0].stat * $a[0].stat + $b[0].stat * $b[0].stat | sqrt) | fabs) < 1e-9 and
        (.ets_j.hi - .ets_j.value - .ets_j.stat - .ets_j.syst | fabs) < 1e-7 and
        .time_s.value == null and .time_s.reason == "clock" and .edp_js.value == null' <<<"$output"
    run -0 --separate-stderr erg-analyze totals n1.erg n2.erg --join workload
    [[ $output == *"net: 2 nodes, ETS "*", time unresolved (clock), EDP unresolved (clock)"* ]]
    run -1 erg-analyze totals n1.erg n2.erg --join job
    [[ $output == *"n1.erg: --join job: it has no such tag"* ]]
    run -1 erg-analyze totals n1.erg n1.erg --join workload
    [[ $output == *"n1.erg and n1.erg are both of the node"* ]]
}

@test "layers --join: rows of nodes add up, before rows are left out" {
    for n in 1 2; do archive n$n.erg "$n"; done
    erg-analyze layers n1.erg n2.erg --join workload --sort energy --top 1 --format json 2>err >doc.json
    grep -q 'net: the clock of a node was not synchronised' err
    # Written by hand into the archives: 20 calls a layer and node; a takes 1 W and 2 W, b 1 W more.
    jq -e '.runs as $r | .joined[0] | .join == "net" and (.nodes | length) == 2 and .left_out == 1 and
        ([.layers[] | [.name, .nodes, .calls, .time_s.value]] == [["b", 2, 40, 0.4]]) and
        (.layers[0].energy_j.value - (2.03 + 3.03) * 0.2 | fabs) < 0.02 and
        (.layers[0].energy_j.value - ([$r[].layers[0].energy_j.value] | add) | fabs) < 1e-6' doc.json
    run -0 --separate-stderr erg-analyze layers n1.erg n2.erg --join workload
    [[ $output == *"net: 2 nodes, ETS "*", time unresolved (clock)"*"sum of nodes"* ]]
    run -1 erg-analyze layers n1.erg --join job
    [[ $output == *"n1.erg: --join job: it has no such tag"* ]]
}

@test "totals --join: two recordings, their offset and how wrong their clocks may be" {
    skip_unless erg-record erg-board
    before=$EPOCHREALTIME
    for n in 1 2; do
        erg-board board$n --follow command -- erg-record run -o n$n.erg --sysfs board$n --tag job=7 --tag node=n$n \
            -- sleep 0.3 2>/dev/null
        tar -xf n$n.erg
        # what a time service would have said
        jq ".clock.max_error_ns = $n * 1000000" n$n/manifest.json >m.json
        mv m.json n$n/manifest.json
    done
    after=$EPOCHREALTIME
    run -0 --separate-stderr erg-analyze totals n1 n2 --join job --format json
    jq -e --argjson span "$(awk "BEGIN { print $after - $before }")" '.joined[0] as $j | .runs as $r | $j.simulated and
        $j.time_s.value > 0.6 and $j.time_s.value < $span and
        ($j.time_s.value - ($r[1].clock.end_ns - $r[0].clock.begin_ns) / 1e9 | fabs) < 1e-6 and
        ($j.time_s.hi - $j.time_s.value - 0.003 | fabs) < 1e-6 and
        ($j.nodes[1].offset_s | .value - ($r[1].clock.begin_ns - $r[0].clock.begin_ns) / 1e9 | fabs) < 1e-6 and
        ($j.nodes[1].offset_s | .value - .lo - 0.003 | fabs) < 1e-6 and
        ($j.ets_j.value - $r[0].phases[0].ets_j.value - $r[1].phases[0].ets_j.value | fabs) < 1e-6 and
        ($j.edp_js.lo - $j.ets_j.lo * $j.time_s.lo | fabs) < 1e-6' <<<"$output"
}

# node NAME WATTS BEGIN_MS BOUND_MS: 0.4 s that began then, by a clock that is wrong by no more than that.
node() {
    rm -rf "$1.erg" "$1"
    archive "$1.erg" 1 "$2"
    tar -xf "$1.erg"
    jq --arg n "$1" --argjson b "$3" --argjson e "$4" '.clock = {realtime_ns: (1e15 + $b * 1e6), monotonic_ns: 0,
        max_error_ns: (if $e == null then null else $e * 1e6 end)} | .tags += {node: $n, job: "7"}' "$1/manifest.json" >m.json
    mv m.json "$1/manifest.json"
}

@test "totals --join: offsets of either sign, the two worst of three clocks, a node without power" {
    node n1 1 300 1
    node n2 2 0 2
    node n3 3 350 4
    # from the begin of n2 at 0 to the end of n3 at 750 ms, by clocks of 2 and 4 ms at worst; the order does not matter
    for order in "n1 n2 n3" "n3 n2 n1"; do
        run -0 --separate-stderr erg-analyze totals $order --join job --format json
        jq -e '.joined[0] as $j | ([$j.time_s | .value, .lo, .hi] | map(. * 1e6 | round)) == [750000, 744000, 756000] and
            ([$j.nodes | sort_by(.node)[].offset_s | .value, .lo] | map(. * 1e6 | round)) == [300000, 294000, 0, -6000, 350000, 344000] and
            ($j.edp_js | (.hi - $j.ets_j.hi * 0.756 | fabs) < 1e-6 and (.stat + .syst - ([.hi - .value, .value - .lo] | max) | fabs) < 1e-7) and
            ([.warnings[].code] | index("apart", "rails") == null)' <<<"$output"
    done
    # at 401 ms n1 had ended by 1 ms: within what the clocks may be wrong, and 10 ms later beyond
    node n2 2 701 2
    [[ "$(erg-analyze totals n1 n2 --join job 2>&1)" != *"had ended"* ]]
    node n2 2 711 2
    [[ "$(erg-analyze totals n1 n2 --join job 2>&1)" == *"7: n2 began 0.011 s after n1 had ended: expected a tag that the nodes of one run alone have"* ]]
    node n2 2 711 null
    run -0 --separate-stderr erg-analyze totals n1 n2 --join job
    [[ $stderr != *"had ended"* && $output == *"time unresolved (clock)"* ]]
    # what one node took is not known: nor is the sum; nothing is 0
    erg-record run --force -s procstat --tag node=n4 --tag job=7 -o n4.erg -- true 2>/dev/null
    for verb in totals layers; do
        erg-analyze $verb n1 n4.erg --join job --format json 2>/dev/null |
            jq -e '.joined[0] | (.nodes | length) == 2 and .ets_j.value == null and .edp_js.value == null and (.ets_j.reason | test("node"))'
    done
    # other supplies are not added in silence
    sed 's/VDD_IN/GPU/' s.csv >g.csv
    erg-record import --samples g.csv --layers l.csv --sensor kind=point --tag node=n5 --tag job=7 -o n5.erg 2>/dev/null
    for verb in totals layers; do
        run -0 --separate-stderr erg-analyze $verb n1 n5.erg --join job
        [[ $stderr == *"7: the sum is of different rails: VDD_IN of n1, and GPU of n5.erg: expected the same of each node (--rail)"* ]]
    done
}
