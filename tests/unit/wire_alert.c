/* The evidence of every alert kind on the wire (proto/wire_alert.c): what goes in comes out, at the extremes
 * too; what makes no sense is refused; what is newer than this build reads as "none". */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <string.h>

#include "proto/wire.h"

#define LONGEST_ID  "12345678901234567890123456789012345678901234567"
#define N_OF(table) (sizeof(table) / sizeof *(table))

static struct wire_body alert(struct bw_alert alert)
{
    alert.phase = BW_RAISED;
    alert.number = 1;
    return (struct wire_body){.type = WIRE_BODY_ALERT, .u.alert = alert};
}

static struct bw_alert back(struct bw_alert sent)
{
    const struct wire_body body = alert(sent);
    struct wire_body got = {0};
    struct wire_bytes bytes;
    cr_assert_eq(wire_body_encode(&body, &bytes), 0);
    cr_assert_eq(wire_body_decode(bytes.data, bytes.len, &got), 0);
    cr_assert_eq(got.type, WIRE_BODY_ALERT);
    cr_assert_eq(got.u.alert.kind, sent.kind);
    wire_bytes_free(&bytes);
    return got.u.alert;
}

Test(wire_alert, off_route_names_the_order_that_allows_it)
{
    const struct bw_alert got =
        back((struct bw_alert){.kind = BW_OFF_ROUTE, .evidence.off_route = {.exempted_by = "order-7"}});
    cr_expect_str_eq(got.evidence.off_route.exempted_by, "order-7");
}

Test(wire_alert, unlicensed_comes_back_for_every_reason)
{
    for (int reason = BW_UNLICENSED_NONE; reason <= BW_SCRAPPED; reason++) {
        const struct bw_alert got = back((struct bw_alert){
            .kind = BW_UNLICENSED, .evidence.unlicensed = {.reason = (enum bw_unlicensed_reason)reason}});
        cr_expect_eq((int)got.evidence.unlicensed.reason, reason);
    }
}

Test(wire_alert, out_of_hours_comes_back)
{
    const struct bw_alert got = back((struct bw_alert){
        .kind = BW_OUT_OF_HOURS,
        .evidence.out_of_hours = {
            .permit_no = "p-1", .window_start_min = 390, .window_end_min = 460, .local_min = 505}});
    cr_expect_str_eq(got.evidence.out_of_hours.permit_no, "p-1");
    cr_expect_eq(got.evidence.out_of_hours.window_start_min, 390);
    cr_expect_eq(got.evidence.out_of_hours.window_end_min, 460);
    cr_expect_eq(got.evidence.out_of_hours.local_min, 505);
}

Test(wire_alert, unapproved_stop_comes_back)
{
    const struct bw_alert got = back((struct bw_alert){.kind = BW_UNAPPROVED_STOP,
                                                       .evidence.unapproved_stop = {.stop_id = "t-1",
                                                                                    .distance_m = 310.5F,
                                                                                    .radius_m = 40,
                                                                                    .boarded = 3,
                                                                                    .alighted = 1,
                                                                                    .door_open_ms = 21000}});
    cr_expect_str_eq(got.evidence.unapproved_stop.stop_id, "t-1");
    cr_expect_float_eq(got.evidence.unapproved_stop.distance_m, 310.5F, 1e-3F);
    cr_expect_float_eq(got.evidence.unapproved_stop.radius_m, 40, 1e-3F);
    cr_expect_eq(got.evidence.unapproved_stop.boarded, 3);
    cr_expect_eq(got.evidence.unapproved_stop.alighted, 1);
    cr_expect_eq(got.evidence.unapproved_stop.door_open_ms, 21000U);
}

Test(wire_alert, overspeed_comes_back)
{
    const struct bw_alert got = back((struct bw_alert){.kind = BW_OVERSPEED,
                                                       .evidence.overspeed = {.speed_kmh = 71.26F,
                                                                              .peak_kmh = 74.9F,
                                                                              .limit_kmh = 20,
                                                                              .source = BW_LIMIT_WEATHER,
                                                                              .motorway = true,
                                                                              .order_id = "fog-3",
                                                                              .over_ms = 9000}});
    cr_expect_float_eq(got.evidence.overspeed.speed_kmh, 71.3F, 1e-3F, "tenths of a km/h");
    cr_expect_float_eq(got.evidence.overspeed.peak_kmh, 74.9F, 1e-3F);
    cr_expect_float_eq(got.evidence.overspeed.limit_kmh, 20, 1e-3F);
    cr_expect_eq(got.evidence.overspeed.source, BW_LIMIT_WEATHER);
    cr_expect(got.evidence.overspeed.motorway);
    cr_expect_str_eq(got.evidence.overspeed.order_id, "fog-3");
    cr_expect_eq(got.evidence.overspeed.over_ms, 9000U);
}

Test(wire_alert, unbelted_comes_back)
{
    const struct bw_alert got = back((struct bw_alert){
        .kind = BW_UNBELTED, .evidence.unbelted = {.unbelted = 2, .peak = 5, .speed_kmh = 33.5F}});
    cr_expect_eq(got.evidence.unbelted.unbelted, 2);
    cr_expect_eq(got.evidence.unbelted.peak, 5);
    cr_expect_float_eq(got.evidence.unbelted.speed_kmh, 33.5F, 1e-3F);
}

Test(wire_alert, door_open_comes_back)
{
    const struct bw_alert got =
        back((struct bw_alert){.kind = BW_DOOR_OPEN_MOVING,
                               .evidence.door_open = {.speed_kmh = 12, .peak_kmh = 18.2F, .open_ms = 4000}});
    cr_expect_float_eq(got.evidence.door_open.speed_kmh, 12, 1e-3F);
    cr_expect_float_eq(got.evidence.door_open.peak_kmh, 18.2F, 1e-3F);
    cr_expect_eq(got.evidence.door_open.open_ms, 4000U);
}

Test(wire_alert, left_behind_comes_back)
{
    const struct bw_alert got =
        back((struct bw_alert){.kind = BW_CHILD_LEFT_BEHIND,
                               .evidence.left_behind = {.aboard = 1, .waiting_ms = 30000, .level = 2}});
    cr_expect_eq(got.evidence.left_behind.aboard, 1);
    cr_expect_eq(got.evidence.left_behind.waiting_ms, 30000U);
    cr_expect_eq(got.evidence.left_behind.level, 2);
}

Test(wire_alert, sensor_fault_comes_back_for_every_fault)
{
    for (int fault = BW_FAULT_NONE; fault <= BW_FAULT_COUNTER_DEAF; fault++) {
        const struct bw_alert got = back((struct bw_alert){
            .kind = BW_SENSOR_FAULT,
            .evidence.sensor_fault = {.fault = (enum bw_fault)fault, .for_ms = 61000, .seats_unknown = 4}});
        cr_expect_eq((int)got.evidence.sensor_fault.fault, fault);
        cr_expect_eq(got.evidence.sensor_fault.for_ms, 61000U);
        cr_expect_eq(got.evidence.sensor_fault.seats_unknown, 4);
    }
}

Test(wire_alert, tamper_comes_back_for_every_sign)
{
    for (int tamper = BW_TAMPER_NONE; tamper <= BW_TAMPER_SEATS_FROZEN; tamper++) {
        const struct bw_alert got = back((struct bw_alert){
            .kind = BW_TAMPER,
            .evidence.tamper = {.tamper = (enum bw_tamper)tamper, .for_ms = 12000, .moved_m = 5400.5F}});
        cr_expect_eq((int)got.evidence.tamper.tamper, tamper);
        cr_expect_eq(got.evidence.tamper.for_ms, 12000U);
        cr_expect_float_eq(got.evidence.tamper.moved_m, 5400.5F, 1e-3F);
    }
}

/* A record that its own bureau cannot read would be evidence of nothing. */
Test(wire_alert, whatever_the_evidence_holds_the_decoder_takes_it_and_it_stays_the_same)
{
    static const struct bw_alert alerts[] = {
        {.kind = BW_OVERLOAD, .evidence.overload = {UINT16_MAX, UINT16_MAX, UINT16_MAX}},
        {.kind = BW_OFF_ROUTE,
         .evidence.off_route = {LONGEST_ID, INFINITY, -1, NAN, UINT32_MAX, 0, true, LONGEST_ID}},
        {.kind = BW_OFF_ROUTE, .evidence.off_route = {"", 1700000.1F, 4e8F, 16777220.0F, 0, 0, false, ""}},
        {.kind = BW_OUT_OF_HOURS, .evidence.out_of_hours = {LONGEST_ID, UINT16_MAX, 1441, 1440}},
        {.kind = BW_UNAPPROVED_STOP,
         .evidence.unapproved_stop = {LONGEST_ID, INFINITY, NAN, UINT16_MAX, UINT16_MAX, UINT32_MAX}},
        {.kind = BW_UNLICENSED, .evidence.unlicensed = {BW_SCRAPPED, LONGEST_ID, INT32_MIN}},
        {.kind = BW_OVERSPEED,
         .evidence.overspeed = {INFINITY, 1000.1F, NAN, BW_LIMIT_STRETCH, true, LONGEST_ID, UINT32_MAX}},
        {.kind = BW_UNBELTED, .evidence.unbelted = {UINT16_MAX, UINT16_MAX, -INFINITY}},
        {.kind = BW_DOOR_OPEN_MOVING, .evidence.door_open = {INFINITY, NAN, UINT32_MAX}},
        {.kind = BW_CHILD_LEFT_BEHIND, .evidence.left_behind = {UINT16_MAX, UINT32_MAX, UINT8_MAX}},
        {.kind = BW_SENSOR_FAULT, .evidence.sensor_fault = {BW_FAULT_NO_FIX, UINT32_MAX, UINT16_MAX}},
        {.kind = BW_TAMPER, .evidence.tamper = {BW_TAMPER_SEATS_EMPTY, UINT32_MAX, INFINITY, UINT16_MAX}},
    };
    bool seen[BW_KIND_COUNT] = {[BW_KIND_UNSPECIFIED] = true};
    for (size_t i = 0; i < N_OF(alerts); i++) {
        const struct wire_body first = alert(alerts[i]), second = alert(back(alerts[i]));
        struct wire_bytes a, b;
        cr_assert_eq(wire_body_encode(&first, &a), 0);
        cr_assert_eq(wire_body_encode(&second, &b), 0);
        cr_expect(a.len == b.len && memcmp(a.data, b.data, a.len) == 0, "row %zu", i);
        wire_bytes_free(&a);
        wire_bytes_free(&b);
        seen[alerts[i].kind] = true;
    }
    for (int kind = 0; kind < BW_KIND_COUNT; kind++)
        cr_expect(seen[kind], "no row for kind %d", kind);
}

Test(wire_alert, a_number_beyond_its_field_is_sent_as_the_nearest_that_fits)
{
    struct bw_alert got = back(
        (struct bw_alert){.kind = BW_OVERSPEED, .evidence.overspeed = {.speed_kmh = 5e6F, .peak_kmh = NAN}});
    cr_expect_float_eq(got.evidence.overspeed.speed_kmh, 1000, 1e-3F);
    cr_expect_float_eq(got.evidence.overspeed.peak_kmh, 0, 1e-3F);
    got = back((struct bw_alert){.kind = BW_CHILD_LEFT_BEHIND, .evidence.left_behind.level = 9});
    cr_expect_eq(got.evidence.left_behind.level, 3, "never lost for its level");
    got = back((struct bw_alert){.kind = BW_OUT_OF_HOURS, .evidence.out_of_hours.local_min = 9999});
    cr_expect_eq(got.evidence.out_of_hours.local_min, 1440);
}

/* --- messages of other builds, and of nobody --- */

/* A Body with a RAISED alert, number 1, that has `evidence` as the field with this number. */
static int decode(enum bw_kind kind, uint8_t field, const char *evidence, size_t len, struct wire_body *ret)
{
    uint8_t bytes[128] = {0x0a, (uint8_t)(9 + len), 0x08, (uint8_t)kind, 0x10, 1, 0x20, 1};
    const uint8_t tag[3] = {(uint8_t)((field << 3 | 2) & 0x7f) | 0x80, (uint8_t)(field >> 4), (uint8_t)len};
    cr_assert(12 + len <= sizeof bytes);
    memcpy(bytes + 8, tag, sizeof tag);
    memcpy(bytes + 11, evidence, len);
    return wire_body_decode(bytes, 11 + len, ret);
}

static const uint8_t FIELDS[BW_KIND_COUNT] = {
    [BW_OVERLOAD] = 16,          [BW_OFF_ROUTE] = 17,    [BW_UNLICENSED] = 18, [BW_OUT_OF_HOURS] = 19,
    [BW_UNAPPROVED_STOP] = 20,   [BW_OVERSPEED] = 21,    [BW_UNBELTED] = 22,   [BW_DOOR_OPEN_MOVING] = 23,
    [BW_CHILD_LEFT_BEHIND] = 24, [BW_SENSOR_FAULT] = 25, [BW_TAMPER] = 26,
};

Test(wire_alert, each_kind_has_its_own_evidence_and_no_other)
{
    struct wire_body body;
    for (int kind = 1; kind < BW_KIND_COUNT; kind++) {
        for (uint8_t field = 16; field <= 26; field++) {
            const int expected = field == FIELDS[kind] ? 0 : -EBADMSG;
            cr_expect_eq(decode((enum bw_kind)kind, field, "", 0, &body), expected, "kind %d, field %d", kind,
                         field);
        }
        cr_expect_eq(decode((enum bw_kind)kind, 15, "", 0, &body), -EBADMSG, "none");
    }
}

Test(wire_alert, a_value_that_makes_no_sense_is_refused)
{
    static const struct {
        enum bw_kind kind;
        uint8_t tag;        /* of the field within the evidence */
        uint32_t just_fits; /* one more does not */
    } rows[] = {
        {BW_OVERLOAD, 0x08, 65535},
        {BW_OVERLOAD, 0x10, 65535},
        {BW_OVERLOAD, 0x18, 65535},
        {BW_OFF_ROUTE, 0x10, 4000000000},
        {BW_OFF_ROUTE, 0x18, 4000000000},
        {BW_OFF_ROUTE, 0x20, 4000000000},
        {BW_OUT_OF_HOURS, 0x10, 1440},
        {BW_OUT_OF_HOURS, 0x18, 1440},
        {BW_OUT_OF_HOURS, 0x20, 1440},
        {BW_UNAPPROVED_STOP, 0x10, 4000000000},
        {BW_UNAPPROVED_STOP, 0x18, 4000000000},
        {BW_UNAPPROVED_STOP, 0x20, 65535},
        {BW_UNAPPROVED_STOP, 0x28, 65535},
        {BW_OVERSPEED, 0x08, 10000},
        {BW_OVERSPEED, 0x10, 10000},
        {BW_OVERSPEED, 0x18, 10000},
        {BW_UNBELTED, 0x08, 65535},
        {BW_UNBELTED, 0x10, 65535},
        {BW_UNBELTED, 0x18, 10000},
        {BW_DOOR_OPEN_MOVING, 0x08, 10000},
        {BW_DOOR_OPEN_MOVING, 0x10, 10000},
        {BW_CHILD_LEFT_BEHIND, 0x08, 65535},
        {BW_SENSOR_FAULT, 0x18, 65535},
        {BW_TAMPER, 0x18, 4000000000},
    };
    for (size_t i = 0; i < N_OF(rows); i++) {
        for (uint32_t beyond = 0; beyond < 2; beyond++) {
            char evidence[6] = {(char)rows[i].tag};
            struct wire_body body;
            size_t len = 1;
            for (uint32_t value = rows[i].just_fits + beyond; value > 0; value >>= 7)
                evidence[len++] = (char)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
            cr_expect_eq(decode(rows[i].kind, FIELDS[rows[i].kind], evidence, len, &body),
                         beyond ? -EBADMSG : 0, "row %zu", i);
        }
    }
}

Test(wire_alert, a_name_that_no_registry_can_hold_is_refused)
{
    static const struct {
        enum bw_kind kind;
        uint8_t tag;
    } rows[] = {
        {BW_OFF_ROUTE, 0x0a},       {BW_OFF_ROUTE, 0x42},  {BW_OUT_OF_HOURS, 0x0a},
        {BW_UNAPPROVED_STOP, 0x0a}, {BW_UNLICENSED, 0x12}, {BW_OVERSPEED, 0x32},
    };
    for (size_t i = 0; i < N_OF(rows); i++) {
        for (size_t n = BW_ID_LEN - 1; n <= BW_ID_LEN; n++) {
            char evidence[2 + BW_ID_LEN] = {(char)rows[i].tag, (char)n};
            struct wire_body body;
            memset(evidence + 2, 'x', n);
            cr_expect_eq(decode(rows[i].kind, FIELDS[rows[i].kind], evidence, 2 + n, &body),
                         n < BW_ID_LEN ? 0 : -EBADMSG, "row %zu", i);
        }
    }
}

Test(wire_alert, what_only_a_later_build_knows_reads_as_none)
{
    struct wire_body body;
    cr_assert_eq(decode(BW_UNLICENSED, 18, "\x08\x0a", 2, &body), 0);
    cr_expect_eq(body.u.alert.evidence.unlicensed.reason, BW_UNLICENSED_NONE);
    cr_assert_eq(decode(BW_OVERSPEED, 21, "\x20\x05", 2, &body), 0);
    cr_expect_eq(body.u.alert.evidence.overspeed.source, BW_LIMIT_NONE);
    cr_assert_eq(decode(BW_CHILD_LEFT_BEHIND, 24, "\x18\x04", 2, &body), 0);
    cr_expect_eq(body.u.alert.evidence.left_behind.level, 0);
    cr_assert_eq(decode(BW_SENSOR_FAULT, 25, "\x08\x05", 2, &body), 0);
    cr_expect_eq(body.u.alert.evidence.sensor_fault.fault, BW_FAULT_NONE);
    cr_assert_eq(decode(BW_TAMPER, 26, "\x08\x08", 2, &body), 0);
    cr_expect_eq(body.u.alert.evidence.tamper.tamper, BW_TAMPER_NONE);
    cr_assert_eq(decode(BW_TAMPER, 26, "\xfa\x3f\x03new", 6, &body), 0, "a field that it does not know");
    cr_assert_eq(decode((enum bw_kind)BW_KIND_COUNT, 27, "", 0, &body), 0);
    cr_expect_eq(body.type, WIRE_BODY_UNKNOWN, "a kind that it does not know");
}
