# A cluster of Slurm in this folder: munged, slurmctld and two slurmd, n1 and n2, on this machine. As root, in
# namespaces of its own (tests/slurm/run makes them).

# cluster_start: returns when both nodes are idle. A network of its own has no address but the loopback's,
# which Slurm does not take.
cluster_start() {
    local host address=10.99.0.1
    host=$(hostname -s)
    ip link add erg0 type veth peer name erg1
    ip address add "$address/24" dev erg0
    ip link set erg0 up
    ip link set erg1 up
    mkdir -p /run/munge state
    [ -s /etc/munge/munge.key ] || { head -c 1024 /dev/urandom >/etc/munge/munge.key; chmod 400 /etc/munge/munge.key; }
    chown munge: /run/munge /etc/munge/munge.key
    setpriv --reuid munge --regid munge --clear-groups munged --force
    cat >slurm.conf <<EOF
ClusterName=test
SlurmctldHost=$host($address)
SlurmUser=root
AuthType=auth/munge
StateSaveLocation=$PWD/state
SlurmdSpoolDir=$PWD/spool.%n
SlurmctldPidFile=$PWD/ctld.pid
SlurmdPidFile=$PWD/%n.pid
SlurmctldLogFile=$PWD/ctld.log
SlurmdLogFile=$PWD/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SchedulerParameters=batch_sched_delay=1,sched_interval=2
SlurmdTimeout=6
ReturnToService=2
NodeName=n1 NodeHostname=$host NodeAddr=$address Port=17001 CPUs=1
NodeName=n2 NodeHostname=$host NodeAddr=$address Port=17002 CPUs=1
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=10 State=UP
EOF
    export SLURM_CONF=$PWD/slurm.conf
    slurmctld
    slurmd -N n1
    slurmd -N n2
    for _ in $(seq 300); do
        [ "$(sinfo --noheader --format='%T %D' 2>/dev/null)" = "idle 2" ] && return
        sleep 0.2
    done
    echo "the nodes did not come up:" >&2
    sinfo >&2
    return 1
}

# node_kill NODE: its slurmd and all that it started die at once, as by a power loss.
node_kill() {
    local slurmd tree
    slurmd=$(cat "$1.pid")
    kill -STOP "$slurmd"
    for _ in $(seq 50); do
        tree=$(processes_of "$1")
        [ -n "$tree" ] && break
        sleep 0.1
    done
    [ -n "$tree" ] || { echo "nothing runs on $1" >&2; return 1; }
    # shellcheck disable=SC2086
    kill -KILL $tree "$slurmd" 2>/dev/null || true
    echo "killed on $1:" $tree
}

# processes_of NODE: the daemons of its steps first, which have left their parent, then what they started, which
# has the node's name in its environment.
processes_of() {
    local environ parent
    for environ in $(grep -lszE "^SLURMD_NODENAME=$1\$" /proc/[0-9]*/environ); do
        parent=${environ#/proc/}
        parent=${parent%/environ}
        while [ "${parent:-0}" -gt 1 ] && [ "$(cat "/proc/$parent/comm" 2>/dev/null)" != slurmstepd ]; do
            parent=$(ps -o ppid= -p "$parent" | tr -d ' ' || true)
        done
        [ "${parent:-0}" -le 1 ] || echo "$parent"
    done | sort -u
    grep -lszE "^SLURMD_NODENAME=$1\$" /proc/[0-9]*/environ | cut -d/ -f3 || true
}
