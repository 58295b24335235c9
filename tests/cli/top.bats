#!/usr/bin/env bats
# erg-record top and run --live: lines, JSON, and the screen on a terminal of its own.
# bats file_tags=apart
load helpers

# A chip of 3.25 W, whose power is nobody's model.
test_setup() {
    skip_unless jq python3
    mkdir -p sys/class/hwmon/hwmon0
    echo ina226 >sys/class/hwmon/hwmon0/name
    echo 3250000 >sys/class/hwmon/hwmon0/power1_input
    echo VDD_IN >sys/class/hwmon/hwmon0/power1_label
    app=$ERG_BUILD/tests/trace/trace-app
}

# on_terminal KEY COMMAND…: runs it on a terminal and types KEY once "VDD_IN" is on the screen; what was
# written is in ./seen, and that the terminal is as it was is checked.
on_terminal() {
    python3 - "$@" <<'EOF'
import os, pty, select, sys, termios
key, command = sys.argv[1], sys.argv[2:]
master, slave = pty.openpty()
termios.tcsetwinsize(slave, (24, 90)) if hasattr(termios, "tcsetwinsize") else os.system(f"stty rows 24 cols 90 <{os.ttyname(slave)}")
before = termios.tcgetattr(slave)
pid = os.fork()
if not pid:
    os.setsid()
    for fd in range(3):
        os.dup2(slave, fd)
    import fcntl
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.environ["TERM"] = "xterm"
    os.execvp(command[0], command)
seen, typed = b"", False
while not os.waitpid(pid, os.WNOHANG)[0]:
    if select.select([master], [], [], 0.1)[0]:
        seen += os.read(master, 65536)
    if key and not typed and b"VDD_IN" in seen:
        os.write(master, key.encode())
        typed = True
while select.select([master], [], [], 0.1)[0]:
    seen += os.read(master, 65536)
open("seen", "wb").write(seen)
assert termios.tcgetattr(slave) == before, "the terminal is not as it was"
EOF
}

@test "run --live without a terminal: lines on standard error, the command's output untouched" {
    touch sys/simulated
    run --separate-stderr erg-record run --live --sysfs sys -s hwmon -o a.erg -- \
        sh -c "$app network:net layer:conv1 begin:conv1 end:conv1; sleep 1.3; echo mine"
    [ "$status" -eq 0 ]
    [ "$output" = mine ]
    grep -q '^[0-9.]* s: VDD_IN 3.25 W (SIMULATED), .* so far; .*(no layer) ' <<<"$stderr"
    grep -q 'next: erg-analyze layers a.erg' <<<"$stderr"
}

@test "run --live on a terminal: a screen, then what the command wrote, and the terminal as it was" {
    ldd "$(command -v erg-record)" | grep -q ncurses || skip "built without ncurses"
    on_terminal '' erg-record run --live --sysfs sys -s hwmon -o a.erg -- sh -c 'sleep 1; echo mine; cat'
    # the command's words come behind the end of the screen
    python3 - <<'EOF'
seen = open("seen", "rb").read()
screen, _, after = seen.partition(b"\x1b[?1049l")
assert b"VDD_IN" in screen and b"mine" not in screen, screen[-300:]
assert b"mine\r\n" in after and b"next: erg-analyze" in after, after
EOF
    erg-analyze verify a.erg
    # q ends the screen, and the recording goes on
    on_terminal q erg-record run --live --sysfs sys -s hwmon -o c.erg -- \
        sh -c 'until [ -e q ]; do sleep 0.1; ps -e -o args= | grep -v grep | grep -q "erg-record top --pid" || touch q; done; echo went on'
    grep -q 'went on' seen
}

@test "top finds a recording, says what its threads are in, and ends with it" {
    mkfifo pipe
    erg-record run -q --sysfs sys -s hwmon -o b.erg -- "$app" network:net layer:a begin:a wait end:a <pipe >log 3>&- &
    recorder=$!
    exec 9>pipe
    await grep -q waiting log
    erg-record top --pid $recorder -n 1 --interval 1 --format json >one.json
    jq -e '.rail == "VDD_IN" and .simulated == false and (.rails[0].now_w - 3.25 | fabs) < 1e-6' one.json
    jq -e '.layers[0] | .name == "a" and .network == "net" and .share == 1' one.json
    # one call that lasts as long as we look: its readings are its own
    jq -e '.layers[0].mean_w == null or (.layers[0].mean_w - 3.25 | fabs) < 1e-6' one.json
    jq -e '.pid == '$recorder one.json
    run -0 erg-record top --sysfs sys -n 1
    [[ $output == *"a recording is shown: --source and --sysfs are of no use without --sensors"* ]]
    erg-record top --pid $recorder >lines &
    top=$!
    await grep -q 'VDD_IN 3.25 W, .* a 100 %' lines
    echo >&9
    exec 9>&-
    ends $recorder 0
    ends $top 0
    run -1 erg-record top --pid $$
    [[ $output == *"no recording goes on there"* ]]
}

@test "top without a recording reads the sensors; wrong usage is said" {
    run --separate-stderr erg-record top --sensors --sysfs sys -s hwmon -n 1 --interval 0.5
    [ "$status" -eq 0 ]
    [[ $output == *" s: VDD_IN 3.25 W, "* ]]
    run -2 erg-record top --pid 1 --sensors
    run -2 erg-record top --pid 1 -s hwmon
    [[ $output == *"expected them without --pid"* ]]
    run -2 erg-record top --interval 0
    run -2 erg-record top x
    run -1 erg-record top --sensors --sysfs nowhere
    # who reads no more ends it, without a word
    erg-record top --sensors --sysfs sys -s hwmon --interval 0.1 | head -n 1 >first
    [ -s first ]
}
