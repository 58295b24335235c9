# What the benchmarks share. Sourced: sets src, build (ERG_BUILD), tmp (removed at exit) and rc, which
# the script exits with: 0 bounds held, 3 a bound missed; 1 is for what could not be measured.
# shellcheck shell=bash
src=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${ERG_BUILD:-$src/build}
tmp=$(mktemp -d) || exit 1
tree=$(mktemp -d -p /dev/shm) || exit 1
rc=0
export ERG_CACHE_SIZE=0 XDG_CACHE_HOME=$tmp/cache # decoding is what is measured
export ERG_CALIBRATIONS=none
trap 'rm -rf "$tmp" "$tree"' EXIT

fail() { echo "${0##*/}: $1" >&2; exit 1; }

# By how much the same work differs from time to time here, as a share of it: the same loop, seven times.
noise() {
    local i TIMEFORMAT=%U
    for i in 1 2 3 4 5 6 7; do
        { time awk 'BEGIN { for (i = 0; i < 1500000; i++) x += i % 7 }'; } 2>&1
    done | sort -n | awk '{ t[NR] = $1 } END { printf "%.3f", (t[4] > 0 ? (t[6] - t[2]) / t[4] : 1) }'
}
noise=$(noise)
echo "  # load $(cut -d' ' -f1-3 /proc/loadavg), $(nproc) processors; the same work differs by $(awk -v n="$noise" 'BEGIN { printf "%.0f", 100 * n }') %"

# least COMMAND…: seconds of the processor, user and system, with all children: the least of three.
least() {
    local i out TIMEFORMAT='%U %S'
    for i in 1 2 3; do
        out=$({ time "$@" >/dev/null 2>"$tmp/log"; } 2>&1) || fail "$*: $(tail -1 "$tmp/log")"
        awk '{ print $1 + $2 }' <<<"$out"
    done | sort -n | head -1
}

# bound NAME VALUE LIMIT [UNIT [NOTE]]: no verdict where the value is nearer to the limit than what is the
# same differs (not for sizes, which differ by nothing).
bound() {
    local verdict near=$noise
    [ -n "$2" ] || fail "$1: nothing was measured"
    case ${4:-} in B | MB | MiB) near=0 ;; esac
    verdict=$(awk -v v="$2" -v b="$3" -v n="$near" 'BEGIN {
        print ((v > b * (1 + n)) ? "MISSED" : ((n > 0 && v > b / (1 + n)) ? "undecided: too noisy here" : "held")) }')
    case $verdict in
    MISSED) [ "$rc" -eq 1 ] || rc=3 ;;
    undecided*) rc=1 ;;
    esac
    printf '  %-46s %10.4g %-4s (bound %g) %s%s\n' "$1" "$2" "${4:-}" "$3" "$verdict" "${5:+   ($5)}"
}

# A hwmon chip of N power channels in memory, as $tree: reading it costs what a read costs at least.
chip() {
    rm -rf "$tree/class" && mkdir -p "$tree/class/hwmon/hwmon0"
    echo bench >"$tree/class/hwmon/hwmon0/name"
    for i in $(seq "$1"); do echo $((1000000 * i)) >"$tree/class/hwmon/hwmon0/power${i}_input"; done
}

# Layer events in $tmp/run.erg.
layers() {
    "$build/analyze/erg-analyze" info --decode --format json "$tmp/run.erg" 2>/dev/null | jq '.files[0].layer_events'
}

# slower NAME [LIMIT]: ratios - 1 on standard input to their median with its 95 % bootstrap interval.
# Returns 3 when it is above LIMIT, 1 when that cannot be told.
slower() {
    awk -v limit="${2:-}" -v name="$1" '
        function sort_(v, n,  i, j, t, gap) {
            for (gap = int(n / 2); gap > 0; gap = int(gap / 2))
                for (i = gap; i < n; i++) {
                    t = v[i]
                    for (j = i; j >= gap && v[j - gap] > t; j -= gap) v[j] = v[j - gap]
                    v[j] = t
                }
        }
        function median(v, n) { sort_(v, n); return (v[int((n - 1) / 2)] + v[int(n / 2)]) / 2 }
        {x[NR - 1] = $1}
        END {
            if (!NR) exit 1
            srand(1)
            for (b = 0; b < 2000; b++) {
                for (i = 0; i < NR; i++) y[i] = x[int(rand() * NR)]
                m[b] = median(y, NR)
            }
            sort_(m, 2000)
            lo = m[50]; hi = m[1949]
            printf "  %-12s slower by %6.3f %%  [%6.3f, %6.3f]  (%d pairs", name,
                100 * median(x, NR), 100 * lo, 100 * hi, NR
            if (limit == "") { print ")"; exit 0 }
            verdict = hi <= limit ? "held" : lo > limit ? "MISSED" : "undecided"
            printf ", bound %g %%) %s\n", 100 * limit, verdict
            exit verdict == "held" ? 0 : verdict == "MISSED" ? 3 : 1
        }'
}
