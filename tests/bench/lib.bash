# What the benchmarks share. Sourced: sets src, build (ERG_BUILD), tmp (removed at exit) and rc, which
# the script exits with: 0 bounds held, 3 a bound missed; 1 is for what could not be measured.
# shellcheck shell=bash
src=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${ERG_BUILD:-$src/build}
tmp=$(mktemp -d) || exit 1
tree=$(mktemp -d -p /dev/shm) || exit 1
rc=0
trap 'rm -rf "$tmp" "$tree"' EXIT

fail() { echo "${0##*/}: $1" >&2; exit 1; }

# bound NAME VALUE LIMIT [UNIT [NOTE]]
bound() {
    local verdict=held
    awk -v v="$2" -v b="$3" 'BEGIN {exit !(v <= b)}' || { verdict=MISSED; rc=3; }
    printf '  %-46s %10.4g %-4s (bound %g) %s%s\n' "$1" "$2" "${4:-}" "$3" "$verdict" "${5:+   ($5)}"
}

# A hwmon chip of N power channels in memory, as $tree: reading it costs what a read costs at least.
chip() {
    rm -rf "$tree/class" && mkdir -p "$tree/class/hwmon/hwmon0"
    echo bench >"$tree/class/hwmon/hwmon0/name"
    for i in $(seq "$1"); do echo $((1000000 * i)) >"$tree/class/hwmon/hwmon0/power${i}_input"; done
}
