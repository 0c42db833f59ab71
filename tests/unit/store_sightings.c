/* Sightings in the store: kept once and as they were, found again, counted by plate, gate and hour, and taken
 * away by retention alone. */
#include "bureau/store/sightings.h"

#include "bureau/store/cases.h"
#include "bureau/store/report.h"
#include "bureau/store/retention.h"
#include "tests/unit/fixture_oldstore.h"
#include "tests/unit/fixture_store.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int n_keys;
/* Monday 2026-09-14, 07:00 in Shanghai. */
static const int64_t MORNING_UTC_MS = 1789340400000, HOUR_MS = 3600000, DAY_MS = 86400000;

TestSuite(store_sightings, .init = open_store, .fini = close_store);

static struct store_sighting seen(const char *plate, const char *gate, int64_t seen_utc_ms)
{
    static char keys[200][SIGHTING_KEY_LEN];
    (void)sprintf(keys[n_keys], "key-%d", n_keys);
    return (struct store_sighting){
        .key = keys[n_keys++],
        .who = {.name = "gate-1", .role = ACCESS_SCHOOL, .school_id = "s-shiliang"},
        .plate = plate,
        .gate = gate,
        .place = "",
        .seen_utc_ms = seen_utc_ms,
        .received_utc_ms = seen_utc_ms + 5000,
        .heads = -1,
        .note = "",
        .verdict = *plate == '\0' || strchr(plate, '?') ? SIGHTING_UNREAD : SIGHTING_UNKNOWN,
    };
}

static int64_t add(struct store_sighting sighting)
{
    int64_t id = 0;
    cr_assert_eq(store_sighting_add(store, &sighting, &id), 0, "%s", store_error(store));
    return id;
}

/* --- one --- */

static int is_whole(void *context, const struct store_sighting *row)
{
    int *n = context;
    ++*n;
    cr_expect_str_eq(row->key, "key-0");
    cr_expect_str_eq(row->who.name, "gate-1");
    cr_expect_eq(row->who.role, ACCESS_SCHOOL);
    cr_expect_str_eq(row->who.school_id, "s-shiliang");
    cr_expect_str_eq(row->plate, "浙A99999");
    cr_expect_str_eq(row->gate, "s-shiliang");
    cr_expect_str_eq(row->gate_name, "天台县石梁镇中心小学");
    cr_expect_str_eq(row->place, "东门");
    cr_expect(row->has_position && row->lat_deg == 29.25 && row->lon_deg == 121.0 && row->accuracy_m == 12);
    cr_expect_eq(row->seen_utc_ms, MORNING_UTC_MS);
    cr_expect_eq(row->received_utc_ms, MORNING_UTC_MS + 5000);
    cr_expect_eq(row->heads, 14);
    cr_expect_str_eq(row->note, "白色面包车");
    cr_expect_eq(row->verdict, SIGHTING_UNKNOWN);
    cr_expect(!row->has_photo);
    cr_expect_eq(row->case_id, 0);
    return 0;
}

Test(store_sightings, what_was_reported_comes_back_whole)
{
    int n = 0;
    struct store_sighting sighting = seen("浙A99999", "s-shiliang", MORNING_UTC_MS);
    sighting.place = "东门";
    sighting.has_position = true;
    sighting.lat_deg = 29.25;
    sighting.lon_deg = 121.0;
    sighting.accuracy_m = 12;
    sighting.heads = 14;
    sighting.note = "白色面包车";
    const int64_t id = add(sighting);
    cr_assert_eq(store_sighting(store, id, NULL, is_whole, &n), 0);
    cr_assert_eq(store_sighting(store, id, "s-shiliang", is_whole, &n), 0);
    cr_expect_eq(n, 2);
}

static int has_no_place(void *context, const struct store_sighting *row)
{
    (void)context;
    cr_expect(!row->has_position && isnan(row->accuracy_m));
    cr_expect_str_eq(row->gate_name, "");
    return 7;
}

Test(store_sightings, what_is_not_known_stays_unknown)
{
    const int64_t id = add(seen("", "", MORNING_UTC_MS));
    cr_expect_eq(store_sighting(store, id, NULL, has_no_place, NULL), 7, "the callback's answer is returned");
}

static int count(void *context, const struct store_sighting *row)
{
    (void)row;
    ++*(int *)context;
    return 0;
}

Test(store_sightings, another_schools_report_is_not_there)
{
    int n = 0;
    const int64_t id = add(seen("浙A99999", "s-shiliang", MORNING_UTC_MS));
    cr_expect_eq(store_sighting(store, id, "s-yucai", count, &n), -ENOENT);
    cr_expect_eq(store_sighting(store, id + 1, NULL, count, &n), -ENOENT);
    const struct store_sighting_query query = {.school_id = "s-yucai", .until_utc_ms = INT64_MAX};
    cr_expect_eq(store_sightings(store, &query, 10, count, &n), 0);
    cr_expect_eq(n, 0);
}

Test(store_sightings, a_report_that_is_sent_twice_is_one)
{
    int64_t again = 0;
    struct store_sighting sighting = seen("浙A99999", "s-shiliang", MORNING_UTC_MS);
    const int64_t id = add(sighting);
    sighting.plate = "浙A11111";
    cr_expect_eq(store_sighting_add(store, &sighting, &again), -EEXIST);
    cr_expect_eq(again, id);
    (void)strcpy(sighting.who.name, "gate-2");
    cr_expect_neq(add(sighting), id, "a key is the account's own");
}

Test(store_sightings, nobody_changes_what_was_reported)
{
    int n = 0;
    const int64_t id = add(seen("浙A99999", "s-shiliang", MORNING_UTC_MS));
    cr_expect_eq(try_sql("UPDATE sighting SET verdict = 2"), SQLITE_CONSTRAINT);
    cr_expect_eq(try_sql("UPDATE sighting SET case_id = 4, plate = ''"), SQLITE_CONSTRAINT);
    cr_expect_eq(store_sighting_case_set(store, id, 5), 0);
    cr_expect_eq(store_sighting_case_set(store, id + 1, 5), -ENOENT);
    const struct store_sighting_query query = {.case_id = 5, .until_utc_ms = INT64_MAX};
    cr_expect_eq(store_sightings(store, &query, 10, count, &n), 0);
    cr_expect_eq(n, 1);
}

/* --- lists --- */

struct page {
    size_t n;
    int64_t ids[16];
};

static int collect(void *context, const struct store_sighting *row)
{
    struct page *page = context;
    cr_assert_lt(page->n, 16);
    page->ids[page->n++] = row->id;
    return 0;
}

static struct page list(struct store_sighting_query query, int limit)
{
    struct page page = {0};
    if (query.until_utc_ms == 0)
        query.until_utc_ms = INT64_MAX;
    cr_assert_eq(store_sightings(store, &query, limit, collect, &page), 0, "%s", store_error(store));
    return page;
}

Test(store_sightings, are_listed_by_plate_gate_and_time_the_newest_first)
{
    const int64_t a = add(seen("浙A99999", "s-shiliang", MORNING_UTC_MS));
    const int64_t b = add(seen("浙A9999?", "s-yucai", MORNING_UTC_MS + HOUR_MS));
    const int64_t c = add(seen("浙A88888", "s-yucai", MORNING_UTC_MS + DAY_MS));
    struct page page = list((struct store_sighting_query){0}, 10);
    cr_expect(page.n == 3 && page.ids[0] == c && page.ids[1] == b && page.ids[2] == a);
    page = list((struct store_sighting_query){0}, 2);
    cr_expect(page.n == 2 && page.ids[1] == b);
    page = list((struct store_sighting_query){.before_id = b}, 10);
    cr_expect(page.n == 1 && page.ids[0] == a);
    page = list((struct store_sighting_query){.plate = "浙A99999"}, 10);
    cr_expect(page.n == 1 && page.ids[0] == a);
    page = list((struct store_sighting_query){.plate = "浙A9999?"}, 10);
    cr_expect(page.n == 2 && page.ids[0] == b && page.ids[1] == a);
    page = list((struct store_sighting_query){.gate = "s-yucai"}, 10);
    cr_expect(page.n == 2 && page.ids[0] == c && page.ids[1] == b);
    page = list((struct store_sighting_query){.since_utc_ms = MORNING_UTC_MS + 1,
                                              .until_utc_ms = MORNING_UTC_MS + DAY_MS},
                10);
    cr_expect(page.n == 1 && page.ids[0] == b);
}

/* --- photos --- */

static const uint8_t BYTES[] = {0xff, 0xd8, 0xff, 0, 1, 2};

static struct store_photo photo(int64_t received_utc_ms)
{
    return (struct store_photo){.bytes = BYTES,
                                .len = 6,
                                .width = 40,
                                .height = 30,
                                .digest = {9},
                                .received_utc_ms = received_utc_ms};
}

static int is_photo(void *context, const struct store_photo *row)
{
    (void)context;
    cr_expect(row->len == 6 && memcmp(row->bytes, BYTES, 6) == 0);
    cr_expect(row->width == 40 && row->height == 30 && row->digest[0] == 9 && row->received_utc_ms == 77);
    return 3;
}

static int count_photo(void *context, const struct store_photo *row)
{
    (void)context;
    return row->len == sizeof(BYTES) ? 3 : -EBADMSG;
}

static int has_photo(void *context, const struct store_sighting *row)
{
    *(bool *)context = row->has_photo;
    return 0;
}

Test(store_sightings, one_photo_each)
{
    bool has = false;
    const struct store_photo first = photo(77);
    const int64_t id = add(seen("浙A99999", "", MORNING_UTC_MS));
    cr_expect_eq(store_photo(store, id, is_photo, NULL), -ENOENT);
    cr_expect_eq(store_photo_add(store, id, &first), 0, "%s", store_error(store));
    cr_expect_eq(store_photo(store, id, is_photo, NULL), 3);
    cr_expect_eq(store_photo_add(store, id, &first), -EEXIST);
    cr_expect_eq(store_photo_add(store, id + 1, &first), -ENOENT);
    cr_expect_eq(store_sighting(store, id, NULL, has_photo, &has), 0);
    cr_expect(has);
    cr_expect_eq(try_sql("UPDATE sighting_photo SET jpeg = x'00'"), SQLITE_CONSTRAINT);
}

/* --- again and again --- */

struct repeats {
    size_t n;
    struct store_repeat of[32];
    char plates[32][BW_PLATE_LEN], gates[32][BW_ID_LEN];
};

static int keep_repeat(void *context, const struct store_repeat *row)
{
    struct repeats *repeats = context;
    cr_assert_lt(repeats->n, 32);
    repeats->of[repeats->n] = *row;
    (void)strcpy(repeats->plates[repeats->n], row->plate);
    (void)strcpy(repeats->gates[repeats->n], row->gate);
    repeats->n++;
    return 0;
}

static struct repeats repeats(enum store_repeat_by by, const char *plate, int64_t count_min)
{
    struct repeats found = {0};
    const struct store_repeat_query query = {
        .by = by, .plate = plate, .since_utc_ms = 1, .until_utc_ms = INT64_MAX, .count_min = count_min};
    cr_assert_eq(store_repeats(store, &query, 30, keep_repeat, &found), 0, "%s", store_error(store));
    return found;
}

static void a_busy_fortnight(void)
{
    struct store_sighting sighting;
    for (int day = 0; day < 3; day++) /* three mornings at two gates */
        (void)add(seen("浙A11111", day == 2 ? "s-yucai" : "s-shiliang", MORNING_UTC_MS + day * DAY_MS));
    for (int i = 0; i < 5; i++) /* often, but on one day */
        (void)add(seen("浙A22222", "s-shiliang", MORNING_UTC_MS + i * 60000));
    (void)add(seen("浙A33333", "", MORNING_UTC_MS + 9 * HOUR_MS)); /* once, by the roadside at 16:00 */
    (void)add(seen("浙A1?111", "s-yucai", MORNING_UTC_MS));
    (void)add(seen("", "s-yucai", MORNING_UTC_MS));
    for (int verdict = SIGHTING_LICENSED; verdict <= SIGHTING_WRONG_HOUR; verdict++)
        for (int i = 0; i < 4; i++) {
            sighting = seen("浙J12345", "s-shiliang", MORNING_UTC_MS + i * DAY_MS);
            sighting.verdict = (enum sighting_verdict)verdict;
            (void)add(sighting);
        }
    sighting = seen("浙A11111", "s-shiliang", MORNING_UTC_MS);
    sighting.heads = 21;
    (void)add(sighting);
}

Test(store_sightings, plates_that_come_again_on_the_most_days_first)
{
    a_busy_fortnight();
    const struct repeats found = repeats(STORE_BY_PLATE, NULL, 2);
    cr_assert_eq(found.n, 2);
    cr_expect_str_eq(found.plates[0], "浙A11111");
    cr_expect(found.of[0].count == 4 && found.of[0].days == 3 && found.of[0].gates == 2 &&
              found.of[0].heads == 21);
    cr_expect_eq(found.of[0].first_utc_ms, MORNING_UTC_MS);
    cr_expect_eq(found.of[0].last_utc_ms, MORNING_UTC_MS + 2 * DAY_MS);
    cr_expect_str_eq(found.plates[1], "浙A22222");
    cr_expect(found.of[1].count == 5 && found.of[1].days == 1 && found.of[1].heads == -1);
    cr_expect_eq(repeats(STORE_BY_PLATE, NULL, 1).n, 3);
}

Test(store_sightings, gates_with_what_was_not_read)
{
    a_busy_fortnight();
    const struct repeats found = repeats(STORE_BY_GATE, NULL, 1);
    cr_assert_eq(found.n, 3);
    cr_expect_str_eq(found.gates[0], "s-shiliang");
    cr_expect(found.of[0].count == 8 && found.of[0].plates == 2 && found.of[0].unread == 0);
    cr_expect_str_eq(found.gates[1], "s-yucai");
    cr_expect(found.of[1].count == 3 && found.of[1].plates == 1 && found.of[1].unread == 2);
    cr_expect_str_eq(found.gates[2], "");
}

Test(store_sightings, hours_are_local)
{
    a_busy_fortnight();
    const struct repeats found = repeats(STORE_BY_HOUR, NULL, 1);
    cr_assert_eq(found.n, 2);
    cr_expect(found.of[0].hour == 7 && found.of[0].count == 11 && found.of[0].days == 3);
    cr_expect(found.of[1].hour == 16 && found.of[1].count == 1 && found.of[1].gates == 0);
}

Test(store_sightings, where_and_when_one_plate_comes)
{
    a_busy_fortnight();
    struct repeats found = repeats(STORE_BY_GATE, "浙A11111", 1);
    cr_assert_eq(found.n, 2);
    cr_expect(strcmp(found.gates[0], "s-shiliang") == 0 && found.of[0].count == 3);
    found = repeats(STORE_BY_HOUR, "浙A11111", 1);
    cr_expect(found.n == 1 && found.of[0].count == 4);
}

/* --- retention --- */

static int64_t purge(enum store_purge what, const struct store_cutoffs *cutoffs, bool dry)
{
    struct store_purge_rows rows = {.n = 0};
    int64_t n = -1;
    cr_assert_eq(store_purge_find(store, what, cutoffs, &rows), 0, "%s", store_error(store));
    if (dry)
        return (int64_t)rows.n;
    cr_assert_eq(store_purge(store, what, cutoffs, &rows, &n), 0, "%s", store_error(store));
    return n;
}

/* Whether a report of the time from then on says that retention took sightings. */
static bool is_told(int64_t from_utc_ms)
{
    const struct store_report_query term = {.from_utc_ms = from_utc_ms, .until_utc_ms = INT64_MAX};
    unsigned purged = 0;
    cr_assert_eq(store_report_purged(store, &term, &purged), 0, "%s", store_error(store));
    return purged & STORE_REPORT_SIGHTINGS;
}

static int64_t with_photo(const char *plate, int64_t received_utc_ms)
{
    const int64_t id = add(seen(plate, "", received_utc_ms - 5000));
    const struct store_photo taken = photo(received_utc_ms);
    cr_assert_eq(store_photo_add(store, id, &taken), 0);
    return id;
}

static int64_t open_case(int64_t sighting, const char *plate)
{
    const struct store_case_opening opening = {.kind = CASE_SIGHTING,
                                               .source = CASE_BY_SIGHTING,
                                               .subject = plate,
                                               .plate = plate,
                                               .severity = BW_SERIOUS,
                                               .happened_utc_ms = MORNING_UTC_MS,
                                               .utc_ms = MORNING_UTC_MS,
                                               .sighting_id = sighting,
                                               .who = "gate-1"};
    int64_t id = 0;
    bool opened;
    cr_assert_eq(store_case_open(store, &CASE_POLICY_DEFAULT, &opening, &id, &opened), 0, "%s",
                 store_error(store));
    cr_assert_eq(store_sighting_case_set(store, sighting, id), 0);
    return id;
}

static void dismiss(int64_t case_id)
{
    enum case_refusal refusal;
    const struct store_case_deed deed = {.action = CASE_DO_DISMISS,
                                         .role = CASE_ROLE_BUREAU,
                                         .who = "bureau",
                                         .text = "x",
                                         .answer = CASE_NO_ANSWER,
                                         .utc_ms = MORNING_UTC_MS + DAY_MS};
    cr_assert_eq(store_case_act(store, &CASE_POLICY_DEFAULT, case_id, 0, &deed, &refusal, NULL), 0);
}

Test(store_sightings, retention_takes_the_old_ones_with_their_photos_for_good)
{
    const int64_t old = with_photo("浙A99999", MORNING_UTC_MS),
                  young = with_photo("浙A99999", MORNING_UTC_MS + DAY_MS);
    const struct store_cutoffs cutoffs = {.sightings_utc_ms = MORNING_UTC_MS + 1};
    cr_expect_eq(purge(STORE_PURGE_SIGHTINGS, &cutoffs, true), 1);
    cr_expect_eq(purge(STORE_PURGE_SIGHTINGS, &cutoffs, false), 1);
    cr_expect_eq(purge(STORE_PURGE_SIGHTINGS, &cutoffs, false), 0);
    const struct page left = list((struct store_sighting_query){0}, 10);
    cr_expect(left.n == 1 && left.ids[0] == young);
    cr_expect_eq(store_photo(store, old, count_photo, NULL), -ENOENT);
    cr_expect_eq(store_photo(store, young, count_photo, NULL), 3);
}

Test(store_sightings, photos_go_sooner_but_for_those_of_a_going_case)
{
    const int64_t free_one = with_photo("", MORNING_UTC_MS), going = with_photo("浙A11111", MORNING_UTC_MS),
                  over = with_photo("浙A22222", MORNING_UTC_MS),
                  young = with_photo("", MORNING_UTC_MS + DAY_MS);
    const struct store_cutoffs cutoffs = {.photos_utc_ms = MORNING_UTC_MS + 1};
    (void)open_case(going, "浙A11111");
    dismiss(open_case(over, "浙A22222"));
    cr_expect_eq(purge(STORE_PURGE_PHOTOS, &cutoffs, true), 2);
    cr_expect_eq(purge(STORE_PURGE_PHOTOS, &cutoffs, false), 2);
    cr_expect_eq(store_photo(store, free_one, count_photo, NULL), -ENOENT);
    cr_expect_eq(store_photo(store, over, count_photo, NULL), -ENOENT);
    cr_expect_eq(store_photo(store, going, count_photo, NULL), 3);
    cr_expect_eq(store_photo(store, young, count_photo, NULL), 3);
    cr_expect_eq(list((struct store_sighting_query){0}, 10).n, 4, "the reports stay");
}

Test(store_sightings, what_retention_took_of_a_term_is_told_though_older_ones_are_held)
{
    const struct store_cutoffs cutoffs = {.sightings_utc_ms = MORNING_UTC_MS + DAY_MS};
    (void)open_case(add(seen("浙A11111", "", MORNING_UTC_MS - DAY_MS)), "浙A11111");
    const int64_t gone = add(seen("浙A22222", "", MORNING_UTC_MS));
    (void)add(seen("浙A33333", "", MORNING_UTC_MS + 2 * DAY_MS));
    cr_expect_not(is_told(MORNING_UTC_MS));
    cr_assert_eq(purge(STORE_PURGE_SIGHTINGS, &cutoffs, false), 1);
    cr_expect_eq(store_sighting(store, gone, NULL, count, &(int){0}), -ENOENT);
    cr_expect(is_told(MORNING_UTC_MS));
    cr_expect_not(is_told(MORNING_UTC_MS + 1));
}

Test(store_sightings, an_older_store_says_from_the_missing_numbers_what_retention_took)
{
    for (int day = 0; day < 3; day++)
        (void)add(seen("浙A11111", "", MORNING_UTC_MS + day * DAY_MS));
    store_close(store);
    store = NULL;
    oldstore_make(path, 15, "INSERT INTO sighting SELECT * FROM new.sighting WHERE id <> 2");
    cr_assert_eq(store_open(path, &store), 0);
    cr_expect(is_told(MORNING_UTC_MS + DAY_MS));
    cr_expect_not(is_told(MORNING_UTC_MS + 3 * DAY_MS));
    store_close(store);
    store = NULL;
    oldstore_make(path, 15, "INSERT INTO sighting SELECT * FROM new.sighting WHERE id = 1");
    cr_assert_eq(store_open(path, &store), 0);
    cr_expect_not(is_told(MORNING_UTC_MS));
}

Test(store_sightings, what_became_part_of_a_case_since_it_was_found_stays)
{
    const struct store_cutoffs cutoffs = {.sightings_utc_ms = MORNING_UTC_MS + DAY_MS};
    const int64_t joined = with_photo("浙A11111", MORNING_UTC_MS), other = with_photo("", MORNING_UTC_MS);
    struct store_purge_rows rows = {.n = 0};
    int64_t n = 0;
    cr_assert_eq(store_purge_find(store, STORE_PURGE_SIGHTINGS, &cutoffs, &rows), 0);
    cr_assert_eq(rows.n, 2);
    (void)open_case(joined, "浙A11111");
    cr_assert_eq(store_purge(store, STORE_PURGE_SIGHTINGS, &cutoffs, &rows, &n), 0);
    cr_expect_eq(n, 1);
    cr_expect_eq(store_photo(store, joined, count_photo, NULL), 3);
    cr_expect_eq(store_photo(store, other, count_photo, NULL), -ENOENT);
    cr_assert_eq(store_purge_find(store, STORE_PURGE_SIGHTINGS, &cutoffs, &rows), 0);
    cr_expect_eq(rows.n, 0, "nothing after them");
}
