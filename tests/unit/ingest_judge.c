/* The verdict on every message that reaches the bureau, as tables: no store, no broker. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "bureau/ingest/judge.h"
#include "proto/seal.h"

static const char division[] = "331023", vehicle_id[] = "bus-a";
static struct seal_key key, other_key;
static struct judge_vehicle vehicle;
static const struct topic on_alert = {.division = "331023", .vehicle = "bus-a", .channel = TOPIC_ALERT};
static const struct topic on_track = {.division = "331023", .vehicle = "bus-a", .channel = TOPIC_TRACK};
static const struct topic on_presence = {.division = "331023", .vehicle = "bus-a", .channel = TOPIC_PRESENCE};

static void make_keys(void)
{
    cr_assert_eq(seal_init(), 0);
    seal_key_generate(&key);
    seal_key_generate(&other_key);
    memcpy(vehicle.division, division, sizeof division);
    memcpy(vehicle.key, key.public_key, sizeof vehicle.key);
}

static struct wire_body alert_body(void)
{
    return (struct wire_body){.type = WIRE_BODY_ALERT,
                              .u.alert = {.kind = BW_OVERLOAD,
                                          .phase = BW_RAISED,
                                          .severity = BW_MINOR,
                                          .number = 1,
                                          .time_utc_ms = 1789000000000,
                                          .raised_utc_ms = 1789000000000,
                                          .evidence.overload = {.aboard = 20, .peak = 20, .capacity = 18}}};
}

static struct wire_body track_body(void)
{
    return (struct wire_body){
        .type = WIRE_BODY_TRACK,
        .u.track = {.n = 1, .fixes = {{.utc_ms = 1789000000000, .lat_deg = 29.14, .lon_deg = 121.03}}}};
}

static struct wire_body gap_body(uint64_t first_seq, uint64_t last_seq, uint8_t tail)
{
    struct wire_body body = {.type = WIRE_BODY_GAP, .u.gap = {.first_seq = first_seq, .last_seq = last_seq}};
    memset(body.u.gap.tail_hash, tail, BW_HASH_LEN);
    return body;
}

static void seal(struct wire_record *record, const struct seal_key *by, struct wire_bytes *ret)
{
    seal_record_sign(record, division, vehicle_id, by);
    cr_assert_eq(wire_record_encode(record, ret), 0);
}

static void make_record(enum bw_record_class cls, uint64_t seq, const struct wire_body *body,
                        struct wire_record *ret)
{
    struct wire_bytes bytes;
    *ret = (struct wire_record){.stream = {1, 2, 3, 4, 5, 6, 7, 8}, .cls = cls, .seq = seq};
    cr_assert_eq(wire_body_encode(body, &bytes), 0);
    memcpy(ret->body, bytes.data, bytes.len);
    ret->body_len = bytes.len;
    wire_bytes_free(&bytes);
}

/* --- topics and sizes --- */

Test(judge_topic, tells_what_may_be_said_where)
{
    static const struct {
        const char *name, *topic;
        size_t len;
        enum verdict verdict;
    } cases[] = {
        {"an alert", "schoolbus/v1/331023/bus-a/alert", 200, VERDICT_ACCEPTED},
        {"the largest track", "schoolbus/v1/331023/bus-a/track", WIRE_RECORD_MAX, VERDICT_ACCEPTED},
        {"the largest presence", "schoolbus/v1/331023/bus-a/presence", WIRE_PRESENCE_MAX, VERDICT_ACCEPTED},
        {"an alert a byte too long", "schoolbus/v1/331023/bus-a/alert", WIRE_RECORD_MAX + 1,
         VERDICT_TOO_LARGE},
        {"a presence a byte too long", "schoolbus/v1/331023/bus-a/presence", WIRE_PRESENCE_MAX + 1,
         VERDICT_TOO_LARGE},
        {"10 MB of anything", "schoolbus/v1/331023/bus-a/alert", 10000000, VERDICT_TOO_LARGE},
        {"a receipt: only the bureau says those", "schoolbus/v1/331023/bus-a/receipt", 100,
         VERDICT_BAD_TOPIC},
        {"a licence: only the bureau says those", "schoolbus/v1/331023/bus-a/licence", 100,
         VERDICT_BAD_TOPIC},
        {"orders: only the bureau says those", "schoolbus/v1/331023/bus-a/orders", 100, VERDICT_BAD_TOPIC},
        {"a channel without a name here", "schoolbus/v1/331023/bus-a/video", 100, VERDICT_BAD_TOPIC},
        {"an upper-case vehicle", "schoolbus/v1/331023/BUS-A/alert", 100, VERDICT_BAD_TOPIC},
        {"another tree", "weather/v1/331023/bus-a/alert", 100, VERDICT_BAD_TOPIC},
        {"nothing", "", 0, VERDICT_BAD_TOPIC},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct topic topic = {.channel = TOPIC_CHANNEL_COUNT};
        const enum verdict verdict = judge_topic(cases[i].topic, cases[i].len, &topic);
        cr_expect_eq(verdict, cases[i].verdict, "%s: %s", cases[i].name, verdict_text(verdict));
        cr_expect_eq(topic.channel == TOPIC_CHANNEL_COUNT, verdict != VERDICT_ACCEPTED, "%s: output",
                     cases[i].name);
    }
}

/* --- presence --- */

Test(judge_presence, needs_a_known_vehicle_of_that_division_and_whole_bytes, .init = make_keys)
{
    const struct bw_presence said = {.online = true, .stream = {1}, .next_seq = {1, 1}, .oldest_seq = {1, 1}};
    struct judge_vehicle elsewhere = vehicle;
    elsewhere.division[0] = '9';
    struct wire_bytes bytes;
    cr_assert_eq(wire_presence_encode(&said, &bytes), 0);
    const struct {
        const char *name;
        const struct judge_vehicle *vehicle;
        size_t len;
        enum verdict verdict;
    } cases[] = {
        {"good", &vehicle, bytes.len, VERDICT_PRESENCE},
        {"not enrolled", NULL, bytes.len, VERDICT_UNKNOWN_VEHICLE},
        {"registered in another county", &elsewhere, bytes.len, VERDICT_BAD_TOPIC},
        {"cut off", &vehicle, bytes.len - 1, VERDICT_BAD_MESSAGE},
        {"empty", &vehicle, 0, VERDICT_BAD_MESSAGE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bw_presence presence;
        cr_expect_eq(judge_presence(&on_presence, cases[i].vehicle, bytes.data, cases[i].len, &presence),
                     cases[i].verdict, "%s", cases[i].name);
    }
    wire_bytes_free(&bytes);
}

/* --- one record --- */

enum twist {
    AS_IT_IS,
    FOREIGN_KEY,
    ANOTHER_VEHICLE,
    NOT_ENROLLED,
    ANOTHER_COUNTY,
    CHANGED_BODY,
    CHANGED_SEQ,
    CUT_OFF,
};

/* What becomes of a record that comes alone: the vehicle's key signs from seq 1 on. */
static enum verdict judge_alone(const struct topic *topic, const struct judge_vehicle *known,
                                const uint8_t *bytes, size_t len, struct wire_record *ret_record,
                                struct wire_body *ret_body)
{
    struct store_signers signers = {.n = 1, .of = {{.from_seq = 1}}};
    const enum verdict verdict = judge_record(topic, known, bytes, len, ret_record, ret_body);
    if (verdict != VERDICT_ACCEPTED)
        return verdict;
    memcpy(signers.of[0].key, known->key, BW_PUBLIC_KEY_LEN);
    return judge_signature(topic, ret_record, &signers);
}

Test(judge_record, lets_through_only_what_the_vehicle_itself_signed, .init = make_keys)
{
    static const struct {
        const char *name;
        enum twist twist;
        enum verdict verdict;
    } cases[] = {
        {"good", AS_IT_IS, VERDICT_ACCEPTED},
        {"signed by another key", FOREIGN_KEY, VERDICT_BAD_SIGNATURE},
        {"on another vehicle's topic", ANOTHER_VEHICLE, VERDICT_BAD_SIGNATURE},
        {"no key enrolled", NOT_ENROLLED, VERDICT_UNKNOWN_VEHICLE},
        {"registered in another county", ANOTHER_COUNTY, VERDICT_BAD_TOPIC},
        {"body changed after signing", CHANGED_BODY, VERDICT_BAD_SIGNATURE},
        {"seq changed after signing", CHANGED_SEQ, VERDICT_BAD_SIGNATURE},
        {"cut off", CUT_OFF, VERDICT_BAD_MESSAGE},
    };
    const struct wire_body body = alert_body();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct wire_record record, decoded;
        struct wire_body decoded_body;
        struct wire_bytes bytes;
        struct judge_vehicle known = vehicle;
        struct topic topic = on_alert;
        const enum twist twist = cases[i].twist;
        make_record(BW_RECORD_ALERT, 1, &body, &record);
        seal(&record, twist == FOREIGN_KEY ? &other_key : &key, &bytes);
        if (twist == CHANGED_BODY || twist == CHANGED_SEQ) {
            wire_bytes_free(&bytes);
            record.body[record.body_len - 1] ^= twist == CHANGED_BODY ? 1 : 0;
            record.seq += twist == CHANGED_SEQ ? 1 : 0;
            cr_assert_eq(wire_record_encode(&record, &bytes), 0);
        }
        topic.vehicle[4] = twist == ANOTHER_VEHICLE ? 'b' : 'a';
        known.division[0] = twist == ANOTHER_COUNTY ? '9' : '3';
        const enum verdict verdict =
            judge_alone(&topic, twist == NOT_ENROLLED ? NULL : &known, bytes.data,
                        bytes.len - (twist == CUT_OFF ? 1 : 0), &decoded, &decoded_body);
        cr_expect_eq(verdict, cases[i].verdict, "%s: %s", cases[i].name, verdict_text(verdict));
        wire_bytes_free(&bytes);
    }
}

Test(judge_record, no_bit_of_a_record_can_be_changed_unseen, .init = make_keys)
{
    const struct wire_body body = alert_body();
    struct wire_record record, decoded;
    struct wire_body decoded_body;
    struct wire_bytes bytes;
    make_record(BW_RECORD_ALERT, 1, &body, &record);
    seal(&record, &key, &bytes);
    for (size_t bit = 0; bit < 8 * bytes.len; bit++) {
        bytes.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        cr_expect_neq(judge_alone(&on_alert, &vehicle, bytes.data, bytes.len, &decoded, &decoded_body),
                      VERDICT_ACCEPTED, "bit %zu", bit);
        bytes.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    wire_bytes_free(&bytes);
}

Test(judge_record, class_channel_and_body_must_belong_together, .init = make_keys)
{
    static const uint8_t newer[] = {0xa2, 0x06, 0x01, 0x78}; /* field 100 of Body: of a build to come */
    static const uint8_t broken[] = {0x0a, 0x7f};            /* an alert of 127 bytes that are not there */
    enum content { ALERT, TRACK, GAP, GAP_ELSEWHERE, NEWER, BROKEN };
    static const struct {
        const char *name;
        const struct topic *topic;
        enum bw_record_class cls;
        enum content content;
        enum verdict verdict;
    } cases[] = {
        {"alert", &on_alert, BW_RECORD_ALERT, ALERT, VERDICT_ACCEPTED},
        {"track", &on_track, BW_RECORD_TRACK, TRACK, VERDICT_ACCEPTED},
        {"gap", &on_track, BW_RECORD_TRACK, GAP, VERDICT_ACCEPTED},
        {"newer body as an alert", &on_alert, BW_RECORD_ALERT, NEWER, VERDICT_ACCEPTED},
        {"newer body as a track", &on_track, BW_RECORD_TRACK, NEWER, VERDICT_ACCEPTED},
        {"alerts are never evicted", &on_alert, BW_RECORD_ALERT, GAP, VERDICT_ACCEPTED},
        {"gap that does not end at its own seq", &on_track, BW_RECORD_TRACK, GAP_ELSEWHERE, VERDICT_ACCEPTED},
        {"track in the alert class", &on_alert, BW_RECORD_ALERT, TRACK, VERDICT_ACCEPTED},
        {"alert in the track class", &on_track, BW_RECORD_TRACK, ALERT, VERDICT_ACCEPTED},
        {"track class on the alert channel", &on_alert, BW_RECORD_TRACK, TRACK, VERDICT_BAD_MESSAGE},
        {"alert class on the track channel", &on_track, BW_RECORD_ALERT, ALERT, VERDICT_BAD_MESSAGE},
        {"signed, but broken inside", &on_alert, BW_RECORD_ALERT, BROKEN, VERDICT_ACCEPTED},
    };
    const struct wire_body bodies[] = {
        [ALERT] = alert_body(),
        [TRACK] = track_body(),
        [GAP] = gap_body(2, 5, 0x77),
        [GAP_ELSEWHERE] = gap_body(2, 4, 0x77),
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const enum content content = cases[i].content;
        struct wire_record record, decoded;
        struct wire_body decoded_body;
        struct wire_bytes bytes;
        make_record(cases[i].cls, 5, &bodies[content < NEWER ? content : ALERT], &record);
        if (content >= NEWER) {
            record.body_len = content == NEWER ? sizeof newer : sizeof broken;
            memcpy(record.body, content == NEWER ? newer : broken, record.body_len);
        }
        seal(&record, &key, &bytes);
        const enum verdict verdict =
            judge_alone(cases[i].topic, &vehicle, bytes.data, bytes.len, &decoded, &decoded_body);
        cr_expect_eq(verdict, cases[i].verdict, "%s: %s", cases[i].name, verdict_text(verdict));
        wire_bytes_free(&bytes);
    }
}

/* The example of docs/wire.md, "Seal": a change of the byte layout would lock out every vehicle on the road.
 */
Test(judge_record, accepts_the_example_of_the_manual, .init = make_keys)
{
    static const char message_hex[] = "0a080102030405060708100218012210000000000000000000000000000000002a17"
                                      "12150a13010280f9ced242c090e51be095b6734a1414283240"
                                      "b86e48191de227a851fc208498552aa6e6b2bd82845361ff0ccf96271176d672"
                                      "416d25a180eac3bb72b5efe4d0db547c5b8ae57a973da7fe9f3ced3fe2b0dd0b";
    static const char public_hex[] = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8";
    static const uint8_t expected_hash[BW_HASH_LEN] = {0x4f, 0x63, 0xc1, 0x78, 0x22, 0x67, 0x4a, 0xf4,
                                                       0x79, 0xf1, 0x50, 0xe3, 0x03, 0x03, 0x22, 0x31};
    uint8_t message[(sizeof message_hex - 1) / 2], hash[BW_HASH_LEN];
    struct wire_record record;
    struct wire_body body;
    for (size_t i = 0; i < sizeof message; i++) {
        const char digits[] = {message_hex[2 * i], message_hex[2 * i + 1], '\0'};
        message[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
    cr_assert_eq(seal_public_parse(public_hex, vehicle.key), 0);
    cr_assert_eq(judge_alone(&on_track, &vehicle, message, sizeof message, &record, &body), VERDICT_ACCEPTED);
    seal_record_hash(&record, division, vehicle_id, hash);
    cr_expect_arr_eq(hash, expected_hash, BW_HASH_LEN);
    cr_expect_eq(body.type, WIRE_BODY_TRACK);
    cr_expect_eq(body.u.track.n, 2);
    cr_expect_eq(body.u.track.fixes[1].utc_ms, 1789000001000);
    cr_expect_eq(body.u.track.fixes[1].aboard, 18);
}

/* --- the chain --- */

enum { HISTORY = 9 };

/* Track records 1..HISTORY of one stream, properly chained; hash[n] is that of record n, hash[0] all zero. */
static struct history {
    struct wire_record record[HISTORY + 1];
    struct wire_bytes bytes[HISTORY + 1];
    uint8_t hash[HISTORY + 1][BW_HASH_LEN];
} history;

static void make_history(void)
{
    make_keys();
    const struct wire_body body = track_body();
    for (uint64_t seq = 1; seq <= HISTORY; seq++) {
        struct wire_record *record = &history.record[seq];
        make_record(BW_RECORD_TRACK, seq, &body, record);
        memcpy(record->prev, history.hash[seq - 1], BW_HASH_LEN);
        seal(record, &key, &history.bytes[seq]);
        seal_record_hash(record, division, vehicle_id, history.hash[seq]);
    }
}

static void free_history(void)
{
    for (size_t seq = 1; seq <= HISTORY; seq++)
        wire_bytes_free(&history.bytes[seq]);
}

/* The chain after record `upto`. */
static struct store_chain chain_after(uint64_t upto)
{
    struct store_chain chain = {.next_seq = upto + 1, .head_known = true};
    memcpy(chain.head, history.hash[upto], BW_HASH_LEN);
    return chain;
}

Test(judge_chain, takes_records_in_order_and_only_once, .init = make_history, .fini = free_history)
{
    static const struct {
        const char *name;
        uint64_t held_upto, seq, oldest_seq;
        bool lost; /* what is behind is not held */
        enum verdict verdict;
    } cases[] = {
        {"first of a chain", 0, 1, 0, false, VERDICT_ACCEPTED},
        {"next", 3, 4, 0, false, VERDICT_ACCEPTED},
        {"the last one again", 3, 3, 0, false, VERDICT_DUPLICATE},
        {"an old one again", 5, 2, 0, false, VERDICT_DUPLICATE},
        {"from before the chain began here", 5, 2, 0, true, VERDICT_DUPLICATE},
        {"one missing before it", 3, 5, 0, false, VERDICT_OUT_OF_ORDER},
        {"a new stream that begins late", 0, 5, 0, false, VERDICT_OUT_OF_ORDER},
        {"presence named an older one", 0, 6, 5, false, VERDICT_OUT_OF_ORDER},
        {"presence named a newer one", 0, 4, 5, false, VERDICT_OUT_OF_ORDER},
        {"presence lags behind", 3, 4, 2, false, VERDICT_ACCEPTED},
    };
    const struct wire_body body = track_body();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const uint64_t seq = cases[i].seq;
        const struct store_chain chain = chain_after(cases[i].held_upto);
        struct store_chain next = {.next_seq = 99}, resumed;
        struct judge_link link = {.topic = &on_track,
                                  .record = &history.record[seq],
                                  .body = &body,
                                  .bytes = history.bytes[seq],
                                  .chain = &chain,
                                  .oldest_seq = cases[i].oldest_seq};
        if (seq <= cases[i].held_upto && !cases[i].lost)
            link.held = history.bytes[seq];
        cr_expect_not(judge_resumes(&link, &resumed), "%s: no reason to begin anew", cases[i].name);
        const enum verdict verdict = judge_chain(&link, &next);
        cr_expect_eq(verdict, cases[i].verdict, "%s: %s", cases[i].name, verdict_text(verdict));
        if (verdict == VERDICT_ACCEPTED) {
            cr_expect_eq(next.next_seq, seq + 1, "%s", cases[i].name);
            cr_expect(next.head_known && memcmp(next.head, history.hash[seq], BW_HASH_LEN) == 0, "%s",
                      cases[i].name);
        } else {
            cr_expect_eq(next.next_seq, 99, "%s: output untouched", cases[i].name);
        }
    }
}

Test(judge_chain, what_contradicts_what_is_held_is_a_conflict, .init = make_history, .fini = free_history)
{
    const struct wire_body body = track_body();
    struct store_chain chain = chain_after(3), next;
    struct judge_link link = {.topic = &on_track, .body = &body, .chain = &chain};

    /* seq 2 again, signed, but another record */
    link.record = &history.record[2];
    link.bytes = history.bytes[4];
    link.held = history.bytes[2];
    cr_expect_eq(judge_chain(&link, &next), VERDICT_CONFLICT);

    /* the right seq, but its prev points at a record that is not the head */
    chain.head[0] ^= 1;
    link.record = &history.record[4];
    link.held = (struct wire_bytes){0};
    cr_expect_eq(judge_chain(&link, &next), VERDICT_CONFLICT);

    /* the same where the past is unknown: there is nothing to contradict */
    chain.head_known = false;
    cr_expect_eq(judge_chain(&link, &next), VERDICT_ACCEPTED);
    cr_expect(next.head_known);
}

Test(judge_chain, begins_anew_exactly_where_presence_says, .init = make_history, .fini = free_history)
{
    const struct wire_body body = track_body();
    for (uint64_t held_upto = 0; held_upto <= 3; held_upto += 3) { /* a stream never seen; a restored store */
        const struct store_chain chain = chain_after(held_upto);
        struct store_chain resumed, next;
        struct judge_link link = {.topic = &on_track,
                                  .record = &history.record[6],
                                  .body = &body,
                                  .bytes = history.bytes[6],
                                  .chain = &chain,
                                  .oldest_seq = 6};
        cr_assert(judge_resumes(&link, &resumed));
        cr_expect_eq(resumed.next_seq, 6);
        cr_expect_not(resumed.head_known);
        link.chain = &resumed;
        cr_expect_eq(judge_chain(&link, &next), VERDICT_ACCEPTED);
        cr_expect_eq(next.next_seq, 7);
        cr_expect(next.head_known && memcmp(next.head, history.hash[6], BW_HASH_LEN) == 0);
    }
}

Test(judge_chain, a_gap_record_stands_for_the_records_it_names, .init = make_history, .fini = free_history)
{
    static const struct {
        const char *name;
        uint64_t held_upto, first_seq, last_seq, prev_of;
        enum verdict verdict;
    } cases[] = {
        {"from the next on", 3, 4, 7, 4, VERDICT_ACCEPTED},
        {"of one record", 3, 4, 4, 4, VERDICT_ACCEPTED},
        {"from the very first", 0, 1, 5, 1, VERDICT_ACCEPTED},
        {"reaching back over what is held", 5, 3, 7, 3, VERDICT_ACCEPTED},
        {"from the next on, but not linked to the head", 3, 4, 7, 6, VERDICT_CONFLICT},
        {"leaving a hole before it", 3, 5, 7, 5, VERDICT_OUT_OF_ORDER},
        {"of records that are held: its tail agrees", 8, 3, 7, 3, VERDICT_DUPLICATE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const uint64_t last_seq = cases[i].last_seq;
        const struct store_chain chain = chain_after(cases[i].held_upto);
        struct store_chain next;
        struct wire_record record;
        struct wire_bytes bytes;
        struct wire_body body = gap_body(cases[i].first_seq, last_seq, 0);
        memcpy(body.u.gap.tail_hash, history.hash[last_seq], BW_HASH_LEN);
        make_record(BW_RECORD_TRACK, last_seq, &body, &record);
        memcpy(record.prev, history.hash[cases[i].prev_of - 1], BW_HASH_LEN);
        seal(&record, &key, &bytes);
        struct judge_link link = {
            .topic = &on_track, .record = &record, .body = &body, .bytes = bytes, .chain = &chain};
        if (last_seq <= cases[i].held_upto)
            link.held = history.bytes[last_seq];
        const enum verdict verdict = judge_chain(&link, &next);
        cr_expect_eq(verdict, cases[i].verdict, "%s: %s", cases[i].name, verdict_text(verdict));
        if (verdict == VERDICT_ACCEPTED) {
            cr_expect_eq(next.next_seq, last_seq + 1, "%s", cases[i].name);
            cr_expect_arr_eq(next.head, history.hash[last_seq], BW_HASH_LEN,
                             "%s: the next record links to its tail", cases[i].name);
        }
        wire_bytes_free(&bytes);
    }
}

Test(judge_chain, a_gap_whose_tail_is_not_what_is_held_is_a_conflict, .init = make_history,
     .fini = free_history)
{
    const struct store_chain chain = chain_after(8);
    const struct wire_body body = gap_body(3, 7, 0xee);
    struct store_chain next;
    const struct judge_link link = {.topic = &on_track,
                                    .record = &history.record[7],
                                    .body = &body,
                                    .bytes = history.bytes[6],
                                    .chain = &chain,
                                    .held = history.bytes[7]};
    cr_expect_eq(judge_chain(&link, &next), VERDICT_CONFLICT);
}

Test(verdict, every_one_has_words)
{
    for (int i = 0; i < VERDICT_COUNT; i++)
        cr_expect_not_null(verdict_text((enum verdict)i));
}
