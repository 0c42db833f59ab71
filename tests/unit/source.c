/* The wrapper around a driver: when it opens, what it counts, what it says. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

#include "gateway/source/source.h"

/* A driver that does as it is told. */
struct fake {
    int open_result, read_result;
    int frames, refused; /* at each read */
    int opens, closes, destroyed;
};

static int fake_open(void *self, struct source_stats *stats)
{
    (void)stats;
    struct fake *fake = self;
    fake->opens++;
    return fake->open_result;
}

static int fake_fd(const void *self)
{
    (void)self;
    return 42;
}

static int fake_read(void *self, const struct source_sink *sink, struct source_stats *stats)
{
    struct fake *fake = self;
    const struct can_frame_in frame = {.id = 5};
    const struct bw_fix fix = {0};
    for (int i = 0; i < fake->frames; i++)
        sink->can(sink->context, &frame);
    if (fake->frames > 0)
        sink->gps(sink->context, 1, &fix, 0);
    if (fake->refused > 0)
        source_refuse(stats, (uint64_t)fake->refused, "line noise");
    return fake->read_result;
}

static void fake_close(void *self)
{
    ((struct fake *)self)->closes++;
}

static void fake_destroy(void *self)
{
    ((struct fake *)self)->destroyed++;
}

static const struct source_driver driver = {"fake",     fake_open,    fake_fd, fake_read,
                                            fake_close, fake_destroy, NULL};

static int n_gps, n_can;

static void on_gps(void *context, int mode, const struct bw_fix *fix, int64_t utc_ms)
{
    (void)context, (void)mode, (void)fix, (void)utc_ms;
    n_gps++;
}

static void on_can(void *context, const struct can_frame_in *frame)
{
    (void)context, (void)frame;
    n_can++;
}

static const struct source_sink sink = {.gps = on_gps, .can = on_can};

Test(source, opening_is_tried_at_once_and_then_with_a_delay_that_doubles_from_half_a_second_to_ten)
{
    static const int64_t tries_ms[] = {1000, 1500, 2500, 4500, 8500, 16500, 26500, 36500};
    struct fake fake = {.open_result = -ENOENT};
    struct source *source = source_create(&driver, &fake);
    int tries = 0;
    for (int64_t mono_ms = 1000; mono_ms <= 36500; mono_ms += 100) {
        source_tick(source, mono_ms);
        if (fake.opens == tries)
            continue;
        cr_assert_eq(mono_ms, tries_ms[tries]);
        tries = fake.opens;
    }
    cr_expect_eq(tries, 8);
    cr_expect_eq(source_stats(source)->state, SOURCE_CONNECTING);
    cr_expect_str_eq(source_stats(source)->reason, "fake: No such file or directory");
    cr_expect_eq(source_fd(source), -1);
    source_destroy(source);
    cr_expect_eq(fake.closes, 0);
    cr_expect_eq(fake.destroyed, 1);
}

Test(source, it_is_closed_before_the_first_tick_and_nothing_is_read)
{
    struct fake fake = {.frames = 1};
    struct source *source = source_create(&driver, &fake);
    source_read(source, &sink, 0);
    cr_expect_eq(source_stats(source)->state, SOURCE_CLOSED);
    cr_expect_eq(source_fd(source), -1);
    cr_expect_eq(n_can, 0);
    source_destroy(source);
}

Test(source, what_is_pushed_and_what_is_refused_is_counted)
{
    struct fake fake = {.frames = 2, .refused = 3};
    struct source *source = source_create(&driver, &fake);
    const struct source_stats *stats = source_stats(source);
    source_tick(source, 1000);
    cr_expect_eq(stats->state, SOURCE_OPEN);
    cr_expect_eq(source_fd(source), 42);
    source_read(source, &sink, 1234);
    cr_expect_eq(n_can, 2);
    cr_expect_eq(n_gps, 1);
    cr_expect_eq(stats->messages, 3);
    cr_expect_eq(stats->bad, 3);
    cr_expect_eq(stats->last_mono_ms, 1234);
    cr_expect_str_eq(stats->reason, "line noise");
    fake.refused = 0;
    source_read(source, &sink, 2234);
    cr_expect_str_eq(stats->reason, "", "a good message clears the reason");
    source_destroy(source);
    cr_expect_eq(fake.closes, 1);
}

Test(source, a_lost_source_is_closed_and_opened_again)
{
    struct fake fake = {.frames = 1};
    struct source *source = source_create(&driver, &fake);
    source_tick(source, 0);
    source_read(source, &sink, 100);
    fake.read_result = -ECONNRESET;
    source_read(source, &sink, 200);
    cr_expect_eq(fake.closes, 1);
    cr_expect_eq(source_stats(source)->state, SOURCE_CONNECTING);
    cr_expect_str_eq(source_stats(source)->reason, "fake: Connection reset by peer");
    source_tick(source, 699);
    cr_expect_eq(fake.opens, 1);
    source_tick(source, 700);
    cr_expect_eq(fake.opens, 2);
    cr_expect_eq(source_stats(source)->opened, 2);
    cr_expect_str_eq(source_stats(source)->reason, "");
    source_destroy(source);
}

Test(source, a_peer_that_hangs_up_before_it_has_said_anything_is_called_ever_less_often)
{
    struct fake fake = {.read_result = -ECONNRESET};
    struct source *source = source_create(&driver, &fake);
    for (int64_t mono_ms = 0; mono_ms <= 10000; mono_ms += 100) {
        source_tick(source, mono_ms);
        source_read(source, &sink, mono_ms);
    }
    cr_expect_eq(fake.opens, 5); /* at 0, 0.5, 1.5, 3.5, 7.5 s */
    source_destroy(source);
}

Test(source, destroying_nothing_is_fine)
{
    source_destroy(NULL);
}
