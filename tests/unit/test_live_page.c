/* SPDX-License-Identifier: MIT */
/* What liberg writes to the recorder's page: every call is counted, however many threads there are. */
#include "tests/unit/erg_fixture.h"

#define THREADS (2 * ERG_LIVE_THREADS + 7)
#define CALLS 500u

static struct erg_live_page *page_new(void)
{
	struct erg_live_page *page = calloc(1, sizeof(*page));

	assert_non_null(page);
	erg_state_.live = page;
	return page;
}

static void page_free(struct erg_live_page *page)
{
	erg_live_leave(erg_thread_self());
	erg_state_.live = NULL;
	free(page);
}

static uint64_t calls_of(const struct erg_live_page *page, uint32_t level)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < ERG_LIVE_THREADS; i++)
		sum += page->threads[i].calls[level];
	return sum;
}

static uint32_t now_of(const struct erg_thread *t)
{
	return (uint32_t)(t->live->now & ERG_LIVE_PLACE_MASK);
}

static const char *now_name(const struct erg_live_page *page, const struct erg_thread *t)
{
	return now_of(t) ? page->layers[now_of(t) - 1].name : "";
}

static void the_page_follows_a_nest(void **state)
{
	struct erg_live_page *page = page_new();
	uint32_t net = erg_network("page"), a = layer_named(net, "page-a"),
		 b = layer_named(net, "page-b");
	struct erg_thread *t = erg_thread_self();

	erg_begin(net);
	erg_begin(a);
	assert_string_equal(now_name(page, t), "page-a");
	erg_end(a);
	assert_string_equal(now_name(page, t), "page");
	erg_begin(b);
	erg_begin(a); /* left without an end */
	erg_end(b);
	assert_string_equal(now_name(page, t), "page");
	erg_end(net);
	assert_int_equal(now_of(t), 0);
	erg_begin(999999); /* no layer at all: the thread is in something */
	assert_int_equal(now_of(t), ERG_LIVE_NOWHERE);
	erg_end(999999);
	assert_int_equal(now_of(t), 0);
	erg_span(a, 0, 10, 40, 1);
	assert_int_equal(calls_of(page, ERG_LEVEL_NETWORK), 1);
	assert_int_equal(calls_of(page, ERG_LEVEL_LAYER),
		2); /* a and b; the span is of no session */
	page_free(page);
}

static uint32_t shared_layer;
static pthread_barrier_t together;

static void *many_calls(void *data)
{
	erg_begin(shared_layer);
	erg_end(shared_layer);
	pthread_barrier_wait(&together);
	for (uint32_t i = 1; i < CALLS; i++) {
		erg_begin(shared_layer);
		erg_end(shared_layer);
	}
	return data;
}

/* Threads beyond the lines share some of them: nobody's calls are lost. */
static void calls_of_threads_that_share_a_line_add_up(void **state)
{
	struct erg_live_page *page = page_new();
	pthread_t threads[THREADS];

	shared_layer = layer_named(erg_network("page"), "shared");
	assert_int_equal(pthread_barrier_init(&together, NULL, THREADS), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, many_calls, NULL), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	pthread_barrier_destroy(&together);
	assert_int_equal(page->next_thread, THREADS);
	assert_int_equal(calls_of(page, ERG_LEVEL_LAYER), (uint64_t)THREADS * CALLS);
	for (size_t i = 0; i < ERG_LIVE_OWNED; i++)
		assert_int_equal(page->threads[i].calls[ERG_LEVEL_LAYER], CALLS);
	page_free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(the_page_follows_a_nest),
		CASE(calls_of_threads_that_share_a_line_add_up),
	};

	return RUN("live page", tests);
}
