/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a ROS 2 program tells LTTng, for the tests of rules: ros2-app N [nodes|late|open] has two nodes,
 * with a subscription, a timer and a service, and runs N rounds of their callbacks, of 2 ms, 4 ms and
 * 1 ms, the service's in a thread of its own. With "late" it does not tell of its nodes and callbacks; with "open" the last callback does not
 * end. Prints the number of callbacks.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "tests/trace/ros2_provider.h"

/* Addresses, as the program has them. */
static char nodes[2], subscription_handle, subscription, timer, service, callbacks[3];

static void tell(void)
{
	lttng_ust_tracepoint(ros2, rcl_node_init, &nodes[0], "camera", "/");
	lttng_ust_tracepoint(ros2, rcl_node_init, &nodes[1], "planner", "/arm");
	lttng_ust_tracepoint(ros2, rcl_subscription_init, &subscription_handle, &nodes[0]);
	lttng_ust_tracepoint(ros2, rclcpp_subscription_init, &subscription_handle, &subscription);
	lttng_ust_tracepoint(ros2, rclcpp_subscription_callback_added, &subscription,
		&callbacks[0]);
	lttng_ust_tracepoint(ros2, rclcpp_callback_register, &callbacks[0],
		"void (Camera::?)(std::shared_ptr<Image>)");
	lttng_ust_tracepoint(ros2, rclcpp_timer_callback_added, &timer, &callbacks[1]);
	lttng_ust_tracepoint(ros2, rclcpp_timer_link_node, &timer, &nodes[1]);
	lttng_ust_tracepoint(ros2, rclcpp_callback_register, &callbacks[1],
		"Planner::tick, \"fast\"");
	lttng_ust_tracepoint(ros2, rcl_service_init, &service, &nodes[1]);
	lttng_ust_tracepoint(ros2, rclcpp_service_callback_added, &service, &callbacks[2]);
	lttng_ust_tracepoint(ros2, rclcpp_callback_register, &callbacks[2], "Planner::plan");
}

static void work(long us)
{
	struct timespec from, now;

	clock_gettime(CLOCK_MONOTONIC, &from);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - from.tv_sec) * 1000000 + (now.tv_nsec - from.tv_nsec) / 1000 < us);
}

/* One at a time: what runs at the same time shares the time, and would be shorter in the table. */
static void call(int which, long us)
{
	static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&one);
	lttng_ust_tracepoint(ros2, callback_start, &callbacks[which], which == 0);
	work(us);
	lttng_ust_tracepoint(ros2, callback_end, &callbacks[which]);
	pthread_mutex_unlock(&one);
}

static void *services(void *data)
{
	for (long i = 0; i < *(long *)data; i++)
		call(2, 1000);
	return NULL;
}

int main(int argc, char **argv)
{
	const char *how = argc > 2 ? argv[2] : "nodes";
	long n = argc > 1 ? strtol(argv[1], NULL, 10) : 10;
	pthread_t thread;

	if (strcmp(how, "late"))
		tell();
	pthread_create(&thread, NULL, services, &n);
	for (long i = 0; i < n; i++) {
		call(0, 2000);
		call(1, 4000);
	}
	pthread_join(thread, NULL);
	if (!strcmp(how, "open"))
		lttng_ust_tracepoint(ros2, callback_start, &callbacks[0], 0);
	printf("%ld\n", 3 * n);
	return 0;
}
