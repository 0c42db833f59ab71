/* Scenarios of the ingest probe: what becomes of the records and trips that a vehicle sends. */
#include <stdlib.h>
#include <string.h>

#include "tests/integration/ingest_probe.h"

static const char *a_good_alert_is_stored_and_receipted(void)
{
    struct outbox outbox = {.stream = 1, .cls = BW_RECORD_ALERT};
    const int events = events_held();
    struct wire_bytes record = make_next(&outbox);
    EXPECT(send(&outbox, &record));
    EXPECT(settled(1));
    EXPECT(GAINED(accepted) == 1);
    EXPECT(receipted(&outbox, 1));
    EXPECT(is_held(&outbox, 1, &record));
    EXPECT(events_held() == events + 1);
    wire_bytes_free(&record);
    return NULL;
}

static const char *the_same_record_twice_is_one_row_and_receipted_again(void)
{
    struct outbox outbox = {.stream = 2, .cls = BW_RECORD_ALERT};
    const int events = events_held();
    struct wire_bytes record = make_next(&outbox);
    EXPECT(send(&outbox, &record));
    EXPECT(receipted(&outbox, 1));
    forget_receipts();
    EXPECT(send(&outbox, &record));
    EXPECT(settled(2));
    EXPECT(GAINED(accepted) == 1 && GAINED(duplicate) == 1);
    EXPECT(receipted(&outbox, 1));
    EXPECT(events_held() == events + 1);
    wire_bytes_free(&record);
    return NULL;
}

static const char *an_altered_record_is_refused(void)
{
    struct outbox outbox = {.stream = 3, .cls = BW_RECORD_ALERT};
    struct wire_bytes record = make_next(&outbox);
    const size_t in_body = record.len - BW_SIGNATURE_LEN - 4; /* the signature is last */
    record.data[in_body] ^= 1;
    EXPECT(send(&outbox, &record));
    EXPECT(settled(1));
    EXPECT(GAINED(bad_signature) == 1);
    record.data[in_body] ^= 1;
    EXPECT(send(&outbox, &record)); /* the truth still gets through */
    EXPECT(settled(2));
    EXPECT(GAINED(accepted) == 1);
    wire_bytes_free(&record);
    return NULL;
}

static const char *another_key_is_refused(void)
{
    struct outbox outbox = {.stream = 4, .cls = BW_RECORD_ALERT};
    const struct wire_body body = alert_body(1);
    struct wire_bytes record = make_signed(&outbox, &body, &probe.keys[1]);
    EXPECT(send(&outbox, &record));
    EXPECT(settled(1));
    EXPECT(GAINED(bad_signature) == 1);
    EXPECT(unanswered(&outbox));
    wire_bytes_free(&record);
    return NULL;
}

static const char *nobody_speaks_for_another(void)
{
    struct outbox outbox = {.stream = 5, .cls = BW_RECORD_ALERT};
    struct wire_bytes record = make_next(&outbox);
    EXPECT(publish("bus-b", TOPIC_ALERT, &record)); /* bus-a's record */
    EXPECT(publish("bus-c", TOPIC_ALERT, &record)); /* registered, no key enrolled */
    EXPECT(publish("bus-z", TOPIC_ALERT, &record)); /* not registered */
    EXPECT(settled(3));
    EXPECT(GAINED(bad_signature) == 1);
    EXPECT(GAINED(unknown_vehicle) == 2);
    wire_bytes_free(&record);
    return NULL;
}

static const char *ten_megabytes_are_refused(void)
{
    struct wire_bytes huge = {.data = calloc(1, HUGE_LEN), .len = HUGE_LEN};
    EXPECT(huge.data != NULL);
    EXPECT(publish("bus-a", TOPIC_TRACK, &huge));
    EXPECT(settled(1));
    EXPECT(GAINED(too_large) == 1);
    wire_bytes_free(&huge);
    return NULL;
}

static const char *what_is_no_record_of_its_channel_is_refused(void)
{
    struct outbox outbox = {.stream = 6, .cls = BW_RECORD_ALERT};
    struct wire_bytes record = make_next(&outbox), cut = {.data = record.data, .len = record.len - 1};
    EXPECT(publish("bus-a", TOPIC_TRACK, &record)); /* an ALERT record */
    EXPECT(publish("bus-a", TOPIC_ALERT, &cut));
    EXPECT(publish("bus-a", TOPIC_PRESENCE, &cut));
    EXPECT(settled(3));
    EXPECT(GAINED(bad_message) == 3);
    wire_bytes_free(&record);
    return NULL;
}

static const char *a_field_from_the_future_is_kept(void)
{
    static const uint8_t field[] = {0xa2, 0x06, 0x03, 'n', 'e', 'w'}; /* number 100, three bytes */
    struct outbox outbox = {.stream = 7, .cls = BW_RECORD_TRACK};
    struct wire_bytes record = make_next(&outbox);
    struct wire_bytes longer = {.data = malloc(record.len + sizeof field), .len = record.len + sizeof field};
    EXPECT(longer.data != NULL);
    memcpy(longer.data, record.data, record.len);
    memcpy(longer.data + record.len, field, sizeof field);
    EXPECT(send(&outbox, &longer));
    EXPECT(settled(1));
    EXPECT(GAINED(accepted) == 1);
    EXPECT(is_held(&outbox, 1, &longer));
    wire_bytes_free(&record);
    wire_bytes_free(&longer);
    return NULL;
}

static const char *early_records_wait_for_their_turn(void)
{
    struct outbox outbox = {.stream = 8, .cls = BW_RECORD_TRACK};
    struct wire_bytes record[3];
    for (size_t i = 0; i < COUNT(record); i++)
        record[i] = make_next(&outbox);
    EXPECT(send(&outbox, &record[0]));
    EXPECT(send(&outbox, &record[2]));
    EXPECT(settled(2));
    EXPECT(GAINED(accepted) == 1 && GAINED(out_of_order) == 1);
    EXPECT(receipted(&outbox, 1)); /* tells the vehicle what is missing */
    EXPECT(send(&outbox, &record[1]));
    EXPECT(send(&outbox, &record[2]));
    EXPECT(settled(4));
    EXPECT(GAINED(accepted) == 3);
    EXPECT(receipted(&outbox, 3));
    for (size_t i = 0; i < COUNT(record); i++)
        wire_bytes_free(&record[i]);
    return NULL;
}

static const char *a_gap_record_closes_its_gap(void)
{
    struct outbox outbox = {.stream = 9, .cls = BW_RECORD_TRACK};
    struct wire_bytes first = make_next(&outbox);
    struct outbox gap_place = outbox; /* the gap links where the evicted 2..4 began ... */
    struct wire_body gap = {.type = WIRE_BODY_GAP, .u.gap = {.first_seq = 2, .last_seq = 4}};
    for (int i = 2; i <= 4; i++) {
        struct wire_bytes evicted = make_next(&outbox);
        wire_bytes_free(&evicted);
    }
    memcpy(gap.u.gap.tail_hash, outbox.head, BW_HASH_LEN); /* ... and the next record where they ended */
    gap_place.seq = 3;
    struct wire_bytes gap_record = make_signed(&gap_place, &gap, &probe.keys[0]), fifth = make_next(&outbox);
    EXPECT(send(&outbox, &first));
    EXPECT(send(&outbox, &gap_record));
    EXPECT(send(&outbox, &fifth));
    EXPECT(settled(3));
    EXPECT(GAINED(accepted) == 3);
    EXPECT(receipted(&outbox, 5));
    wire_bytes_free(&first);
    wire_bytes_free(&gap_record);
    wire_bytes_free(&fifth);
    return NULL;
}

static const char *a_rewritten_past_is_a_conflict(void)
{
    struct outbox outbox = {.stream = 10, .cls = BW_RECORD_TRACK}, other = outbox;
    const struct wire_body elsewhere = track_body(30.5);
    struct wire_bytes truth = make_next(&outbox), lie = make_signed(&other, &elsewhere, &probe.keys[0]),
                      sequel = make_next(&other);
    EXPECT(send(&outbox, &truth));
    EXPECT(send(&outbox, &lie));    /* seq 1 again, other bytes */
    EXPECT(send(&outbox, &sequel)); /* seq 2, but it follows the lie */
    EXPECT(settled(3));
    EXPECT(GAINED(accepted) == 1 && GAINED(conflict) == 2);
    EXPECT(is_held(&outbox, 1, &truth));
    forget_receipts();
    wait_for_a_nudge();
    EXPECT(send(&outbox, &lie));
    EXPECT(receipted(&outbox, 1));
    EXPECT(probe.receipts[0].receipt.has_head[1]);
    EXPECT(memcmp(probe.receipts[0].receipt.head[1], outbox.head, BW_HASH_LEN) == 0);
    EXPECT(strstr(stats().reason, "bus-a") != NULL);
    wire_bytes_free(&truth);
    wire_bytes_free(&lie);
    wire_bytes_free(&sequel);
    return NULL;
}

static const char *an_alert_said_again_in_a_new_stream_is_no_second_event(void)
{
    struct outbox before = {.stream = 20, .cls = BW_RECORD_ALERT},
                  after = {.stream = 21, .cls = BW_RECORD_ALERT};
    const struct wire_body raised = alert_body(5);
    struct wire_body cleared = raised;
    const int events = events_held();
    cleared.u.alert.phase = BW_CLEARED;
    cleared.u.alert.time_utc_ms += 1000;
    struct wire_bytes first = make_signed(&before, &raised, &probe.keys[0]),
                      again = make_signed(&after, &raised, &probe.keys[0]),
                      end = make_signed(&after, &cleared, &probe.keys[0]);
    EXPECT(send(&before, &first));
    EXPECT(send(&after, &again));
    EXPECT(send(&after, &end));
    EXPECT(receipted(&after, 2));
    EXPECT(is_held(&after, 1, &again)); /* evidence all the same */
    EXPECT(events_held() == events + 2);
    wire_bytes_free(&first);
    wire_bytes_free(&again);
    wire_bytes_free(&end);
    return NULL;
}

/* --- trips --- */

static struct wire_body trip_body(int64_t begun_utc_ms, int64_t lasted_ms, bool cut_short)
{
    return (struct wire_body){.type = WIRE_BODY_TRIP,
                              .u.trip = {.begun_utc_ms = begun_utc_ms,
                                         .ended_utc_ms = begun_utc_ms + lasted_ms,
                                         .boarded = 20,
                                         .alighted = 20,
                                         .peak = 20,
                                         .capacity = 18,
                                         .quality = BW_QUALITY_GOOD,
                                         .cut_short = cut_short}};
}

static bool send_trip(struct outbox *outbox, const struct wire_body *body)
{
    struct wire_bytes record = make_signed(outbox, body, &probe.keys[outbox->vehicle]);
    const bool sent = send(outbox, &record);
    wire_bytes_free(&record);
    return sent;
}

struct shown {
    int n;
    int64_t id;
    uint64_t seq;
    uint8_t stream;
    struct bw_trip trip;
};

static int take_shown(void *context, const struct store_trip *row)
{
    struct shown *shown = context;
    *shown = (struct shown){
        .n = shown->n + 1, .id = row->id, .seq = row->seq, .stream = row->stream[0], .trip = row->trip};
    return 0;
}

/* The rows of the trips that began at that instant, and the last of them. */
static struct shown shown_at(int64_t begun_utc_ms)
{
    struct shown shown = {0};
    const struct store_trip_query query = {
        .vehicle = "bus-a", .since_utc_ms = begun_utc_ms, .until_utc_ms = begun_utc_ms + 1};
    if (store_trips(probe.store, &query, 10, take_shown, &shown) != 0)
        shown.n = -1;
    return shown;
}

static const char *a_trip_told_twice_is_shown_once_and_complete(void)
{
    static const int64_t first_utc_ms = 1789100000000, second_utc_ms = 1789200000000;
    struct outbox outbox = {.stream = 30, .cls = BW_RECORD_ALERT},
                  other = {.stream = 31, .cls = BW_RECORD_ALERT};
    const int events = events_held();
    struct wire_body body = trip_body(first_utc_ms, 900000, true);
    EXPECT(send_trip(&outbox, &body));
    body = trip_body(first_utc_ms, 600000, false);
    EXPECT(send_trip(&outbox, &body));
    body = trip_body(second_utc_ms, 600000, false);
    EXPECT(send_trip(&outbox, &body));
    body = trip_body(second_utc_ms, 900000, true); /* after the loss of its outbox */
    EXPECT(send_trip(&other, &body));
    EXPECT(receipted(&outbox, 3) && receipted(&other, 1));
    EXPECT(settled(4));
    EXPECT(GAINED(accepted) == 4 && GAINED(unread) == 0);
    const struct shown first = shown_at(first_utc_ms), second = shown_at(second_utc_ms);
    EXPECT(first.n == 1 && first.stream == 30 && first.seq == 2 && !first.trip.cut_short);
    EXPECT(second.n == 1 && second.stream == 30 && second.seq == 3 && !second.trip.cut_short);
    EXPECT(first.trip.ended_utc_ms == first_utc_ms + 600000);
    EXPECT(events_held() == events); /* a trip is no alert */
    return NULL;
}

static const char *the_longest_trip_comes_through_whole(void)
{
    static const int64_t begun_utc_ms = 1789300000000;
    struct outbox outbox = {.stream = 32, .cls = BW_RECORD_ALERT};
    struct wire_body body = trip_body(begun_utc_ms, 3600000, false);
    struct bw_trip *trip = &body.u.trip;
    trip->quality = (enum bw_quality)9; /* of a later version */
    trip->n_stops = BW_TRIP_STOPS_MAX;
    for (size_t i = 0; i < trip->n_stops; i++) {
        trip->stops[i] = (struct bw_trip_stop){.has_position = true,
                                               .lat_deg = 29.14,
                                               .lon_deg = 121.03,
                                               .opened_s = (uint32_t)i * 50,
                                               .quality = i % 2 == 0 ? BW_QUALITY_GOOD : (enum bw_quality)9,
                                               .boarded = 65535};
        memset(trip->stops[i].stop_id, 'x', BW_ID_LEN - 1);
    }
    EXPECT(send_trip(&outbox, &body));
    EXPECT(settled(1));
    EXPECT(GAINED(accepted) == 1 && GAINED(unread) == 0);
    struct shown listed = shown_at(begun_utc_ms), whole = {0};
    EXPECT(listed.n == 1 && listed.trip.quality == BW_QUALITY_UNKNOWN);
    EXPECT(store_trip(probe.store, NULL, listed.id, take_shown, &whole) == 0 && whole.n == 1);
    EXPECT(whole.trip.n_stops == BW_TRIP_STOPS_MAX);
    EXPECT(whole.trip.stops[62].boarded == 65535 && whole.trip.stops[63].boarded == 0);
    EXPECT(whole.trip.stops[63].quality == BW_QUALITY_UNKNOWN);
    return NULL;
}

static const char *a_stream_may_begin_where_presence_says(void)
{
    struct outbox outbox = {.stream = 11, .cls = BW_RECORD_TRACK, .seq = 40};
    const struct bw_presence presence = {
        .online = true, .stream = {11}, .licence_version = 7, .oldest_seq = {1, 41}, .next_seq = {1, 43}};
    struct wire_bytes first = make_next(&outbox), second = make_next(&outbox);
    wait_for_a_nudge();
    EXPECT(send(&outbox, &first)); /* nothing is known of this stream */
    EXPECT(settled(1));
    EXPECT(GAINED(out_of_order) == 1);
    EXPECT(receipted(&outbox, 0));
    EXPECT(send_presence("bus-a", &presence));
    EXPECT(send(&outbox, &first));
    EXPECT(send(&outbox, &second));
    EXPECT(settled(4));
    EXPECT(GAINED(accepted) == 2 && GAINED(presence) == 1);
    EXPECT(receipted(&outbox, 42));
    wire_bytes_free(&first);
    wire_bytes_free(&second);
    return NULL;
}

const struct scenario record_scenarios[] = {
    {"a good alert is stored and receipted", a_good_alert_is_stored_and_receipted},
    {"the same record twice is one row, receipted again",
     the_same_record_twice_is_one_row_and_receipted_again},
    {"an altered record is refused", an_altered_record_is_refused},
    {"a record signed with another key is refused", another_key_is_refused},
    {"nobody speaks for another vehicle", nobody_speaks_for_another},
    {"ten megabytes are refused", ten_megabytes_are_refused},
    {"what is no record of its channel is refused", what_is_no_record_of_its_channel_is_refused},
    {"a field from the future is kept", a_field_from_the_future_is_kept},
    {"early records wait for their turn", early_records_wait_for_their_turn},
    {"a gap record closes its gap", a_gap_record_closes_its_gap},
    {"a rewritten past is a conflict, and answered with what is held", a_rewritten_past_is_a_conflict},
    {"an alert said again in a new stream is no second event",
     an_alert_said_again_in_a_new_stream_is_no_second_event},
    {"a trip told twice is shown once, and complete", a_trip_told_twice_is_shown_once_and_complete},
    {"the longest trip comes through whole", the_longest_trip_comes_through_whole},
    {"a stream may begin where presence says", a_stream_may_begin_where_presence_says},
    {0},
};
