/* Alerts as the store tells of them, one object and one event a phase, and the live map that shows them. */
#include "bureau/store/store.h"
#include "tests/unit/fixture_oldstore.h"
#include "tests/unit/fixture_store.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sqlite3.h>
#include <string.h>
#include <time.h>

static uint64_t seq; /* of the last alert record */
static const uint8_t STREAM[BW_STREAM_LEN] = {1, 2, 3, 4, 5, 6, 7, 8}, OTHER[BW_STREAM_LEN] = {8};

TestSuite(store_alerts, .init = open_empty_store, .fini = close_store);

/* --- alerts --- */

struct seen {
    int n, stop_at;
    int64_t ids[16], events[16];
    struct store_alert last;
    char plate[32], school[128], division[16], vehicle[48];
};

static int collect(void *context, const struct store_alert *row)
{
    struct seen *seen = context;
    seen->ids[seen->n] = row->id;
    seen->events[seen->n++] = row->event;
    seen->last = *row;
    strcpy(seen->plate, row->plate);
    strcpy(seen->school, row->school);
    strcpy(seen->division, row->division);
    strcpy(seen->vehicle, row->vehicle);
    return seen->n == seen->stop_at ? 42 : 0;
}

static int64_t apply(const char *vehicle, uint64_t number, enum bw_phase phase, int64_t time_utc_ms)
{
    const struct bw_alert alert = {.kind = BW_OVERLOAD,
                                   .phase = phase,
                                   .severity = BW_MINOR,
                                   .number = number,
                                   .time_utc_ms = time_utc_ms,
                                   .raised_utc_ms = 1000,
                                   .evidence.overload = {.aboard = 20, .peak = 20, .capacity = 18}};
    int64_t event = 0;
    cr_assert_eq(store_alert_apply(store, vehicle, STREAM, ++seq, &alert, time_utc_ms + 200, &event), 0, "%s",
                 store_error(store));
    return event;
}

Test(store_alerts, alert_is_one_object_with_one_event_a_phase)
{
    struct seen now = {0}, events = {0};
    int64_t last = -1;
    cr_assert_eq(store_last_event(store, &last), 0);
    cr_expect_eq(last, 0);
    import_good();
    const int64_t raised = apply("bus-a", 1, BW_RAISED, 1000);
    const int64_t updated = apply("bus-a", 1, BW_UPDATED, 2000);
    cr_expect_lt(raised, updated);
    cr_assert_eq(store_alerts(store, NULL, true, 0, 10, collect, &now), 0);
    cr_assert_eq(now.n, 1);
    cr_expect_eq(now.last.alert.phase, BW_UPDATED, "its present state");
    cr_expect_eq(now.last.alert.evidence.overload.peak, 20);
    cr_expect_eq(now.last.cleared_utc_ms, 0);
    cr_expect_eq(now.last.received_utc_ms, 2200);
    cr_expect_str_eq(now.plate, "浙J12345");
    cr_expect_str_eq(now.school, "天台县石梁镇中心小学");
    cr_expect_str_eq(now.division, "331023");

    const int64_t cleared = apply("bus-a", 1, BW_CLEARED, 3000);
    now.n = 0;
    cr_assert_eq(store_alerts(store, NULL, true, 0, 10, collect, &now), 0);
    cr_expect_eq(now.n, 0, "no longer open");
    cr_assert_eq(store_alerts(store, NULL, false, 0, 10, collect, &now), 0);
    cr_expect_eq(now.n, 1);
    cr_expect_eq(now.last.cleared_utc_ms, 3000);

    cr_assert_eq(store_alert_events(store, NULL, raised, 10, collect, &events), 0);
    cr_assert_eq(events.n, 2, "those after the cursor");
    cr_expect_eq(events.events[0], updated);
    cr_expect_eq(events.events[1], cleared);
    cr_assert_eq(store_last_event(store, &last), 0);
    cr_expect_eq(last, cleared);
}

/* What a report counts by. */
Test(store_alerts, an_alert_has_the_instant_it_was_raised_and_the_gravest_of_its_severities)
{
    struct bw_alert alert = {.kind = BW_OVERLOAD,
                             .phase = BW_UPDATED, /* the first phase is not always the first to come */
                             .severity = BW_SERIOUS,
                             .number = 1,
                             .time_utc_ms = 7000,
                             .raised_utc_ms = 5000};
    int64_t event = 0;
    cr_assert_eq(store_alert_apply(store, "bus-a", STREAM, ++seq, &alert, 90000, &event), 0);
    alert.phase = BW_RAISED;
    alert.severity = BW_MINOR;
    alert.time_utc_ms = 5000;
    cr_assert_eq(store_alert_apply(store, "bus-a", STREAM, ++seq, &alert, 90000, &event), 0);
    cr_expect_eq(ask("SELECT raised_utc_ms FROM alert"), 5000);
    cr_expect_eq(ask("SELECT severity FROM alert"), BW_SERIOUS);
}

Test(store_alerts, an_alert_without_an_instant_was_raised_when_its_first_phase_happened_or_was_received)
{
    struct bw_alert alert = {.kind = BW_TAMPER, .phase = BW_RAISED, .number = 1, .time_utc_ms = 7000};
    int64_t event = 0;
    cr_assert_eq(store_alert_apply(store, "bus-a", STREAM, ++seq, &alert, 90000, &event), 0);
    alert.number = 2;
    alert.time_utc_ms = 0;
    cr_assert_eq(store_alert_apply(store, "bus-a", STREAM, ++seq, &alert, 91000, &event), 0);
    cr_expect_eq(ask("SELECT raised_utc_ms FROM alert WHERE number = 1"), 7000);
    cr_expect_eq(ask("SELECT raised_utc_ms FROM alert WHERE number = 2"), 91000);
}

Test(store_alerts, alerts_of_an_older_store_are_brought_up_to_date_from_their_phases)
{
    import_good();
    (void)apply("bus-a", 1, BW_RAISED, 1000);
    (void)apply("bus-a", 1, BW_CLEARED, 3000);
    (void)apply("bus-b", 1, BW_RAISED, 2000);
    cr_assert_eq(try_sql("INSERT INTO alert_event (alert_id, received_utc_ms, body)"
                         " SELECT id, 4000, x'ff' FROM alert WHERE vehicle = 'bus-b'"),
                 SQLITE_OK, "a damaged phase says nothing, and stops nothing");
    store_close(store);
    store = NULL;
    oldstore_make(path, 6,
                  "INSERT INTO alert_event SELECT * FROM new.alert_event; INSERT INTO alert"
                  " SELECT id, vehicle, stream, number, kind, cleared_utc_ms, last_event FROM new.alert");
    cr_assert_eq(store_open(path, &store), 0);
    cr_expect_eq(ask("SELECT count(*) FROM alert WHERE raised_utc_ms = 1000 AND severity = 2"), 2);
}

Test(store_alerts, alerts_are_paged_newest_first)
{
    struct seen page = {0};
    for (uint64_t number = 1; number <= 5; number++)
        apply("bus-a", number, BW_RAISED, 1000);
    apply("bus-a", 2, BW_CLEARED, 2000);
    cr_assert_eq(store_alerts(store, NULL, false, 0, 2, collect, &page), 0);
    cr_assert_eq(page.n, 2);
    cr_expect_gt(page.ids[0], page.ids[1]);
    const int64_t before = page.ids[1];
    page.n = 0;
    cr_assert_eq(store_alerts(store, NULL, true, before, 10, collect, &page), 0);
    cr_assert_eq(page.n, 2, "5 and 4 were before, 2 is cleared: 3 and 1 are left");
    cr_expect_lt(page.ids[0], before);
    cr_expect_str_eq(page.plate, "", "bus-a is not in the registry");
}

Test(store_alerts, same_number_in_another_stream_or_vehicle_is_another_alert)
{
    struct seen seen = {0};
    const struct bw_alert alert = {.kind = BW_UNLICENSED, .phase = BW_RAISED, .number = 1, .time_utc_ms = 1};
    int64_t event;
    apply("bus-a", 1, BW_RAISED, 1);
    apply("bus-b", 1, BW_RAISED, 1);
    cr_assert_eq(store_alert_apply(store, "bus-a", OTHER, ++seq, &alert, 1, &event), 0);
    cr_assert_eq(store_alerts(store, NULL, true, 0, 10, collect, &seen), 0);
    cr_expect_eq(seen.n, 3);
}

static int64_t say(const uint8_t *stream, uint64_t record_seq, const struct bw_alert *alert)
{
    int64_t event = -1;
    cr_assert_eq(store_alert_apply(store, "bus-a", stream, record_seq, alert, 9000, &event), 0, "%s",
                 store_error(store));
    return event;
}

static void *write_for_a_while(void *context)
{
    const struct timespec while_ = {.tv_nsec = 100000000};
    struct store *writing = context;
    (void)nanosleep(&while_, NULL);
    cr_expect_eq(store_commit(writing), 0, "%s", store_error(writing));
    return NULL;
}

/* It reads which alert it is before it writes. */
Test(store_alerts, an_alert_waits_while_somebody_else_writes)
{
    const struct bw_alert alert = {.kind = BW_OVERLOAD, .phase = BW_RAISED, .time_utc_ms = 1000};
    struct store *other = NULL;
    pthread_t thread;
    cr_assert_eq(store_open(path, &other), 0);
    cr_assert_eq(store_begin(other), 0);
    cr_assert_eq(store_audit(other, "test", "wrote", "x", 1), 0);
    cr_assert_eq(pthread_create(&thread, NULL, write_for_a_while, other), 0);
    cr_expect_gt(say(STREAM, 1, &alert), 0);
    (void)pthread_join(thread, NULL);
    store_close(other);
    cr_expect_eq(ask("SELECT count(*) FROM alert"), 1);
}

static void begin_chain(const uint8_t *stream)
{
    const struct store_chain chain = {.next_seq = 2, .head_known = true};
    cr_assert_eq(store_chain_put(store, "bus-a", stream, BW_RECORD_ALERT, &chain), 0);
}

/* A vehicle that began a new stream says again what waited, and goes on with what was open. */
Test(store_alerts, an_alert_goes_on_in_another_stream_and_no_phase_counts_twice)
{
    struct seen seen = {0};
    struct bw_alert raised = {.kind = BW_OVERLOAD,
                              .phase = BW_RAISED,
                              .number = 7,
                              .time_utc_ms = 1000,
                              .raised_utc_ms = 1000,
                              .evidence.overload = {.aboard = 20, .capacity = 18}},
                    cleared = raised;
    cleared.phase = BW_CLEARED;
    cleared.time_utc_ms = 3000;
    begin_chain(STREAM);
    begin_chain(OTHER);
    cr_expect_gt(say(STREAM, 12, &raised), 0);
    cr_expect_eq(say(OTHER, 1, &raised), 0, "held already");
    cr_expect_gt(say(OTHER, 12, &cleared), 0, "the same number in another chain");
    cr_assert_eq(store_alerts(store, NULL, false, 0, 10, collect, &seen), 0);
    cr_assert_eq(seen.n, 1);
    cr_expect_eq(seen.last.cleared_utc_ms, 3000);
    cr_expect_eq(ask("SELECT count(*) FROM alert_event"), 2);
}

Test(store_alerts, another_stream_has_alerts_of_its_own)
{
    struct seen seen = {0};
    struct bw_alert alert = {.kind = BW_OVERLOAD,
                             .phase = BW_RAISED,
                             .number = 7,
                             .time_utc_ms = 1000,
                             .raised_utc_ms = 1000,
                             .evidence.overload = {.aboard = 20, .capacity = 18}};
    struct bw_alert later = alert, untimed = alert;
    later.raised_utc_ms = later.time_utc_ms = 2000;
    untimed.number = 8;
    untimed.raised_utc_ms = untimed.time_utc_ms = 0;
    begin_chain(STREAM);
    begin_chain(OTHER);
    cr_expect_gt(say(STREAM, 1, &alert), 0);
    cr_expect_gt(say(OTHER, 1, &later), 0, "the number was given out twice");
    cr_expect_gt(say(STREAM, 2, &untimed), 0);
    cr_expect_gt(say(OTHER, 2, &untimed), 0, "nobody knows when: two are better than one too few");
    cr_assert_eq(store_alerts(store, NULL, false, 0, 10, collect, &seen), 0);
    cr_expect_eq(seen.n, 4);
}

Test(store_alerts, cleared_alert_stays_cleared)
{
    struct seen seen = {0};
    apply("bus-a", 1, BW_RAISED, 1000);
    apply("bus-a", 1, BW_CLEARED, 3000);
    apply("bus-a", 1, BW_UPDATED, 4000);
    cr_assert_eq(store_alerts(store, NULL, true, 0, 10, collect, &seen), 0);
    cr_expect_eq(seen.n, 0);
}

Test(store_alerts, alert_first_seen_cleared_is_not_open)
{
    struct seen seen = {0};
    apply("bus-a", 1, BW_CLEARED, 3000);
    cr_assert_eq(store_alerts(store, NULL, true, 0, 10, collect, &seen), 0);
    cr_expect_eq(seen.n, 0);
}

Test(store_alerts, alert_comes_back_with_its_evidence)
{
    struct seen seen = {0};
    int64_t event;
    struct bw_alert alert = {
        .kind = BW_OFF_ROUTE,
        .phase = BW_RAISED,
        .severity = BW_MINOR,
        .number = 3,
        .time_utc_ms = 1789000000250,
        .raised_utc_ms = 1789000000250,
        .has_position = true,
        .position = {29.1400001, 121.0300002, 3.5},
        .occupancy = {BW_QUALITY_GOOD, 10, 11, 12},
        .licence_version = 7,
        .evidence.off_route = {"r-shiliang", 81.5F, 90.0F, 30.0F, 5000, 1788999995000, true, ""},
    };
    cr_assert_eq(store_alert_apply(store, "bus-a", STREAM, ++seq, &alert, alert.time_utc_ms + 60001, &event),
                 0);
    cr_assert_eq(store_alerts(store, NULL, true, 0, 1, collect, &seen), 0);
    const struct bw_alert *got = &seen.last.alert;
    cr_expect(seen.last.late, "more than a minute");
    cr_expect_eq(got->kind, alert.kind);
    cr_expect_eq(got->number, 3);
    cr_expect_eq(got->time_utc_ms, alert.time_utc_ms);
    cr_expect_eq(got->licence_version, 7);
    cr_expect_float_eq(got->position.lat_deg, 29.1400001, 1e-9);
    cr_expect_float_eq(got->position.accuracy_m, 3.5, 1e-6);
    cr_expect_eq(got->occupancy.low, 10);
    cr_expect_str_eq(got->evidence.off_route.route_id, "r-shiliang");
    cr_expect_float_eq(got->evidence.off_route.distance_m, 81.5F, 1e-4);
    cr_expect_eq(got->evidence.off_route.outside_ms, 5000);
    cr_expect_eq(got->evidence.off_route.left_utc_ms, 1788999995000);
    cr_expect(got->evidence.off_route.entered);
}

Test(store_alerts, phase_that_cannot_be_decoded_is_given_by_what_its_object_says)
{
    struct seen events = {0}, now = {0};
    import_good();
    (void)apply("bus-a", 1, BW_RAISED, 1000);
    const int64_t cleared = apply("bus-a", 1, BW_CLEARED, 3000);
    const int64_t open = apply("bus-b", 2, BW_RAISED, 2000);
    file_do(path, "DROP TRIGGER alert_event_fixed; UPDATE alert_event SET body = x'ff' WHERE event > 1");
    cr_assert_eq(store_alert_events(store, NULL, 0, 10, collect, &events), 0);
    cr_assert_eq(events.n, 3);
    cr_expect(events.events[1] == cleared && events.events[2] == open);
    cr_expect(events.last.damaged && !events.last.late);
    cr_expect_str_eq(events.vehicle, "bus-b");
    const struct bw_alert *alert = &events.last.alert;
    cr_expect(alert->kind == BW_OVERLOAD && alert->severity == BW_MINOR && alert->number == 2);
    cr_expect(alert->phase == BW_PHASE_NONE && alert->time_utc_ms == 0 && alert->raised_utc_ms == 1000);
    cr_expect_eq(alert->evidence.overload.peak, 0);

    cr_assert_eq(store_alerts(store, NULL, false, cleared, 10, collect, &now), 0);
    cr_assert_eq(now.n, 1);
    cr_expect(now.last.damaged && now.last.alert.phase == BW_CLEARED);
    cr_expect_eq(now.last.cleared_utc_ms, 3000);
}

Test(store_alerts, callback_ends_a_walk_and_the_statement_can_be_used_again)
{
    struct seen seen = {.stop_at = 1};
    apply("bus-a", 1, BW_RAISED, 1);
    apply("bus-a", 2, BW_RAISED, 1);
    cr_expect_eq(store_alerts(store, NULL, false, 0, 10, collect, &seen), 42);
    cr_expect_eq(seen.n, 1);
    seen = (struct seen){0};
    cr_expect_eq(store_alerts(store, NULL, false, 0, 10, collect, &seen), 0);
    cr_expect_eq(seen.n, 2);
}

static int ask_again(void *context, const struct store_alert *row)
{
    (void)row;
    return store_alerts(store, NULL, false, 0, 10, ask_again, context);
}

Test(store_alerts, walk_within_the_same_walk_is_refused)
{
    apply("bus-a", 1, BW_RAISED, 1);
    cr_expect_eq(store_alerts(store, NULL, false, 0, 10, ask_again, NULL), -EBUSY);
}

/* --- the live map --- */

struct vehicles {
    int n;
    struct store_vehicle rows[8];
    char ids[8][48];
};

static int collect_vehicle(void *context, const struct store_vehicle *row)
{
    struct vehicles *vehicles = context;
    strcpy(vehicles->ids[vehicles->n], row->vehicle);
    vehicles->rows[vehicles->n++] = *row;
    return 0;
}

Test(store_alerts, vehicles_carry_presence_licence_and_open_alerts)
{
    struct vehicles all = {0}, one = {0};
    const struct bw_presence presence = {.online = true,
                                         .time_utc_ms = 5000,
                                         .stream = {1},
                                         .licence_version = 3,
                                         .software = "0.1.0",
                                         .oldest_seq = {1, 2},
                                         .next_seq = {3, 4},
                                         .has_position = true,
                                         .fix_utc_ms = 4000,
                                         .lat_deg = 29.14,
                                         .lon_deg = 121.03,
                                         .speed_mps = NAN,
                                         .occupancy = {BW_QUALITY_GOOD, 4, 5, 6},
                                         .capacity = 18};
    const struct bw_alert unlicensed = {
        .kind = BW_UNLICENSED, .phase = BW_RAISED, .number = 2, .time_utc_ms = 1};
    int64_t event;
    import_good();
    cr_assert_eq(store_presence_put(store, "bus-a", &presence, 5100), 0);
    cr_assert_eq(store_presence_put(store, "bus-a", &presence, 5200), 0, "the newest replaces");
    cr_assert_eq(store_issued_put(store, ISSUED_LICENCE, "bus-a", 4, (const uint8_t *)"x", 1), 0);
    cr_assert_eq(store_issued_put(store, ISSUED_ORDERS, "bus-a", 6, (const uint8_t *)"x", 1), 0);
    apply("bus-a", 1, BW_RAISED, 1);
    apply("bus-a", 3, BW_RAISED, 1); /* a second OVERLOAD is the same bit */
    cr_assert_eq(store_alert_apply(store, "bus-a", STREAM, ++seq, &unlicensed, 1, &event), 0);
    apply("bus-b", 1, BW_RAISED, 1);
    apply("bus-b", 1, BW_CLEARED, 2);

    cr_assert_eq(store_vehicles(store, NULL, NULL, collect_vehicle, &all), 0);
    cr_assert_eq(all.n, 5);
    cr_expect_str_eq(all.ids[0], "bus-a");
    cr_expect_str_eq(all.ids[4], "bus-e");
    cr_expect_not(all.rows[1].seen);
    cr_expect_eq(all.rows[1].open_kinds, 0);
    cr_expect_eq(all.rows[1].issued[ISSUED_LICENCE] + all.rows[1].issued[ISSUED_ORDERS], 0);

    cr_assert_eq(store_vehicles(store, NULL, "bus-a", collect_vehicle, &one), 0);
    cr_assert_eq(one.n, 1);
    const struct store_vehicle *row = &one.rows[0];
    cr_expect(row->seen);
    cr_expect_eq(row->received_utc_ms, 5200);
    cr_expect_eq(row->capacity, 18);
    cr_expect_eq(row->issued[ISSUED_LICENCE], 4);
    cr_expect_eq(row->issued[ISSUED_ORDERS], 6);
    cr_expect_eq(row->open_kinds, 1u << BW_OVERLOAD | 1u << BW_UNLICENSED);
    cr_expect(row->presence.online);
    cr_expect_eq(row->presence.licence_version, 3);
    cr_expect_eq(row->presence.next_seq[1], 4);
    cr_expect_eq(row->presence.occupancy.count, 5);
    cr_expect(isnan(row->presence.speed_mps));
    cr_expect_eq(store_vehicles(store, NULL, "bus-z", collect_vehicle, &one), 0);
    cr_expect_eq(one.n, 1, "an unknown vehicle is no row");
}

Test(store_alerts, vehicle_whose_presence_cannot_be_decoded_has_not_been_heard_of)
{
    struct vehicles all = {0};
    const struct bw_presence presence = {.online = true, .time_utc_ms = 5000, .stream = {1}};
    import_good();
    cr_assert_eq(store_presence_put(store, "bus-a", &presence, 5100), 0);
    cr_assert_eq(store_presence_put(store, "bus-b", &presence, 5200), 0);
    file_do(path, "UPDATE presence SET bytes = x'ff' WHERE vehicle = 'bus-a'");
    cr_assert_eq(store_vehicles(store, NULL, NULL, collect_vehicle, &all), 0);
    cr_assert_eq(all.n, 5);
    cr_expect(!all.rows[0].seen && !all.rows[0].presence.online && all.rows[0].received_utc_ms == 0);
    cr_expect(all.rows[1].seen && all.rows[1].received_utc_ms == 5200);
}

Test(store_alerts, a_school_is_given_its_own_vehicles_rows_alone)
{
    static const struct {
        const char *school;
        size_t vehicles, alerts, events;
    } table[] = {
        {NULL, 5, 3, 4}, {"s-shiliang", 2, 1, 2}, {"s-yucai", 3, 1, 1}, {"s-none", 0, 0, 0}, {"", 0, 0, 0}};
    import_good();
    apply("bus-a", 1, BW_RAISED, 1);
    apply("bus-a", 1, BW_UPDATED, 2);
    apply("bus-b", 1, BW_RAISED, 1);
    apply("bus-nobody-registered", 1, BW_RAISED, 1);
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const char *school = table[i].school;
        struct vehicles vehicles = {0};
        struct seen alerts = {0}, open = {0}, events = {0};
        cr_assert_eq(store_vehicles(store, school, NULL, collect_vehicle, &vehicles), 0);
        cr_assert_eq(store_alerts(store, school, false, 0, 10, collect, &alerts), 0);
        cr_assert_eq(store_alerts(store, school, true, 0, 10, collect, &open), 0);
        cr_assert_eq(store_alert_events(store, school, 0, 10, collect, &events), 0);
        cr_expect_eq(vehicles.n, table[i].vehicles, "school %zu: %zu vehicles", i, vehicles.n);
        cr_expect_eq(alerts.n, table[i].alerts, "school %zu: %zu alerts", i, alerts.n);
        cr_expect_eq(open.n, table[i].alerts);
        cr_expect_eq(events.n, table[i].events, "school %zu: %zu events", i, events.n);
    }
    struct vehicles one = {0};
    cr_assert_eq(store_vehicles(store, "s-yucai", "bus-a", collect_vehicle, &one), 0);
    cr_expect_eq(one.n, 0, "another school's");
}

Test(store_alerts, every_kind_is_kept_and_shows_among_the_open_ones)
{
    struct seen seen = {0};
    struct vehicles one = {0};
    import_good();
    for (int kind = 1; kind < BW_KIND_COUNT; kind++) {
        const struct bw_alert alert = {.kind = (enum bw_kind)kind,
                                       .phase = BW_RAISED,
                                       .number = (uint64_t)kind,
                                       .time_utc_ms = 1789000000250};
        int64_t event;
        cr_assert_eq(store_alert_apply(store, "bus-a", STREAM, ++seq, &alert, 1, &event), 0, "kind %d", kind);
        cr_assert_eq(store_alerts(store, NULL, true, 0, 1, collect, &seen), 0);
        cr_expect_eq((int)seen.last.alert.kind, kind);
    }
    cr_assert_eq(store_vehicles(store, NULL, "bus-a", collect_vehicle, &one), 0);
    cr_expect_eq(one.rows[0].open_kinds, (1U << BW_KIND_COUNT) - 2);
}
