/* What a vehicle would have sent, for tests/integration/api and tests/browser:
 *     api_rows alert STORE VEHICLE NUMBER PHASE [KIND]
 *         puts a phase of an alert (OVERLOAD unless another kind is named) into the store, prints its event
 *     api_rows alerts STORE VEHICLE FIRST LAST KIND
 *         raises so many at once
 *     api_rows missing STORE VEHICLE KIND FROM_UTC_MS
 *         what re-judging does when it finds that the vehicle did not say this
 *     api_rows trip SECRET DIVISION VEHICLE STREAM STOPS [cut_short]
 *         writes the bytes of a signed record, the first of its stream (1..255), of a trip with so many stops
 *     api_rows presence ABOARD
 *         writes the bytes of a presence message
 *     api_rows will
 *         the same of a vehicle that is gone */
#include "bureau/rejudge/opening.h"
#include "bureau/store/cases.h"
#include "proto/modeljson.h"
#include "proto/seal.h"
#include "proto/wire.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t now_utc_ms(void)
{
    return (int64_t)time(NULL) * 1000;
}

/* A record's number: of two phases within a second, the later one has the higher. */
static uint64_t next_seq(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static const struct bw_alert examples[BW_KIND_COUNT] = {
    [BW_OVERLOAD] = {.severity = BW_MINOR, .evidence.overload = {20, 20, 18}},
    [BW_OFF_ROUTE] = {.severity = BW_MINOR,
                      .evidence.off_route = {"r-shiliang", 154, 180, 30, 12500, 1789425000250, true,
                                             "order-7"}},
    [BW_OUT_OF_HOURS] = {.severity = BW_MINOR, .evidence.out_of_hours = {"P-1", 390, 460, 505}},
    [BW_UNAPPROVED_STOP] = {.severity = BW_MINOR, .evidence.unapproved_stop = {"t-1", 310, 40, 3, 0, 21000}},
    [BW_UNLICENSED] = {.severity = BW_SERIOUS, .evidence.unlicensed = {BW_DRIVER_UNQUALIFIED, "P-1", 20700}},
    [BW_OVERSPEED] = {.severity = BW_CRIMINAL,
                      .evidence.overspeed = {58, 61, 20, BW_LIMIT_WEATHER, false, "fog-3", 75000}},
    [BW_UNBELTED] = {.severity = BW_MINOR, .evidence.unbelted = {2, 5, 33}},
    [BW_DOOR_OPEN_MOVING] = {.severity = BW_SERIOUS, .evidence.door_open = {12, 18, 9000}},
    [BW_CHILD_LEFT_BEHIND] = {.severity = BW_SERIOUS, .evidence.left_behind = {1, 75000, 3}},
    [BW_SENSOR_FAULT] = {.severity = BW_NOTICE, .evidence.sensor_fault = {BW_FAULT_SEATS_UNKNOWN, 61000, 4}},
    [BW_TAMPER] = {.severity = BW_NOTICE, .evidence.tamper = {BW_TAMPER_JAMMED, 240000, 3200, 0}},
};

static enum bw_kind kind_of(const char *name)
{
    for (int kind = 1; kind < BW_KIND_COUNT; kind++)
        if (strcmp(name, modeljson_kind((enum bw_kind)kind)) == 0)
            return (enum bw_kind)kind;
    return BW_KIND_UNSPECIFIED;
}

static struct bw_alert example(const char *kind_name)
{
    const enum bw_kind kind = kind_of(kind_name);
    struct bw_alert alert = examples[kind];
    alert.kind = kind;
    alert.time_utc_ms = alert.raised_utc_ms = now_utc_ms();
    alert.has_position = true;
    alert.position = (struct bw_position){29.14, 121.03, 5};
    alert.occupancy = (struct bw_occupancy){BW_QUALITY_GOOD, 20, 20, 20};
    return alert;
}

static int apply(struct store *store, const char *vehicle, struct bw_alert *alert, uint64_t last,
                 bool opens_case, int64_t *ret_event)
{
    static const uint8_t stream[BW_STREAM_LEN] = {1};
    int rc = 0;
    for (; rc == 0 && alert->number <= last; alert->number++) {
        rc = store_alert_apply(store, vehicle, stream, next_seq(), alert, now_utc_ms(), ret_event);
        if (rc == 0 && *ret_event != 0 && opens_case)
            rc = store_case_on_alert(store, &CASE_POLICY_DEFAULT, vehicle, alert, *ret_event, now_utc_ms());
    }
    return rc;
}

/* All of them in one transaction, as ingest does: what reads first and writes then without one fails at once
 * when another process wrote meanwhile. */
static int put(const char *path, const char *vehicle, struct bw_alert *alert, uint64_t last, bool opens_case)
{
    struct store *store;
    int64_t event = 0;
    int rc = store_open(path, &store);
    if (rc != 0) {
        (void)fprintf(stderr, "api_rows: %s: %s\n", path, strerror(-rc));
        return 1;
    }
    rc = store_begin(store);
    if (rc == 0)
        rc = apply(store, vehicle, alert, last, opens_case, &event);
    if (rc == 0)
        rc = store_commit(store);
    if (rc == 0)
        (void)printf("%" PRId64 "\n", event);
    else
        (void)fprintf(stderr, "api_rows: %s: %s\n", path, store_error(store));
    store_close(store);
    return rc != 0;
}

static int put_alert(char **argv, const char *kind_name)
{
    static const char *const phases[] = {"", "RAISED", "UPDATED", "CLEARED"};
    struct bw_alert alert = example(kind_name);
    alert.number = strtoull(argv[2], NULL, 10);
    for (int phase = BW_RAISED; phase <= BW_CLEARED; phase++)
        if (strcmp(argv[3], phases[phase]) == 0)
            alert.phase = (enum bw_phase)phase;
    return put(argv[0], argv[1], &alert, alert.number, true);
}

static int put_alerts(char **argv)
{
    struct bw_alert alert = example(argv[4]);
    alert.phase = BW_RAISED;
    alert.number = strtoull(argv[2], NULL, 10);
    return put(argv[0], argv[1], &alert, strtoull(argv[3], NULL, 10), false);
}

static int put_missing(char **argv)
{
    const struct rejudge_finding finding = {.what = REJUDGE_MISSING,
                                            .vehicle = argv[1],
                                            .kind = kind_of(argv[2]),
                                            .severity = BW_SERIOUS,
                                            .from_utc_ms = strtoll(argv[3], NULL, 10)};
    struct store *store;
    int rc = store_open(argv[0], &store);
    if (rc == 0) {
        rc = opening_take(store, &CASE_POLICY_DEFAULT, "rejudge", now_utc_ms(), &finding);
        store_close(store);
    }
    if (rc != 0)
        (void)fprintf(stderr, "api_rows: %s: %s\n", argv[0], strerror(-rc));
    return rc != 0;
}

static int write_presence(const struct bw_presence *presence)
{
    struct wire_bytes bytes = {0};
    if (wire_presence_encode(presence, &bytes) != 0)
        return 1;
    const size_t written = fwrite(bytes.data, 1, bytes.len, stdout);
    const size_t len = bytes.len;
    wire_bytes_free(&bytes);
    return written != len;
}

static int write_word(const char *aboard_text)
{
    const uint16_t aboard = (uint16_t)strtoul(aboard_text, NULL, 10);
    const struct bw_presence presence = {
        .online = true,
        .time_utc_ms = now_utc_ms(),
        .stream = {1},
        .software = "test",
        .oldest_seq = {1, 1},
        .next_seq = {1, 1},
        .has_position = true,
        .fix_utc_ms = now_utc_ms(),
        .lat_deg = 29.14,
        .lon_deg = 121.03,
        .speed_mps = NAN,
        .occupancy = {BW_QUALITY_GOOD, aboard, aboard, aboard},
        .capacity = 18,
    };
    return write_presence(&presence);
}

/* With cut_short it is the same trip, with its last two minutes missing. */
static struct wire_body trip_of(size_t n_stops, bool cut_short)
{
    struct wire_body body = {.type = WIRE_BODY_TRIP,
                             .u.trip = {.begun_utc_ms = 1789425000000 + (int64_t)n_stops,
                                        .ended_utc_ms = 1789427400000 - (cut_short ? 120000 : 0),
                                        .permit_no = "P-1",
                                        .route_id = "r-shiliang",
                                        .licence_version = 3,
                                        .distance_m = 14230,
                                        .left = {BW_QUALITY_GOOD, 0, 0, 0},
                                        .peak = 20,
                                        .capacity = 18,
                                        .over_s = 754,
                                        .quality = BW_QUALITY_GOOD,
                                        .cut_short = cut_short,
                                        .n_stops = n_stops}};
    struct bw_trip *trip = &body.u.trip;
    for (size_t i = 0; i < n_stops && i < BW_TRIP_STOPS_MAX; i++) {
        trip->stops[i] = (struct bw_trip_stop){.opened_s = (uint32_t)i * 30,
                                               .open_s = 20,
                                               .quality = i % 2 == 0 ? BW_QUALITY_GOOD : BW_QUALITY_UNKNOWN,
                                               .boarded = i % 2 == 0 ? 2 : 0};
        (void)snprintf(trip->stops[i].stop_id, BW_ID_LEN, "s-%zu", i);
        trip->boarded += trip->stops[i].boarded;
    }
    return body;
}

static int write_trip(char **argv, bool cut_short)
{
    const struct wire_body body = trip_of(strtoul(argv[4], NULL, 10), cut_short);
    struct wire_record record = {
        .stream = {(uint8_t)strtoul(argv[3], NULL, 10)}, .cls = BW_RECORD_ALERT, .seq = 1};
    struct wire_bytes bytes = {0};
    struct seal_key key;
    if (seal_init() != 0 || seal_secret_load(argv[0], &key) != 0 || wire_body_encode(&body, &bytes) != 0)
        return 1;
    memcpy(record.body, bytes.data, bytes.len);
    record.body_len = bytes.len;
    wire_bytes_free(&bytes);
    seal_record_sign(&record, argv[1], argv[2], &key);
    if (wire_record_encode(&record, &bytes) != 0)
        return 1;
    const bool written = fwrite(bytes.data, 1, bytes.len, stdout) == bytes.len;
    wire_bytes_free(&bytes);
    return written ? 0 : 1;
}

int main(int argc, char **argv)
{
    if ((argc == 6 || argc == 7) && strcmp(argv[1], "alert") == 0)
        return put_alert(argv + 2, argc == 7 ? argv[6] : "OVERLOAD");
    if (argc == 7 && strcmp(argv[1], "alerts") == 0)
        return put_alerts(argv + 2);
    if (argc == 6 && strcmp(argv[1], "missing") == 0)
        return put_missing(argv + 2);
    if ((argc == 7 || argc == 8) && strcmp(argv[1], "trip") == 0)
        return write_trip(argv + 2, argc == 8);
    if (argc == 3 && strcmp(argv[1], "presence") == 0)
        return write_word(argv[2]);
    if (argc == 2 && strcmp(argv[1], "will") == 0)
        return write_presence(&(struct bw_presence){.stream = {1}, .oldest_seq = {1, 1}, .next_seq = {1, 1}});
    (void)fputs("usage: api_rows alert STORE VEHICLE NUMBER PHASE [KIND]\n"
                "       api_rows alerts STORE VEHICLE FIRST LAST KIND\n"
                "       api_rows missing STORE VEHICLE KIND FROM_UTC_MS\n"
                "       api_rows trip SECRET DIVISION VEHICLE STREAM STOPS [cut_short]\n"
                "       api_rows presence ABOARD\n"
                "       api_rows will\n",
                stderr);
    return 2;
}
