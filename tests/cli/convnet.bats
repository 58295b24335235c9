#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# erg-convnet as a user runs it: every option, the seven networks, wrong input.

load helpers

small() {
    printf 'network small\ninput 3x8x8\nmodule m block\nconv c out=4 k=3 relu\nend\nfc f out=10\nsoftmax s\n' >small.net
}

@test "convnet: every option is in the help" {
    run -0 erg-convnet --help
    for o in iterations duration warmup image seed threads top hash list format networks engine; do
        [[ $output == *"--$o"* ]]
    done
}

@test "convnet: the networks that come with it give finite results" {
    for n in squeezenet1.0 squeezenet1.1 alexnet googlenet mobilenet1 resnet50; do
        run -0 erg-convnet -n 1 -w 0 $n
        [[ $output =~ ^$n:\ 1\ inference,\ mean\ [0-9.]+\ ms.*output\ [0-9a-f]{16}$ ]]
    done
}

@test "convnet: --list totals are the published ones" {
    run -0 erg-convnet --list squeezenet1.1 mobilenet1
    [[ $output == *"total"*" 387747520 "*"1235496"* ]]
    [[ $output == *" 568740352 "* ]]
    erg-convnet --list --format csv googlenet vgg16 >t.csv
    [ "$(awk -F, 'NR > 1 && $1 == "googlenet" {s += $5} END {printf "%.0f", s}' t.csv)" = 1582671872 ]
    [ "$(awk -F, 'NR > 1 && $1 == "vgg16" {s += $5} END {printf "%.0f", s}' t.csv)" = 15470264320 ]
    [ "$(grep -c ^network, t.csv)" = 1 ]
}

@test "convnet: the same seed gives the same hash, another seed another" {
    small
    erg-convnet --hash -n 3 -w 1 ./small.net >a
    erg-convnet --hash -n 1 -w 0 small.net >b
    erg-convnet --hash --seed 2 small.net >c
    cmp a b
    ! cmp -s a c || false
    [[ $(cat a) =~ ^small\ [0-9a-f]{16}$ ]]
}

@test "convnet: two threads compute the same classes" {
    erg-convnet -n 1 --top 3 squeezenet1.1 | tail -3 | awk '{print $1}' >a
    erg-convnet -n 1 --top 3 --threads 2 squeezenet1.1 | tail -3 | awk '{print $1}' >b
    cmp a b
    [ "$(wc -l <a)" = 3 ]
}

@test "convnet: --duration runs that long, --networks looks there" {
    small
    mkdir nets
    mv small.net nets/mine.net
    run -0 erg-convnet --duration 0.5 --times t --networks nets mine
    [[ $output =~ ^small:\ ([0-9]+)\ inferences? ]]
    # nothing but inferences, until the time is over
    awk 'NR == 1 { begin = $1 } { end = $2 } END { exit !(NR == '"${BASH_REMATCH[1]}"' && end - begin >= 0.45e9) }' t
}

@test "convnet: --times has a line for each inference, one after another" {
    small
    erg-convnet -n 5 --times t ./small.net
    awk 'NF != 3 || $3 <= 0 || $1 >= $2 || NR > 1 && $1 != last {exit 1} {last = $2} END {exit NR != 5}' t
    run -1 erg-convnet -n 5 --times no/t ./small.net
    [ "$output" = "erg-convnet: --times no/t: No such file or directory" ]
}

@test "convnet: an image is another input" {
    small
    { printf 'P6\n2 2\n255\n'; printf '\001\002\003\377\377\377\000\200\100\012\013\014'; } >i.ppm
    erg-convnet --hash --image i.ppm ./small.net >a
    erg-convnet --hash ./small.net >b
    ! cmp -s a b || false
    printf 'P6\n2 2\n255\nab' >cut.ppm
    run -1 erg-convnet --image cut.ppm ./small.net
    [ "$output" = "erg-convnet: cut.ppm: 2 bytes of pixels; expected 12 for 2x2" ]
}

@test "convnet: wrong input is named" {
    run -1 erg-convnet resnet
    [[ $output == *"resnet: no such network; in "*"alexnet"*"vgg16" ]]
    printf 'network a\ninput 3x8x8\nconv c out=4 k=9\n' >a.net
    run -1 erg-convnet a.net
    [ "$output" = "erg-convnet: a.net:3:1: c: a kernel of 9 does not fit an image of 8 with a padding of 0" ]
    run -1 erg-convnet .
    run -1 erg-convnet ./
    run -2 erg-convnet
    run -2 erg-convnet --iterations 0 alexnet
    [[ $output == *'--iterations "0": expected a whole number from 1'* ]]
    run -2 erg-convnet --threads x alexnet
    run -2 erg-convnet --duration -1 alexnet
    run -2 erg-convnet --format xml --list alexnet
    run -2 erg-convnet --format csv -n 1 alexnet
    [ "$output" = 'erg-convnet: --format "csv": it is of --list, which was expected with it' ]
    run -2 erg-convnet --no-such alexnet
}

@test "convnet: memory that is not there is an error, not a crash" {
    run -1 bash -c 'ulimit -v 400000; OPENBLAS_NUM_THREADS=1 exec erg-convnet -n 1 vgg16'
    [[ $output == *"vgg16: "*" bytes for weights and activations: Cannot allocate memory"* ]]
}

@test "convnet: Eigen gives the answer that OpenBLAS gives" {
    small
    run -2 erg-convnet --engine abacus ./small.net
    [[ $output == *'--engine "abacus": expected openblas'* ]]
    erg-convnet --engine eigen -n 1 ./small.net >/dev/null 2>err || skip "$(cat err)"
    for n in ./small.net squeezenet1.1; do
        erg-convnet --top 3 -n 1 -w 0 $n | awk '/^ / { print $1 }' >a
        erg-convnet --top 3 -n 1 -w 0 --engine eigen $n | awk '/^ / { print $1 }' >b
        [ -s a ]
        cmp a b
    done
}

@test "convnet: recorded, it computes the same, and every instance is in the trace" {
    skip_unless babeltrace2
    small
    erg-record --quiet -o r.erg -- erg-convnet --hash -n 5 -w 2 ./small.net >a 2>err
    erg-convnet --hash -n 1 -w 0 ./small.net >b
    cmp a b
    mkdir x
    tar -C x -xf r.erg
    babeltrace2 x/*/trace >t.txt
    pid=$(sed -n 's/.*process_define:.*vpid = \([0-9]*\),.*exe = "[^"]*erg-convnet".*/\1/p' t.txt | head -1)
    grep "vpid = $pid," t.txt >own.txt
    # A network, a module and three layers, seven times; phases.
    [ "$(grep -cE 'ergtrace:layer(_counted)?:' own.txt)" = 35 ]
    [ "$(grep -c 'iteration = 5' own.txt)" = 5 ]
    for p in setup warm-up inference; do
        [ "$(grep -cE "phase_(begin|end).*name = \"$p\"" own.txt)" = 2 ]
    done
    grep -q 'layer_define.*name = "c", type = "conv", network = "small", macs = 3888, params = 112' own.txt
}

@test "convnet: the commands of its page do what it says" {
    skip_unless lttng-sessiond
    "$ERG_SRC/tests/cli/commands.py" --print "$ERG_SRC/examples/convnet/README.md" >lines
    [ "$(wc -l <lines)" -ge 4 ]
    bash -e -o pipefail lines >out 2>err || { cat err; return 1; }
    grep -q 'res5c' out                       # --list resnet50
    grep -Eq '^fire2/squeeze1x1 +conv +2[0-9][0-9] ' out # 200 inferences, after those that warm up
    [ -s run.erg ]
}
