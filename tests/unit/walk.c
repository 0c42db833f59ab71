/* The fitter's walk as a machine: what it asks for, sees and concludes (gateway/walk.h). */
#include <criterion/criterion.h>
#include <string.h>

#include "gateway/walk.h"

enum { LIMIT_MS = 30000, LOOK_MS = 200 };

static struct walk *walk;
static json_t *status;
static int64_t now_ms = 1000000;

static json_t *signal_at(const char *place)
{
    size_t i;
    json_t *signal;
    json_array_foreach(json_object_get(json_object_get(status, "cabin"), "signals"), i,
                       signal) if (strcmp(json_string_value(json_object_get(signal, "place")), place) ==
                                   0) return signal;
    cr_assert_fail("no %s", place);
    return NULL;
}

static void set(const char *place, double value)
{
    (void)json_object_set_new(signal_at(place), "value", json_real(value));
}

static void set_state(const char *place, const char *state)
{
    (void)json_object_set_new(signal_at(place), "state", json_string(state));
}

static json_t *signal_json(const char *kind, const char *place, int most)
{
    return json_pack("{s:s, s:s, s:s, s:f, s:i}", "kind", kind, "place", place, "state", "known", "value",
                     0.0, "most", most);
}

#define SEAT  "seat.row1.left.occupied"
#define BELT  "seat.row1.left.belted"
#define OTHER "seat.row2.left.occupied"
#define DOOR  "door.front.open"

/* In order, with one seat with a belt, one without, a door, ignition and wheels. */
static void set_up(void)
{
    status = json_pack("{s:[], s:{s:s,s:s}, s:{s:s}, s:{s:[o,o,o,o,o,o]}, s:{s:i}, s:{s:i}}", "faults",
                       "process", "config_hash", "c", "dbc_hash", "d", "clock", "source", "gnss", "cabin",
                       "signals", signal_json("seat", SEAT, 3), signal_json("seat", OTHER, 1),
                       signal_json("belt", BELT, 0), signal_json("door", DOOR, 0),
                       signal_json("ignition", "ignition.on", 0), signal_json("wheel", "vehicle.speed", 0),
                       "licence", "capacity", 4, "uplink", "receipts", 7);
    cr_assert_not_null(status);
}

static void begin(void)
{
    const struct walk_config config = {.config_hash = "c", .dbc_hash = "d", .limit_ms = LIMIT_MS};
    walk = walk_create(status, &config);
    cr_assert_not_null(walk);
    (void)json_object_set_new(json_object_get(status, "uplink"), "receipts", json_integer(8));
}

static void tear_down(void)
{
    walk_destroy(walk);
    json_decref(status);
}
TestSuite(walk, .init = set_up, .fini = tear_down);

static enum walk_news look(void)
{
    now_ms += LOOK_MS;
    return walk_look(walk, status, now_ms);
}

static const struct walk_item *item_of(enum walk_kind kind, const char *place)
{
    for (size_t i = 0; i < walk_count(walk); i++)
        if (walk_item(walk, i)->kind == kind && strcmp(walk_item(walk, i)->place, place) == 0)
            return walk_item(walk, i);
    cr_assert_fail("no such item: %d %s", kind, place);
    return NULL;
}

/* What was asked for is done, until it is the turn of `kind` at `place`; WALK_KINDS: until the end. */
static void go_to(enum walk_kind kind, const char *place)
{
    for (int i = 0; i < 2000; i++) {
        if (walk_current(walk) == walk_count(walk) && kind == WALK_KINDS)
            return;
        const struct walk_item *item = walk_item(walk, walk_current(walk));
        if (item->kind == kind && strcmp(item->place, place) == 0)
            return;
        (void)look();
        if (item->step == WALK_OPEN || item->step == WALK_SIT_DOWN || item->step == WALK_SWITCH_ON)
            set(item->place, 1);
        if (item->step == WALK_CLOSE || item->step == WALK_STAND_UP)
            set(item->place, 0);
        if (item->step == WALK_FASTEN || item->step == WALK_UNFASTEN)
            set(item->belt, item->step == WALK_FASTEN);
    }
    cr_assert_fail("it never comes to %d %s", kind, place);
}

static enum walk_news wait_for(enum walk_news news, int64_t at_most_ms)
{
    enum walk_news last = WALK_NOTHING;
    for (int64_t passed_ms = 0; passed_ms <= at_most_ms && last != news; passed_ms += LOOK_MS)
        last = look();
    return last;
}

Test(walk, without_hands_first_and_the_ignition_before_the_seats)
{
    begin();
    static const enum walk_kind order[] = {WALK_CONFIGURATION, WALK_GPS,     WALK_CLOCK,    WALK_BUS,
                                           WALK_SIGNALS,       WALK_LICENCE, WALK_CAPACITY, WALK_BROKER,
                                           WALK_RECEIPT,       WALK_OUTBOX,  WALK_WHEEL,    WALK_DOOR,
                                           WALK_IGNITION,      WALK_SEAT,    WALK_SEAT};
    cr_assert_eq(walk_count(walk), sizeof order / sizeof order[0]);
    for (size_t i = 0; i < walk_count(walk); i++)
        cr_expect_eq(walk_item(walk, i)->kind, order[i], "item %zu", i);
}

Test(walk, a_vehicle_in_order_passes_all)
{
    begin();
    go_to(WALK_KINDS, "");
    cr_expect_eq(look(), WALK_DONE);
    for (size_t i = 0; i < walk_count(walk); i++)
        cr_expect_eq(walk_item(walk, i)->result, WALK_OK, "item %zu", i);
}

Test(walk, a_check_waits_for_what_may_come_and_not_for_what_cannot)
{
    (void)json_object_set_new(json_object_get(status, "process"), "dbc_hash", json_string("old"));
    (void)json_array_append_new(json_object_get(status, "faults"),
                                json_pack("{s:s, s:s}", "part", "gps", "code", "gps_no_position"));
    begin();
    cr_expect_eq(wait_for(WALK_ENDED_ITEM, LOOK_MS), WALK_ENDED_ITEM);
    cr_expect_eq(item_of(WALK_CONFIGURATION, "")->reason, WALK_OTHER_FILES);
    cr_expect_neq(wait_for(WALK_ENDED_ITEM, LIMIT_MS - 1000), WALK_ENDED_ITEM);
    (void)json_array_clear(json_object_get(status, "faults"));
    cr_expect_eq(look(), WALK_ENDED_ITEM);
    cr_expect_eq(item_of(WALK_GPS, "")->result, WALK_OK);
}

Test(walk, a_check_that_stays_bad_fails_with_the_fault)
{
    (void)json_array_append_new(json_object_get(status, "faults"),
                                json_pack("{s:s, s:s}", "part", "gps", "code", "gps_no_position"));
    begin();
    go_to(WALK_CLOCK, "");
    cr_expect_eq(item_of(WALK_GPS, "")->result, WALK_FAILED);
    cr_expect_str_eq(item_of(WALK_GPS, "")->fault, "gps_no_position");
    cr_expect_geq(item_of(WALK_GPS, "")->took_ms, LIMIT_MS);
}

Test(walk, a_certificate_that_cannot_be_read_is_an_item_that_fails)
{
    (void)json_array_append_new(
        json_object_get(status, "faults"),
        json_pack("{s:s, s:s}", "part", "certificate", "code", "certificate_unusable"));
    begin();
    go_to(WALK_BROKER, "");
    cr_expect_str_eq(item_of(WALK_CERTIFICATE, "")->fault, "certificate_unusable");
}

Test(walk, a_receipt_of_before_is_none)
{
    begin();
    (void)json_object_set_new(json_object_get(status, "uplink"), "receipts", json_integer(7));
    go_to(WALK_OUTBOX, "");
    cr_expect_eq(item_of(WALK_RECEIPT, "")->reason, WALK_NO_RECEIPT);
}

Test(walk, fewer_sensors_than_the_licence_allows_pupils)
{
    (void)json_object_set_new(json_object_get(status, "licence"), "capacity", json_integer(5));
    begin();
    go_to(WALK_BROKER, "");
    cr_expect_eq(item_of(WALK_CAPACITY, "")->reason, WALK_TOO_FEW_SENSORS);
}

Test(walk, a_door_that_stands_open_is_to_be_closed_first)
{
    set(DOOR, 1);
    begin();
    go_to(WALK_DOOR, DOOR);
    cr_expect_eq(look(), WALK_BEGUN);
    cr_expect_eq(look(), WALK_NOTHING);
    cr_expect_eq(item_of(WALK_DOOR, DOOR)->step, WALK_CLOSE);
}

Test(walk, a_signal_that_is_not_known_is_nothing_seen)
{
    begin();
    go_to(WALK_DOOR, DOOR);
    (void)wait_for(WALK_SEEN, 1000);
    set(DOOR, 1);
    set_state(DOOR, "silent");
    cr_expect_eq(wait_for(WALK_ASKING, LIMIT_MS + 1000), WALK_ASKING);
    cr_expect_eq(item_of(WALK_DOOR, DOOR)->reason, WALK_NOT_SEEN);
}

Test(walk, a_seat_that_reacts_in_the_place_of_another_is_named)
{
    begin();
    go_to(WALK_SEAT, SEAT);
    (void)wait_for(WALK_SEEN, 1000);
    set(OTHER, 1);
    cr_expect_eq(wait_for(WALK_OTHER, 1000), WALK_OTHER);
    cr_expect_eq(wait_for(WALK_ASKING, LIMIT_MS), WALK_ASKING);
    cr_expect_eq(walk_key(walk, 's', now_ms), WALK_ENDED_ITEM);
    cr_expect_eq(item_of(WALK_SEAT, SEAT)->result, WALK_FAILED);
    cr_expect_eq(item_of(WALK_SEAT, SEAT)->reason, WALK_INSTEAD);
    cr_expect_str_eq(item_of(WALK_SEAT, SEAT)->reacted[0], OTHER);
}

Test(walk, a_seat_that_reacts_together_with_another_does_not_pass)
{
    begin();
    go_to(WALK_SEAT, OTHER);
    (void)wait_for(WALK_SEEN, 1000);
    set(SEAT, 1);
    (void)wait_for(WALK_OTHER, 1000);
    set(OTHER, 1);
    (void)wait_for(WALK_SEEN, 1000);
    set(OTHER, 0);
    cr_expect_eq(wait_for(WALK_ASKING, 1000), WALK_ASKING);
    cr_expect_eq(item_of(WALK_SEAT, OTHER)->reason, WALK_ALSO);
}

Test(walk, a_contact_that_bounces_and_one_that_goes_off_are_no_reaction)
{
    set(SEAT, 2);
    begin();
    go_to(WALK_DOOR, DOOR);
    (void)wait_for(WALK_SEEN, 1000);
    set(SEAT, 0);
    set(OTHER, 1);
    cr_expect_neq(look(), WALK_OTHER);
    cr_expect_neq(look(), WALK_OTHER, "after 200 ms");
    set(OTHER, 0);
    cr_expect_neq(wait_for(WALK_OTHER, 3000), WALK_OTHER);
}

Test(walk, again_begins_the_item_anew_nine_times_at_most)
{
    begin();
    go_to(WALK_DOOR, DOOR);
    for (unsigned i = 0; i <= WALK_REPEATS_MAX; i++) {
        (void)look();
        (void)walk_key(walk, 'r', now_ms);
    }
    cr_expect_eq(item_of(WALK_DOOR, DOOR)->repeats, WALK_REPEATS_MAX);
    cr_expect_eq(item_of(WALK_DOOR, DOOR)->result, WALK_PENDING);
}

Test(walk, late_is_what_comes_more_than_three_seconds_after_the_fitter_said_so)
{
    static const struct {
        int64_t key_after_ms, reaction_after_ms;
        enum walk_reason reason;
    } rows[] = {
        {2400, 2000, WALK_NO_REASON}, /* in time */
        {2400, 4000, WALK_LATE},
        {400, 4000, WALK_NO_REASON}, /* the key was still for the step before */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        walk_destroy(walk);
        set(DOOR, 0);
        begin();
        (void)json_object_set_new(json_object_get(status, "uplink"), "receipts", json_integer(9));
        go_to(WALK_DOOR, DOOR);
        (void)wait_for(WALK_SEEN, 1000);
        (void)wait_for(WALK_DONE, rows[i].key_after_ms);
        (void)walk_key(walk, 'd', now_ms);
        (void)wait_for(WALK_DONE, rows[i].reaction_after_ms);
        set(DOOR, 1);
        (void)wait_for(WALK_SEEN, 1000);
        set(DOOR, 0);
        (void)look();
        cr_expect_eq(item_of(WALK_DOOR, DOOR)->reason, rows[i].reason, "row %zu", i);
        (void)json_object_set_new(json_object_get(status, "uplink"), "receipts", json_integer(7));
    }
}

Test(walk, skipped_by_the_fitter_and_broken_off_are_told_apart)
{
    begin();
    go_to(WALK_DOOR, DOOR);
    (void)look();
    cr_expect_eq(walk_key(walk, 's', now_ms), WALK_ENDED_ITEM);
    (void)look();
    cr_expect_eq(walk_key(walk, 'a', now_ms), WALK_ENDED_ITEM);
    cr_expect_eq(look(), WALK_DONE);
    cr_expect_eq(item_of(WALK_DOOR, DOOR)->reason, WALK_BY_FITTER);
    cr_expect_eq(item_of(WALK_SEAT, OTHER)->reason, WALK_ABORTED);
    cr_expect_eq(item_of(WALK_SEAT, OTHER)->result, WALK_SKIPPED);
}

Test(walk, it_is_broken_off_between_items_and_before_the_first_as_well)
{
    static const char before[] = {'\0', 's', 'r'}; /* nothing yet; an item's end; an item that begins anew */
    for (size_t i = 0; i < sizeof before; i++) {
        walk_destroy(walk);
        begin();
        if (before[i] != '\0') {
            (void)json_object_set_new(json_object_get(status, "uplink"), "receipts", json_integer(9));
            go_to(WALK_DOOR, DOOR);
            (void)look();
            (void)walk_key(walk, before[i], now_ms);
            (void)json_object_set_new(json_object_get(status, "uplink"), "receipts", json_integer(7));
        }
        cr_expect_eq(walk_key(walk, 'a', now_ms), WALK_ENDED_ITEM, "row %zu", i);
        cr_expect_eq(walk_look(walk, NULL, now_ms), WALK_DONE, "row %zu", i);
        cr_expect_eq(item_of(WALK_SEAT, OTHER)->reason, WALK_ABORTED, "row %zu", i);
        cr_expect_eq(item_of(WALK_SEAT, OTHER)->took_ms, 0, "row %zu", i);
    }
}

Test(walk, no_answer_to_a_question_is_no_for_an_answer)
{
    begin();
    go_to(WALK_DOOR, DOOR);
    cr_expect_eq(wait_for(WALK_ASKING, LIMIT_MS + 1000), WALK_ASKING);
    cr_expect_neq(wait_for(WALK_ENDED_ITEM, WALK_ANSWER_MS - 1000), WALK_ENDED_ITEM);
    cr_expect_eq(wait_for(WALK_ENDED_ITEM, 1000), WALK_ENDED_ITEM);
    cr_expect_eq(item_of(WALK_DOOR, DOOR)->result, WALK_FAILED);
}

Test(walk, without_any_keys_nothing_is_asked)
{
    begin();
    (void)walk_key(walk, '\0', now_ms);
    for (int i = 0; i < 1000 && look() != WALK_DONE; i++)
        ;
    cr_expect_eq(look(), WALK_DONE);
    cr_expect_eq(item_of(WALK_DOOR, DOOR)->reason, WALK_NOT_SEEN);
}

Test(walk, the_alarm_is_heard_or_not)
{
    static const struct {
        char key;
        enum walk_result result;
        enum walk_reason reason;
    } rows[] = {{'y', WALK_OK, WALK_NO_REASON},
                {'n', WALK_FAILED, WALK_NOT_HEARD},
                {'\0', WALK_FAILED, WALK_NOT_HEARD}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct walk_config config = {
            .config_hash = "c", .dbc_hash = "d", .limit_ms = LIMIT_MS, .alarm = true};
        walk_destroy(walk);
        walk = walk_create(status, &config);
        go_to(WALK_ALARM, "");
        (void)look();
        cr_expect_eq(walk_key(walk, rows[i].key, now_ms), WALK_ENDED_ITEM);
        cr_expect_eq(item_of(WALK_ALARM, "")->result, rows[i].result, "row %zu", i);
        cr_expect_eq(item_of(WALK_ALARM, "")->reason, rows[i].reason, "row %zu", i);
    }
}
