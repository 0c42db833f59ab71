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
        error = mqtt_publish(answer->mqtt, text, bytes->data, bytes->len, retain);
    if (error != 0 && error != -ENOTCONN)
        note(answer, topic_channel_name(topic->channel), strerror(-error));
    return error == 0;
}

static int seal_receipt(const struct answer *answer, const struct batch_receipt *from, struct wire_bytes *ret)
{
    struct bw_receipt receipt = {.upto_seq = {from->upto_seq[0], from->upto_seq[1]},
                                 .time_utc_ms = answer->now_utc_ms};
    struct wire_sealed sealed = {0};
    memcpy(receipt.stream, from->stream, BW_STREAM_LEN);
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

void answer_receipts(struct answer *answer, const struct batch *batch)
{
    const struct batch_receipt *receipts;
    const size_t n = batch_receipts(batch, &receipts);
    for (size_t i = 0; i < n; i++)
        if (receipts[i].progress || may_nudge(answer, &receipts[i]))
            send_receipt(answer, &receipts[i]);
}

static void send_licence(struct answer *answer, const struct topic *presence, struct vehicle *vehicle)
{
    uint64_t version;
    struct wire_bytes sealed = {0};
    if (store_licence_latest(answer->store, vehicle->id, &version, &sealed.data, &sealed.len) != 0) {
        note(answer, "licence", store_error(answer->store));
        return;
    }
    struct topic topic = *presence;
    topic.channel = TOPIC_LICENCE;
    if (publish(answer, &topic, &sealed, true)) {
        vehicle->licence_sent_ms = answer->now_ms;
        answer->licences++;
    }
    wire_bytes_free(&sealed);
}

void answer_licences(struct answer *answer, const struct batch *batch)
{
    for (size_t i = 0; i < batch_count(batch); i++) {
        const struct batch_item *item = batch_item(batch, i);
        struct vehicle *vehicle;
        if (item->topic.channel != TOPIC_PRESENCE || !item->presence.online)
            continue;
        if (vehicles_get(answer->vehicles, answer->store, item->topic.vehicle, answer->now_ms, &vehicle) !=
            0) {
            note(answer, "licence", store_error(answer->store));
            continue;
        }
        const bool sent_lately =
            vehicle->licence_sent_ms != 0 && answer->now_ms - vehicle->licence_sent_ms < ANSWER_LICENCE_MS;
        if (item->presence.licence_version < vehicle->licence_version && !sent_lately)
            send_licence(answer, &item->topic, vehicle);
    }
}
