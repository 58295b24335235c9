/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Events as ROS 2 has them, for the tests of rules: the names of provider, events and fields are those
 * of tracetools/tp_call.h.
 */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER ros2

#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "tests/trace/ros2_provider.h"

#if !defined(ROS2_PROVIDER_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ) ||                \
	defined(TRACEPOINT_HEADER_MULTI_READ) /* 2.12 */
#define ROS2_PROVIDER_H

#include <stdint.h>

#include "tracepoints/lttng.h"

/* One field a line. */
/* clang-format off */
LTTNG_UST_TRACEPOINT_EVENT(ros2, rcl_node_init,
	LTTNG_UST_TP_ARGS(const void *, node, const char *, name, const char *, space),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_integer_hex(uint64_t, node_handle, (uintptr_t)node)
		lttng_ust_field_integer_hex(uint64_t, rmw_handle, 0)
		lttng_ust_field_string(node_name, name)
		lttng_ust_field_string(namespace, space)))

#define ROS2_PAIR(event, a, b)                                                                     \
	LTTNG_UST_TRACEPOINT_EVENT(ros2, event,                                                    \
		LTTNG_UST_TP_ARGS(const void *, first, const void *, second),                      \
		LTTNG_UST_TP_FIELDS(lttng_ust_field_integer_hex(uint64_t, a, (uintptr_t)first)     \
				lttng_ust_field_integer_hex(uint64_t, b, (uintptr_t)second)))

ROS2_PAIR(rcl_subscription_init, subscription_handle, node_handle)
ROS2_PAIR(rclcpp_subscription_init, subscription_handle, subscription)
ROS2_PAIR(rclcpp_subscription_callback_added, subscription, callback)
ROS2_PAIR(rclcpp_timer_callback_added, timer_handle, callback)
ROS2_PAIR(rclcpp_timer_link_node, timer_handle, node_handle)
ROS2_PAIR(rcl_service_init, service_handle, node_handle)
ROS2_PAIR(rclcpp_service_callback_added, service_handle, callback)

LTTNG_UST_TRACEPOINT_EVENT(ros2, rclcpp_callback_register,
	LTTNG_UST_TP_ARGS(const void *, call, const char *, text),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_integer_hex(uint64_t, callback, (uintptr_t)call)
		lttng_ust_field_string(symbol, text)))

LTTNG_UST_TRACEPOINT_EVENT(ros2, callback_start,
	LTTNG_UST_TP_ARGS(const void *, call, int, intra),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_integer_hex(uint64_t, callback, (uintptr_t)call)
		lttng_ust_field_integer(int, is_intra_process, intra)))

LTTNG_UST_TRACEPOINT_EVENT(ros2, callback_end,
	LTTNG_UST_TP_ARGS(const void *, call),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_integer_hex(uint64_t, callback, (uintptr_t)call)))

/* clang-format on */
#endif

#include <lttng/tracepoint-event.h>
