// SPDX-License-Identifier: GPL-3.0-or-later
// Runs networks on OpenCV's dnn module, one after the other: opencv-net RUNS NETWORK... where a network
// is FILE.onnx or FILE.prototxt (with FILE.caffemodel beside it), its input data 1x3xWIDTHxWIDTH
// (WIDTH of the environment, 128). It knows nothing of ergtrace.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <opencv2/dnn.hpp>

static cv::dnn::Net read(const std::string &file)
{
	const size_t dot = file.rfind('.');

	if (file.compare(dot, std::string::npos, ".onnx") == 0)
		return cv::dnn::readNetFromONNX(file);
	return cv::dnn::readNetFromCaffe(file, file.substr(0, dot) + ".caffemodel");
}

static void infer(const std::string &file, long runs, int width)
{
	const int shape[] = {1, 3, width, width};
	cv::Mat image(4, shape, CV_32F), classes;
	cv::dnn::Net net = read(file);

	net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
	for (size_t i = 0; i < image.total(); i++)
		image.ptr<float>()[i] = std::sin(static_cast<float>(i));
	for (long i = 0; i < runs; i++) {
		net.setInput(image);
		classes = net.forward();
	}
	for (size_t i = 0; i < classes.total(); i++)
		std::printf("%.6g%c", static_cast<double>(classes.ptr<float>()[i]),
			i + 1 < classes.total() ? ' ' : '\n');
}

int main(int argc, char **argv)
{
	const char *width = std::getenv("WIDTH");

	if (argc < 3) {
		std::fprintf(stderr, "usage: opencv-net RUNS NETWORK...\n");
		return 2;
	}
	cv::setNumThreads(1);
	for (int i = 2; i < argc; i++)
		infer(argv[i], std::strtol(argv[1], nullptr, 10), width ? std::atoi(width) : 128);
	return 0;
}
