# SPDX-License-Identifier: GPL-3.0-or-later
# Shared by the commands of this folder: the tree as it is here, and programs in another root, with
# process ids, network, /run and /dev/shm of their own, so that LTTng there meets no other's daemon.
src=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

need() {
    local c
    for c in "$@"; do
        command -v "$c" >/dev/null || { echo "$0: $c is not installed: see the head of this script" >&2; exit 1; }
    done
    [ "$(id -u)" -eq 0 ] || { echo "$0: makes other roots, so it must be run as root" >&2; exit 1; }
}

# copy_tree DIR: what git knows of the working tree, changed or not, and what is new in it. What is as it was in DIR
# keeps its time there, what is not has now: the time that a file has here says nothing of what was built there since.
copy_tree() {
    rm -rf "$1.old"
    [ ! -d "$1" ] || mv "$1" "$1.old"
    mkdir -p "$1"
    (cd "$src" && git ls-files -z --cached --others --exclude-standard |
        while IFS= read -r -d '' f; do [ ! -e "$f" ] || printf '%s\0' "$f"; done |
        tar --null -T - -cf -) | tar -xmf - -C "$1"
    [ -d "$1.old" ] || return 0
    (cd "$1" && find . -type f -print0 | while IFS= read -r -d '' f; do
        ! cmp -s "$f" "../${1##*/}.old/$f" || touch -r "../${1##*/}.old/$f" "$f"
    done)
    rm -rf "$1.old"
}

# enter ROOT COMMAND…: with no network
enter() { entered --net "$@"; }

# enter_online ROOT COMMAND…: with this machine's network, for what installs packages
enter_online() { entered --uts "$@"; }

entered() {
    local how=$1 root=$2
    shift 2
    unshare --mount --pid --ipc "$how" --fork --mount-proc --kill-child bash -c '
        set -e
        how=$1 root=$2
        shift 2
        mount --make-rprivate /
        mount --bind "$root" "$root" # a root that is a mount: what unshares in it wants that
        [ -e "$root/dev/null" ] || mount --rbind /dev "$root/dev"
        mount -t proc none "$root/proc"
        mount -t sysfs -o ro none "$root/sys"
        mount -t tmpfs none "$root/run"
        mkdir -p "$root/run/lock" "$root/dev/shm" "$root/dev/pts"
        mount -t devpts -o newinstance,ptmxmode=0666 none "$root/dev/pts"
        mount -t tmpfs -o mode=1777 none "$root/dev/shm"
        [ "$how" != --net ] || ip link set lo up
        # Not chroot: what runs in one may make no user namespace.
        cd "$root"
        pivot_root . .
        umount -l .
        cd /
        exec /usr/bin/env -i HOME=/root LC_ALL=C.UTF-8 \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"' enter "$how" "$root" "$@"
}

# Where this machine's apt has Debian's packages from.
mirror() {
    [ -z "${ERG_MIRROR:-}" ] || { echo "$ERG_MIRROR"; return; }
    apt-get indextargets --format '$(ORIGIN) $(LABEL) $(SITE)' 'Created-By: Packages' |
        sed -n 's/^Debian Debian //p' | sed -n 1p
}
