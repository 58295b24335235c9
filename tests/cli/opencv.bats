# Layers of programs on OpenCV's dnn module, by preloading.
load helpers
load lttng
load boardtruth

adapter=$ERG_BUILD/tracepoints/adapters/liberg-opencv.so
net=$ERG_BUILD/examples/opencv/opencv-net
programs=(opencv-net prog)
test_setup() { lttng_setup; }

need_opencv() {
    [ -x "$net" ] || skip "OpenCV's headers are not installed (libopencv-dnn-dev), or there is no C++"
    [ -x /usr/bin/python3 ] || skip "python3 is not installed"
    /usr/bin/python3 "$ERG_SRC/examples/opencv/networks.py" .
}

@test "--annotate opencv: a Caffe and an ONNX network, their layers, MACs and shapes; the output is the same" {
    need_opencv
    skip_unless erg-record erg-analyze jq
    # without power: layers that the readings do not tell apart share a row, and which those are goes by the
    # load of the machine
    erg-record run -o run.erg -s procstat --annotate opencv -- "$net" 20 squeeze.prototxt small.onnx >out 2>err
    "$net" 20 squeeze.prototxt small.onnx | diff - out
    erg-analyze layers --format json run.erg >layers.json 2>err
    jq -e '.runs[0].lost_events == 0' layers.json
    # 64x64 outputs of 3x3x3x32, and so on; the fire modules: 1x1 to 8, 1x1 and 3x3 to 32.
    jq -r '.runs[0].layers[] | select(.macs > 0) | [.network, .name, .type, .macs, .params, .calls] | @tsv' \
        layers.json >got
    diff got <(printf '%s\t%s\t%s\t%s\t%s\t20\n' \
        squeeze conv1 conv $((64 * 64 * 27 * 32)) $((27 * 32 + 32)) \
        squeeze fire2/squeeze1x1 conv $((32 * 32 * 32 * 8)) $((32 * 8 + 8)) \
        squeeze fire2/expand1x1 conv $((32 * 32 * 8 * 32)) $((8 * 32 + 32)) \
        squeeze fire2/expand3x3 conv $((32 * 32 * 9 * 8 * 32)) $((9 * 8 * 32 + 32)) \
        squeeze fire3/squeeze1x1 conv $((32 * 32 * 64 * 8)) $((64 * 8 + 8)) \
        squeeze fire3/expand1x1 conv $((32 * 32 * 8 * 32)) $((8 * 32 + 32)) \
        squeeze fire3/expand3x3 conv $((32 * 32 * 9 * 8 * 32)) $((9 * 8 * 32 + 32)) \
        squeeze fire4/squeeze1x1 conv $((16 * 16 * 64 * 16)) $((64 * 16 + 16)) \
        squeeze fire4/expand1x1 conv $((16 * 16 * 16 * 64)) $((16 * 64 + 64)) \
        squeeze fire4/expand3x3 conv $((16 * 16 * 9 * 16 * 64)) $((9 * 16 * 64 + 64)) \
        squeeze conv10 conv $((16 * 16 * 128 * 10)) $((128 * 10 + 10)) \
        small conv1 conv $((64 * 64 * 27 * 32)) $((27 * 32 + 32)) \
        small dw2 dwconv $((32 * 32 * 9 * 32)) $((9 * 32 + 32)) \
        small conv2 conv $((32 * 32 * 32 * 64)) $((32 * 64 + 64)) \
        small fc fc 640 650)
    jq -e '.runs[0].layers[] | select(.network == "small" and .name == "conv2") |
        .in_shape == [1, 32, 32, 32] and .out_shape == [1, 64, 32, 32] and
        .kernel_shape == [64, 32, 1, 1]' layers.json
    [ "$(jq -r '[.runs[0].layers[].type] | unique - ["Flatten", "Identity"] | join(" ")' layers.json)" = \
        "concat conv dwconv fc input pool relu softmax" ]
}

@test "opencv: the sum over a network and the rest is the energy to solution; types and layers hold the board's truth" {
    need_opencv
    skip_unless erg-record erg-analyze erg-board erg-board-truth jq
    mkdir board
    erg-board board --truth "$PWD/truth.log" --follow command -- erg-record run --force -o run.erg --sysfs board \
        --annotate opencv -- "$net" 600 squeeze.prototxt >out 2>err
    erg-analyze layers --by network --format json run.erg >networks.json 2>err
    # they add up, or what is not told has its reason: some seconds of a loaded board may tell little
    jq -e '.runs[0] as $r | [$r.layers[], ($r.rest[] | select(.name == "(no layer)")) | .energy_j] as $e |
        if all($e[], $r.ets_j; .value != null)
        then ([$e[].value] | add) / $r.ets_j.value | . > 0.999 and . < 1.001
        else all($e[], $r.ets_j; .value != null or (.reason | length > 0)) end' networks.json
    holds_truth run.erg truth.log
}

@test "opencv: the network is around its layers; iterations; nothing where nothing records" {
    need_opencv
    LD_PRELOAD=$adapter "$net" 3 small.onnx | diff - <("$net" 3 small.onnx)
    start a
    LD_PRELOAD=$adapter "$net" 3 small.onnx >out
    stop a
    layers a >seq
    [ "$(wc -l <seq)" -eq $((3 * 13)) ]
    [ "$(sed -n 13p seq)" = small ]
    [ "$(tail -1 seq)" = small ]
    [ "$(events a 'layer[_span]*: .*iteration = 2,')" -eq 13 ]
    [ "$(events a 'marker')" -eq 0 ]
}

@test "opencv: one file twice is one network; an exception in a layer ends it" {
    need_opencv
    cat >prog.cpp <<'C'
#include <cstdio>
#include <opencv2/dnn.hpp>
using namespace cv;
struct Faulty : dnn::Layer {
	Faulty(const dnn::LayerParams &p) : dnn::Layer(p) {}
	static Ptr<dnn::Layer> create(dnn::LayerParams &p) { return makePtr<Faulty>(p); }
	void forward(InputArrayOfArrays, OutputArrayOfArrays, OutputArrayOfArrays) override
	{
		CV_Error(Error::StsError, "faulty");
	}
};
int main()
{
	const int shape[] = {1, 3, 128, 128};
	Mat image(4, shape, CV_32F, Scalar(1));
	for (int i = 0; i < 2; i++) {
		dnn::Net net = dnn::readNetFromONNX("small.onnx");
		net.setInput(image);
		net.forward();
	}
	utils::logging::setLogLevel(utils::logging::LOG_LEVEL_SILENT);
	dnn::LayerFactory::registerLayer("Faulty", Faulty::create);
	for (int i = 0; i < 2; i++) {
		dnn::Net net;
		dnn::LayerParams p;
		net.addLayerToPrev(i ? "bad2" : "bad", "Faulty", p);
		net.setInput(image);
		try {
			net.forward();
		} catch (const Exception &e) {
			std::puts(e.err.c_str());
		}
	}
}
C
    g++ -w -I/usr/include/opencv4 -include opencv2/core/utils/logger.hpp -o prog prog.cpp -lopencv_dnn -lopencv_core
    for loaded in "$adapter" "$ERG_BUILD/tracepoints/adapters/liberg-auto.so"; do
        start a
        LD_PRELOAD=$loaded ./prog >out 2>/dev/null
        stop a
        printf 'faulty\nfaulty\n' | diff - out
        layers a >seq
        [ "$(grep -c '^small$' seq)" -eq 2 ]
        [ "$(grep -c '^conv1$' seq)" -eq 2 ]
        # Networks that come from no file have the program's name, and numbers.
        diff <(tail -6 seq) <(printf '%s\n' _input bad prog _input bad2 prog#2)
        rm -r a
        lttng destroy "$session-a" >/dev/null
    done
}

@test "opencv: a release that is not known, or laid out otherwise, gives a warning and runs on" {
    cat >other.c <<'C'
void _ZN2cv3dnn14dnn4_v201907023Net4Impl14forwardToLayerERNS1_6detail9LayerDataEb(void) {}
C
    cat >known.c <<'C'
#include <stdlib.h>
void _ZN2cv3dnn14dnn4_v202205243Net4Impl12forwardLayerERNS1_6detail9LayerDataE(void *impl, void *d) { ++*(int *)impl; }
void _ZN2cv3dnn14dnn4_v202205243Net4Impl14forwardToLayerERNS1_6detail9LayerDataEb(void *impl, void *d, int clear)
{
	_ZN2cv3dnn14dnn4_v202205243Net4Impl12forwardLayerERNS1_6detail9LayerDataE(impl, d);
}
C
    cat >prog.c <<'C'
#include <stdio.h>
#include <string.h>
void _ZN2cv3dnn14dnn4_v202205243Net4Impl14forwardToLayerERNS1_6detail9LayerDataEb(void *impl, void *d, int clear);
int main(void)
{
	static long data[8];
	int calls = 0;

	memset(data, 0x41, sizeof(data));
	data[0] = 5;
	for (int i = 0; i < 3; i++)
		_ZN2cv3dnn14dnn4_v202205243Net4Impl14forwardToLayerERNS1_6detail9LayerDataEb(&calls, data, 1);
	printf("%d\n", calls);
}
C
    mkdir other known
    gcc -w -shared -fPIC -o other/libopencv_dnn.so.999 other.c
    gcc -w -shared -fPIC -o known/libopencv_dnn.so.406 known.c
    gcc -o prog prog.c known/libopencv_dnn.so.406 -Wl,-rpath,"$PWD/known"
    start a
    [ "$(LD_PRELOAD=$adapter ./prog)" = 3 ]
    stop a
    [ "$(events a 'marker.*text = "erg: opencv: this OpenCV is laid out otherwise: no layers"')" -eq 1 ]
    cat >prog.c <<'C'
#include <stdio.h>
int main(void) { puts("runs"); return 0; }
C
    gcc -o prog prog.c -Wl,--no-as-needed other/libopencv_dnn.so.999 -Wl,-rpath,"$PWD/other"
    start b
    [ "$(LD_PRELOAD=$adapter ./prog)" = runs ]
    stop b
    [ "$(events b 'marker.*text = "erg: opencv: a release of OpenCV that is not known: no layers"')" -eq 1 ]
}

@test "opencv: what the adapter takes the public classes for is what the headers say" {
    need_opencv
    cat >abi.cpp <<'C'
#define _Static_assert static_assert
#include <cstddef>
#include <opencv2/dnn.hpp>
extern "C" {
#include "tracepoints/adapters/opencv/abi.h"
}
struct open : cv::dnn::Layer {};
static_assert(sizeof(cv::Mat) == sizeof(erg_opencv_mat), "Mat");
static_assert(offsetof(cv::Mat, size) == offsetof(erg_opencv_mat, shape), "size");
static_assert(offsetof(cv::Mat, dims) == offsetof(erg_opencv_mat, dims), "dims");
static_assert(offsetof(open, blobs) == offsetof(erg_opencv_layer, blobs), "blobs");
static_assert(offsetof(open, name) == offsetof(erg_opencv_layer, name), "name");
static_assert(sizeof(cv::dnn::LayerParams) == sizeof(((erg_opencv_data *)0)->params), "LayerParams");
static_assert(sizeof(cv::String) == sizeof(erg_opencv_string), "String");
static_assert(sizeof(std::vector<cv::Mat>) == sizeof(erg_opencv_vector), "vector");
int main() {}
C
    g++ -w -I/usr/include/opencv4 -I"$ERG_SRC" -c abi.cpp
}

@test "opencv: the example runs and prints layers of both networks, and their joules or why there are none" {
    need_opencv
    skip_unless erg-record erg-analyze erg-board jq
    "$ERG_SRC/examples/opencv/run" 60 >out 2>err || { cat err; false; }
    grep -q SIMULATED out
    example_layers opencv.erg 'squeeze small'
    [ "$(jq '[.runs[0].layers[] | select(.calls == 60)] | length' layers.json)" -ge 20 ]
}
