// SPDX-License-Identifier: GPL-3.0-or-later
// For tests/bench/opencv: bench-opencv NETWORK WINDOWS SESSION runs a Caffe or ONNX network in windows of
// 0.1 s of CPU time, in turn while the LTTng session records and while it does not, and prints by what
// part it is slower in a window that was recorded than in those just before and after; the same for the
// others. A command of LTTng's runs before each: so do some runs of the network that are not counted.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include <opencv2/dnn.hpp>

static double cpu_s()
{
	timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return static_cast<double>(ts.tv_sec) + static_cast<double>(ts.tv_nsec) * 1e-9;
}

static double window(cv::dnn::Net &net)
{
	double from = 0, to = 0;
	long n;

	for (n = -3; n < 1 || to < from + 0.1; n++) {
		if (n == 0)
			from = cpu_s();
		net.forward();
		to = cpu_s();
	}
	return (to - from) / static_cast<double>(n);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	const std::string file = argv[1], session = argv[3];
	const int shape[] = {1, 3, 384, 384};
	cv::Mat image(4, shape, CV_32F, cv::Scalar(0.5));
	cv::dnn::Net net = file.find(".onnx") != std::string::npos ?
		cv::dnn::readNetFromONNX(file) :
		cv::dnn::readNetFromCaffe(file, file.substr(0, file.rfind('.')) + ".caffemodel");
	auto lttng = [&](const char *what) {
		return std::system(("lttng " + std::string(what) + " " + session + " >/dev/null 2>&1").c_str());
	};

	cv::setNumThreads(1);
	net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
	net.setInput(image);
	double before = window(net), earlier = before;
	for (long i = 0; i < std::strtol(argv[2], nullptr, 10); i++) {
		if (lttng("start"))
			return 1;
		const double recorded = window(net);
		if (lttng("stop"))
			return 1;
		const double after = window(net);
		std::printf("recorded %.6f\n", 2 * recorded / (before + after) - 1);
		if (i)
			std::printf("control %.6f\n", 2 * before / (earlier + after) - 1);
		earlier = before;
		before = after;
	}
	std::printf("run %.6f\n", before);
}
