#include "bureau/ingest/answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void note(struct answer *answer, const char *what, const char *why)
{
    (void)snprintf(answer->reason, sizeof answer->reason, "%s: %s", what, why);
}

/* True when it was handed to the broker's connection. */
static bool publish(struct answer *answer, const struct topic *topic, const struct wire_bytes *bytes,
                    bool retain)
{
    char text[TOPIC_MAX];
    int error = topic_format(topic, text);
    if (error == 0)
        error = mqtt_publish(answer->mqtt, text, bytes->data, bytes->len, retain, NULL);
    if (error != 0 && error != -ENOTCONN)
        note(answer, topic_channel_name(topic->channel), strerror(-error));
    return error == 0;
}

static int seal_receipt(const struct answer *answer, const struct batch_receipt *from, struct wire_bytes *ret)
{
    struct bw_receipt receipt = {.upto_seq = {from->upto_seq[0], from->upto_seq[1]},
                                 .has_head = {from->has_head[0], from->has_head[1]},
                                 .time_utc_ms = answer->now_utc_ms};
    struct wire_sealed sealed = {0};
    memcpy(receipt.stream, from->stream, BW_STREAM_LEN);
    memcpy(receipt.head, from->head, sizeof receipt.head);
    int error = wire_receipt_encode(&receipt, &sealed.payload);
    if (error == 0) {
        seal_payload_sign(&sealed, SEAL_RECEIPT, from->division, from->vehicle, answer->key);
        error = wire_sealed_encode(&sealed, ret);
    }
    wire_sealed_free(&sealed);
    return error;
}

/* Whether a receipt that only repeats what was said before may go out now. */
static bool may_nudge(const struct answer *answer, const struct batch_receipt *receipt)
{
    struct vehicle *vehicle;
    if (vehicles_get(answer->vehicles, answer->store, receipt->vehicle, answer->now_ms, &vehicle) != 0 ||
        (vehicle->nudged_ms != 0 && answer->now_ms - vehicle->nudged_ms < ANSWER_NUDGE_MS))
        return false;
    vehicle->nudged_ms = answer->now_ms;
    return true;
}

static void send_receipt(struct answer *answer, const struct batch_receipt *receipt)
{
    struct topic topic = {.channel = TOPIC_RECEIPT};
    struct wire_bytes bytes = {0};
    memcpy(topic.division, receipt->division, sizeof topic.division);
    memcpy(topic.vehicle, receipt->vehicle, sizeof topic.vehicle);
    const int error = seal_receipt(answer, receipt, &bytes);
    if (error != 0)
        note(answer, "receipt", strerror(-error));
    else if (publish(answer, &topic, &bytes, false))
        answer->receipts++;
    wire_bytes_free(&bytes);
}

void answer_receipts(struct answer *answer, const struct batch *batch, struct receipts *due)
{
    const struct batch_receipt *receipts;
    const size_t n = batch_receipts(batch, &receipts);
    for (size_t i = 0; i < n; i++) {
        vehicles_taken(answer->vehicles, receipts[i].vehicle, receipts[i].stream, receipts[i].upto_seq);
        if ((receipts[i].progress || may_nudge(answer, &receipts[i])) && !receipts_put(due, &receipts[i]))
            note(answer, "receipt", "too many wait for the broker");
    }
}

void answer_due(struct answer *answer, struct receipts *due, int at_once)
{
    struct batch_receipt receipt;
    for (int n = 0; n < at_once && mqtt_in_flight(answer->mqtt) < ANSWER_IN_FLIGHT_MAX; n++) {
        if (!receipts_take(due, &receipt))
            return;
        send_receipt(answer, &receipt);
    }
}

/* The newest of a kind to one vehicle, retained. 0, or why not. */
static int send_issued(struct answer *answer, enum issued_kind kind, const char *division,
                       struct vehicle *vehicle)
{
    uint64_t version;
    struct wire_bytes sealed = {0};
    struct topic topic = {.channel = issued_channel(kind)};
    int error = store_issued_latest(answer->store, kind, vehicle->id, &version, &sealed);
    if (error != 0) {
        note(answer, issued_name(kind), store_error(answer->store));
        return error;
    }
    (void)snprintf(topic.division, sizeof topic.division, "%s", division);
    (void)snprintf(topic.vehicle, sizeof topic.vehicle, "%s", vehicle->id);
    if (publish(answer, &topic, &sealed, true)) {
        vehicle->sent_ms[kind] = answer->now_ms;
        answer->issued[kind]++;
    } else {
        error = -ENOTCONN;
    }
    wire_bytes_free(&sealed);
    return error;
}

static bool sent_lately(const struct answer *answer, const struct vehicle *vehicle, enum issued_kind kind)
{
    return vehicle->sent_ms[kind] != 0 && answer->now_ms - vehicle->sent_ms[kind] < ANSWER_ISSUED_MS;
}

static void answer_presence(struct answer *answer, const struct batch_item *item)
{
    const uint64_t held[ISSUED_KINDS] = {
        [ISSUED_LICENCE] = item->presence.licence_version, [ISSUED_ORDERS] = item->presence.orders_version};
    struct vehicle *vehicle;
    if (vehicles_get(answer->vehicles, answer->store, item->topic.vehicle, answer->now_ms, &vehicle) != 0) {
        note(answer, "presence", store_error(answer->store));
        return;
    }
    for (enum issued_kind kind = 0; kind < ISSUED_KINDS; kind++)
        if (held[kind] < vehicle->issued[kind] && !sent_lately(answer, vehicle, kind))
            (void)send_issued(answer, kind, item->topic.division, vehicle);
}

void answer_presences(struct answer *answer, const struct batch *batch)
{
    for (size_t i = 0; i < batch_count(batch); i++) {
        const struct batch_item *item = batch_item(batch, i);
        if (item->topic.channel == TOPIC_PRESENCE && item->presence.online)
            answer_presence(answer, item);
    }
}

/* The next that was issued after *seen. 0, also when a vehicle is not registered; -ENOENT no more; else why
 * not: then *seen stays. */
static int send_next(struct answer *answer, enum issued_kind kind, int64_t *seen)
{
    char id[BW_ID_LEN], division[BW_DIVISION_LEN];
    struct vehicle *vehicle;
    int64_t next;
    int error = store_issued_after(answer->store, kind, *seen, &next, id);
    if (error != 0)
        return error;
    error = store_vehicle_division(answer->store, id, division);
    if (error == 0)
        error = vehicles_get(answer->vehicles, answer->store, id, answer->now_ms, &vehicle);
    if (error == 0)
        error = send_issued(answer, kind, division, vehicle);
    if (error == 0 || error == -ENOENT)
        *seen = next;
    return error == -ENOENT ? 0 : error;
}

bool answer_new(struct answer *answer, int64_t seen[ISSUED_KINDS])
{
    bool more = false;
    for (enum issued_kind kind = 0; kind < ISSUED_KINDS; kind++) {
        int n = 0;
        while (n < ANSWER_NEW_MAX && send_next(answer, kind, &seen[kind]) == 0)
            n++;
        more |= n == ANSWER_NEW_MAX;
    }
    return more;
}
