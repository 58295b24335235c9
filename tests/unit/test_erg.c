/* SPDX-License-Identifier: MIT */
/* What happens at the ends of layers: nests, threads, forks, phases and counters. */
#include "tests/unit/erg_fixture.h"

#include <unistd.h>

static void pairs_nest(void **state)
{
	uint32_t a = layer_named(0, "a"), b = layer_named(0, "b");

	erg_iteration(3);
	erg_begin(a);
	erg_begin(b);
	erg_end(b);
	erg_iteration(4);
	erg_begin(b);
	erg_end(b);
	erg_end(a);
	assert_int_equal(n_seen, 3);
	assert_int_equal(seen[0].layer, b);
	assert_int_equal(seen[0].iteration, 3);
	assert_int_equal(seen[1].iteration, 4);
	assert_int_equal(seen[2].layer, a);
	assert_int_equal(seen[2].iteration, 3);
	assert_true(seen[2].begin <= seen[0].begin && seen[0].begin <= seen[1].begin);
	assert_true(erg_now_ns() >= seen[1].begin);
	erg_begin(0);
	erg_end(0);
	assert_int_equal(n_seen, 3);
}

static void unbalanced_ends_pop_to_the_matching_one(void **state)
{
	uint32_t a = layer_named(0, "a"), b = layer_named(0, "b"), c = layer_named(0, "c");

	erg_end(a); /* begun before the session */
	assert_int_equal(n_seen, 0);
	erg_begin(a);
	erg_begin(b);
	erg_begin(c);
	erg_end(a); /* b and c were left by an exception */
	assert_int_equal(n_seen, 1);
	assert_int_equal(seen[0].layer, a);
	erg_end(c);
	erg_end(b);
	assert_int_equal(n_seen, 1);
	erg_begin(b);
	erg_end(b);
	assert_int_equal(n_seen, 2);
}

static void a_long_jump_leaves_the_stack_usable(void **state)
{
	uint32_t a = layer_named(0, "a"), b = layer_named(0, "b");
	jmp_buf back;
	volatile int rounds = 0;

	setjmp(back);
	if (rounds < 1000) {
		rounds++;
		erg_begin(a);
		erg_begin(b);
		longjmp(back, 1);
	}
	erg_begin(b);
	erg_end(b);
	assert_int_equal(n_seen, 1);
	assert_int_equal(seen[0].layer, b);
	erg_begin(a);
	erg_end(a);
	assert_int_equal(n_seen, 2);
	assert_int_equal(seen[1].layer, a);
	assert_true(seen[1].begin > seen[0].begin);
}

static void a_pause_forgets_what_was_open(void **state)
{
	uint32_t a = layer_named(0, "a"), b = layer_named(0, "b");

	for (int i = 0; i < 500; i++) {
		erg_begin(a);
		DETACH(layer, on_layer);
		assert_false(erg_enabled());
		erg_end(a);
		erg_begin(a);
		ATTACH(layer, on_layer);
		/* What dump.c does when a session starts and no other records. */
		atomic_fetch_add(&erg_state_.epoch, 1);
		erg_begin(b);
		erg_end(b);
		erg_end(a);
	}
	assert_int_equal(n_seen, 500);
	assert_int_equal(seen[499].layer, b);
}

static void deep_nests_are_followed_but_not_recorded(void **state)
{
	uint32_t id[100];
	char name[32];

	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "deep%d", i);
		id[i] = layer_named(0, name);
	}
	for (int i = 0; i < 100; i++)
		erg_begin(id[i]);
	for (int i = 99; i >= 0; i--)
		erg_end(id[i]);
	assert_int_equal(n_seen, ERG_DEPTH_RECORDED);
	assert_int_equal(seen[ERG_DEPTH_RECORDED - 1].layer, id[0]);
	assert_int_equal(n_markers, 1);
	assert_non_null(strstr(last_marker, "deeper than 64"));
	n_seen = 0;
	erg_begin(id[0]);
	erg_end(id[0]);
	assert_int_equal(n_seen, 1);
}

static void more_open_layers_than_can_be_followed_are_forgotten(void **state)
{
	uint32_t first = 0, id = 0;
	char name[32];

	for (int i = 0; i < 3 * ERG_DEPTH_FOLLOWED; i++) {
		snprintf(name, sizeof(name), "never%d", i);
		id = layer_named(0, name);
		first = first ? first : id;
		erg_begin(id);
	}
	assert_int_equal(n_seen, 0);
	erg_end(first);
	assert_int_equal(n_seen, 0);
	assert_non_null(strstr(last_marker, "forgotten"));
	for (; id >= first; id--)
		erg_end(id);
	assert_int_equal(n_seen, ERG_DEPTH_RECORDED);
}

static void count_call(void *data)
{
	++*(int *)data;
}

static void the_hook_is_called_at_every_end(void **state)
{
	uint32_t a = layer_named(0, "a");
	int calls = 0;

	erg_set_sync_hook(count_call, &calls);
	for (int i = 0; i < 5; i++) {
		erg_begin(a);
		erg_end(a);
	}
	erg_set_sync_hook(NULL, NULL);
	erg_begin(a);
	erg_end(a);
	assert_int_equal(calls, 5);
	assert_int_equal(n_seen, 6);
}

static int followed[64], n_followed;

static void follow(void *data, uint32_t layer, uint32_t iteration, int begin)
{
	assert_ptr_equal(data, followed);
	followed[n_followed++] = begin ? (int)layer : -(int)layer;
	assert_int_equal(iteration, 9);
}

static void who_follows_sees_every_begin_and_end(void **state)
{
	uint32_t a = layer_named(0, "a"), b = layer_named(0, "b"), c = layer_named(0, "c");
	int expected[] = {(int)a, (int)b, (int)c, -(int)c, -(int)b, -(int)a, (int)b, (int)c,
		-(int)c, -(int)b, (int)c, -(int)c};

	erg_iteration(9);
	erg_set_layer_hook(follow, followed);
	erg_begin(a);
	erg_begin(b);
	erg_begin(c);
	erg_end(c);
	erg_end(a); /* drops b */
	erg_end(b);
	erg_begin(b);
	erg_begin(c);
	erg_end_overlapping(b, 0); /* c goes on */
	erg_end(c);
	erg_set_layer_hook(NULL, NULL);
	erg_begin(a);
	erg_end(a);
	assert_int_equal(n_followed, 12);
	assert_memory_equal(followed, expected, sizeof(expected));
}

/* A call of network "n" in which K layers of "a" run, and what was seen before it ended. */
static uint32_t deferred(uint32_t network, uint32_t a, int k)
{
	uint32_t before;

	erg_begin(network);
	erg_defer();
	for (int i = 0; i < k; i++) {
		erg_begin(a);
		erg_end(a);
	}
	before = n_seen;
	erg_flush();
	erg_end(network);
	return before;
}

static void deferred_layers_come_together_with_their_own_times(void **state)
{
	uint32_t network = erg_network("deferring"), a = layer_named(network, "a");
	uint64_t from = erg_now_ns(), to;

	erg_iteration(7);
	ATTACH(layer_span, on_span);
	assert_int_equal(deferred(network, a, 3), 0);
	to = erg_now_ns();
	assert_int_equal(n_seen, 4);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(seen[i].layer, a);
		assert_int_equal(seen[i].iteration, 7);
		assert_int_equal(seen[i].track, 0xffffffff);
		assert_true(from <= seen[i].begin && seen[i].begin <= seen[i].end);
		assert_true(seen[i].end <= to);
		from = seen[i].end;
	}
	assert_int_equal(seen[3].layer, network);
	assert_int_equal(seen[3].end, 0); /* at once */
	/* more than are kept: none is lost, and the rest comes at the end */
	n_seen = 0;
	assert_int_equal(deferred(network, a, 150), 128);
	assert_int_equal(n_seen, 151);
	DETACH(layer_span, on_span);
	/* nobody records spans: at once, as ever */
	n_seen = 0;
	assert_int_equal(deferred(network, a, 3), 3);
	assert_int_equal(n_seen, 4);
	assert_int_equal(seen[0].end, 0);
}

static void *defer_and_leave(void *arg)
{
	uint32_t id = *(uint32_t *)arg;

	erg_defer();
	erg_begin(id);
	erg_end(id);
	return NULL;
}

static void deferred_layers_outlive_their_thread_and_are_not_a_childs(void **state)
{
	uint32_t a = layer_named(0, "a");
	pthread_t thread;
	int status;
	pid_t pid;

	ATTACH(layer_span, on_span);
	assert_int_equal(pthread_create(&thread, NULL, defer_and_leave, &a), 0);
	pthread_join(thread, NULL);
	assert_int_equal(n_seen, 1);
	defer_and_leave(&a);
	pid = fork();
	if (pid == 0) {
		n_seen = 0;
		erg_flush();
		_exit(n_seen ? 1 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	/* a pause of the recording: what it cut is left out */
	assert_int_equal(n_seen, 1);
	atomic_fetch_add(&erg_state_.epoch, 1);
	erg_flush();
	assert_int_equal(n_seen, 1);
	DETACH(layer_span, on_span);
}

static void *run_pairs(void *arg)
{
	uint32_t id = *(uint32_t *)arg;

	erg_iteration(id);
	for (int i = 0; i < 200; i++) {
		erg_begin(id);
		erg_end(id);
	}
	return NULL;
}

static void threads_have_stacks_of_their_own(void **state)
{
	uint32_t id[4];
	char name[32];
	pthread_t t[4];
	int per[4] = {0};

	for (int i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "thread%d", i);
		id[i] = layer_named(0, name);
		assert_int_equal(pthread_create(&t[i], NULL, run_pairs, &id[i]), 0);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(n_seen, 800);
	for (uint32_t i = 0; i < n_seen; i++) {
		assert_int_equal(seen[i].iteration, seen[i].layer);
		per[seen[i].layer - id[0]]++;
	}
	for (int i = 0; i < 4; i++)
		assert_int_equal(per[i], 200);
}

static void a_child_has_no_open_layers(void **state)
{
	uint32_t a = layer_named(0, "a");
	int status;
	pid_t pid;

	erg_begin(a);
	pid = fork();
	if (pid == 0) {
		n_seen = 0;
		erg_end(a);
		erg_begin(a);
		erg_end(a);
		_exit(n_seen == 1 && layer_named(0, "a") == a ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	erg_end(a);
	assert_int_equal(n_seen, 1);
}

static void phases_and_markers_are_cleaned(void **state)
{
	erg_phase_begin("war\xffm");
	assert_memory_equal(last_name, "war?m~", 6);
	erg_marker(NULL, 0);
	assert_string_equal(last_marker, "");
}

/* Last, because counters stay defined: events are layer_counted from here on. */
static void counters_of_the_application_come_as_differences(void **state)
{
	uint32_t a = layer_named(0, "a"), b = layer_named(0, "b");
	uint32_t bytes = erg_counter("bytes"), ops = erg_counter("ops");

	assert_int_equal(erg_counter("bytes"), bytes);
	assert_int_not_equal(ops, bytes);
	erg_counter_add(bytes, 1000);
	ATTACH(layer_counted, on_counted);
	erg_begin(a);
	erg_counter_add(bytes, 5);
	erg_begin(b);
	erg_counter_add(bytes, 7);
	erg_counter_add(ops, -2);
	erg_end(b);
	erg_end(a);
	DETACH(layer_counted, on_counted);
	assert_int_equal(n_seen, 2);
	assert_int_equal(seen[0].n, 2);
	assert_int_equal(seen[0].deltas[bytes], 7);
	assert_int_equal(seen[0].deltas[ops], -2);
	assert_int_equal(seen[1].deltas[bytes], 12);
	/* Deferred: what counted nothing has no counters, what did is written at once with them. */
	ATTACH(layer_counted, on_counted);
	ATTACH(layer_span, on_span);
	n_seen = 0;
	erg_defer();
	erg_begin(a);
	erg_end(a);
	erg_begin(b);
	erg_counter_add(ops, 3);
	erg_end(b);
	assert_int_equal(n_seen, 1);
	assert_int_equal(seen[0].layer, b);
	assert_int_equal(seen[0].deltas[ops], 3);
	erg_flush();
	assert_int_equal(n_seen, 2);
	assert_int_equal(seen[1].layer, a);
	assert_int_equal(seen[1].n, 0);
	DETACH(layer_span, on_span);
	DETACH(layer_counted, on_counted);
	/* Only "layer" recorded: it comes without counters. */
	n_seen = 0;
	erg_begin(a);
	erg_end(a);
	assert_int_equal(n_seen, 1);
	assert_int_equal(seen[0].n, 0);
	erg_counter_add(UINT32_MAX, 1);
	for (int i = 0; i < 2 * ERG_MAX_COUNTERS; i++) {
		char name[32];

		snprintf(name, sizeof(name), "c%d", i);
		if (erg_counter(name) == UINT32_MAX)
			assert_int_equal(erg_counters_n(), ERG_MAX_COUNTERS);
	}
	assert_int_equal(erg_counters_n(), ERG_MAX_COUNTERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(pairs_nest),
		CASE(unbalanced_ends_pop_to_the_matching_one),
		CASE(a_long_jump_leaves_the_stack_usable),
		CASE(a_pause_forgets_what_was_open),
		CASE(deep_nests_are_followed_but_not_recorded),
		CASE(more_open_layers_than_can_be_followed_are_forgotten),
		CASE(the_hook_is_called_at_every_end),
		CASE(who_follows_sees_every_begin_and_end),
		CASE(deferred_layers_come_together_with_their_own_times),
		CASE(deferred_layers_outlive_their_thread_and_are_not_a_childs),
		CASE(threads_have_stacks_of_their_own),
		CASE(a_child_has_no_open_layers),
		CASE(phases_and_markers_are_cleaned),
		CASE(counters_of_the_application_come_as_differences),
	};

	return RUN("erg", tests);
}
