#!/usr/bin/env bats
# GPUs without one: CUPTI and NVML are stand-ins, all between them is real.
load helpers

test_setup() {
    skip_unless erg-record erg-analyze lttng jq
}

standin() {
    env LD_LIBRARY_PATH="$ERG_BUILD/tests/standin:$ERG_BUILD/tests/trace" ERG_STANDIN_GPUS="$1" "${@:2}"
}

# Whether the two rows of gpu.json are right: name, watts, seconds of the device.
rows_by_device() {
    local name w s
    while read -r name w s; do
        jq -e --arg n "$name" --argjson w "$w" --argjson s "$s" '.runs[0].layers[] | select(.name == $n) |
            .energy_j.value != null and .calls == 65 and (.time_s.value - $s | fabs) < 1e-3 and
            (.power_w.value / $w - 1 | fabs) < 0.03 and .energy_j.lo < $w * $s and $w * $s < .energy_j.hi' gpu.json ||
            return 1
    done <<<'loud 400 6.5
quiet 70 3.9'
}

# What the device does for "loud" is in the busy halves of the stand-in's load (400 W), for "quiet" in
# the idle ones (70 W); the host has launched it all long before.
@test "a GPU's rail goes by the time of the device, a host's by the time of the host" {
    app=$ERG_BUILD/tests/trace/cuda-app
    [ -x "$app" ] || skip "CUPTI's headers are not on this machine"
    # The load goes on before the first half and after the last, in no layer: the longer the machine takes to begin
    # and to end, the less alike is what lies in none, and "quiet" has a wide interval then, or none.
    for try in 1 2 3 4; do
        standin 1 erg-record run --force -o run.erg -s 'nvml,exec:while :; do echo 0 CPU 12 W; sleep 0.02; done' \
            --annotate cuda -- "$app" --halves 65 2>err || { cat err; false; }
        erg-analyze layers --format json run.erg >gpu.json 2>warnings
        echo "try $try: $(jq -c '[.runs[0].layers[] | .name, .energy_j]' gpu.json)"
        ! rows_by_device || break
    done
    rows_by_device
    grep -q 'cuda: records of the device: 3 were dropped' warnings # what the adapter says is shown
    jq -e '.runs[0] | .rail == "gpu0" and .device_time and .simulated and .throttled_share == 0' gpu.json
    # 400 W and 70 W by turns; of a row that few readings saw on a loaded machine nothing is said.
    jq -e '.runs[0] | (.ets_j.value / .time_s / 235 - 1 | fabs) < 0.01 and
        ([.layers[], .rest[] | .energy_j.value] | add) < 1.01 * .ets_j.value' gpu.json
    erg-analyze layers --rail CPU --format json run.erg >cpu.json
    jq -e '.runs[0] | (.device_time | not) and ([.layers[] | {(.name): .time_s.value}] | add |
        .loud >= 0.13 and .quiet >= 0.39 and .loud < 6.5 / 2)' cpu.json
}

# CUDA's first device is NVML's second GPU, as CUDA_VISIBLE_DEVICES=1 has it: by the UUID, the work is on
# the rails of that one alone.
@test "the work of a GPU is on the rails of that GPU" {
    app=$ERG_BUILD/tests/trace/cuda-app
    [ -x "$app" ] || skip "CUPTI's headers are not on this machine"
    FAKE_CUPTI_GPU=1 standin 2 erg-record run -q -o run.erg -s nvml --annotate cuda -- "$app" --halves 5
    for gpu in 0 1; do
        erg-analyze layers --rail gpu$gpu --format json run.erg >gpu$gpu.json 2>/dev/null
        jq -e '.runs[0].device_time' gpu$gpu.json
    done
    jq -e '.runs[0].layers | length == 2' gpu1.json
    jq -e '.runs[0] | .layers == [] and .ets_j.value > 0' gpu0.json
}

# The check for real GPUs, with what can be had without one. Its numbers are of no use here.
hw() {
    OMP_NUM_THREADS=1 run "${PYTHON:-/usr/bin/python3}" "$ERG_SRC/tests/hw/nvidia" --build "$ERG_BUILD" "$@"
    echo "$output"
}

@test "tests/hw/nvidia refuses where no GPU is" {
    ! ldconfig -p | grep -q libnvidia-ml.so.1 || skip "NVML is installed"
    hw
    [ "$status" -eq 77 ]
    [[ "$output" == *"nothing is checked"*"libnvidia-ml.so.1: not installed"* ]]
}

@test "tests/hw/nvidia with PyTorch writes a note of a trial" {
    "${PYTHON:-/usr/bin/python3}" -c 'import torch' 2>/dev/null || skip "python3-torch is not installed"
    hw --stand-in -n 3 --batch 1 --pairs 0 -o note.md # what recording costs: the next test
    [ "$status" -le 1 ] # three inferences are too few for energies by layer
    grep -q '^# .*Stand-in H100: SIMULATED' note.md
    grep -q '^- workload: ResNet-50' note.md
    grep -q '^| ok | 53 of 53 convolutions are layers' note.md
    grep -q '^| ok | the inferences took' note.md
    ! grep -q "$PWD\|$ERG_SRC\|stopped" note.md || false
}

# An interpreter without PyTorch; what the device does for a layer is more work than CUPTI's buffers hold.
@test "tests/hw/nvidia without PyTorch has work of its own, and all of it belongs to its layers" {
    [ -e "$ERG_BUILD/tests/trace/libcuda.so.1" ] || skip "CUPTI's headers are not on this machine"
    printf '#!/bin/sh\nexec /usr/bin/python3 -S "$@"\n' >python
    chmod +x python
    PYTHON=/usr/bin/python3 hw --python "$PWD/python" --stand-in -n 600 --pairs 1 -o note.md
    [[ "$output" == *"has no PyTorch"* ]]
    grep -q '^- workload: kernels by the driver alone (CUDA .*), for .*python has no PyTorch' note.md
    grep -q "^| ok | the GPU's rail is attributed by the time of the device" note.md
    grep -q '^| ok | 3 of 3 layers have kernels, in 8 calls each' note.md
    grep -q '^| ok | kernels of layers ran' note.md
    # calibration and warm-up are of no layer: 33 and 3 times three layers of work, a millisecond each
    awk '/of no layer/ { exit !($(NF - 2) < 3.5) }' note.md
    ! grep -q stopped note.md || false
}

@test "the kernels of tests/hw/nvidia compile for GPUs of every age" {
    skip_unless ptxas
    for arch in sm_75 sm_90; do ptxas -arch=$arch "$ERG_SRC/tests/hw/kernels.ptx" -o /dev/null; done
}

# A machine without ergtrace and LTTng: the environment is empty, and what is found is the bundle's.
@test "tests/hw/bundle carries all that is needed" {
    "$ERG_SRC/tests/hw/bundle" "$ERG_BUILD" ergtrace.tar.gz
    tar xf ergtrace.tar.gz
    bundled() { env -i HOME="$PWD" PATH=/usr/bin:/bin ergtrace/run "$@"; }
    [ "$(bundled sh -c 'command -v erg-record')" = "$PWD/ergtrace/bin/erg-record" ]
    bundled erg-record run -q -o a.erg -s procstat -- true
    bundled erg-analyze info --strict a.erg
    # Nothing is missing, and what must fit together is ours.
    bundled sh -c 'ldd ergtrace/bin/* ergtrace/plugins/*.so ergtrace/lib/ergtrace/*.so' >libs
    ! grep 'not found' libs || false
    ! grep -E '(lttng|urcu|babeltrace).* => /(usr/)?lib' libs || false
}
