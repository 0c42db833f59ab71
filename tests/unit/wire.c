/* Messages of the wire (proto/wire.h): what goes in comes out; what is no message is refused before it is
 * allocated. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire.h"

static struct bw_alert an_alert(void)
{
    return (struct bw_alert){.kind = BW_OVERLOAD,
                             .phase = BW_UPDATED,
                             .severity = BW_SERIOUS,
                             .number = 3,
                             .time_utc_ms = 1789425600250,
                             .raised_utc_ms = 1789425590250,
                             .has_position = true,
                             .position = {29.1412345, 121.0312345, 4.5},
                             .occupancy = {BW_QUALITY_DEGRADED, 22, 22, 25},
                             .licence_version = 9,
                             .evidence.overload = {.aboard = 22, .peak = 23, .capacity = 18}};
}

static struct wire_bytes encoded(const struct wire_body *body)
{
    struct wire_bytes bytes;
    cr_assert_eq(wire_body_encode(body, &bytes), 0);
    return bytes;
}

Test(wire, overload_comes_back)
{
    const struct wire_body body = {.type = WIRE_BODY_ALERT, .u.alert = an_alert()};
    struct wire_bytes bytes = encoded(&body);
    struct wire_body back;
    cr_assert_eq(wire_body_decode(bytes.data, bytes.len, &back), 0);
    const struct bw_alert *alert = &back.u.alert;
    cr_assert_eq(back.type, WIRE_BODY_ALERT);
    cr_expect_eq(alert->kind, BW_OVERLOAD);
    cr_expect_eq(alert->phase, BW_UPDATED);
    cr_expect_eq(alert->severity, BW_SERIOUS);
    cr_expect_eq(alert->number, 3U);
    cr_expect_eq(alert->time_utc_ms, 1789425600250);
    cr_expect_eq(alert->raised_utc_ms, 1789425590250);
    cr_expect_eq(alert->licence_version, 9U);
    cr_expect(alert->has_position);
    cr_expect_float_eq(alert->position.lat_deg, 29.1412345, 1e-9);
    cr_expect_float_eq(alert->position.lon_deg, 121.0312345, 1e-9);
    cr_expect_float_eq(alert->position.accuracy_m, 4.5, 1e-9);
    cr_expect_eq(alert->occupancy.quality, BW_QUALITY_DEGRADED);
    cr_expect_eq(alert->occupancy.low, 22);
    cr_expect_eq(alert->occupancy.high, 25);
    cr_expect_eq(alert->evidence.overload.peak, 23);
    cr_expect_eq(alert->evidence.overload.capacity, 18);
    wire_bytes_free(&bytes);
}

Test(wire, off_route_and_unlicensed_come_back)
{
    struct wire_body body = {.type = WIRE_BODY_ALERT, .u.alert = an_alert()}, back;
    body.u.alert.kind = BW_OFF_ROUTE;
    body.u.alert.has_position = false;
    body.u.alert.evidence.off_route = (struct bw_evidence_off_route){.route_id = "r-1",
                                                                     .distance_m = 77.7F,
                                                                     .peak_distance_m = 120,
                                                                     .half_width_m = 30,
                                                                     .outside_ms = 4173,
                                                                     .left_utc_ms = 1789425590000,
                                                                     .entered = true};
    struct wire_bytes bytes = encoded(&body);
    cr_assert_eq(wire_body_decode(bytes.data, bytes.len, &back), 0);
    cr_expect_str_eq(back.u.alert.evidence.off_route.route_id, "r-1");
    cr_expect_float_eq(back.u.alert.evidence.off_route.distance_m, 77.7F, 1e-3F);
    cr_expect_eq(back.u.alert.evidence.off_route.outside_ms, 4173U);
    cr_expect(back.u.alert.evidence.off_route.entered);
    cr_expect_not(back.u.alert.has_position);
    wire_bytes_free(&bytes);
    body.u.alert.kind = BW_UNLICENSED;
    body.u.alert.evidence.unlicensed = (struct bw_evidence_unlicensed){
        .reason = BW_PERMIT_EXPIRED, .permit_no = "p-1", .valid_until_day = 20000};
    bytes = encoded(&body);
    cr_assert_eq(wire_body_decode(bytes.data, bytes.len, &back), 0);
    cr_expect_eq(back.u.alert.evidence.unlicensed.reason, BW_PERMIT_EXPIRED);
    cr_expect_str_eq(back.u.alert.evidence.unlicensed.permit_no, "p-1");
    cr_expect_eq(back.u.alert.evidence.unlicensed.valid_until_day, 20000);
    wire_bytes_free(&bytes);
}

Test(wire, a_gap_must_have_an_end_behind_its_beginning)
{
    struct wire_body body = {.type = WIRE_BODY_GAP, .u.gap = {.first_seq = 5, .last_seq = 9}}, back;
    memset(body.u.gap.tail_hash, 7, BW_HASH_LEN);
    struct wire_bytes bytes = encoded(&body), none;
    cr_assert_eq(wire_body_decode(bytes.data, bytes.len, &back), 0);
    cr_expect_eq(back.type, WIRE_BODY_GAP);
    cr_expect_eq(back.u.gap.last_seq, 9U);
    cr_expect_eq(back.u.gap.tail_hash[15], 7);
    wire_bytes_free(&bytes);
    body.u.gap.first_seq = 10;
    cr_expect_eq(wire_body_encode(&body, &none), -EINVAL);
}

Test(wire, records_and_their_limits)
{
    struct wire_record record = {.cls = BW_RECORD_TRACK, .seq = 12, .body_len = WIRE_BODY_MAX};
    static struct wire_record back;
    memset(record.body, 0x5a, sizeof record.body);
    struct wire_bytes bytes;
    cr_assert_eq(wire_record_encode(&record, &bytes), 0);
    cr_assert_eq(wire_record_decode(bytes.data, bytes.len, &back), 0);
    cr_expect_eq(back.seq, 12U);
    cr_expect_eq(back.body_len, (size_t)WIRE_BODY_MAX);
    cr_expect_eq(memcmp(back.body, record.body, WIRE_BODY_MAX), 0);
    wire_bytes_free(&bytes);
    uint8_t *large = calloc(1, 10 * 1024 * 1024);
    cr_assert_not_null(large);
    cr_expect_eq(wire_record_decode(large, 10 * 1024 * 1024, &back), -EMSGSIZE);
    cr_expect_eq(wire_record_decode(large, 100, &back), -EBADMSG);
    cr_expect_eq(wire_record_decode(large, 0, &back), -EBADMSG, "an empty message is no record");
    free(large);
}

Test(wire, unknown_fields_are_tolerated)
{
    const struct wire_body body = {.type = WIRE_BODY_ALERT, .u.alert = an_alert()};
    struct wire_bytes bytes = encoded(&body);
    uint8_t extended[512];
    struct wire_body back;
    memcpy(extended, bytes.data, bytes.len);
    memcpy(extended + bytes.len, "\xfa\x3f\x03new", 6); /* field 1023, 3 bytes */
    cr_expect_eq(wire_body_decode(extended, bytes.len + 6, &back), 0);
    cr_expect_eq(back.type, WIRE_BODY_ALERT);
    wire_bytes_free(&bytes);
    cr_expect_eq(wire_body_decode((const uint8_t *)"\xfa\x3f\x03new", 6, &back), 0);
    cr_expect_eq(back.type, WIRE_BODY_UNKNOWN, "a body of a later version");
}

Test(wire, an_instant_that_no_calendar_has_is_refused)
{
    static const int64_t INSTANTS[] = {INT64_MIN, -1, 253402300800000, INT64_MAX};
    struct wire_bytes bytes;
    for (size_t i = 0; i < sizeof INSTANTS / sizeof *INSTANTS; i++) {
        struct bw_alert alerts[3] = {an_alert(), an_alert(), an_alert()};
        alerts[0].time_utc_ms = INSTANTS[i];
        alerts[1].raised_utc_ms = INSTANTS[i];
        alerts[2].kind = BW_OFF_ROUTE;
        alerts[2].evidence.off_route = (struct bw_evidence_off_route){.left_utc_ms = INSTANTS[i]};
        for (int k = 0; k < 3; k++) {
            struct wire_body back;
            bytes = encoded(&(struct wire_body){.type = WIRE_BODY_ALERT, .u.alert = alerts[k]});
            cr_expect_eq(wire_body_decode(bytes.data, bytes.len, &back), -EBADMSG, "%zu, %d", i, k);
            wire_bytes_free(&bytes);
        }
        const struct bw_presence words[2] = {{.time_utc_ms = INSTANTS[i]}, {.fix_utc_ms = INSTANTS[i]}};
        for (int k = 0; k < 2; k++) {
            struct bw_presence back;
            cr_assert_eq(wire_presence_encode(&words[k], &bytes), 0);
            cr_expect_eq(wire_presence_decode(bytes.data, bytes.len, &back), -EBADMSG, "%zu, %d", i, k);
            wire_bytes_free(&bytes);
        }
    }
}

Test(wire, a_message_cannot_ask_for_more_memory_than_its_budget)
{
    /* Two bytes each: empty sub-messages of a licence, millions of them. */
    const size_t n = 2 * 1024 * 1024;
    uint8_t *bomb = malloc(n);
    cr_assert_not_null(bomb);
    for (size_t i = 0; i < n; i += 2)
        memcpy(bomb + i, "\x6a\x00", 2); /* permits {} */
    struct bw_licence licence;
    cr_expect_eq(wire_licence_decode(bomb, n, &licence), -EBADMSG);
    free(bomb);
}

Test(wire, presence_and_receipt_come_back)
{
    struct bw_presence presence = {.online = true,
                                   .time_utc_ms = 5,
                                   .licence_version = 2,
                                   .orders_version = 6,
                                   .software = "0.1.0",
                                   .oldest_seq = {1, 4},
                                   .next_seq = {3, 9},
                                   .has_position = true,
                                   .fix_utc_ms = 4,
                                   .lat_deg = -1.5,
                                   .lon_deg = 2.5,
                                   .speed_mps = 13.37F,
                                   .occupancy = {BW_QUALITY_GOOD, 5, 5, 5},
                                   .capacity = 18},
                       seen;
    struct bw_receipt receipt = {.upto_seq = {7, 8}, .time_utc_ms = 9}, got;
    memcpy(presence.stream, "stream-1", BW_STREAM_LEN);
    memcpy(receipt.stream, "stream-1", BW_STREAM_LEN);
    struct wire_bytes bytes;
    cr_assert_eq(wire_presence_encode(&presence, &bytes), 0);
    cr_assert_eq(wire_presence_decode(bytes.data, bytes.len, &seen), 0);
    cr_expect(seen.online && seen.has_position);
    cr_expect_eq(seen.next_seq[1], 9U);
    cr_expect_eq(seen.licence_version, 2U);
    cr_expect_eq(seen.orders_version, 6U);
    cr_expect_float_eq(seen.speed_mps, 13.37F, 0.006F);
    cr_expect_eq(seen.occupancy.count, 5);
    wire_bytes_free(&bytes);
    presence.speed_mps = NAN;
    cr_assert_eq(wire_presence_encode(&presence, &bytes), 0);
    cr_assert_eq(wire_presence_decode(bytes.data, bytes.len, &seen), 0);
    cr_expect(isnan(seen.speed_mps), "unknown stays unknown");
    wire_bytes_free(&bytes);
    cr_assert_eq(wire_receipt_encode(&receipt, &bytes), 0);
    cr_assert_eq(wire_receipt_decode(bytes.data, bytes.len, &got), 0);
    cr_expect_eq(got.upto_seq[0], 7U);
    cr_expect_eq(got.upto_seq[1], 8U);
    cr_expect_not(got.has_head[0] || got.has_head[1], "an older bureau sends none");
    wire_bytes_free(&bytes);
    receipt.has_head[1] = true;
    memset(receipt.head[1], 0x5a, BW_HASH_LEN);
    cr_assert_eq(wire_receipt_encode(&receipt, &bytes), 0);
    cr_assert_eq(wire_receipt_decode(bytes.data, bytes.len, &got), 0);
    cr_expect_not(got.has_head[0]);
    cr_assert(got.has_head[1]);
    cr_expect_arr_eq(got.head[1], receipt.head[1], BW_HASH_LEN);
    bytes.data[bytes.len - BW_HASH_LEN - 1]--; /* the length of the head, which is the last field */
    cr_expect_eq(wire_receipt_decode(bytes.data, bytes.len - 1, &got), -EBADMSG, "a head of 15 bytes");
    wire_bytes_free(&bytes);
}

Test(wire, damaged_bodies_never_crash)
{
    const struct wire_body body = {.type = WIRE_BODY_ALERT, .u.alert = an_alert()};
    struct wire_bytes bytes = encoded(&body);
    unsigned seed = 4711;
    for (unsigned round = 0; round < 50000; round++) {
        uint8_t damaged[256];
        struct wire_body back;
        cr_assert_leq(bytes.len, sizeof damaged);
        memcpy(damaged, bytes.data, bytes.len);
        for (int flips = 1 + rand_r(&seed) % 3; flips > 0; flips--)
            damaged[(size_t)rand_r(&seed) % bytes.len] = (uint8_t)rand_r(&seed);
        const size_t len = (size_t)rand_r(&seed) % (bytes.len + 1);
        if (wire_body_decode(damaged, len, &back) == 0 && back.type == WIRE_BODY_ALERT)
            cr_assert(back.u.alert.kind > 0 && back.u.alert.kind < BW_KIND_COUNT);
    }
    wire_bytes_free(&bytes);
}

static struct wire_body a_key_change(void)
{
    struct wire_body body = {.type = WIRE_BODY_KEY, .u.key = {.track_from = 41}};
    memset(body.u.key.old_key, 1, BW_PUBLIC_KEY_LEN);
    memset(body.u.key.new_key, 2, BW_PUBLIC_KEY_LEN);
    memset(body.u.key.proof, 3, BW_SIGNATURE_LEN);
    return body;
}

Test(wire, a_change_of_key_comes_back_whole)
{
    const struct wire_body body = a_key_change();
    struct wire_bytes bytes = encoded(&body);
    struct wire_body back;
    cr_assert_eq(wire_body_decode(bytes.data, bytes.len, &back), 0);
    cr_assert_eq(back.type, WIRE_BODY_KEY);
    cr_expect_eq(back.u.key.track_from, 41U);
    cr_expect_eq(memcmp(back.u.key.old_key, body.u.key.old_key, BW_PUBLIC_KEY_LEN), 0);
    cr_expect_eq(memcmp(back.u.key.new_key, body.u.key.new_key, BW_PUBLIC_KEY_LEN), 0);
    cr_expect_eq(memcmp(back.u.key.proof, body.u.key.proof, BW_SIGNATURE_LEN), 0);
    wire_bytes_free(&bytes);
}

Test(wire, a_change_of_key_begins_at_a_record_that_can_be)
{
    static const struct {
        uint64_t track_from;
        int expected;
    } cases[] = {{0, -EINVAL}, {1, 0}, {INT64_MAX, 0}, {(uint64_t)INT64_MAX + 1, -EINVAL}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wire_body body = a_key_change(), back;
        struct wire_bytes bytes = {0};
        body.u.key.track_from = cases[i].track_from;
        cr_expect_eq(wire_body_encode(&body, &bytes), cases[i].expected, "case %zu", i);
        if (cases[i].expected == 0) {
            cr_assert_eq(wire_body_decode(bytes.data, bytes.len, &back), 0, "case %zu", i);
            cr_expect_eq(back.u.key.track_from, cases[i].track_from, "case %zu", i);
        }
        wire_bytes_free(&bytes);
    }
}

/* Body { key_change (4) { old_key (1) { 32 }, new_key (2) { 32 }, track_from (3), proof (4) { 64 } } } */
enum { KEY_CHANGE_MAX = 3 + 2 + 33 + 2 + 33 + 1 + 10 + 2 + 65 };

static size_t put_varint(uint8_t *at, uint64_t value)
{
    size_t n = 0;
    for (; value >= 0x80; value >>= 7)
        at[n++] = (uint8_t)(0x80 | (value & 0x7f));
    at[n++] = (uint8_t)value;
    return n;
}

/* Written by hand, for the encoder refuses to say any of it; lengths below 128. */
static size_t put_key_change(uint8_t at[KEY_CHANGE_MAX], const uint8_t lengths[3], uint64_t track_from)
{
    static const uint8_t tags[] = {0x0a, 0x12, 0x22};
    uint8_t inner[KEY_CHANGE_MAX];
    size_t n = 0;
    for (size_t i = 0; i < 3; i++) {
        inner[n++] = tags[i];
        inner[n++] = lengths[i];
        memset(inner + n, (int)i + 1, lengths[i]);
        n += lengths[i];
    }
    inner[n++] = 0x18;
    n += put_varint(inner + n, track_from);
    at[0] = 0x22;
    const size_t head = 1 + put_varint(at + 1, n);
    memcpy(at + head, inner, n);
    return head + n;
}

Test(wire, a_change_of_key_with_a_part_too_short_too_long_or_missing_is_refused)
{
    static const struct {
        const char *name;
        uint8_t lengths[3]; /* old key, new key, proof */
        uint64_t track_from;
        int expected;
    } cases[] = {
        {"whole", {32, 32, 64}, 41, 0},
        {"old key short", {31, 32, 64}, 41, -EBADMSG},
        {"old key long", {33, 32, 64}, 41, -EBADMSG},
        {"no old key", {0, 32, 64}, 41, -EBADMSG},
        {"new key short", {32, 31, 64}, 41, -EBADMSG},
        {"new key long", {32, 33, 64}, 41, -EBADMSG},
        {"no new key", {32, 0, 64}, 41, -EBADMSG},
        {"proof short", {32, 32, 63}, 41, -EBADMSG},
        {"proof long", {32, 32, 65}, 41, -EBADMSG},
        {"no proof", {32, 32, 0}, 41, -EBADMSG},
        {"from no record", {32, 32, 64}, 0, -EBADMSG},
        {"from the last that a store can number", {32, 32, 64}, INT64_MAX, 0},
        {"from beyond it", {32, 32, 64}, (uint64_t)INT64_MAX + 1, -EBADMSG},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t bytes[KEY_CHANGE_MAX];
        struct wire_body back = {.type = WIRE_BODY_UNKNOWN};
        const size_t n = put_key_change(bytes, cases[i].lengths, cases[i].track_from);
        cr_expect_eq(wire_body_decode(bytes, n, &back), cases[i].expected, "%s", cases[i].name);
        cr_expect_eq(back.type, cases[i].expected == 0 ? WIRE_BODY_KEY : WIRE_BODY_UNKNOWN, "%s",
                     cases[i].name);
    }
}
