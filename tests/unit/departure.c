/* The warning before departure, with the simulator's bus on the wire: at every pattern of a stop the driver
 * is warned within a second of the doors' closing, before the wheels turn, when more are aboard than
 * approved, and never when they are not. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/cabinbus.h"
#include "gateway/compliance/engine.h"
#include "tests/unit/departure_bus.h"

enum { CAPACITY = 19, STOPS = 400, FRAME_MS = 100 };

static const struct bw_licence licence = {.approved_capacity = CAPACITY, .seats = CAPACITY, .version = 1};
static struct cabinbus *bus;
static struct engine *engine;
static int64_t now_ms;
static bool was_overload; /* the alert has taken over */

/* As the agent does: the judge hears of a change at once, and once a second that nothing has changed. */
static void pass(int64_t ms)
{
    static struct bw_cabin told;
    for (const int64_t end_ms = now_ms + ms; now_ms < end_ms;) {
        struct departure_frame frames[DEPARTURE_FRAMES_MAX];
        now_ms += FRAME_MS;
        const size_t n = bus_frames(frames);
        for (size_t i = 0; i < n; i++) {
            struct can_frame_in frame = {.id = frames[i].id, .len = frames[i].len};
            memcpy(frame.data, frames[i].data, sizeof frame.data);
            cabinbus_frame(bus, &frame, now_ms);
        }
        struct bw_event event = {.type = BW_EVENT_CABIN, .mono_ms = now_ms};
        struct bw_alert alerts[ENGINE_ALERTS_MAX];
        cabinbus_estimate(bus, now_ms, &event.u.cabin);
        if (now_ms % 1000 != 0 && cabinbus_same(&event.u.cabin, &told))
            continue;
        told = event.u.cabin;
        const size_t phases = engine_step(engine, &event, alerts);
        for (size_t i = 0; i < phases; i++)
            if (alerts[i].kind == BW_OVERLOAD)
                was_overload = alerts[i].phase != BW_CLEARED;
    }
}

static void set_up(void)
{
    char path[] = "/tmp/departure-XXXXXX.dbc", reason[CABINBUS_REASON_MAX];
    const int fd = mkstemps(path, 4);
    cr_assert(fd >= 0 && close(fd) == 0 && bus_write_dbc(path));
    cr_assert_eq(cabinbus_create(path, NULL, 0, &bus, reason), 0, "%s", reason);
    (void)unlink(path);
    void *memory = malloc(engine_size(&licence));
    cr_assert_not_null(memory);
    engine = engine_init(memory, &licence, 1);
    now_ms = 1000000;
    was_overload = false;
}

static void tear_down(void)
{
    cabinbus_destroy(bus);
    free(engine);
}

TestSuite(departure, .init = set_up, .fini = tear_down);

static void board(unsigned n, int64_t each_ms)
{
    for (unsigned i = 0; i < n && bus_board(); i++)
        pass(each_ms);
}

static void alight(unsigned n, int64_t each_ms)
{
    for (unsigned i = 0; i < n && bus_alight(); i++)
        pass(each_ms);
}

static void stay_shut(unsigned coming)
{
    (void)coming;
}

static void by_the_front(unsigned coming)
{
    bus_doors(true, false);
    board(coming, 300);
}

static void by_the_rear(unsigned coming)
{
    bus_doors(false, true);
    board(coming, 200);
}

static void by_both(unsigned coming)
{
    bus_doors(true, true);
    alight(coming / 3, 200);
    board(coming, 100);
    bus_doors(true, false);
    pass(700);
}

static void some_leave(unsigned coming)
{
    bus_doors(true, false);
    alight(coming, 400);
    board(bus_below(3), 400);
}

static void again_for_a_latecomer(unsigned coming)
{
    by_the_front(coming);
    bus_doors(false, false);
    pass(2000);
    bus_doors(true, false);
    board(1, 500);
}

static void in_a_great_hurry(unsigned coming)
{
    bus_doors(true, false);
    pass(FRAME_MS);
    for (unsigned i = 0; i < coming; i++)
        (void)bus_board();
    pass(FRAME_MS);
}

static void (*const patterns[])(unsigned coming) = {
    stay_shut, by_the_front, by_the_rear, by_both, some_leave, again_for_a_latecomer, in_a_great_hurry};
enum { PATTERNS = sizeof patterns / sizeof patterns[0] };

Test(departure, the_driver_is_warned_within_a_second_of_the_doors_closing_at_every_pattern_of_a_stop)
{
    unsigned warned[PATTERNS] = {0}, silent[PATTERNS] = {0};
    bus_reset(2026);
    for (unsigned stop = 0; stop < STOPS; stop++) {
        const unsigned pattern = stop % PATTERNS;
        patterns[pattern](bus_below(12));
        bus_doors(false, false);
        pass(1000);
        const bool over = bus_aboard() > CAPACITY;
        cr_expect(over ? engine_warns(engine) || was_overload : !engine_warns(engine),
                  "stop %u, pattern %u, %u aboard", stop, pattern, bus_aboard());
        *(over ? &warned[pattern] : &silent[pattern]) += 1;
        pass(1500 + 1000 * (int64_t)bus_below(8)); /* and off */
        cr_expect(over ? engine_warns(engine) || was_overload : !engine_warns(engine), "stop %u, on the way",
                  stop);
        if (bus_aboard() > CAPACITY + 3 || stop % 9 == 0)
            alight(bus_aboard(), FRAME_MS); /* somewhere, with the door shut: who knows how */
    }
    for (unsigned pattern = 1; pattern < PATTERNS; pattern++)
        cr_expect(warned[pattern] >= 3 && silent[pattern] >= 3, "pattern %u: %u and %u", pattern,
                  warned[pattern], silent[pattern]);
}
